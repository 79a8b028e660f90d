# pyright: basic
# pyasn1 makes the members of its classes at run time; strict typing sees nothing in them.
"""`model` objects in, the DER of PKIMessages and their parts out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from cryptography import x509
from pyasn1.codec.der.decoder import decode as der_decode
from pyasn1.codec.der.encoder import encode as der_encode
from pyasn1.type import univ
from pyasn1_modules import rfc4210, rfc5280

from ..model import (
    AlgorithmIdentifier,
    BodyContent,
    CertConfirmContent,
    CertId,
    CertRepMessage,
    CertReqMessages,
    CertReqMsg,
    CertResponse,
    CertStatus,
    CertTemplate,
    EncryptedKey,
    ErrorMsgContent,
    Extension,
    GeneralContent,
    InfoTypeAndValue,
    OtherContent,
    Pkcs10Request,
    PKIBody,
    PKIConfirmContent,
    PKIHeader,
    PKIStatusInfo,
    PollEntry,
    PollRepContent,
    PollReqContent,
    PopChallengeContent,
    PopoKind,
    PopResponseContent,
    RevDetails,
    RevRepContent,
    RevReqContent,
)
from . import schema
from .tlv import content_of, tlv


def encode_message(
    protected_part: bytes, protection: bytes | None, extra_certs: Sequence[bytes]
) -> bytes:
    """A PKIMessage of a ProtectedPart as it is, its protection, and certificates (DER)."""
    part, _ = der_decode(protected_part, asn1Spec=schema.PROTECTED_PART)
    value = schema.MESSAGE.clone()
    value["header"], value["body"] = part["header"], part["body"]
    if protection is not None:
        value["protection"] = _bits(protection)
    if extra_certs:
        value["extraCerts"].extend(map(univ.Any, extra_certs))
    return der_encode(value)


def encode_protected_part(header: PKIHeader, body: PKIBody) -> bytes:
    """The ProtectedPart of a header and a body: what MAC and signature are computed over."""
    return tlv(0x30, _header(header) + _body(body))


def encode_cert_request(
    cert_req_id: int, template: CertTemplate, old_cert_id: CertId | None = None
) -> bytes:
    """A CertRequest (RFC 4211 5): what the signature of proof of possession is computed over."""
    value = schema.CERT_REQUEST.clone()
    value["certReqId"] = cert_req_id
    _fill_template(value["certTemplate"], template)
    if old_cert_id is not None:
        control = schema.CONTROL.clone()
        control["type"] = schema.OLD_CERT_ID
        control["value"] = der_encode(_cert_id(old_cert_id))
        value["controls"].append(control)
    return der_encode(value)


def _header(header: PKIHeader) -> bytes:
    value = schema.HEADER.clone()
    value["pvno"] = header.pvno
    value["sender"] = _general_name(header.sender)
    value["recipient"] = _general_name(header.recipient)
    if header.message_time is not None:
        value["messageTime"] = _time(header.message_time)
    if header.protection_alg is not None:
        _fill_algorithm(value["protectionAlg"], header.protection_alg)
    for name, octets in (
        ("senderKID", header.sender_kid),
        ("recipKID", header.recip_kid),
        ("transactionID", header.transaction_id),
        ("senderNonce", header.sender_nonce),
        ("recipNonce", header.recip_nonce),
    ):
        if octets is not None:
            value[name] = octets
    if header.free_text:
        value["freeText"].extend(header.free_text)
    if header.general_info:
        value["generalInfo"].extend(map(_info, header.general_info))
    return der_encode(value)


def _info(info: InfoTypeAndValue):
    item = schema.INFO.clone()
    item["infoType"] = info.oid
    if info.value is not None:
        item["infoValue"] = info.value
    return item


def _body(body: PKIBody) -> bytes:
    if body.type is None:
        raise ValueError(f"a body of type {body.content} cannot be written")
    return tlv(0xA0 | schema.TAGS[body.type], _content(body.content))


def _content(content: BodyContent) -> bytes:
    match content:
        case CertReqMessages(requests=requests):
            return _sequence_of(map(_cert_req_msg, requests))
        case CertRepMessage():
            value = schema.CERT_REP.clone()
            if content.ca_pubs:
                value["caPubs"].extend(map(univ.Any, content.ca_pubs))
            value["response"].extend(map(_cert_response, content.responses))
            if not content.responses:
                value["response"].clear()
            return der_encode(value)
        case RevReqContent(details=details):
            return _sequence_of(map(_rev_details, details))
        case RevRepContent():
            value = schema.REV_REP.clone()
            value["status"].extend(map(_status_info, content.statuses))
            if content.rev_certs:
                value["revCerts"].extend(map(_cert_id, content.rev_certs))
            return der_encode(value)
        case CertConfirmContent(statuses=statuses):
            return _sequence_of(map(_cert_status, statuses))
        case PKIConfirmContent():
            return der_encode(univ.Null(""))
        case ErrorMsgContent():
            value = rfc4210.ErrorMsgContent()
            value["pKIStatusInfo"] = _status_info(content.status)
            if content.error_code is not None:
                value["errorCode"] = content.error_code
            if content.error_details:
                value["errorDetails"].extend(content.error_details)
            return der_encode(value)
        case Pkcs10Request(der=der) | PopChallengeContent(der=der) | PopResponseContent(der=der):
            return der
        case GeneralContent(infos=infos):
            return _sequence_of(map(_info, infos))
        case PollReqContent(cert_req_ids=ids):
            return _sequence_of(map(_poll_req_entry, ids))
        case PollRepContent(entries=entries):
            return _sequence_of(map(_poll_rep_entry, entries))
        case OtherContent(name=name):
            raise ValueError(f"a body of type {name} cannot be written")


def _sequence_of(values: Iterable) -> bytes:
    return tlv(0x30, b"".join(v if isinstance(v, bytes) else der_encode(v) for v in values))


def _cert_req_msg(message: CertReqMsg):
    value = schema.CERT_REQ_MSG.clone()
    value["certReq"] = message.cert_request
    pop = message.pop
    match pop.kind:
        case PopoKind.RA_VERIFIED:
            value["raVerified"] = ""
        case PopoKind.SIGNATURE:
            assert pop.algorithm is not None  # noqa: S101
            assert pop.signature is not None  # noqa: S101
            _fill_algorithm(value["signature"]["algorithmIdentifier"], pop.algorithm)
            value["signature"]["signature"] = _bits(pop.signature)
        case PopoKind.ABSENT:
            pass
        case PopoKind.KEY_ENCIPHERMENT | PopoKind.KEY_AGREEMENT:
            assert pop.private_key_pop is not None  # noqa: S101
            value[pop.kind.value] = pop.private_key_pop
    return value


def _poll_req_entry(cert_req_id: int):
    value = schema.POLL_REQ_ENTRY.clone()
    value["certReqId"] = cert_req_id
    return value


def _poll_rep_entry(entry: PollEntry):
    value = schema.POLL_REP_ENTRY.clone()
    value["certReqId"] = entry.cert_req_id
    value["checkAfter"] = entry.check_after
    if entry.reason:
        value["reason"].extend(entry.reason)
    return value


def _fill_template(value, template: CertTemplate) -> None:
    if template.serial_number is not None:
        value["serialNumber"] = template.serial_number
    if template.issuer is not None:
        value["issuer"] = template.issuer.public_bytes()
    for name, time in (("notBefore", template.not_before), ("notAfter", template.not_after)):
        if time is not None:
            value["validity"][name]["generalTime"] = _time(time)
    if template.subject is not None:
        value["subject"] = template.subject.public_bytes()
    if template.public_key is not None:
        key, _ = der_decode(template.public_key, asn1Spec=rfc5280.SubjectPublicKeyInfo())
        for name in key:
            value["publicKey"][name] = key[name]
    if template.extensions:
        value["extensions"].extend(map(_extension, template.extensions))


def _extension(extension: Extension):
    value = rfc5280.Extension()
    value["extnID"] = extension.oid
    if extension.critical:
        value["critical"] = True
    value["extnValue"] = extension.value
    return value


def _cert_response(response: CertResponse):
    value = schema.CERT_RESPONSE.clone()
    value["certReqId"] = response.cert_req_id
    value["status"] = _status_info(response.status)
    if response.certificate is not None:
        value["certifiedKeyPair"]["certOrEncCert"]["certificate"] = response.certificate
    if response.encrypted_cert is not None:
        encrypted = _encrypted_key(response.encrypted_cert)
        value["certifiedKeyPair"]["certOrEncCert"]["encryptedCert"] = encrypted
    if response.private_key is not None:
        value["certifiedKeyPair"]["privateKey"] = _encrypted_key(response.private_key)
    return value


def _encrypted_key(key: EncryptedKey) -> bytes:
    return tlv(0xA0, content_of(key.der)) if key.is_enveloped else key.der


def _rev_details(details: RevDetails):
    value = schema.REV_DETAILS.clone()
    _fill_template(value["certDetails"], details.template)
    if details.crl_entry_details:
        value["crlEntryDetails"].extend(map(_extension, details.crl_entry_details))
    return value


def _cert_id(cert_id: CertId):
    value = schema.CERT_ID.clone()
    value["issuer"] = _general_name(cert_id.issuer)
    value["serialNumber"] = cert_id.serial_number
    return value


def _cert_status(status: CertStatus):
    value = schema.CERT_STATUS.clone()
    value["certHash"] = status.cert_hash
    value["certReqId"] = status.cert_req_id
    if status.status is not None:
        value["statusInfo"] = _status_info(status.status)
    if status.hash_alg is not None:
        _fill_algorithm(value["hashAlg"], status.hash_alg)
    return value


def _status_info(status: PKIStatusInfo):
    value = rfc4210.PKIStatusInfo()
    value["status"] = int(status.status)
    if status.status_string:
        value["statusString"].extend(status.status_string)
    if status.fail_info:
        # A named-bit list ends with its last set bit (X.690 11.2.2).
        last = max(status.fail_info)
        value["failInfo"] = tuple(int(n in status.fail_info) for n in range(last + 1))
    return value


def _fill_algorithm(value, algorithm: AlgorithmIdentifier) -> None:
    value["algorithm"] = algorithm.oid
    if algorithm.parameters is not None:
        value["parameters"] = algorithm.parameters


def _general_name(name: x509.Name | None) -> bytes:
    """A directoryName; None gives the NULL-DN."""
    return tlv(0xA4, (x509.Name([]) if name is None else name).public_bytes())


def _time(time: datetime) -> str:
    # DER leaves fractions of a second out if they are zero, and CMP has no use for them.
    return time.strftime("%Y%m%d%H%M%SZ")


def _bits(data: bytes) -> str:
    """Bytes as pyasn1 takes them for a BIT STRING under whatever tag."""
    return f"'{data.hex()}'H" if data else ""


def encode_time(time: datetime) -> bytes:
    """A Time (RFC 5280 4.1): UTCTime up to 2049, GeneralizedTime from 2050."""
    if time.year < 2050:
        return tlv(0x17, time.strftime("%y%m%d%H%M%SZ").encode())
    return tlv(0x18, _time(time).encode())


def encode_profile(name: str) -> bytes:
    """The value of certProfile with one name (RFC 9810 5.1.1.4): SEQUENCE OF UTF8String."""
    return tlv(0x30, tlv(0x0C, name.encode()))

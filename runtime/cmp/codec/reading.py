# pyright: basic
# pyasn1 makes the members of its classes at run time; strict typing sees nothing in them.
"""Bytes of PKIMessages in, `model` objects out."""

from __future__ import annotations

from datetime import UTC, datetime

from cryptography import x509
from pyasn1.codec.der.decoder import decode as der_decode
from pyasn1.codec.der.encoder import encode as der_encode
from pyasn1.type import univ
from pyasn1_modules import rfc4210, rfc5280

from ..errors import MalformedMessage
from ..model import (
    BodyType,
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
    NestedMessageContent,
    OtherContent,
    Pkcs10Request,
    PKIBody,
    PKIConfirmContent,
    PKIFailureInfo,
    PKIHeader,
    PKIMessage,
    PKIStatus,
    PKIStatusInfo,
    PollEntry,
    PollRepContent,
    PollReqContent,
    PopChallengeContent,
    PopoKind,
    PopResponseContent,
    ProofOfPossession,
    RevDetails,
    RevRepContent,
    RevReqContent,
)
from . import schema
from .algorithms import algorithm, integer
from .tlv import measure, tlv, untag

# No certificate answer comes near this; more is a mistake or an attack. Checked before anything is read.
MAX_MESSAGE_SIZE = 1024 * 1024
# Values in a message, and how deep they are nested. A certificate has about 150, a message with a chain of
# eight and as many caPubs 2,500; pyasn1 needs 50 microseconds for each, and reads them by recursion.
MAX_VALUES = 20_000
MAX_DEPTH = 40


def decode(data: bytes) -> PKIMessage:
    """The message in `data`, which has to be one whole DER PKIMessage and nothing else.

    Raises:
        MalformedMessage: if it is not.
    """
    if len(data) > MAX_MESSAGE_SIZE:
        raise MalformedMessage(
            f"the message has {len(data)} bytes, more than {MAX_MESSAGE_SIZE} at most"
        )
    try:
        measure(data, MAX_VALUES, MAX_DEPTH)
        return _message(data)
    except MalformedMessage as error:
        raise MalformedMessage(f"no PKIMessage: {error.message}") from None
    except Exception as error:
        # pyasn1 raises PyAsn1Error and, on some garbage, whatever its internals run into.
        raise MalformedMessage(f"no PKIMessage: {type(error).__name__}") from error


def decode_value(data: bytes, spec):
    """A value of an ASN.1 type of this package, which has to fill `data`.

    Raises:
        MalformedMessage: if it does not.
    """
    measure(data, MAX_VALUES, MAX_DEPTH)
    try:
        return _decode(data, spec)
    except MalformedMessage:
        raise
    except Exception as error:
        raise MalformedMessage(f"a value cannot be read: {type(error).__name__}") from error


def _decode(data: bytes, spec):
    value, rest = der_decode(data, asn1Spec=spec)
    if rest:
        raise MalformedMessage(f"{len(rest)} bytes follow the end of a value")
    return value


def _message(data: bytes) -> PKIMessage:
    value = _decode(data, schema.MESSAGE)
    header, body = bytes(value["header"]), bytes(value["body"])
    return PKIMessage(
        header=_header(header),
        body=_body(body),
        protected_part=tlv(0x30, header + body),
        protection=_bits(value["protection"]) if value["protection"].isValue else None,
        extra_certs=tuple(bytes(c) for c in _items(value, "extraCerts")),
    )


def _header(der: bytes) -> PKIHeader:
    value = _decode(der, schema.HEADER)
    return PKIHeader(
        pvno=integer(value["pvno"]),
        sender=_general_name(bytes(value["sender"])),
        recipient=_general_name(bytes(value["recipient"])),
        message_time=_time(value["messageTime"]),
        protection_alg=algorithm(value["protectionAlg"]) if _has(value, "protectionAlg") else None,
        sender_kid=_octets(value, "senderKID"),
        recip_kid=_octets(value, "recipKID"),
        transaction_id=_octets(value, "transactionID"),
        sender_nonce=_octets(value, "senderNonce"),
        recip_nonce=_octets(value, "recipNonce"),
        free_text=_texts(value, "freeText"),
        general_info=_infos(_items(value, "generalInfo")),
    )


def _infos(items) -> tuple[InfoTypeAndValue, ...]:
    return tuple(
        InfoTypeAndValue(
            str(item["infoType"]),
            bytes(item["infoValue"]) if item["infoValue"].isValue else None,
        )
        for item in items
    )


def _body(der: bytes) -> PKIBody:
    number, content = untag(der)
    body_type = schema.TYPES.get(number)
    match body_type:
        case None:
            name = schema.OTHER_BODIES.get(number)
            if name is None:
                raise MalformedMessage(f"no PKIBody has the tag {number}")
            return PKIBody(None, OtherContent(name))
        case BodyType.IR | BodyType.CR | BodyType.KUR:
            messages = _decode(content, schema.list_of(schema.CERT_REQ_MSG))
            return PKIBody(body_type, CertReqMessages(tuple(map(_cert_req_msg, messages))))
        case BodyType.IP | BodyType.CP | BodyType.KUP:
            value = _decode(content, schema.CERT_REP)
            return PKIBody(
                body_type,
                CertRepMessage(
                    tuple(map(_cert_response, value["response"])),
                    tuple(bytes(c) for c in _items(value, "caPubs")),
                ),
            )
        case BodyType.RR:
            details = _decode(content, schema.list_of(schema.REV_DETAILS))
            return PKIBody(body_type, RevReqContent(tuple(map(_rev_details, details))))
        case BodyType.RP:
            value = _decode(content, schema.REV_REP)
            return PKIBody(
                body_type,
                RevRepContent(
                    tuple(map(_status_info, value["status"])),
                    tuple(map(_cert_id, _items(value, "revCerts"))),
                ),
            )
        case BodyType.CERT_CONF:
            statuses = _decode(content, schema.list_of(schema.CERT_STATUS))
            return PKIBody(body_type, CertConfirmContent(tuple(map(_cert_status, statuses))))
        case BodyType.PKI_CONF:
            _decode(content, univ.Null())
            return PKIBody(body_type, PKIConfirmContent())
        case BodyType.NESTED:
            messages = _decode(content, schema.list_of(univ.Any()))
            return PKIBody(body_type, NestedMessageContent(tuple(map(bytes, messages))))
        case BodyType.P10CR:
            return PKIBody(body_type, Pkcs10Request(content))
        case BodyType.POP_DEC_CHALL:
            return PKIBody(body_type, PopChallengeContent(content))
        case BodyType.POP_DEC_RESP:
            return PKIBody(body_type, PopResponseContent(content))
        case BodyType.GENM | BodyType.GENP:
            infos = _decode(content, schema.list_of(schema.INFO))
            return PKIBody(body_type, GeneralContent(_infos(infos)))
        case BodyType.POLL_REQ:
            entries = _decode(content, schema.list_of(schema.POLL_REQ_ENTRY))
            return PKIBody(
                body_type, PollReqContent(tuple(integer(e["certReqId"]) for e in entries))
            )
        case BodyType.POLL_REP:
            entries = _decode(content, schema.list_of(schema.POLL_REP_ENTRY))
            return PKIBody(body_type, PollRepContent(tuple(map(_poll_entry, entries))))
        case BodyType.ERROR:
            value = _decode(content, rfc4210.ErrorMsgContent())
            return PKIBody(
                body_type,
                ErrorMsgContent(
                    _status_info(value["pKIStatusInfo"]),
                    integer(value["errorCode"]) if value["errorCode"].isValue else None,
                    _texts(value, "errorDetails"),
                ),
            )


def _poll_entry(value) -> PollEntry:
    return PollEntry(
        integer(value["certReqId"]), integer(value["checkAfter"]), _texts(value, "reason")
    )


def _cert_req_msg(value) -> CertReqMsg:
    der = bytes(value["certReq"])
    request = _decode(der, schema.CERT_REQUEST)
    old_cert_id = None
    for control in _items(request, "controls"):
        if str(control["type"]) == schema.OLD_CERT_ID:
            old_cert_id = _cert_id(_decode(bytes(control["value"]), schema.CERT_ID))
    return CertReqMsg(
        cert_req_id=integer(request["certReqId"]),
        template=_template(request["certTemplate"]),
        pop=_pop(value),
        cert_request=der,
        old_cert_id=old_cert_id,
    )


def _pop(value) -> ProofOfPossession:
    given = [
        kind
        for kind in (
            PopoKind.RA_VERIFIED,
            PopoKind.SIGNATURE,
            PopoKind.KEY_ENCIPHERMENT,
            PopoKind.KEY_AGREEMENT,
        )
        if value[kind.value].isValue
    ]
    if len(given) > 1:
        raise MalformedMessage("a request has more than one proof of possession")
    if not given:
        return ProofOfPossession(PopoKind.ABSENT)
    if given[0] is PopoKind.RA_VERIFIED:
        return ProofOfPossession(given[0])
    if given[0] is not PopoKind.SIGNATURE:
        return ProofOfPossession(given[0], private_key_pop=bytes(value[given[0].value]))
    signed = value["signature"]
    return ProofOfPossession(
        PopoKind.SIGNATURE,
        algorithm(signed["algorithmIdentifier"]),
        _bits(signed["signature"]),
        tlv(0x30, bytes(signed["poposkInput"])) if signed["poposkInput"].isValue else None,
    )


def _template(value) -> CertTemplate:
    validity = value["validity"]
    return CertTemplate(
        subject=_name(bytes(value["subject"])) if _has(value, "subject") else None,
        issuer=_name(bytes(value["issuer"])) if _has(value, "issuer") else None,
        serial_number=integer(value["serialNumber"]) if _has(value, "serialNumber") else None,
        public_key=_retagged(value["publicKey"], rfc5280.SubjectPublicKeyInfo())
        if _has(value, "publicKey")
        else None,
        not_before=_choice_time(validity, "notBefore"),
        not_after=_choice_time(validity, "notAfter"),
        extensions=_extensions(value, "extensions"),
    )


def _retagged(value, spec) -> bytes:
    """DER of an implicitly tagged value under its own universal tag."""
    for name in value:
        spec[name] = value[name]
    return der_encode(spec)


def _choice_time(validity, name: str) -> datetime | None:
    if not validity.isValue or not validity[name].isValue:
        return None
    return _time(validity[name].getComponent())


def _extensions(value, name: str) -> tuple[Extension, ...]:
    return tuple(
        Extension(str(e["extnID"]), bool(e["critical"]), bytes(e["extnValue"]))
        for e in _items(value, name)
    )


def _cert_response(value) -> CertResponse:
    pair = value["certifiedKeyPair"]
    certificate, encrypted_cert, private_key = None, None, None
    if pair.isValue:
        chosen = pair["certOrEncCert"]
        content = bytes(chosen.getComponent())
        if chosen.getName() == "encryptedCert":
            encrypted_cert = _encrypted_key(content)
        else:
            certificate = content
        private_key = (
            _encrypted_key(bytes(pair["privateKey"])) if _has(pair, "privateKey") else None
        )
    return CertResponse(
        integer(value["certReqId"]),
        _status_info(value["status"]),
        certificate,
        encrypted_cert,
        private_key,
    )


def _encrypted_key(der: bytes) -> EncryptedKey:
    """The CHOICE of EncryptedValue, a plain SEQUENCE, and EnvelopedData under the implicit tag 0."""
    if der[0] == 0x30:
        return EncryptedKey(is_enveloped=False, der=der)
    number, content = untag(der)
    if number != 0:
        raise MalformedMessage("what is encrypted is neither EncryptedValue nor EnvelopedData")
    return EncryptedKey(is_enveloped=True, der=tlv(0x30, content))


def _rev_details(value) -> RevDetails:
    return RevDetails(_template(value["certDetails"]), _extensions(value, "crlEntryDetails"))


def _cert_id(value) -> CertId:
    return CertId(_general_name(bytes(value["issuer"])), integer(value["serialNumber"]))


def _cert_status(value) -> CertStatus:
    return CertStatus(
        bytes(value["certHash"]),
        integer(value["certReqId"]),
        _status_info(value["statusInfo"]) if value["statusInfo"].isValue else None,
        algorithm(value["hashAlg"]) if _has(value, "hashAlg") else None,
    )


def _status_info(value) -> PKIStatusInfo:
    status = integer(value["status"])
    known = set(PKIStatus)
    info = value["failInfo"]
    size = len(info) if info.isValue else 0
    return PKIStatusInfo(
        PKIStatus(status) if status in known else status,
        _texts(value, "statusString"),
        # Bits beyond the RFC's names say nothing that anybody could act on. Each costs pyasn1 the time that
        # all of them take to copy, so that a long string of them is not read to its end.
        frozenset(bit for bit in PKIFailureInfo if bit < size and info[bit]),
    )


def _general_name(der: bytes) -> x509.Name | None:
    number, content = untag(der)
    return _name(content) if number == schema.DIRECTORY_NAME else None


def _name(der: bytes) -> x509.Name:
    return x509.Name.from_bytes(der)


def _time(value) -> datetime | None:
    if not value.isValue:
        return None
    time = value.asDateTime
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _bits(value) -> bytes:
    if len(value) % 8:
        raise MalformedMessage("a BIT STRING that has to hold bytes does not")
    return value.asOctets()


def _has(value, name: str) -> bool:
    return value[name].isValue


def _octets(value, name: str) -> bytes | None:
    return bytes(value[name]) if _has(value, name) else None


def _items(value, name: str):
    return value[name] if _has(value, name) else ()


def _texts(value, name: str) -> tuple[str, ...]:
    return tuple(str(text) for text in _items(value, name))

"""`model` objects in, the DER of PKIMessages and their parts out.

What stands where is read by `reading`, `bodies` and `crmf`; the tags here are those of RFC 9810 5.1 to 5.3
and of RFC 4211 5 to 7.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509

from ..model import (
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
    NestedMessageContent,
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
    ProofOfPossession,
    RevDetails,
    RevRepContent,
    RevReqContent,
)
from .bodies import TAGS
from .crmf import OLD_CERT_ID
from .der import (
    NULL,
    algorithm,
    bits,
    generalized_time,
    integer,
    integer_content,
    named_bits,
    octets,
    oid,
    sequence,
    sequence_of,
    tagged,
    texts,
)
from .tlv import content_of, tlv
from .values import DIRECTORY_NAME


def encode_message(
    protected_part: bytes, protection: bytes | None, extra_certs: Sequence[bytes]
) -> bytes:
    """A PKIMessage of a ProtectedPart as it is, its protection, and certificates (DER)."""
    message = content_of(protected_part)
    if protection is not None:
        message += tagged(0, bits(protection))
    if extra_certs:
        message += tagged(1, sequence_of(extra_certs))
    return sequence(message)


def encode_protected_part(header: PKIHeader, body: PKIBody) -> bytes:
    """The ProtectedPart of a header and a body: what MAC and signature are computed over."""
    return sequence(_header(header), _body(body))


def encode_cert_request(
    cert_req_id: int, template: CertTemplate, old_cert_id: CertId | None = None
) -> bytes:
    """A CertRequest (RFC 4211 5): what the signature of proof of possession is computed over."""
    controls = b""
    if old_cert_id is not None:
        controls = sequence(sequence(oid(OLD_CERT_ID), _cert_id(old_cert_id)))
    return sequence(integer(cert_req_id), _template(template), controls)


def _header(header: PKIHeader) -> bytes:
    fields = [
        integer(header.pvno),
        _general_name(header.sender),
        _general_name(header.recipient),
    ]
    if header.message_time is not None:
        fields.append(tagged(0, generalized_time(header.message_time)))
    if header.protection_alg is not None:
        fields.append(tagged(1, algorithm(header.protection_alg)))
    for number, data in (
        (2, header.sender_kid),
        (3, header.recip_kid),
        (4, header.transaction_id),
        (5, header.sender_nonce),
        (6, header.recip_nonce),
    ):
        if data is not None:
            fields.append(tagged(number, octets(data)))
    if header.free_text:
        fields.append(tagged(7, texts(header.free_text)))
    if header.general_info:
        fields.append(tagged(8, sequence_of(map(_info, header.general_info))))
    return sequence_of(fields)


def _info(info: InfoTypeAndValue) -> bytes:
    return sequence(oid(info.oid), info.value or b"")


def _body(body: PKIBody) -> bytes:
    if body.type is None:
        raise ValueError(f"a body of type {body.content} cannot be written")
    return tagged(TAGS[body.type], _content(body.content))


def _content(content: BodyContent) -> bytes:
    match content:
        case CertReqMessages(requests=requests):
            return sequence_of(map(_cert_req_msg, requests))
        case CertRepMessage():
            ca_pubs = tagged(1, sequence_of(content.ca_pubs)) if content.ca_pubs else b""
            return sequence(ca_pubs, sequence_of(map(_cert_response, content.responses)))
        case RevReqContent(details=details):
            return sequence_of(map(_rev_details, details))
        case RevRepContent():
            revoked = b""
            if content.rev_certs:
                revoked = tagged(0, sequence_of(map(_cert_id, content.rev_certs)))
            return sequence(sequence_of(map(_status_info, content.statuses)), revoked)
        case CertConfirmContent(statuses=statuses):
            return sequence_of(map(_cert_status, statuses))
        case PKIConfirmContent():
            return NULL
        case ErrorMsgContent():
            return sequence(
                _status_info(content.status),
                b"" if content.error_code is None else integer(content.error_code),
                texts(content.error_details) if content.error_details else b"",
            )
        case Pkcs10Request(der=der) | PopChallengeContent(der=der) | PopResponseContent(der=der):
            return der
        case GeneralContent(infos=infos):
            return sequence_of(map(_info, infos))
        case PollReqContent(cert_req_ids=ids):
            return sequence_of(sequence(integer(number)) for number in ids)
        case PollRepContent(entries=entries):
            return sequence_of(map(_poll_rep_entry, entries))
        case NestedMessageContent(messages=messages):
            return sequence_of(messages)
        case OtherContent(name=name):
            raise ValueError(f"a body of type {name} cannot be written")


def _cert_req_msg(message: CertReqMsg) -> bytes:
    return sequence(message.cert_request, _possession(message.pop))


def _possession(pop: ProofOfPossession) -> bytes:
    """A ProofOfPossession (RFC 4211 4)."""
    match pop.kind:
        case PopoKind.ABSENT:
            return b""
        case PopoKind.RA_VERIFIED:
            return tlv(0x80, b"")
        case PopoKind.SIGNATURE:
            assert pop.algorithm is not None  # noqa: S101
            assert pop.signature is not None  # noqa: S101
            given = b"" if pop.poposk_input is None else tagged(0, content_of(pop.poposk_input))
            return tagged(1, given + algorithm(pop.algorithm) + bits(pop.signature))
        case PopoKind.KEY_ENCIPHERMENT | PopoKind.KEY_AGREEMENT:
            assert pop.private_key_pop is not None  # noqa: S101
            number = 2 if pop.kind is PopoKind.KEY_ENCIPHERMENT else 3
            return tagged(number, pop.private_key_pop)


def _poll_rep_entry(entry: PollEntry) -> bytes:
    return sequence(
        integer(entry.cert_req_id),
        integer(entry.check_after),
        texts(entry.reason) if entry.reason else b"",
    )


def _template(template: CertTemplate) -> bytes:
    fields: list[bytes] = []
    if template.version is not None:
        fields.append(tlv(0x80, integer_content(template.version)))
    if template.serial_number is not None:
        fields.append(tlv(0x81, integer_content(template.serial_number)))
    if template.signing_alg is not None:
        fields.append(tagged(2, content_of(algorithm(template.signing_alg))))
    if template.issuer is not None:
        fields.append(tagged(3, template.issuer.public_bytes()))
    if template.not_before is not None or template.not_after is not None:
        times = enumerate((template.not_before, template.not_after))
        limits = [tagged(number, generalized_time(time)) for number, time in times if time]
        fields.append(tagged(4, b"".join(limits)))
    if template.subject is not None:
        fields.append(tagged(5, template.subject.public_bytes()))
    if template.public_key is not None:
        fields.append(tagged(6, content_of(template.public_key)))
    for number, uid in ((7, template.issuer_uid), (8, template.subject_uid)):
        if uid is not None:
            fields.append(tlv(0x80 | number, b"\x00" + uid))
    if template.extensions:
        fields.append(tagged(9, b"".join(map(_extension, template.extensions))))
    return sequence_of(fields)


def _extension(extension: Extension) -> bytes:
    critical = b"\x01\x01\xff" if extension.critical else b""
    return sequence(oid(extension.oid), critical, octets(extension.value))


def _cert_response(response: CertResponse) -> bytes:
    pair = b""
    if response.certificate is not None:
        pair = tagged(0, response.certificate)
    if response.encrypted_cert is not None:
        pair = tagged(1, _encrypted_key(response.encrypted_cert))
    if response.private_key is not None:
        pair += tagged(0, _encrypted_key(response.private_key))
    return sequence(
        integer(response.cert_req_id),
        _status_info(response.status),
        sequence(pair) if pair else b"",
    )


def _encrypted_key(key: EncryptedKey) -> bytes:
    return tagged(0, content_of(key.der)) if key.is_enveloped else key.der


def _rev_details(details: RevDetails) -> bytes:
    entries = details.crl_entry_details
    return sequence(
        _template(details.template),
        sequence_of(map(_extension, entries)) if entries else b"",
    )


def _cert_id(cert_id: CertId) -> bytes:
    return sequence(_general_name(cert_id.issuer), integer(cert_id.serial_number))


def _cert_status(status: CertStatus) -> bytes:
    return sequence(
        octets(status.cert_hash),
        integer(status.cert_req_id),
        b"" if status.status is None else _status_info(status.status),
        b"" if status.hash_alg is None else tagged(0, algorithm(status.hash_alg)),
    )


def _status_info(status: PKIStatusInfo) -> bytes:
    return sequence(
        integer(status.status),
        texts(status.status_string) if status.status_string else b"",
        named_bits(status.fail_info) if status.fail_info else b"",
    )


def _general_name(name: x509.Name | None) -> bytes:
    """A directoryName; None gives the NULL-DN."""
    named = x509.Name([]) if name is None else name
    return tagged(DIRECTORY_NAME, named.public_bytes())


def encode_time(time: datetime) -> bytes:
    """A Time (RFC 5280 4.1): UTCTime up to 2049, GeneralizedTime from 2050."""
    if time.year < 2050:
        return tlv(0x17, time.strftime("%y%m%d%H%M%SZ").encode())
    return generalized_time(time)


def encode_profile(name: str) -> bytes:
    """The value of certProfile with one name (RFC 9810 5.1.1.4): SEQUENCE OF UTF8String."""
    return texts((name,))

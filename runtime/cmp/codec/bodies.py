"""PKIBodies as DER in, `model` objects out (RFC 9810 5.1.2, 5.3)."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import MalformedMessage
from ..model import (
    BodyContent,
    BodyType,
    CertConfirmContent,
    CertRepMessage,
    CertReqMessages,
    CertResponse,
    CertStatus,
    EncryptedKey,
    ErrorMsgContent,
    GeneralContent,
    InfoTypeAndValue,
    NestedMessageContent,
    OtherContent,
    Pkcs10Request,
    PKIBody,
    PKIConfirmContent,
    PKIFailureInfo,
    PKIStatus,
    PKIStatusInfo,
    PollEntry,
    PollRepContent,
    PollReqContent,
    PopChallengeContent,
    PopResponseContent,
    RevDetails,
    RevRepContent,
    RevReqContent,
)
from .crmf import cert_id, cert_req_msg, cert_template, extensions
from .der import sequence
from .fields import (
    BIT_STRING,
    INTEGER,
    NULL,
    OCTET_STRING,
    OID,
    SEQUENCE,
    Fields,
    explicit,
    inside,
    items,
    read_fields,
    read_sequence,
    values,
)
from .tlv import untag
from .values import algorithm, integer, named_bits, oid, texts

# The tags of PKIBody (RFC 9810 5.1.2).
TAGS = {
    BodyType.IR: 0,
    BodyType.IP: 1,
    BodyType.CR: 2,
    BodyType.CP: 3,
    BodyType.P10CR: 4,
    BodyType.POP_DEC_CHALL: 5,
    BodyType.POP_DEC_RESP: 6,
    BodyType.KUR: 7,
    BodyType.KUP: 8,
    BodyType.RR: 11,
    BodyType.RP: 12,
    BodyType.PKI_CONF: 19,
    BodyType.NESTED: 20,
    BodyType.GENM: 21,
    BodyType.GENP: 22,
    BodyType.ERROR: 23,
    BodyType.CERT_CONF: 24,
    BodyType.POLL_REQ: 25,
    BodyType.POLL_REP: 26,
}
_TYPES = {number: body_type for body_type, number in TAGS.items()}
_OTHER_BODIES = {
    9: "krr",
    10: "krp",
    13: "ccr",
    14: "ccp",
    15: "ckuann",
    16: "cann",
    17: "rann",
    18: "crlann",
}
_STATUSES = frozenset(PKIStatus)
# Bits beyond the RFC's names say nothing that anybody could act on.
_FAILURE_BITS = max(PKIFailureInfo) + 1


def body(der: bytes) -> PKIBody:
    """A PKIBody: a CHOICE under an explicit tag.

    Raises:
        MalformedMessage: if it is none.
    """
    number, content = untag(der)
    body_type = _TYPES.get(number)
    if body_type is not None:
        return PKIBody(body_type, _CONTENTS[body_type](content))
    name = _OTHER_BODIES.get(number)
    if name is None:
        raise MalformedMessage(f"no PKIBody has the tag {number}")
    return PKIBody(None, OtherContent(name))


def infos(content: bytes) -> tuple[InfoTypeAndValue, ...]:
    """The content of a SEQUENCE OF InfoTypeAndValue (RFC 9810 5.3.19)."""
    return tuple(read_sequence(info, _info) for info in values(content))


def _info(fields: Fields) -> InfoTypeAndValue:
    return InfoTypeAndValue(oid(fields.one(OID)), fields.maybe_any())


def _requests(der: bytes) -> CertReqMessages:
    return CertReqMessages(tuple(map(cert_req_msg, items(der))))


def _answers(der: bytes) -> CertRepMessage:
    return read_sequence(der, _cert_rep)


def _cert_rep(fields: Fields) -> CertRepMessage:
    ca_pubs = fields.tagged(1, SEQUENCE)
    responses = tuple(
        read_sequence(response, _cert_response) for response in values(fields.one(SEQUENCE))
    )
    return CertRepMessage(responses, () if ca_pubs is None else tuple(values(ca_pubs)))


def _cert_response(fields: Fields) -> CertResponse:
    cert_req_id = integer(fields.one(INTEGER))
    status = read_fields(fields.one(SEQUENCE), _status_info)
    pair = fields.maybe(SEQUENCE)
    fields.maybe(OCTET_STRING)  # rspInfo
    if pair is None:
        return CertResponse(cert_req_id, status)
    return CertResponse(cert_req_id, status, *read_fields(pair, _certified_key_pair))


def _certified_key_pair(
    fields: Fields,
) -> tuple[bytes | None, EncryptedKey | None, EncryptedKey | None]:
    """Certificate, encrypted certificate, encrypted key; publicationInfo is of no use here."""
    number, content = untag(fields.any())
    if number not in (0, 1):
        raise MalformedMessage(f"no CertOrEncCert has the tag {number}")
    private_key = fields.maybe(explicit(0))
    fields.maybe(explicit(1))
    return (
        content if number == 0 else None,
        _encrypted_key(content) if number == 1 else None,
        None if private_key is None else _encrypted_key(private_key),
    )


def _encrypted_key(der: bytes) -> EncryptedKey:
    """The CHOICE of EncryptedValue, a plain SEQUENCE, and EnvelopedData under the implicit tag 0."""
    if der[:1] == bytes([SEQUENCE]):
        inside(der, SEQUENCE)
        return EncryptedKey(is_enveloped=False, der=der)
    number, content = untag(der)
    if number != 0:
        raise MalformedMessage("what is encrypted is neither EncryptedValue nor EnvelopedData")
    return EncryptedKey(is_enveloped=True, der=sequence(content))


def _revocations(der: bytes) -> RevReqContent:
    return RevReqContent(tuple(read_sequence(details, _rev_details) for details in items(der)))


def _rev_details(fields: Fields) -> RevDetails:
    template = cert_template(fields.one(SEQUENCE))
    found = fields.maybe(SEQUENCE)
    return RevDetails(template, () if found is None else extensions(found))


def _revoked(der: bytes) -> RevRepContent:
    return read_sequence(der, _rev_rep)


def _rev_rep(fields: Fields) -> RevRepContent:
    statuses = tuple(read_sequence(status, _status_info) for status in values(fields.one(SEQUENCE)))
    certificates = fields.tagged(0, SEQUENCE)
    fields.tagged(1, SEQUENCE)  # crls
    return RevRepContent(statuses, tuple(map(cert_id, values(certificates or b""))))


def _confirmations(der: bytes) -> CertConfirmContent:
    return CertConfirmContent(tuple(read_sequence(status, _cert_status) for status in items(der)))


def _cert_status(fields: Fields) -> CertStatus:
    cert_hash = fields.one(OCTET_STRING)
    cert_req_id = integer(fields.one(INTEGER))
    status = fields.maybe(SEQUENCE)
    hash_alg = fields.tagged(0, SEQUENCE)  # RFC 9810 5.3.18
    return CertStatus(
        cert_hash,
        cert_req_id,
        None if status is None else read_fields(status, _status_info),
        None if hash_alg is None else algorithm(hash_alg),
    )


def _confirmed(der: bytes) -> PKIConfirmContent:
    if inside(der, NULL):
        raise MalformedMessage("a NULL holds something")
    return PKIConfirmContent()


def _general(der: bytes) -> GeneralContent:
    return GeneralContent(infos(inside(der, SEQUENCE)))


def _poll_requests(der: bytes) -> PollReqContent:
    return PollReqContent(tuple(read_sequence(entry, _poll_request) for entry in items(der)))


def _poll_request(fields: Fields) -> int:
    return integer(fields.one(INTEGER))


def _poll_answers(der: bytes) -> PollRepContent:
    return PollRepContent(tuple(read_sequence(entry, _poll_answer) for entry in items(der)))


def _poll_answer(fields: Fields) -> PollEntry:
    return PollEntry(
        integer(fields.one(INTEGER)),
        integer(fields.one(INTEGER)),
        texts(fields.maybe(SEQUENCE) or b""),
    )


def _nested(der: bytes) -> NestedMessageContent:
    return NestedMessageContent(tuple(items(der)))


def _error(der: bytes) -> ErrorMsgContent:
    return read_sequence(der, _error_content)


def _error_content(fields: Fields) -> ErrorMsgContent:
    status = read_fields(fields.one(SEQUENCE), _status_info)
    code = fields.maybe(INTEGER)
    return ErrorMsgContent(
        status,
        None if code is None else integer(code),
        texts(fields.maybe(SEQUENCE) or b""),
    )


def _status_info(fields: Fields) -> PKIStatusInfo:
    """PKIStatusInfo (RFC 9810 5.2.3)."""
    status = integer(fields.one(INTEGER))
    status_string = texts(fields.maybe(SEQUENCE) or b"")
    failures = fields.maybe(BIT_STRING)
    numbers = frozenset[int]() if failures is None else named_bits(failures, _FAILURE_BITS)
    return PKIStatusInfo(
        PKIStatus(status) if status in _STATUSES else status,
        status_string,
        frozenset(bit for bit in PKIFailureInfo if bit in numbers),
    )


_CONTENTS: dict[BodyType, Callable[[bytes], BodyContent]] = {
    BodyType.IR: _requests,
    BodyType.CR: _requests,
    BodyType.KUR: _requests,
    BodyType.IP: _answers,
    BodyType.CP: _answers,
    BodyType.KUP: _answers,
    BodyType.P10CR: Pkcs10Request,
    BodyType.POP_DEC_CHALL: PopChallengeContent,
    BodyType.POP_DEC_RESP: PopResponseContent,
    BodyType.RR: _revocations,
    BodyType.RP: _revoked,
    BodyType.CERT_CONF: _confirmations,
    BodyType.PKI_CONF: _confirmed,
    BodyType.NESTED: _nested,
    BodyType.GENM: _general,
    BodyType.GENP: _general,
    BodyType.ERROR: _error,
    BodyType.POLL_REQ: _poll_requests,
    BodyType.POLL_REP: _poll_answers,
}

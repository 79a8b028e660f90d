"""Certificate requests and templates (RFC 4211) as DER in, `model` objects out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ..errors import MalformedMessage
from ..model import (
    CertId,
    CertReqMsg,
    CertTemplate,
    Extension,
    PopoKind,
    ProofOfPossession,
)
from .der import sequence
from .fields import (
    BIT_STRING,
    BOOLEAN,
    GENERALIZED_TIME,
    INTEGER,
    OCTET_STRING,
    OID,
    SEQUENCE,
    UTC_TIME,
    Fields,
    explicit,
    implicit,
    inside,
    read_fields,
    read_sequence,
    values,
)
from .values import (
    algorithm,
    boolean,
    general_name,
    generalized_time,
    integer,
    name,
    octet_bits,
    oid,
    utc_time,
)

OLD_CERT_ID = "1.3.6.1.5.5.7.5.1.5"  # id-regCtrl-oldCertID, RFC 4211 6.5


def cert_req_msg(der: bytes) -> CertReqMsg:
    """A CertReqMsg (RFC 4211 3).

    Raises:
        MalformedMessage: if it is none; here and below.
    """
    return read_sequence(der, _cert_req_msg)


def _cert_req_msg(fields: Fields) -> CertReqMsg:
    der = fields.any()
    cert_req_id, template, old_cert_id = read_sequence(der, _cert_request)
    pop = _pop(fields)
    if (reg_info := fields.maybe(SEQUENCE)) is not None:
        controls(reg_info)  # of no use here, but it has to be some
    return CertReqMsg(cert_req_id, template, pop, der, old_cert_id)


def _cert_request(fields: Fields) -> tuple[int, CertTemplate, CertId | None]:
    cert_req_id = integer(fields.one(INTEGER))
    template = cert_template(fields.one(SEQUENCE))
    old_cert_id = None
    for kind, value in controls(fields.maybe(SEQUENCE) or b""):
        if kind == OLD_CERT_ID:
            old_cert_id = cert_id(value)
    return cert_req_id, template, old_cert_id


def controls(content: bytes) -> list[tuple[str, bytes]]:
    """Type and value of each AttributeTypeAndValue in the content of Controls (RFC 4211 6)."""
    return [read_sequence(control, _control) for control in values(content)]


def _control(fields: Fields) -> tuple[str, bytes]:
    return oid(fields.one(OID)), fields.any()


def _pop(fields: Fields) -> ProofOfPossession:
    """The CHOICE of RFC 4211 4, which may be left out."""
    given: list[ProofOfPossession] = []
    if (content := fields.maybe(implicit(0))) is not None:
        if content:
            raise MalformedMessage("raVerified is not NULL")
        given.append(ProofOfPossession(PopoKind.RA_VERIFIED))
    if (content := fields.maybe(explicit(1))) is not None:
        given.append(read_fields(content, _signature))
    for number, kind in ((2, PopoKind.KEY_ENCIPHERMENT), (3, PopoKind.KEY_AGREEMENT)):
        if (content := fields.maybe(explicit(number))) is not None:
            given.append(ProofOfPossession(kind, private_key_pop=content))
    if len(given) > 1:
        raise MalformedMessage("a request has more than one proof of possession")
    return given[0] if given else ProofOfPossession(PopoKind.ABSENT)


def _signature(fields: Fields) -> ProofOfPossession:
    """POPOSigningKey (RFC 4211 4.1); poposkInput is kept under the tag that a signature of it covers."""
    poposk_input = fields.maybe(explicit(0))
    identifier = algorithm(fields.one(SEQUENCE))
    signature = octet_bits(fields.one(BIT_STRING))
    return ProofOfPossession(
        PopoKind.SIGNATURE,
        identifier,
        signature,
        None if poposk_input is None else sequence(poposk_input),
    )


@dataclass(frozen=True, slots=True)
class TemplateParts:
    """The fields of a CertTemplate as they came, without their tags."""

    version: bytes | None
    serial_number: bytes | None
    signing_alg: bytes | None
    issuer: bytes | None
    validity: bytes | None
    subject: bytes | None
    public_key: bytes | None
    issuer_uid: bytes | None
    subject_uid: bytes | None
    extensions: tuple[Extension, ...]


def cert_template(content: bytes) -> CertTemplate:
    """The content of a CertTemplate (RFC 4211 5)."""
    parts = template_parts(content)
    not_before, not_after = None, None
    if parts.validity is not None:
        not_before, not_after = read_fields(parts.validity, _validity)
    return CertTemplate(
        subject=None if parts.subject is None else name(parts.subject),
        issuer=None if parts.issuer is None else name(parts.issuer),
        serial_number=None if parts.serial_number is None else integer(parts.serial_number),
        public_key=None if parts.public_key is None else _public_key(parts.public_key),
        not_before=not_before,
        not_after=not_after,
        extensions=parts.extensions,
        version=None if parts.version is None else integer(parts.version),
        signing_alg=None if parts.signing_alg is None else algorithm(parts.signing_alg),
        issuer_uid=None if parts.issuer_uid is None else octet_bits(parts.issuer_uid),
        subject_uid=None if parts.subject_uid is None else octet_bits(parts.subject_uid),
    )


def template_parts(content: bytes) -> TemplateParts:
    """The content of a CertTemplate, of which a CA may have left names to be filled in (RFC 9483 4.3.3)."""
    return read_fields(content, _template_parts)


def _template_parts(fields: Fields) -> TemplateParts:
    version, serial_number = fields.maybe(implicit(0)), fields.maybe(implicit(1))
    signing_alg, issuer = fields.maybe(explicit(2)), fields.maybe(explicit(3))
    validity, subject = fields.maybe(explicit(4)), fields.maybe(explicit(5))
    public_key = fields.maybe(explicit(6))
    issuer_uid, subject_uid = fields.maybe(implicit(7)), fields.maybe(implicit(8))
    found = fields.maybe(explicit(9))
    return TemplateParts(
        version,
        serial_number,
        signing_alg,
        issuer,
        validity,
        subject,
        public_key,
        issuer_uid,
        subject_uid,
        () if found is None else extensions(found),
    )


def _validity(fields: Fields) -> tuple[datetime | None, datetime | None]:
    begins, ends = fields.maybe(explicit(0)), fields.maybe(explicit(1))
    return (
        None if begins is None else _time(begins),
        None if ends is None else _time(ends),
    )


def _time(der: bytes) -> datetime:
    """The CHOICE of RFC 5280 4.1.2.5."""
    if der[:1] == bytes([UTC_TIME]):
        return utc_time(inside(der, UTC_TIME))
    return generalized_time(inside(der, GENERALIZED_TIME))


def _public_key(content: bytes) -> bytes:
    """The SubjectPublicKeyInfo with a content, under its own tag."""
    fields = Fields(content)
    algorithm(fields.one(SEQUENCE))
    octet_bits(fields.one(BIT_STRING))
    fields.end()
    return sequence(content)


def extensions(content: bytes) -> tuple[Extension, ...]:
    """The content of Extensions (RFC 5280 4.1.2.9)."""
    return tuple(read_sequence(extension, _extension) for extension in values(content))


def _extension(fields: Fields) -> Extension:
    kind = oid(fields.one(OID))
    critical = fields.maybe(BOOLEAN)
    return Extension(kind, critical is not None and boolean(critical), fields.one(OCTET_STRING))


def cert_id(der: bytes) -> CertId:
    """A CertId (RFC 4211 6.5)."""
    return read_sequence(der, _cert_id)


def _cert_id(fields: Fields) -> CertId:
    return CertId(general_name(fields.any()), integer(fields.one(INTEGER)))

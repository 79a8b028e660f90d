"""genm in, checked; genp, with an answer to each question, out (RFC 9810 5.3.19, RFC 9483 4.3).

What the CA does not know comes back in unsupportedOIDs (RFC 9810 5.3.19.7). A genm without questions gets
what is worth telling everybody: which keys are certified, and the CRL.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ...cmp.codec import der
from ...cmp.codec.general import read_sequence
from ...cmp.errors import MalformedMessage
from ...cmp.model import (
    AlgorithmIdentifier,
    BodyType,
    ErrorMsgContent,
    GeneralContent,
    InfoTypeAndValue,
    PKIBody,
    PKIFailureInfo,
)
from ..authority.certified_key import CertifiedKey
from ..authority.crl import current_crl
from ..profiles.asked import profiles_of
from ..profiles.model import Profile
from ..profiles.offer import encryption_keys, signing_keys, template_content
from .crl_source import cas_meant
from .der import read_time
from .desk import Deed, Desk, Order, Response
from .refusal import Refusal, rejection

_ID_IT = "1.3.6.1.5.5.7.4."
_SIGN_KEY_PAIR_TYPES = f"{_ID_IT}2"
_ENC_KEY_PAIR_TYPES = f"{_ID_IT}3"
_CURRENT_CRL = f"{_ID_IT}6"
_UNSUPPORTED_OIDS = f"{_ID_IT}7"
_CA_CERTS = f"{_ID_IT}17"
_ROOT_CA_KEY_UPDATE = f"{_ID_IT}18"
_CERT_REQ_TEMPLATE = f"{_ID_IT}19"
_ROOT_CA_CERT = f"{_ID_IT}20"
_CRL_STATUS_LIST = f"{_ID_IT}22"
_CRLS = f"{_ID_IT}23"
# No message needs more; each question costs work.
_MOST_QUESTIONS = 32


@dataclass(frozen=True, slots=True)
class _Question:
    desk: Desk
    value: bytes | None
    profile: Profile


def inform(desk: Desk, order: Order) -> Deed:
    """What answers genm with genp.

    Raises:
        Refusal: if a question cannot be read.
    """
    content = order.body.content
    assert isinstance(content, GeneralContent)  # noqa: S101
    infos = content.infos or (
        InfoTypeAndValue(_SIGN_KEY_PAIR_TYPES),
        InfoTypeAndValue(_CURRENT_CRL),
    )
    if len(infos) > _MOST_QUESTIONS:
        raise Refusal(PKIFailureInfo.BAD_REQUEST, f"more than {_MOST_QUESTIONS} questions at once")
    profiles = profiles_of(desk.profiles, order.header, len(content.infos), desk.profile)
    profiles += (desk.profiles.default,) * (len(infos) - len(profiles))
    answers: list[InfoTypeAndValue] = []
    unknown: list[str] = []
    for info, profile in zip(infos, profiles, strict=True):
        answer = _ANSWERS.get(info.oid)
        if answer is None:
            unknown.append(info.oid)
        else:
            answers.append(_answer(answer, _Question(desk, info.value, profile), info.oid))
    if unknown:
        listed = der.sequence_of(map(der.oid, dict.fromkeys(unknown)))
        answers.append(InfoTypeAndValue(_UNSUPPORTED_OIDS, listed))
    return lambda: _inform(desk, answers)


def _inform(desk: Desk, answers: Sequence[InfoTypeAndValue]) -> Response:
    if desk.behaviour.rejects is not None:
        refused = ErrorMsgContent(rejection(desk.behaviour.rejects))
        return Response(PKIBody(BodyType.ERROR, refused))
    return Response(PKIBody(BodyType.GENP, GeneralContent(tuple(answers))))


def _answer(
    answer: Callable[[_Question], InfoTypeAndValue], question: _Question, oid: str
) -> InfoTypeAndValue:
    try:
        return answer(question)
    except MalformedMessage as error:
        raise Refusal(
            PKIFailureInfo.BAD_DATA_FORMAT,
            f"the infoValue of {oid} cannot be read: {error.message}",
        ) from None


def _nothing(question: _Question) -> None:
    if question.value is not None:
        raise MalformedMessage("it has to be absent")


# -- keys and requests -----------------------------------------------------------------------------


def _signing_keys(question: _Question) -> InfoTypeAndValue:
    _nothing(question)
    return InfoTypeAndValue(_SIGN_KEY_PAIR_TYPES, _algorithms(signing_keys(question.profile)))


def _encryption_keys(question: _Question) -> InfoTypeAndValue:
    _nothing(question)
    return InfoTypeAndValue(_ENC_KEY_PAIR_TYPES, _algorithms(encryption_keys(question.profile)))


def _algorithms(identifiers: Sequence[AlgorithmIdentifier]) -> bytes | None:
    """SEQUENCE SIZE (1..MAX) OF AlgorithmIdentifier: with none, there is no value."""
    return der.sequence_of(map(der.algorithm, identifiers)) if identifiers else None


def _template(question: _Question) -> InfoTypeAndValue:
    """RFC 9483 4.3.3."""
    _nothing(question)
    return InfoTypeAndValue(_CERT_REQ_TEMPLATE, template_content(question.profile))


# -- the CA's certificates -------------------------------------------------------------------------


def _ca_certs(question: _Question) -> InfoTypeAndValue:
    _nothing(question)
    certificates = question.desk.authority.certificates
    return InfoTypeAndValue(
        _CA_CERTS, der.sequence_of(each.public_bytes(Encoding.DER) for each in certificates)
    )


def _root_update(question: _Question) -> InfoTypeAndValue:
    """RFC 9483 4.3.2: what came after a root, by default after the last one; no infoValue if nothing did."""
    authority = question.desk.authority
    if question.value is None:
        links = next(iter(authority.links), None)
    else:
        try:
            links = authority.links_of(x509.load_der_x509_certificate(question.value))
        except (ValueError, x509.InvalidVersion):
            raise MalformedMessage("a certificate was expected") from None
    if links is None:
        return InfoTypeAndValue(_ROOT_CA_KEY_UPDATE)
    content = der.sequence(
        authority.root.certificate.public_bytes(Encoding.DER),
        der.tagged(0, links.new_with_old.public_bytes(Encoding.DER)),
        der.tagged(1, links.old_with_new.public_bytes(Encoding.DER)),
    )
    return InfoTypeAndValue(_ROOT_CA_KEY_UPDATE, content)


# -- revocation lists ------------------------------------------------------------------------------


def _current_crl(question: _Question) -> InfoTypeAndValue:
    _nothing(question)
    desk = question.desk
    return InfoTypeAndValue(_CURRENT_CRL, current_crl(desk, desk.authority.issuing).data)


def _crl_update(question: _Question) -> InfoTypeAndValue:
    """RFC 9483 4.3.4: the CRLs that are newer than the one that the client names for their source."""
    if question.value is None:
        raise MalformedMessage("it has to name a source")
    statuses = read_sequence(question.value)
    if not statuses:
        raise MalformedMessage("it has to name a source")
    cas = question.desk.authority.cas
    held = [_held(status, cas) for status in statuses]
    newer: list[bytes] = []
    for ca in cas:
        times = [time for meant, time in held if ca in meant]
        if times:
            crl = current_crl(question.desk, ca)
            if any(time is None or time < crl.this_update for time in times):
                newer.append(crl.data)
    return InfoTypeAndValue(_CRLS, der.sequence(*newer) if newer else None)


def _held(
    status: bytes, cas: Sequence[CertifiedKey]
) -> tuple[tuple[CertifiedKey, ...], datetime | None]:
    """CRLStatus: whose lists the client means, and of when the one is that it has."""
    fields = read_sequence(status)
    if not 1 <= len(fields) <= 2:
        raise MalformedMessage("a CRLStatus has a source and perhaps a time")
    time = read_time(fields[1]) if len(fields) == 2 else None
    return cas_meant(fields[0], cas), time


_ANSWERS: dict[str, Callable[[_Question], InfoTypeAndValue]] = {
    _SIGN_KEY_PAIR_TYPES: _signing_keys,
    _ENC_KEY_PAIR_TYPES: _encryption_keys,
    _CURRENT_CRL: _current_crl,
    _CA_CERTS: _ca_certs,
    _CERT_REQ_TEMPLATE: _template,
    _ROOT_CA_CERT: _root_update,
    _CRL_STATUS_LIST: _crl_update,
}

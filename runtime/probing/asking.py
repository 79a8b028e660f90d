"""A CA and a credential in; questions asked by genm, and the answers, checked, out (RFC 9483 4.3).

All questions go in one message. A CA has to take only one question in a message (RFC 9483 4.3), so one that
refuses many, or answers none of them, is asked each by itself. What it does not answer stays open.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar

from cryptography import x509

from ...compiler.plan import CmpOperation, Server, Step
from ..asking import policy_of
from ..cmp import general, requests
from ..cmp.client import Connection, run
from ..cmp.credentials import Credential, SignatureCredential
from ..cmp.errors import (
    CMPError,
    MalformedMessage,
    Rejected,
    TransportError,
    UntrustedCertificate,
)
from ..cmp.events import Answered, Event
from ..cmp.http.tls import TlsTrust
from ..cmp.model import InfoTypeAndValue, PKIFailureInfo
from ..cmp.trust import verify_chain
from .facts import Facts
from .revocations import check_crl

_T = TypeVar("_T")

# What says that who asks is not believed: what else a refusal says is about the questions.
ABOUT_CREDENTIALS = frozenset(
    {
        PKIFailureInfo.BAD_MESSAGE_CHECK,
        PKIFailureInfo.WRONG_INTEGRITY,
        PKIFailureInfo.SIGNER_NOT_TRUSTED,
        PKIFailureInfo.CERT_REVOKED,
    }
)


@dataclass(frozen=True, slots=True)
class Target:
    """Whom to ask, and as whom: `steps` are the operations of the plan that will do the same."""

    server: Server
    anchor: x509.Certificate
    credential: Credential
    tls: TlsTrust | None
    profile: str | None
    steps: tuple[tuple[Step, CmpOperation], ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Way:
    """How a CA is reached: `send` posts to a URL; `clock` gives the time in UTC."""

    send: Callable[[str, bytes, TlsTrust | None], bytes]
    clock: Callable[[], datetime]
    random: Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class _Question:
    """`answers` are the OIDs of what answers it, one of which is enough."""

    name: str
    info: InfoTypeAndValue
    answers: tuple[str, ...]


def ask(target: Target, way: Way) -> Facts:
    """Ask the CA; one that has not decided is not waited for.

    Raises:
        CMPError: if it cannot be reached, does not believe who asks, or is not believed; and if it
            answers no question at all.
    """
    questions = _questions(target)
    try:
        infos = _exchange(target, way, questions)
    except Rejected as error:
        if ABOUT_CREDENTIALS & error.status.fail_info:
            raise
        infos = _one_by_one(target, way, questions)
        if not infos:
            raise
    else:
        if not any(_is_answered(question, infos) for question in questions):
            infos = _one_by_one(target, way, questions)
    return read_facts(infos, target, way.clock())


def _questions(target: Target) -> tuple[_Question, ...]:
    issuer = target.anchor.subject
    if isinstance(target.credential, SignatureCredential):
        issuer = target.credential.certificate.issuer
    current, listed = general.current_crl(), general.crls(issuer)
    id_it = current.oid.removesuffix("6")
    template, certificates = general.template(), general.ca_certs()
    signing = general.signing_keys()
    return (
        # The first one: a profile in the header is about it.
        _Question("certReqTemplate", template, (template.oid,)),
        _Question("caCerts", certificates, (certificates.oid,)),
        _Question("rootCaKeyUpdate", general.root_update(target.anchor), (f"{id_it}18",)),
        _Question("currentCRL", current, (current.oid, f"{id_it}23")),
        _Question("crls", listed, (current.oid, f"{id_it}23")),
        _Question("signKeyPairTypes", signing, (signing.oid,)),
    )


def _exchange(
    target: Target, way: Way, questions: Sequence[_Question]
) -> tuple[InfoTypeAndValue, ...]:
    transaction = requests.ask(
        infos=[question.info for question in questions],
        credential=target.credential,
        anchors=(target.anchor,),
        recipient=target.anchor.subject,
        now=way.clock(),
        random=way.random,
        profile=target.profile,
        policy=replace(policy_of(target.server), asks_implicit_confirm=False),
    )
    connection = Connection(
        lambda message: way.send(target.server.url, message, target.tls),
        way.clock,
        _never,
        timedelta(0),
    )
    answer = run(transaction, connection, _overlook)
    assert isinstance(answer, Answered)  # noqa: S101  (what ends a genm)
    return answer.infos


def _one_by_one(
    target: Target, way: Way, questions: Sequence[_Question]
) -> tuple[InfoTypeAndValue, ...]:
    found: list[InfoTypeAndValue] = []
    for question in questions:
        asked = target if question is questions[0] else replace(target, profile=None)
        try:
            infos = _exchange(asked, way, (question,))
        except TransportError:
            raise
        except CMPError:
            continue
        found.extend(info for info in infos if info.oid in question.answers)
    return tuple(found)


def _is_answered(question: _Question, infos: Sequence[InfoTypeAndValue]) -> bool:
    """An answer may be without a value: there are no demands, there is no newer list (RFC 9483 4.3)."""
    return any(info.oid in question.answers for info in infos)


def _never(seconds: float) -> None:
    raise AssertionError(f"nobody waits {seconds} seconds for an answer")


def _overlook(event: Event) -> None:
    del event


# -- answers --------------------------------------------------------------------------------------------


def read_facts(infos: Sequence[InfoTypeAndValue], target: Target, now: datetime) -> Facts:
    """What the answers say, as far as it can be relied on at the time `now`."""
    unusable: list[str] = []

    def read(what: str, reader: Callable[[], _T]) -> _T | None:
        try:
            return reader()
        except (MalformedMessage, UntrustedCertificate) as error:
            unusable.append(f"{what} cannot be relied on: {error.message}")
            return None

    anchor = target.anchor
    template = read("the template", lambda: general.read_template_answer(infos))
    signing = read("signKeyPairTypes", lambda: general.read_signing_keys(infos))
    certificates = read("caCerts", lambda: general.read_ca_certs(infos)) or ()
    update = read("the new root", lambda: general.read_root_update_answer(infos, anchor, now))
    issuers = (anchor, *(c for c in certificates if leads_to(c, anchor, certificates, now)))
    crls = tuple(
        crl
        for crl in read("the CRL", lambda: general.read_crls(infos)) or ()
        if read("the CRL", lambda crl=crl: _is_usable(crl, issuers, now))
    )
    left = (q.name for q in _questions(target) if q.name != "crls" and not _is_answered(q, infos))
    return Facts(
        anchor, template, signing, certificates, crls, update, tuple(left), tuple(unusable)
    )


def _is_usable(
    crl: x509.CertificateRevocationList, issuers: Sequence[x509.Certificate], now: datetime
) -> bool:
    check_crl(crl, issuers, now)
    return True


def leads_to(
    certificate: x509.Certificate,
    anchor: x509.Certificate,
    others: Sequence[x509.Certificate],
    now: datetime,
) -> bool:
    """Whether a certificate leads to the anchor, over others."""
    try:
        verify_chain(certificate, [anchor], others, now)
    except UntrustedCertificate:
        return False
    return True

"""Certificates that are not confirmed in time (RFC 9810 5.1.1.2, RFC 9483 4.1.1)."""

from collections.abc import Generator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from csc.runtime.cmp import general
from csc.runtime.cmp.model import (
    BodyType,
    CertConfirmContent,
    ErrorMsgContent,
    GeneralContent,
    InfoTypeAndValue,
    PKIBody,
    PKIFailureInfo,
    PKIHeader,
    PKIMessage,
    PKIStatus,
    PKIStatusInfo,
)
from csc.runtime.sandbox.behaviour import Behaviour
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.ledger.ledger import Status
from peers.asker import SECRET, ask, confirm, failures, following, genm, header, ir, issued, rr

CONFIRM_WAIT_TIME = "1.3.6.1.5.5.7.4.14"
BEGIN = datetime(2030, 1, 1, 12, 0, 0, 500_000, UTC)


@dataclass
class Clock:
    now: datetime

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock(BEGIN)


@pytest.fixture
def ca(tmp_path: Path, clock: Clock) -> Generator[SandboxCA]:
    with SandboxCA.open(tmp_path, clock, Behaviour(confirm_wait=60)) as opened:
        opened.add_secret(SECRET.reference, SECRET.secret)
        yield opened


def begin(ca: SandboxCA, clock: Clock, **changes: object) -> PKIMessage:
    return ask(ca, ir(), header(message_time=clock.now, **changes))


def right(answer: PKIMessage, clock: Clock) -> tuple[PKIBody, PKIHeader]:
    digest = issued(answer).fingerprint(hashes.SHA256())
    return confirm(answer, digest, message_time=clock.now)


def standing(ca: SandboxCA) -> list[tuple[Status, str]]:
    return [(entry.status, entry.reason) for entry in ca.ledger()]


def test_answer_says_until_when(ca: SandboxCA, clock: Clock) -> None:
    answer = begin(ca, clock)
    (info,) = answer.header.general_info
    assert info == InfoTypeAndValue(CONFIRM_WAIT_TIME, b"\x18\x0f20300101120100Z")
    assert answer.header.message_time is not None  # RFC 9483 3.1 wants it then


def test_who_need_not_confirm_is_told_nothing(tmp_path: Path, clock: Clock) -> None:
    asks = InfoTypeAndValue("1.3.6.1.5.5.7.4.13", b"\x05\x00")
    with SandboxCA.open(tmp_path, clock, Behaviour(grants_implicit_confirm=True)) as ca:
        ca.add_secret(SECRET.reference, SECRET.secret)
        assert begin(ca, clock, general_info=(asks,)).header.general_info == (asks,)
        clock.now += timedelta(days=1)
        assert standing(ca) == [(Status.CONFIRMED, "")]


def test_in_time(ca: SandboxCA, clock: Clock) -> None:
    answer = begin(ca, clock)
    clock.now = BEGIN.replace(microsecond=0) + timedelta(seconds=60)  # until when it says
    assert ask(ca, *right(answer, clock)).body.type is BodyType.PKI_CONF
    clock.now += timedelta(days=1)
    assert standing(ca) == [(Status.CONFIRMED, "")]


def test_too_late(ca: SandboxCA, clock: Clock) -> None:
    answer = begin(ca, clock)
    clock.now += timedelta(seconds=60)
    assert failures(ask(ca, *right(answer, clock))) == {PKIFailureInfo.CERT_REVOKED}
    assert standing(ca) == [(Status.REVOKED, "cessationOfOperation")]
    assert failures(ask(ca, *right(answer, clock))) == {PKIFailureInfo.CERT_REVOKED}


def test_whoever_looks_sees_it_revoked(ca: SandboxCA, clock: Clock) -> None:
    """Nobody asked anything in the meantime: the ledger is true when it is read."""
    begin(ca, clock)
    clock.now += timedelta(seconds=61)
    (entry,) = ca.ledger()
    assert entry.status is Status.REVOKED
    assert datetime.fromisoformat(entry.changed_at) == datetime(2030, 1, 1, 12, 1, 0, 0, UTC)


def test_revocation_list_has_it(ca: SandboxCA, clock: Clock) -> None:
    serial = issued(begin(ca, clock)).serial_number
    clock.now += timedelta(seconds=61)
    answer = ask(ca, genm(*[general.current_crl()]), header(message_time=clock.now))
    assert isinstance(answer.body.content, GeneralContent)
    (info,) = answer.body.content.infos
    crl = x509.load_der_x509_crl(info.value or b"")
    revoked = crl.get_revoked_certificate_by_serial_number(serial)
    assert revoked is not None
    reason = revoked.extensions.get_extension_for_class(x509.CRLReason).value
    assert reason.reason is x509.ReasonFlags.cessation_of_operation


def test_time_goes_on_while_the_ca_is_down(tmp_path: Path, clock: Clock) -> None:
    with SandboxCA.open(tmp_path, clock) as ca:
        ca.add_secret(SECRET.reference, SECRET.secret)
        begin(ca, clock)
    clock.now += timedelta(seconds=301)  # 300 are usual
    with SandboxCA.open(tmp_path, clock) as ca:
        assert standing(ca) == [(Status.REVOKED, "cessationOfOperation")]


def test_what_was_rejected_is_not_revoked(ca: SandboxCA, clock: Clock) -> None:
    answer = begin(ca, clock)
    nothing = PKIBody(BodyType.CERT_CONF, CertConfirmContent(()))
    ask(ca, nothing, following(answer, message_time=clock.now))
    clock.now += timedelta(days=1)
    assert standing(ca) == [(Status.REJECTED, "")]


def test_what_was_revoked_keeps_its_reason(ca: SandboxCA, clock: Clock) -> None:
    answer = begin(ca, clock)
    revocation = rr(issued(answer), 1)
    assert ask(ca, revocation, header(message_time=clock.now)).body.type is BodyType.RP
    clock.now += timedelta(days=1)
    assert standing(ca) == [(Status.REVOKED, "keyCompromise")]


HOLD, TAKE_BACK = 6, 8


def revoke(ca: SandboxCA, answer: PKIMessage, clock: Clock, reason: int) -> PKIMessage:
    return ask(ca, rr(issued(answer), reason), header(message_time=clock.now))


def test_what_is_not_confirmed_cannot_be_put_on_hold(ca: SandboxCA, clock: Clock) -> None:
    """Taken back, it would count as confirmed."""
    answer = begin(ca, clock)
    assert failures(revoke(ca, answer, clock, HOLD)) == {PKIFailureInfo.BAD_REQUEST}
    assert standing(ca) == [(Status.ISSUED, "")]
    clock.now += timedelta(seconds=61)
    assert standing(ca) == [(Status.REVOKED, "cessationOfOperation")]


# -- error from a client (RFC 9810 5.3.21) ---------------------------------------------------------


def error(*texts: str) -> PKIBody:
    status = PKIStatusInfo(PKIStatus.REJECTION, texts, frozenset({PKIFailureInfo.BAD_POP}))
    return PKIBody(BodyType.ERROR, ErrorMsgContent(status))


def test_error_ends_the_transaction(ca: SandboxCA, clock: Clock) -> None:
    answer = begin(ca, clock)
    ended = ask(ca, error("no, thanks"), following(answer, message_time=clock.now))
    assert ended.body.type is BodyType.PKI_CONF
    assert standing(ca) == [(Status.REJECTED, "no, thanks")]
    digest = issued(answer).fingerprint(hashes.SHA256())
    late = confirm(ended, digest, message_time=clock.now)
    assert failures(ask(ca, *late)) == {PKIFailureInfo.BAD_REQUEST}
    clock.now += timedelta(days=1)
    assert standing(ca) == [(Status.REJECTED, "no, thanks")]


def test_error_after_the_end_changes_nothing(ca: SandboxCA, clock: Clock) -> None:
    answer = begin(ca, clock)
    done = ask(ca, *right(answer, clock))
    ended = ask(ca, error(), following(done, message_time=clock.now))
    assert ended.body.type is BodyType.PKI_CONF
    assert standing(ca) == [(Status.CONFIRMED, "")]


def test_error_with_a_wrong_header(ca: SandboxCA, clock: Clock) -> None:
    """RFC 9810 5.3.21: another error, if any part of the header is not valid."""
    answer = begin(ca, clock)
    wrong = following(answer, message_time=clock.now, recip_nonce=bytes(16))
    assert failures(ask(ca, error(), wrong)) == {PKIFailureInfo.BAD_RECIPIENT_NONCE}
    nothing_begun = header(message_time=clock.now)
    assert ask(ca, error(), nothing_begun).body.type is BodyType.PKI_CONF
    assert standing(ca) == [(Status.ISSUED, "")]

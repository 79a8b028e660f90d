"""A CA that has not decided: waiting, pollReq and pollRep (RFC 9810 5.3.22, RFC 9483 4.4)."""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from csc.runtime.cmp.client import LONGEST_PAUSE, Connection, run
from csc.runtime.cmp.codec import decode
from csc.runtime.cmp.errors import CMPError, Rejected, StillWaiting, UnexpectedAnswer
from csc.runtime.cmp.events import (
    CertificateReceived,
    Confirmed,
    Event,
    Revoked,
    Waiting,
)
from csc.runtime.cmp.model import (
    BodyType,
    ErrorMsgContent,
    PKIBody,
    PKIStatus,
    PKIStatusInfo,
    PollEntry,
    PollRepContent,
    PollReqContent,
)
from csc.runtime.cmp.requests import initialize, revoke
from csc.runtime.cmp.transaction import Transaction
from peers.certificates import NOW
from peers.fake_ca import ACCEPTED, SECRET, SUBJECT, WAITING, FakeCA


def start(
    ca: FakeCA, key, body_type=BodyType.IR, resend: bytes | None = None, last: bytes | None = None
) -> Transaction:
    return initialize(
        subject=SUBJECT,
        key=key,
        credential=SECRET,
        anchors=ca.anchors,
        recipient=ca.root.certificate.subject,
        now=NOW,
        random=secrets.token_bytes,
        body_type=body_type,
        resend=resend,
        last=last,
    )


def asked(transaction: Transaction) -> bytes:
    assert transaction.outgoing is not None
    return transaction.outgoing


def granted(ca: FakeCA, first: bytes, poll: bytes) -> bytes:
    """What answers `first`, sent as the answer to the poll for it."""
    body = decode(ca.enrol(first, ca.issue_for(first))).body
    return ca.answer(poll, body)


@pytest.mark.parametrize(
    ("body_type", "cert_req_id"),
    [(BodyType.IR, 0), (BodyType.CR, 0), (BodyType.P10CR, -1), (BodyType.P10CR, 0)],
)
def test_polled_until_the_certificate_is_there(ca: FakeCA, key, body_type, cert_req_id) -> None:
    transaction = start(ca, key, body_type)
    first = asked(transaction)
    assert transaction.receive(ca.wait(first, cert_req_id), NOW) == Waiting(
        0, "the officer is at lunch"
    )
    poll = asked(transaction)
    message = decode(poll)
    assert message.body == PKIBody(BodyType.POLL_REQ, PollReqContent((cert_req_id,)))
    assert message.header.transaction_id == transaction.transaction_id
    assert message.header.pvno == decode(first).header.pvno
    entry = PollEntry(cert_req_id, 60, ("at lunch still",))
    assert transaction.receive(ca.poll_rep(poll, entry), NOW) == Waiting(60, "at lunch still")
    assert asked(transaction) != poll
    event = transaction.receive(granted(ca, first, asked(transaction)), NOW)
    assert isinstance(event, CertificateReceived)
    assert transaction.receive(ca.confirm(asked(transaction)), NOW) == Confirmed()


def waits(ca: FakeCA, request: bytes) -> bytes:
    return ca.answer(request, PKIBody(BodyType.ERROR, ErrorMsgContent(WAITING)))


def test_an_error_that_says_waiting_delays_any_answer(ca: FakeCA, key) -> None:
    """RFC 9483 4.4: the request, and later its confirmation; both are polled for with certReqId -1."""
    transaction = start(ca, key)
    first = asked(transaction)
    assert isinstance(transaction.receive(waits(ca, first), NOW), Waiting)
    poll = asked(transaction)
    assert decode(poll).body.content == PollReqContent((-1,))
    assert decode(poll).header.pvno == 2
    event = transaction.receive(granted(ca, first, poll), NOW)
    assert isinstance(event, CertificateReceived)
    assert isinstance(transaction.receive(waits(ca, asked(transaction)), NOW), Waiting)
    again = ca.poll_rep(asked(transaction), PollEntry(-1, 5))
    assert transaction.receive(again, NOW) == Waiting(5, "")
    assert transaction.receive(ca.confirm(asked(transaction)), NOW) == Confirmed()
    assert transaction.outgoing is None


@pytest.mark.parametrize("says_waiting", [waits, lambda ca, r: ca.revoke(r, WAITING)])
def test_a_revocation_may_wait(ca: FakeCA, says_waiting: Callable) -> None:
    transaction = revoke(
        certificate=ca.certificate,
        certificate_key=ca.certificate_key,
        anchors=ca.anchors,
        now=NOW,
        random=secrets.token_bytes,
    )
    assert isinstance(transaction.receive(says_waiting(ca, asked(transaction)), NOW), Waiting)
    assert transaction.receive(ca.revoke(asked(transaction)), NOW) == Revoked(ACCEPTED)


def test_a_refusal_ends_the_waiting(ca: FakeCA, key) -> None:
    transaction = start(ca, key)
    first = asked(transaction)
    transaction.receive(ca.wait(first), NOW)
    refusal = PKIBody(BodyType.ERROR, ErrorMsgContent(PKIStatusInfo(PKIStatus.REJECTION)))
    with pytest.raises(Rejected):
        transaction.receive(ca.answer(asked(transaction), refusal), NOW)
    assert transaction.outgoing is None


def test_a_poll_rep_that_nobody_asked_for_is_refused(ca: FakeCA, key) -> None:
    transaction = start(ca, key)
    with pytest.raises(UnexpectedAnswer, match="expected ip, got pollRep"):
        transaction.receive(ca.poll_rep(asked(transaction)), NOW)


def test_every_poll_answers_the_last_nonce(ca: FakeCA, key) -> None:
    transaction = start(ca, key)
    for answer_to in (ca.wait, ca.poll_rep, ca.poll_rep):
        answer = answer_to(asked(transaction))
        transaction.receive(answer, NOW)
        assert decode(asked(transaction)).header.recip_nonce == decode(answer).header.sender_nonce


@pytest.mark.parametrize("restarts", [False, True])
def test_what_was_waited_for_may_answer_the_request_itself(ca: FakeCA, key, restarts: bool) -> None:
    """RFC 9483 4.4: its recipNonce is the request's senderNonce, not the pollReq's."""
    transaction = start(ca, key)
    first = asked(transaction)
    transaction.receive(ca.wait(first), NOW)
    if restarts:
        transaction = start(ca, key, resend=first, last=asked(transaction))
    certificate = ca.issue_for(first)
    event = transaction.receive(ca.enrol(first, certificate), NOW)
    assert isinstance(event, CertificateReceived)
    assert event.certificate == certificate


def test_a_poll_rep_answers_the_poll_alone(ca: FakeCA, key) -> None:
    """One with the nonce of an older pollReq is one that was recorded."""
    transaction = start(ca, key)
    transaction.receive(ca.wait(asked(transaction)), NOW)
    recorded = ca.poll_rep(asked(transaction))
    transaction.receive(recorded, NOW)
    with pytest.raises(UnexpectedAnswer, match="recipNonce"):
        transaction.receive(recorded, NOW)


@pytest.mark.parametrize("restarts", [False, True])
def test_the_answer_that_said_to_wait_is_no_answer_to_the_poll(
    ca: FakeCA, key, restarts: bool
) -> None:
    """It was delivered twice: who goes on from it is out of step with the CA."""
    transaction = start(ca, key)
    first = asked(transaction)
    recorded = ca.wait(first)
    transaction.receive(recorded, NOW)
    if restarts:
        transaction = start(ca, key, resend=first, last=asked(transaction))
    with pytest.raises(UnexpectedAnswer, match="the one that said to wait, once more"):
        transaction.receive(recorded, NOW)


def test_polling_goes_on_after_a_restart(ca: FakeCA, key) -> None:
    """Request and pollReq, kept byte for byte, are all that another process needs."""
    before = start(ca, key)
    first = asked(before)
    before.receive(ca.wait(first), NOW)
    after = start(ca, key, resend=first, last=asked(before))
    assert after.outgoing == before.outgoing
    assert after.transaction_id == before.transaction_id
    assert after.receive(ca.poll_rep(asked(after)), NOW) == Waiting(60, "")
    event = after.receive(granted(ca, first, asked(after)), NOW)
    assert isinstance(event, CertificateReceived)


def test_a_poll_of_a_clock_that_was_ahead_is_made_anew(ca: FakeCA, key) -> None:
    """A CA refuses what is yet to come: with its time it would be refused until then."""
    before = start(ca, key)
    first = asked(before)
    before.receive(ca.wait(first), NOW + timedelta(days=1))
    poll = decode(asked(before))
    assert poll.header.message_time == NOW + timedelta(days=1)
    again = decode(asked(start(ca, key, resend=first, last=asked(before))))
    assert again.header.message_time == NOW
    assert again.body == poll.body
    assert again.header.recip_nonce == poll.header.recip_nonce


class Clock:
    """Time that passes only while somebody waits."""

    def __init__(self) -> None:
        self.now = NOW
        self.pauses: list[float] = []

    def __call__(self) -> datetime:
        return self.now

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += timedelta(seconds=seconds)


def polling(ca: FakeCA, clock: Clock, check_after: int) -> Callable[[bytes], bytes]:
    def send(request: bytes) -> bytes:
        if decode(request).body.type is BodyType.POLL_REQ:
            body = PKIBody(BodyType.POLL_REP, PollRepContent((PollEntry(0, check_after),)))
            return ca.answer(request, body, message_time=clock.now)
        return ca.wait(request)

    return send


@pytest.mark.parametrize(
    ("check_after", "limit"), [(-5, 20), (0, 20), (7, 60), (10**9, 3 * LONGEST_PAUSE)]
)
def test_a_ca_that_never_decides_is_given_its_time_and_no_more(
    ca: FakeCA, key, check_after: int, limit: int
) -> None:
    clock = Clock()
    transaction = start(ca, key)
    events: list[Event] = []
    connection = Connection(
        polling(ca, clock, check_after), clock, clock.pause, timedelta(seconds=limit)
    )
    with pytest.raises(StillWaiting, match=f"within {limit} seconds") as caught:
        run(transaction, connection, events.append)
    assert caught.value.transaction_id == transaction.transaction_id
    assert isinstance(caught.value, CMPError)
    assert clock.now - NOW <= timedelta(seconds=limit)
    assert min(clock.pauses) >= 1
    assert max(clock.pauses) <= LONGEST_PAUSE
    assert len(events) == len(clock.pauses) + 1
    assert transaction.outgoing is not None  # what the next run goes on with

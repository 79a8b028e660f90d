"""A CA that refuses a message, and not what it asks for, has decided nothing: the operation goes on."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from csc.runtime.cmp.codec import decode
from csc.runtime.cmp.errors import UntrustedCertificate
from csc.runtime.cmp.model import BodyType, PKIFailureInfo, PKIStatus
from csc.runtime.errors import StepsFailed
from csc.runtime.recovery.phases import OPEN, Phase
from csc.runtime.recovery.resume import End
from csc.runtime.sandbox.ledger.ledger import Status
from support.holdings import nothing_is_lost
from support.recovery import SETUP, Scene, bring_into, says, scene, unfit

OF_THE_MESSAGE = (
    PKIFailureInfo.BAD_TIME,
    PKIFailureInfo.BAD_RECIPIENT_NONCE,
    PKIFailureInfo.BAD_SENDER_NONCE,
    PKIFailureInfo.BAD_MESSAGE_CHECK,
    PKIFailureInfo.BAD_DATA_FORMAT,
    PKIFailureInfo.WRONG_INTEGRITY,
    PKIFailureInfo.TRANSACTION_ID_IN_USE,
    PKIFailureInfo.SYSTEM_UNAVAIL,
    PKIFailureInfo.SYSTEM_FAILURE,
)


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PSK", "psk")


def refusing(at: Scene, which: BodyType, failure: PKIFailureInfo) -> Callable[..., bytes]:
    """The CA of a scene, which does not take messages of one type."""
    refuse = says(PKIStatus.REJECTION, failure)

    def send(url: str, message: bytes, tls: object = None) -> bytes:
        if decode(message).body.type is which:
            return refuse(at, message)
        return at.device.post(url, message)

    return send


@pytest.mark.parametrize("failure", OF_THE_MESSAGE, ids=lambda bit: bit.name.lower())
def test_what_waits_at_the_ca_is_polled_on(failure: PKIFailureInfo, tmp_path: Path) -> None:
    """The CA still has the request: nothing is asked for afresh, and nothing is left waiting there."""
    with scene(tmp_path) as at:
        bring_into(at, Phase.WAITING)
        at.device.send = refusing(at, BodyType.POLL_REQ, failure)
        with pytest.raises(StepsFailed):
            at.device.apply(SETUP)
        assert at.phases() == [Phase.WAITING]
        at.device.send = None
        at.device.apply(SETUP)
        assert [entry.status for entry in at.device.ca.ledger()] == [Status.CONFIRMED]
        nothing_is_lost(at.device)


def test_a_certificate_is_not_taken_as_confirmed(tmp_path: Path) -> None:
    """The CA would revoke by itself what nobody confirms."""
    with scene(tmp_path) as at:
        bring_into(at, Phase.RECEIVED)
        at.device.send = refusing(at, BodyType.CERT_CONF, PKIFailureInfo.BAD_TIME)
        with pytest.raises(StepsFailed):
            at.device.apply(SETUP)
        assert at.phases() == [Phase.RECEIVED]
        at.device.send = None
        at.device.apply(SETUP)
        assert [entry.status for entry in at.device.ca.ledger()] == [Status.CONFIRMED]


def test_a_rejection_that_the_ca_did_not_take_is_sent_again(tmp_path: Path) -> None:
    with scene(tmp_path) as at:
        at.device.send = refusing(at, BodyType.CERT_CONF, PKIFailureInfo.SYSTEM_UNAVAIL)
        with unfit(), pytest.raises(StepsFailed):
            at.device.apply(SETUP)
        assert at.phases() == [Phase.UNFIT]
        assert [entry.status for entry in at.device.ca.ledger()] == [Status.ISSUED]
        at.device.send = None
        (done,) = at.resume()
        assert done.end is not End.OPEN
        assert [entry.status for entry in at.device.ca.ledger()] == [Status.REJECTED]
        assert not set(at.phases()) & OPEN


def test_a_request_that_may_have_been_heard_is_not_closed(tmp_path: Path) -> None:
    """Cut off after the request, then the CA is down for a moment: what it issued before is fetched."""
    with scene(tmp_path) as at:
        honest = at.device.post
        at.device.send = lambda url, message, tls=None: honest(url, message)[:0]
        with pytest.raises(StepsFailed):
            at.device.apply(SETUP)
        at.device.send = refusing(at, BodyType.IR, PKIFailureInfo.SYSTEM_UNAVAIL)
        with pytest.raises(StepsFailed):
            at.device.apply(SETUP)
        assert at.phases() == [Phase.REQUESTED]
        at.device.send = None
        at.device.apply(SETUP)
        assert [entry.status for entry in at.device.ca.ledger()] == [Status.CONFIRMED]
        nothing_is_lost(at.device)


def test_a_central_key_whose_signer_has_expired_is_asked_for_afresh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the same apply: the answer of before is judged by the clock of today."""
    from csc.runtime.cmp import verdict

    central = SETUP.replace("-password=${env:PSK}", "-password=${env:PSK} -central")
    honest, seen = verdict.issued.open_response, []

    def expired_once(*args: object, **more: object) -> object:
        seen.append(None)
        if len(seen) == 1:
            raise UntrustedCertificate("the signer of the key has expired")
        return honest(*args, **more)

    with scene(tmp_path) as at:
        at.apply_until(Phase.REQUESTED, central)
        at.later(timedelta(minutes=1))
        monkeypatch.setattr(verdict.issued, "open_response", expired_once)
        at.device.apply(central)
        assert at.phases() == [Phase.CLOSED, Phase.RECORDED]
        nothing_is_lost(at.device)

"""Every message is held against its planned step, and none leaves that the plan does not have."""

from dataclasses import replace
from pathlib import Path

import pytest
from csc.compiler.plan import CmpOperation, Operation, RequestType
from csc.runtime.asking import transaction_for
from csc.runtime.cmp.model import (
    BodyType,
    CertConfirmContent,
    CertStatus,
    OtherContent,
    PKIBody,
    PKIHeader,
    PKIMessage,
    PKIStatus,
    PKIStatusInfo,
)
from csc.runtime.errors import NotPlanned, StepsFailed
from csc.runtime.execution import metering
from csc.runtime.execution.metering import Meter
from csc.runtime.recovery import conduct
from csc.runtime.recovery.phases import Phase
from csc.runtime.report import Messages, Report
from csc.runtime.sandbox.behaviour import Behaviour
from support.device import FINISH, PREREQUISITES, bind, certificate, initiate, new_device, revoke
from support.fake_steps import operation
from support.recovery import SETUP, bring_into, scene

INITIATE = operation()
IMPLICIT = operation(server=replace(INITIATE.server, is_implicit=True))
UPDATE = operation(operation=Operation.UPDATE, request_type=RequestType.KUR)
REVOKE = operation(operation=Operation.REVOKE, request_type=RequestType.RR)


def decode(data: bytes) -> PKIMessage:
    """`ir`, `ir@2` in transaction 2, `certConf!` rejects: all of a message that a meter looks at."""
    name, _, transaction = data.decode().partition("@")
    kind = BodyType(name.rstrip("!"))
    status = PKIStatusInfo(PKIStatus.REJECTION if name.endswith("!") else PKIStatus.ACCEPTED)
    content = OtherContent(name)
    if kind is BodyType.CERT_CONF:
        content = CertConfirmContent((CertStatus(b"", 0, status),))
    header = PKIHeader(2, None, None, transaction_id=(transaction or "1").encode())
    return PKIMessage(header, PKIBody(kind, content), b"", None)


def exchange(meter: Meter, words: str) -> list[str]:
    """Send every other word and be answered with the next one; what was heard."""
    names = words.split()
    for sent, received in zip(names[::2], names[1::2], strict=True):
        meter.over(lambda url, message, tls, received=received: received.encode())(
            "http://ca/", sent.encode(), None
        )
    return names


@pytest.fixture(autouse=True)
def plain_messages(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "tmp_path" not in request.fixturenames:
        monkeypatch.setattr(metering, "decode", decode)


ALLOWED = [
    (INITIATE, "ir ip certConf pkiconf", 4, 0),
    (UPDATE, "kur kup certConf pkiconf", 4, 0),
    (REVOKE, "rr rp", 2, 0),
    (REVOKE, "rr error", 2, 0),
    # The CA has not decided: said by an ip, or by an error; before the certificate, or its confirmation.
    (INITIATE, "ir ip pollReq pollRep pollReq ip certConf pkiconf", 4, 4),
    (INITIATE, "ir error pollReq ip certConf pkiconf", 4, 2),
    (INITIATE, "ir ip certConf error pollReq pollRep pollReq pkiconf", 4, 4),
    (REVOKE, "rr rp pollReq rp", 2, 2),
    # A key that can only decrypt.
    (INITIATE, "ir popdecc popdecr ip certConf pkiconf", 4, 2),
    # implicitConfirm granted, and not.
    (IMPLICIT, "ir ip", 2, 0),
    (IMPLICIT, "ir ip certConf pkiconf", 2, 2),
    # Taken up: resent, polled on, confirmed. Transaction 9 is one of an earlier run.
    (INITIATE, "ir@9 ip@9 certConf@9 pkiconf@9", 4, 0),
    (INITIATE, "pollReq@9 pollRep@9 pollReq@9 ip@9 certConf@9 pkiconf@9", 3, 3),
    (INITIATE, "certConf@9 pkiconf@9", 2, 0),
    (IMPLICIT, "certConf@9 pkiconf@9", 2, 0),
    # Taken up in vain, or ended, since nobody wants it any more: the operation begins behind it.
    (INITIATE, "ir@9 error@9 ir ip certConf pkiconf", 4, 2),
    (INITIATE, "ir@9 ip@9 ir ip certConf pkiconf", 4, 2),
    (INITIATE, "pollReq@9 error@9 ir ip certConf pkiconf", 4, 2),
    (INITIATE, "certConf@9 error@9 ir ip certConf pkiconf", 4, 2),
    (INITIATE, "certConf!@9 pkiconf@9 ir ip certConf pkiconf", 4, 2),
    (REVOKE, "certConf!@9 pkiconf@9 rr rp", 2, 2),
    (INITIATE, "rr@7 rp@7 ir ip certConf pkiconf", 4, 2),
]


@pytest.mark.parametrize(("planned", "words", "sent", "extra"), ALLOWED)
def test_what_may_pass(planned: CmpOperation, words: str, sent: int, extra: int) -> None:
    heard: list[tuple[bool, str]] = []
    meter = Meter(planned, EARLIER, lambda is_sent, kind: heard.append((is_sent, kind)))
    names = exchange(meter, words)
    assert [kind for _, kind in heard] == [n.partition("@")[0].rstrip("!") for n in names]
    assert [is_sent for is_sent, _ in heard] == [n % 2 == 0 for n in range(len(names))]
    assert meter.messages == Messages(len(planned.messages), sent, extra)


EARLIER = {b"9": b"ir@9"}
REFUSED = [
    (INITIATE, "", "kur"),
    (INITIATE, "", "pkiconf"),
    (REVOKE, "", "certConf"),
    (INITIATE, "ir ip", "ir"),
    (INITIATE, "ir ip", "ir@2"),  # what was issued is to be confirmed first
    (INITIATE, "ir ip", "certConf@2"),
    (INITIATE, "ir ip certConf pkiconf", "certConf"),
    (INITIATE, "ir ip certConf pkiconf", "ir@2"),
    (INITIATE, "ir ip", "popdecr"),
    (INITIATE, "ir popdecc", "pollReq"),
    (INITIATE, "ir error", "ir@2"),
    (INITIATE, "ir ip", "rr@2"),
    (INITIATE, "", "pollReq"),
    (INITIATE, "ir@9 ip@9 certConf@9 pkiconf@9", "ir"),  # it would be doubled
    (INITIATE, "rr@7 rp@7", "rr@6"),
    (INITIATE, "certConf@9 pkiconf@9", "certConf@9"),
    (REVOKE, "rr rp", "certConf"),
    (REVOKE, "rr rp", "rr"),
    (IMPLICIT, "ir ip certConf pkiconf", "certConf"),
    # The answer is not what was planned, and the transaction has let it pass.
    (INITIATE, "ir kup", "certConf"),
    (INITIATE, "ir pollRep", "pollReq"),
    (INITIATE, "ir popdecc popdecr popdecc", "popdecr"),
]


@pytest.mark.parametrize(("planned", "before", "word"), REFUSED)
def test_what_may_not_leave(planned: CmpOperation, before: str, word: str) -> None:
    heard: list[str] = []
    earlier = EARLIER if "@9" in before or "@7" in before else {}
    meter = Meter(planned, earlier, lambda is_sent, kind: heard.append(kind))
    exchange(meter, before)
    with pytest.raises(NotPlanned, match=f"planned {len(planned.messages)} messages"):
        meter.over(lambda url, message, tls: pytest.fail("it has left"))(
            "http://ca/", word.encode(), None
        )
    assert len(heard) == len(before.split())


def apply(folder: Path, script: str, **behaviour: object) -> Report:
    with new_device(folder, Behaviour(**behaviour)) as device:
        device.pause = lambda seconds: None
        reports: list[Report] = []
        device.reports = reports.append
        device.apply(script)
        return reports[0]


ENROL = PREREQUISITES + certificate("a") + initiate("a")


def test_a_run_counts_its_messages(tmp_path: Path) -> None:
    report = apply(tmp_path, ENROL + bind("a") + FINISH + revoke("a"))
    assert report.messages == Messages(planned=6, sent=6)


def test_polling_is_counted_apart(tmp_path: Path) -> None:
    report = apply(tmp_path, ENROL, polls=2)
    assert report.messages == Messages(planned=4, sent=4, extra=6)


def test_a_wrong_message_is_never_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The transaction is made to ask with a cr where the plan has an ir."""

    def wrong(operation, *arguments, **others):
        changed = replace(operation, request_type=RequestType.CR)
        return transaction_for(changed, *arguments, **others)

    monkeypatch.setattr(conduct, "transaction_for", wrong)
    with new_device(tmp_path) as device:
        with pytest.raises(StepsFailed) as failed:
            device.apply(ENROL)
        ((step, error),) = failed.value.failures
        assert isinstance(error, NotPlanned)
        assert str(error) == (
            "planned 4 messages (ir, ip, certConf, pkiconf): cr was to be sent where ir was planned"
        )
        assert not device.ca.ledger()
        assert failed.value.report.messages == Messages(planned=4)
        assert step.action.target.name == "a"


def test_what_an_earlier_run_left_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Taken up, it is the plan's; if the script means something else now, it is rejected, which is more."""
    monkeypatch.setenv("PSK", "psk")
    for name, script, counted in (
        ("same", SETUP, Messages(planned=4, sent=2)),  # certConf, pkiconf
        ("other", SETUP.replace("CN=gw", "CN=other"), Messages(planned=4, sent=4, extra=2)),
    ):
        reports: list[Report] = []
        with scene(tmp_path / name) as at:
            bring_into(at, Phase.RECEIVED)
            at.device.reports = reports.append
            at.device.apply(script)
        assert [report.messages for report in reports] == [counted]

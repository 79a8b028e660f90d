"""A server that is hostile, seen from a device: what was begun is kept, and ends with the honest CA."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from csc.runtime.cmp.codec import decode
from csc.runtime.cmp.codec.tlv import tlv
from csc.runtime.cmp.credentials import PasswordCredential
from csc.runtime.cmp.errors import (
    CMPError,
    MalformedMessage,
    NotProtected,
    Rejected,
    StillWaiting,
    TimedOut,
    UnexpectedAnswer,
    WrongCertificate,
    WrongMac,
)
from csc.runtime.cmp.model import (
    BodyType,
    CertRepMessage,
    EncryptedKey,
    ErrorMsgContent,
    PKIBody,
    PKIFailureInfo,
    PKIMessage,
    PKIStatus,
    PKIStatusInfo,
)
from csc.runtime.cmp.protection import protect
from csc.runtime.errors import StepsFailed
from csc.runtime.operation import Send
from csc.runtime.sandbox.behaviour import Behaviour
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.ledger.ledger import Status
from csc.runtime.state.opening import open_store
from peers.faulty_ca import parts_of, sealed
from support.central import CentralKeys
from support.device import (
    FINISH,
    PREREQUISITES,
    Device,
    bind,
    certificate,
    initiate,
    new_device,
)
from support.holdings import held_certificates, nothing_is_lost

SETUP = PREREQUISITES + certificate("gw") + initiate("gw") + bind("gw") + FINISH
CENTRAL = SETUP.replace(" -password=psk", " -password=psk -central")
SECRET = PasswordCredential(b"ref", b"psk")
Alter = Callable[[bytes, bytes], bytes]


@dataclass(frozen=True)
class Fault:
    """`alter` makes the answer to message number `at` of the message and the honest answer.

    `is_open` tells that the next apply sends what this one came to, byte for byte; `reaches` that the CA got
    the message.
    """

    alter: Alter
    error: type[CMPError]
    at: int = 0
    is_open: bool = True
    reaches: bool = True
    script: str = SETUP
    statuses: tuple[Status, ...] = (Status.CONFIRMED,)


def anew(change: Callable[[PKIMessage], PKIMessage]) -> Alter:
    """The honest answer with another header or body, and a MAC that is right."""

    def alter(request: bytes, answer: bytes) -> bytes:
        message = change(decode(answer))
        return protect(message.header, message.body, SECRET, random=lambda size: bytes(size))

    return alter


def header(**fields: object) -> Alter:
    return anew(lambda m: replace(m, header=replace(m.header, **fields)))  # pyright: ignore


def response(**fields: object) -> Alter:
    def change(message: PKIMessage) -> PKIMessage:
        content = message.body.content
        assert isinstance(content, CertRepMessage)
        altered = replace(content.responses[0], **fields)  # pyright: ignore
        body = PKIBody(message.body.type, replace(content, responses=(altered,)))
        return replace(message, body=body)

    return anew(change)


def wrong_mac(request: bytes, answer: bytes) -> bytes:
    mac = decode(answer).protection
    assert mac is not None
    return answer.replace(mac, mac[:-1] + bytes([mac[-1] ^ 1]))


def bare(request: bytes, answer: bytes) -> bytes:
    head, body, _ = parts_of(answer)
    return tlv(0x30, head.der + body.der)


def error(request: bytes, answer: bytes) -> bytes:
    """A refusal by who holds the secret."""
    status = PKIStatusInfo(PKIStatus.REJECTION, ("no",), frozenset({PKIFailureInfo.SYSTEM_FAILURE}))
    message = decode(answer)
    body = PKIBody(BodyType.ERROR, ErrorMsgContent(status))
    return protect(message.header, body, SECRET, random=lambda size: bytes(size))


def forged(request: bytes, answer: bytes) -> bytes:
    """A refusal by somebody who does not."""
    return bare(request, error(request, answer))


def huge_status(request: bytes, answer: bytes) -> bytes:
    status = tlv(0x30, tlv(2, b"\x7f" * 3000))
    content = tlv(0x30, tlv(0x30, tlv(0x30, b"\2\1\0" + status)))
    return sealed(answer, SECRET, body=tlv(0xA1, content))


REFUSED = (Status.REJECTED, Status.CONFIRMED)
JUNK_KEY = EncryptedKey(is_enveloped=True, der=b"\x30\3\2\1\0")
FAULTS = {
    "cut off": Fault(lambda r, a: a[: len(a) // 2], MalformedMessage),
    "HTML": Fault(lambda r, a: b"<html>", MalformedMessage),
    "a number without an end": Fault(huge_status, MalformedMessage),
    "without protection": Fault(bare, NotProtected),
    "a wrong MAC": Fault(wrong_mac, WrongMac),
    "a forged refusal": Fault(forged, NotProtected),
    "another nonce": Fault(header(recip_nonce=bytes(16)), UnexpectedAnswer),
    "another certReqId": Fault(response(cert_req_id=1), UnexpectedAnswer),
    "a refusal that did not reach the CA": Fault(error, Rejected, is_open=False, reaches=False),
    "a private key unasked": Fault(
        response(private_key=JUNK_KEY), WrongCertificate, is_open=False, statuses=REFUSED
    ),
    "no private key, though asked for": Fault(
        response(private_key=None),
        WrongCertificate,
        is_open=False,
        script=CENTRAL,
        statuses=REFUSED,
    ),
    "a private key that is garbage": Fault(
        response(private_key=JUNK_KEY),
        MalformedMessage,
        is_open=False,
        script=CENTRAL,
        statuses=REFUSED,
    ),
    "confirmation cut off": Fault(lambda r, a: a[:-7], MalformedMessage, 1),
    "confirmation without protection": Fault(bare, NotProtected, 1),
    "confirmation that never came to the CA": Fault(bare, NotProtected, 1, reaches=False),
    "confirmation of another transaction": Fault(
        header(transaction_id=bytes(16)), UnexpectedAnswer, 1
    ),
    "confirmation refused": Fault(error, Rejected, 1),
    "confirmation of a central key cut off": Fault(
        lambda r, a: a[:-7], MalformedMessage, 1, script=CENTRAL
    ),
}


def between(
    device: Device, fault: Fault, sent: list[bytes], honest: Callable[[bytes], bytes] | None = None
) -> None:
    """Stand between device and CA; `sent` collects what the device sends."""
    honest = honest or CentralKeys(device.ca, SECRET).respond

    def send(url: str, message: bytes, tls: object = None) -> bytes:
        sent.append(message)
        is_confirmation = decode(message).body.type is BodyType.CERT_CONF
        if is_confirmation != (fault.at == 1):
            return honest(message)
        answer = honest(message)
        if not fault.reaches:
            with device.ca._ledger.transaction():
                for table in ("answer", "certificate") if fault.at == 0 else ():
                    device.ca._ledger._execute(f"DELETE FROM {table}")
        return fault.alter(message, answer)

    device.send = send


def recorded(sent: list[bytes], honest: Callable[[bytes], bytes]) -> Send:
    def send(url: str, message: bytes, tls: object = None) -> bytes:
        sent.append(message)
        return honest(message)

    return send


def failure(device: Device, script: str) -> CMPError:
    """What an apply that fails ends in."""
    with pytest.raises(StepsFailed) as caught:
        device.apply(script)
    ((_, error),) = caught.value.failures
    assert isinstance(error, CMPError)
    return error


@pytest.mark.parametrize("name", FAULTS)
def test_the_honest_ca_mends_it(name: str, tmp_path: Path) -> None:
    fault = FAULTS[name]
    with new_device(tmp_path) as device:
        sent: list[bytes] = []
        honest = CentralKeys(device.ca, SECRET).respond
        between(device, fault, sent, honest)
        found = failure(device, fault.script)
        assert type(found) is fault.error
        assert found.transaction_id == decode(sent[0]).header.transaction_id
        before = len(sent)
        device.send = recorded(sent, honest)
        device.apply(fault.script)
        assert (sent[before] == sent[fault.at]) == fault.is_open
        assert [entry.status for entry in device.ca.ledger()] == list(fault.statuses)
        nothing_is_lost(device)
        compilation = device.compile(fault.script)
        assert compilation.plan is not None
        assert compilation.plan.is_empty


TWICE = [
    name for name, fault in FAULTS.items() if fault.error is MalformedMessage and fault.is_open
]
TWICE += [name for name, fault in FAULTS.items() if fault.at == 1 and fault.error is not Rejected]


@pytest.mark.parametrize("name", dict.fromkeys(TWICE))
def test_what_is_open_stays_open_however_often_it_is_spoilt(name: str, tmp_path: Path) -> None:
    """Starting afresh would leave a certificate at the CA that nobody holds."""
    fault = FAULTS[name]
    with new_device(tmp_path) as device:
        spoilt: set[bytes] = set()
        honest = CentralKeys(device.ca, SECRET).respond
        for _ in range(3):
            sent: list[bytes] = []
            between(device, fault, sent, honest)
            failure(device, fault.script)
            spoilt.add(sent[-1])
        assert len(spoilt) == 1
        device.send = lambda url, message, tls=None: honest(message)
        device.apply(fault.script)
        assert [entry.status for entry in device.ca.ledger()] == [Status.CONFIRMED]
        nothing_is_lost(device)


def test_central_key_is_kept_before_it_is_confirmed(tmp_path: Path) -> None:
    """The CA's key arrived, the confirmation did not: the next apply has the same key and certificate."""
    with new_device(tmp_path) as device:
        honest = CentralKeys(device.ca, SECRET).respond
        sent: list[bytes] = []

        def send(url: str, message: bytes, tls: object = None) -> bytes:
            sent.append(message)
            if len(sent) == 2:
                raise TimedOut("no answer")
            return honest(message)

        device.send = send
        assert isinstance(failure(device, CENTRAL), TimedOut)
        held = device.ca.ledger()[0].serial_number
        device.apply(CENTRAL)
        assert held_certificates(device) == {held: True}
        assert [entry.status for entry in device.ca.ledger()] == [Status.CONFIRMED]


# -- waiting --------------------------------------------------------------------------------------------

WAITS = SETUP.replace("FQDN=ca.example.com", "FQDN=ca.example.com PollLimit=60")


@contextmanager
def waiting_device(folder: Path, polls: int = 1, **more: object) -> Generator[Device]:
    """A device whose CA decides after so many pollReqs, and asks for an hour between them."""
    behaviour = Behaviour(polls=polls, check_after=3600, **more)  # pyright: ignore
    with SandboxCA.open(folder / "ca", behaviour=behaviour) as ca:
        ca.add_secret(b"ref", b"psk")
        yield Device(folder, ca, pause=lambda seconds: None)


def listening(device: Device, ca: CentralKeys | SandboxCA | None = None) -> list[bytes]:
    sent: list[bytes] = []

    def send(url: str, message: bytes, tls: object = None) -> bytes:
        sent.append(message)
        return (ca or device.ca).respond(message)

    device.send = send
    return sent


def journal(device: Device) -> list[tuple[str, bytes | None]]:
    """The phase of each operation, and its last pollReq."""
    store = open_store(device.location)
    try:
        return store.database.execute(
            "SELECT phase, message FROM journal LEFT JOIN later ON later.operation = journal.id"
            " ORDER BY journal.id"
        )
    finally:
        store.close()


def bodies(sent: list[bytes]) -> list[BodyType | None]:
    return [decode(message).body.type for message in sent]


@pytest.mark.parametrize(
    "script", [WAITS, WAITS.replace("-password=psk", "-password=psk -central")]
)
@pytest.mark.parametrize("by_error", [False, True])
def test_polling_goes_on_in_another_process(tmp_path: Path, by_error: bool, script: str) -> None:
    with waiting_device(tmp_path, polls=2, waits_by_error=by_error) as device:
        ca = CentralKeys(device.ca, SECRET)
        sent = listening(device, ca)
        assert isinstance(failure(device, script), StillWaiting)
        assert bodies(sent) == [BodyType.IR, BodyType.POLL_REQ]
        ((phase, poll),) = journal(device)
        assert phase == "waiting"
        for last in (False, True):
            device = Device(tmp_path, device.ca, pause=lambda seconds: None)
            sent = listening(device, ca)
            if last:
                device.apply(script)
            else:
                assert isinstance(failure(device, script), StillWaiting)
            assert sent[0] == poll
            ((phase, poll),) = journal(device)
        assert bodies(sent) == [BodyType.POLL_REQ, BodyType.CERT_CONF]
        assert phase == "done"
        assert [entry.status for entry in device.ca.ledger()] == [Status.CONFIRMED]
        nothing_is_lost(device)
        assert any("gw" in address for address in map(str, device.state().committed))


def test_ca_that_forgot_what_it_was_asked(tmp_path: Path) -> None:
    """It refuses the pollReq, and the request is made anew, for a new key."""
    with waiting_device(tmp_path) as device:
        assert isinstance(failure(device, WAITS), StillWaiting)
        with device.ca._ledger.transaction():
            for table in ("answer", "waiting"):
                device.ca._ledger._execute(f"DELETE FROM {table}")
        sent = listening(device)
        assert isinstance(failure(device, WAITS), StillWaiting)
        assert bodies(sent) == [BodyType.POLL_REQ, BodyType.IR, BodyType.POLL_REQ]
        assert [phase for phase, _ in journal(device)] == ["failed", "waiting"]
        device.apply(WAITS)
        assert [entry.status for entry in device.ca.ledger()] == [Status.CONFIRMED]
        nothing_is_lost(device)


def test_poll_rep_that_is_garbage_leaves_the_polling_where_it_was(tmp_path: Path) -> None:
    with waiting_device(tmp_path) as device:

        def send(url: str, message: bytes, tls: object = None) -> bytes:
            answer = device.ca.respond(message)
            return b"garbage" if decode(message).body.type is BodyType.POLL_REQ else answer

        device.send = send
        assert isinstance(failure(device, WAITS), MalformedMessage)
        ((phase, poll),) = journal(device)
        assert phase == "waiting"
        sent = listening(device)
        failure_or_done(device)
        assert sent[0] == poll
        device.apply(WAITS)
        assert [entry.status for entry in device.ca.ledger()] == [Status.CONFIRMED]
        nothing_is_lost(device)


def failure_or_done(device: Device) -> None:
    """The repeated pollReq gets the same pollRep, which has the device wait longer than it may."""
    assert isinstance(failure(device, WAITS), StillWaiting)

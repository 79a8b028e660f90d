"""Whatever a server does to CMP ends in a named error, in time, and in little memory."""

import re
import secrets
import threading
import tracemalloc
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import mlkem
from csc.runtime.cmp import general, requests
from csc.runtime.cmp.client import Connection, run
from csc.runtime.cmp.codec import MAX_MESSAGE_SIZE, decode
from csc.runtime.cmp.errors import CMPError
from csc.runtime.cmp.events import Answered, CertificateReceived, Event, Revoked
from csc.runtime.cmp.model import BodyType, CertConfirmContent, PKIStatus
from csc.runtime.cmp.names import alternative_names
from csc.runtime.cmp.protection import SignatureCredential
from csc.runtime.cmp.transaction import Transaction
from csc.runtime.cmp.transport import HttpTransport
from peers.certificates import NOW
from peers.fake_ca import SECRET, SUBJECT, FakeCA
from peers.faults_of_bytes import BYTES
from peers.faults_of_content import CONTENT
from peers.faults_of_protection import PROTECTIONS
from peers.faulty_ca import Act
from peers.hostile import answering, hostile

FAULTS = {**BYTES, **PROTECTIONS, **CONTENT}
PATIENT = 60.0  # seconds: an answer that takes longer hangs
# Bytes: pyasn1 makes 2 KiB of a value, and an answer may have 20 000 of them.
MOST_MEMORY = 64 * MAX_MESSAGE_SIZE
NAMES = alternative_names(("DNS:fw1.example.com", "IP:192.0.2.1"))
KEM = mlkem.MLKEM768PrivateKey.generate()

Outcome = CertificateReceived | Revoked | Answered


def begin(asks: str, ca: FakeCA, key: object) -> Transaction:
    """A transaction of each kind; all ask for SUBJECT."""
    own = SignatureCredential(ca.certificate, ca.certificate_key)
    common = {"anchors": ca.anchors, "now": NOW, "random": secrets.token_bytes}
    old = {"certificate": ca.certificate, "certificate_key": ca.certificate_key}
    first = {**common, "recipient": ca.root.certificate.subject, "credential": SECRET}
    new = {**first, "subject": SUBJECT, "key": key}
    match asks:
        case "ir":
            return requests.initialize(**new)
        case "names":
            return requests.initialize(**new, names=NAMES)
        case "central":
            return requests.initialize(**new | {"key": None})
        case "kem":
            return requests.initialize(**new | {"key": KEM})
        case "cr":
            return requests.initialize(**new | {"credential": own}, body_type=BodyType.CR)
        case "p10cr":
            return requests.initialize(**new, body_type=BodyType.P10CR)
        case "kur":
            return requests.update(**common, **old, key=key)
        case "rr":
            return requests.revoke(**common, **old)
        case "genm":
            return requests.ask(**first, infos=(general.ca_certs(),))
        case _:
            raise AssertionError(asks)


class Clock:
    """Time that passes only while somebody waits."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def meet(
    ca: FakeCA, transaction: Transaction, act: Act, limit: int = 20
) -> tuple[Outcome | BaseException, Sequence[bytes], list[Event]]:
    """Run a transaction against a server that acts so; how it ended, what was sent, what was told."""
    sent: list[bytes] = []
    events: list[Event] = []
    ends: list[Outcome | BaseException] = []
    clock = Clock()

    def answer(request: bytes) -> bytes:
        sent.append(request)
        return act(ca, sent)

    def client() -> None:
        try:
            with HttpTransport(total_timeout=PATIENT) as http:
                connection = Connection(
                    lambda message: http.send(server.url, message),
                    clock,
                    clock.pause,
                    timedelta(seconds=limit),
                )
                ends.append(run(transaction, connection, events.append))
        except BaseException as error:  # whatever it is, it is what came of it
            ends.append(error)

    with hostile(answering(answer)) as server:
        thread = threading.Thread(target=client, daemon=True)
        thread.start()
        thread.join(PATIENT)
        assert not thread.is_alive(), "the client hangs"
    return ends[0], sent, events


@pytest.mark.parametrize("name", FAULTS)
def test_fault_has_a_name(name: str, ca: FakeCA, key) -> None:
    fault = FAULTS[name]
    transaction = begin(fault.asks, ca, key)
    end, sent, events = meet(ca, transaction, fault.act, fault.limit)
    assert isinstance(end, CMPError), end
    assert type(end) is fault.error, end
    assert re.search(fault.words, end.message), end.message
    assert end.transaction_id == transaction.transaction_id
    assert str(end).isprintable()
    assert len(str(end)) < 1000
    assert len(sent) == fault.sends
    assert not any(isinstance(event, Revoked | Answered) for event in events)
    assert is_rejection(sent[-1]) == fault.rejects


@pytest.mark.parametrize("name", BYTES)
def test_fault_needs_little_memory(name: str, ca: FakeCA, key) -> None:
    """Measured without a connection: what comes out of it is measured with HTTP's faults."""
    fault = BYTES[name]
    transaction = begin(fault.asks, ca, key)
    sent = [transaction.outgoing or b""]
    for _ in range(fault.sends - 1):
        transaction.receive(fault.act(ca, sent), NOW)
        sent.append(transaction.outgoing or b"")
    answer = fault.act(ca, sent)
    tracemalloc.start()
    try:
        with pytest.raises(CMPError):
            transaction.receive(answer[: MAX_MESSAGE_SIZE + 1], NOW)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < MOST_MEMORY


def is_rejection(message: bytes) -> bool:
    """Whether a message tells the CA that its certificate is not wanted."""
    content = decode(message).body.content
    if not isinstance(content, CertConfirmContent):
        return False
    status = content.statuses[0].status
    return status is not None and status.status == PKIStatus.REJECTION

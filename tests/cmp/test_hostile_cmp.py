"""Whatever a server does to CMP ends in a named error, in time, and in little memory."""

import itertools
import re
import secrets
import threading
import tracemalloc
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import mlkem
from csc.runtime.cmp import general, requests
from csc.runtime.cmp.client import Connection, run
from csc.runtime.cmp.codec import MAX_MESSAGE_SIZE, decode
from csc.runtime.cmp.errors import CMPError, MalformedMessage
from csc.runtime.cmp.events import Answered, CertificateReceived, Event, Revoked
from csc.runtime.cmp.model import (
    BodyType,
    CertConfirmContent,
    GeneralContent,
    InfoTypeAndValue,
    PKIBody,
    PKIStatus,
)
from csc.runtime.cmp.names import alternative_names
from csc.runtime.cmp.protection import SignatureCredential
from csc.runtime.cmp.transaction import Transaction
from csc.runtime.cmp.transport import HttpTransport
from peers.certificates import NOW
from peers.der import nodes
from peers.fake_ca import IMPLICIT_CONFIRM, SECRET, SUBJECT, FakeCA
from peers.faults_of_bytes import BYTES
from peers.faults_of_certificates import CERTIFICATES, ENCRYPTED
from peers.faults_of_content import CONTENT
from peers.faults_of_headers import HEADERS
from peers.faults_of_macs import MACS
from peers.faults_of_signatures import SIGNATURES
from peers.faulty_ca import (
    Act,
    granted,
    header_field,
    honest,
    in_turn,
    junk_behind,
    with_body,
    with_header,
)
from peers.hostile import answering, hostile

TABLES = (BYTES, HEADERS, MACS, SIGNATURES, CONTENT, CERTIFICATES, ENCRYPTED)
FAULTS = {name: fault for table in TABLES for name, fault in table.items()}
assert len(FAULTS) == sum(map(len, TABLES))
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
    assert len(str(end)) < 2100
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
    if not content.statuses:  # rejects whatever there is (RFC 9810 5.3.18)
        return True
    status = content.statuses[0].status
    return status is not None and status.status == PKIStatus.REJECTION


# -- what looks odd, and is none of a client's business -------------------------------------------------


def genp(*infos: InfoTypeAndValue) -> Act:
    return with_body(lambda ca, r: PKIBody(BodyType.GENP, GeneralContent(infos)))


UNKNOWN = InfoTypeAndValue("1.2.3.4", b"\x04\x03abc")
HARMLESS: dict[str, tuple[str, Act]] = {
    "caPubs full of junk": (
        "ir",
        in_turn(
            lambda ca, r: ca.enrol(r[-1], ca.issue_for(r[-1]), ca_pubs=(b"\x30\0", b"\5\0") * 40),
            honest,
        ),
    ),
    "extraCerts full of junk, behind the signer's": (
        "cr",
        in_turn(junk_behind, honest),
    ),
    "implicitConfirm unasked": (
        "ir",
        in_turn(with_header(general_info=(IMPLICIT_CONFIRM,)), honest),
    ),
    "unknown generalInfo": ("ir", in_turn(with_header(general_info=(UNKNOWN,) * 50), honest)),
    "freeText that clears the screen": (
        "ir",
        in_turn(with_header(free_text=("\x1b[2J",) * 50), honest),
    ),
    "the NULL-DN as recipient": ("ir", in_turn(with_header(recipient=x509.Name([])), honest)),
    "no messageTime": ("ir", in_turn(with_header(message_time=None), honest)),
    "a mailbox as sender, with a MAC": (
        "ir",
        in_turn(header_field(1, b"\x81\x01a", asks_signature=False), honest),
    ),
    "a signature for a MAC": (
        "ir",
        in_turn(lambda ca, r: granted(ca, r[-1], credential=ca.signer), honest),
    ),
    "genp with another type": ("genm", genp(UNKNOWN)),
    "genp with nothing": ("genm", genp()),
    "genp with the same twice": ("genm", genp(UNKNOWN, UNKNOWN)),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_harmless_does_no_harm(name: str, ca: FakeCA, key) -> None:
    asks, act = HARMLESS[name]
    end, sent, _ = meet(ca, begin(asks, ca, key), act)
    if asks == "genm":
        assert isinstance(end, Answered), end
        assert general.read_ca_certs(end.infos) is None
    else:
        assert isinstance(end, CertificateReceived), end
        assert len(sent) == 2
        assert not is_rejection(sent[-1])


def cut_off(whole: Act, place: int, places: list[int]) -> Act:
    """An answer that ends at a boundary; the number of them is added to `places`."""

    def act(ca: FakeCA, sent: Sequence[bytes]) -> bytes:
        message = whole(ca, sent)
        ends = boundaries(message)
        places.append(len(ends))
        return message[: ends[place]]

    return act


@pytest.mark.parametrize("asks", ["ir", "cr", "kur", "rr", "genm", "confirmation"])
def test_cut_off_at_every_boundary(asks: str, ca: FakeCA, key) -> None:
    """Each answer ends where one of its values begins or its content does, whatever those are."""
    places: list[int] = [1]
    for place in itertools.count():
        if place == places[-1]:
            break
        act = cut_off(genp(UNKNOWN) if asks == "genm" else honest, place, places)
        transaction = begin("ir" if asks == "confirmation" else asks, ca, key)
        end, _, _ = meet(ca, transaction, in_turn(honest, act) if asks == "confirmation" else act)
        assert type(end) is MalformedMessage, end
        assert end.transaction_id == transaction.transaction_id
    assert places[-1] > 30


def boundaries(der: bytes) -> list[int]:
    """Where each value begins, and its content, inside the message."""
    found: set[int] = set()

    def walk(start: int, content: bytes) -> None:
        for node in nodes(content):
            inside = start + len(node.der) - len(node.content)
            found.update((start, inside))
            if node.tag & 0x20:
                walk(inside, node.content)
            start += len(node.der)

    walk(0, der)
    return sorted(found - {0, len(der)})

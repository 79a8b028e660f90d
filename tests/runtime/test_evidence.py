"""Recording and checking: what is on disk when, what is found wrong with messages, how packets are."""

import itertools
import os
import secrets
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from csc.runtime.cmp import requests
from csc.runtime.cmp.codec import decode, encode_message
from csc.runtime.cmp.errors import ConnectFailed, TimedOut
from csc.runtime.cmp.model import (
    BodyType,
    CertRepMessage,
    CertResponse,
    ErrorMsgContent,
    PKIBody,
    PKIFailureInfo,
    PKIStatus,
    PKIStatusInfo,
)
from csc.runtime.evidence.capture import capture
from csc.runtime.evidence.errors import RecordUnusable
from csc.runtime.evidence.packets import Connection, Side, checksum
from csc.runtime.evidence.record import (
    Anchor,
    Direction,
    Entry,
    Exchange,
    Failure,
    Header,
    Message,
    Run,
    line_of,
    read_record,
)
from csc.runtime.evidence.recorder import open_record, recording
from csc.runtime.evidence.replay import Line, Replay, replay
from hypothesis import given
from hypothesis import strategies as st
from peers.certificates import NOW, make_intermediate, make_root, name, new_key
from peers.fake_ca import SECRET, SUBJECT, FakeCA, cert_rep, make_fake_ca
from support.evidence import complaints, needs_tshark, tshark

URL = "http://ca.example.com:3076/cmp/"
PEER = Exchange(1, URL, "ca.example.com", 3076)
HEADER = Header("0.1.0", NOW)


@pytest.fixture(scope="module")
def ca() -> FakeCA:
    return make_fake_ca()


def initialize(ca: FakeCA):
    return requests.initialize(
        subject=SUBJECT, key=new_key(), credential=SECRET, anchors=ca.anchors,
        recipient=ca.root.certificate.subject, now=NOW, random=secrets.token_bytes,
    )  # fmt: skip


def update(ca: FakeCA):
    return requests.update(
        certificate=ca.certificate, certificate_key=ca.certificate_key, key=new_key(),
        anchors=ca.anchors, now=NOW, random=secrets.token_bytes,
    )  # fmt: skip


def run_of(ca: FakeCA | None, *messages: bytes, header: Header = HEADER) -> Run:
    """A run of requests and answers in turn."""
    entries = []
    for number, data in enumerate(messages):
        exchange = replace(PEER, number=number // 2)
        direction = Direction.RECEIVED if number % 2 else Direction.SENT
        transaction = decode(data).header.transaction_id
        entries.append(Message(NOW, exchange, direction, transaction, data))
    anchors = () if ca is None else (Anchor(URL, _der(ca.root.certificate)),)
    return Run(header, anchors, tuple(entries))


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def wrongs(told: Replay) -> list[str]:
    """What does not hold, as `subject: why`."""
    return [
        f"{check.subject}: {check.why}"
        for transaction in told.transactions
        for line in transaction.lines
        if isinstance(line, Line)
        for check in line.checks
        if check.result == "not verified"
    ]


def check(*runs: Run, secret: bytes | None = SECRET.secret) -> list[str]:
    return wrongs(replay(runs, [secret] if secret else []))


# -- recording ---------------------------------------------------------------------------------------


def test_each_line_is_there_before_the_next_thing_happens(ca: FakeCA, tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    request = initialize(ca).outgoing
    assert request is not None
    answer = ca.enrol(request, ca.issue_for(request))

    def send(url: str, message: bytes, tls: object) -> bytes:
        (run,) = read_record(path)
        (entry,) = run.entries
        assert isinstance(entry, Message)
        assert (entry.direction, entry.data) == (Direction.SENT, message)
        assert entry.exchange == Exchange(1, url, "10.0.0.1", 8080)
        return answer

    with open_record(path, "0.1.0", NOW) as append:
        way = recording(send, append, lambda: NOW, lambda host, port: ("10.0.0.1", 8080))
        assert way(URL, request, None) == answer
        (run,) = read_record(path)
        assert [entry.data for entry in run.entries if isinstance(entry, Message)] == [
            request,
            answer,
        ]


def test_failures_are_kept_and_raised(tmp_path: Path) -> None:
    def send(url: str, message: bytes, tls: object) -> bytes:
        raise TimedOut(f"no answer from {url}\x1b")

    path = tmp_path / "run.jsonl"
    with open_record(path, "0.1.0", NOW) as append, pytest.raises(TimedOut):
        recording(send, append, lambda: NOW, lambda *place: place)(URL, b"no message", None)
    (run,) = read_record(path)
    assert run.entries[1] == Failure(NOW, PEER, None, "TimedOut", f"no answer from {URL}\x1b")


def test_what_cannot_be_recorded_is_not_sent(tmp_path: Path) -> None:
    sent = []

    def send(url: str, message: bytes, tls: object) -> bytes:
        sent.append(message)
        return b""

    with open_record(tmp_path / "run.jsonl", "0.1.0", NOW) as append:
        pass
    with pytest.raises(RecordUnusable, match="cannot be written: Bad file descriptor"):
        recording(send, append, lambda: NOW, lambda *place: place)(URL, b"message", None)
    assert not sent


def test_a_full_disk_leaves_whole_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a line is taken back, so that what another thread appends is a line of its own."""
    path, write = tmp_path / "run.jsonl", os.write
    with open_record(path, "0.1.0", NOW) as append:

        def half(descriptor: int, data: bytes) -> int:
            if len(data) < 60:
                raise OSError(28, "No space left on device")
            return write(descriptor, data[: len(data) // 2])

        with monkeypatch.context() as patched:
            patched.setattr(os, "write", half)
            with pytest.raises(RecordUnusable, match="No space left"):
                append(Anchor(URL, bytes(100)))
        append(Anchor(URL, b"second"))
    (run,) = read_record(path)
    assert run.anchors == (Anchor(URL, b"second"),)


def test_threads_write_whole_lines(tmp_path: Path) -> None:
    path, start = tmp_path / "run.jsonl", threading.Barrier(8)

    def send(url: str, message: bytes, tls: object) -> bytes:
        return message[::-1]

    with open_record(path, "0.1.0", NOW) as append:
        way = recording(send, append, lambda: NOW, lambda *place: place)

        def talk(number: int) -> None:
            start.wait(20)
            for _ in range(20):
                way(URL, bytes([number]) * 1000, None)

        threads = [threading.Thread(target=talk, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    (run,) = read_record(path)
    numbers = [entry.exchange.number for entry in run.entries]
    assert sorted(numbers) == sorted([*range(1, 161)] * 2)


_TIMES = st.datetimes(timezones=st.just(NOW.tzinfo)).map(
    lambda t: t.replace(microsecond=t.microsecond // 1000 * 1000)
)
_TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
_EXCHANGES = st.builds(Exchange, st.integers(), st.just(URL) | _TEXTS.map(lambda t: f"http://a/{t}"), _TEXTS,
                       st.integers(0, 65535))  # fmt: skip
_ENTRIES = st.one_of(
    st.builds(Header, _TEXTS, _TIMES),
    st.builds(Anchor, _TEXTS, st.binary()),
    st.builds(Message, _TIMES, _EXCHANGES, st.sampled_from(Direction), st.none() | st.binary(), st.binary()),
    st.builds(Failure, _TIMES, _EXCHANGES, st.none() | st.binary(), _TEXTS, _TEXTS),
)  # fmt: skip


@given(st.lists(_ENTRIES))
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, entries: list[Entry]
) -> None:
    path = tmp_path_factory.getbasetemp() / "law.jsonl"
    path.write_bytes(b"".join(map(line_of, (HEADER, *entries))))
    read: list[Entry] = []
    for run in read_record(path):
        assert not run.damaged
        read += (run.header, *run.anchors, *run.entries)
    order = lambda entry: isinstance(entry, Message | Failure)  # noqa: E731
    runs = [list(group) for group in _by_run([HEADER, *entries])]
    assert read == [e for run in runs for e in (run[0], *sorted(run[1:], key=order))]


def _by_run(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    starts = [n for n, entry in enumerate(entries) if isinstance(entry, Header)]
    for start, end in itertools.zip_longest(starts, starts[1:]):
        yield list(entries[start:end])


_ODD = st.binary(max_size=60) | st.sampled_from(
    [b"{}", b"[]", b"1", b'{"type": "run"}', b"[" * 9999, line_of(HEADER)[:40]]
)


@given(st.lists(_ODD, min_size=1).map(b"\n".join))
def test_no_line_is_too_odd(tmp_path_factory: pytest.TempPathFactory, odd: bytes) -> None:
    """Whatever stands in a record, it is damage with a number; only the end may be cut off."""
    path = tmp_path_factory.getbasetemp() / "odd.jsonl"
    path.write_bytes(line_of(HEADER) + odd)
    (run,) = read_record(path)
    is_open = bool(odd) and not odd.endswith(b"\n")
    assert len(run.damaged) + (run.cut_off is not None) == odd.count(b"\n") + is_open
    assert run.cut_off is None or is_open


# -- checking ------------------------------------------------------------------------------------------


def test_an_honest_transaction(ca: FakeCA) -> None:
    transaction = update(ca)
    request = transaction.outgoing
    assert request is not None
    answer = ca.enrol(request, ca.issue_for(request))
    transaction.receive(answer, NOW)
    confirm = transaction.outgoing
    assert confirm is not None
    run = run_of(ca, request, answer, confirm, ca.confirm(confirm))
    told = replay([run])
    assert not wrongs(told)
    assert told.counts == {"verified": 4, "not checked": 0, "not verified": 0}


def test_without_a_ca_certificate_signatures_prove_little(ca: FakeCA) -> None:
    request = update(ca).outgoing
    assert request is not None
    told = replay([run_of(None, request, ca.enrol(request, ca.issue_for(request)))])
    assert told.counts == {"verified": 0, "not checked": 2, "not verified": 0}


def _with(ca: FakeCA, **changed: object) -> Callable[[bytes], bytes]:
    return lambda request: ca.enrol(request, ca.issue_for(request), **changed)  # pyright: ignore


ANSWERS: dict[str, tuple[Callable[[FakeCA], Callable[[bytes], bytes]], str]] = {
    "transactionID": (lambda ca: _with(ca, transaction_id=bytes(16)), "transactionID: expected"),
    "recipNonce": (lambda ca: _with(ca, recip_nonce=bytes(16)), "nonces: recipNonce: expected"),
    "no recipNonce": (lambda ca: _with(ca, recip_nonce=None), "got none"),
    "key": (
        lambda ca: lambda r: ca.enrol(r, ca.root.issue(SUBJECT, new_key().public_key())),
        "certificate: it is for another key than the request's",
    ),
    "no certificate": (lambda ca: lambda r: ca.enrol(r, b"\x30\x00"), "certificate: a certificate cannot"),
    "another CA's": (
        lambda ca: lambda r: ca.enrol(r, replace(ca, root=make_root("Test Root")).issue_for(r)),
        "certificate: the certificate CN=fw1, issued by CN=Test Root, does not lead to",
    ),
    "another signer": (
        lambda ca: _with(ca, credential=make_fake_ca().signer),
        "protection: the certificate CN=Test CMP signer",
    ),
    "another name": (
        lambda ca: _with(ca, credential=ca.signer, sender=name("x")),
        "protection: the message is signed in the name of CN=x",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", ANSWERS)
def test_wrong_answers(ca: FakeCA, what: str) -> None:
    make, words = ANSWERS[what]
    request = update(ca).outgoing
    assert request is not None
    found = check(run_of(ca, request, make(ca)(request)))
    assert any(words in wrong for wrong in found), found


def test_expired_signer_is_judged_by_the_time_of_the_record(ca: FakeCA) -> None:
    """A record of today proves the same in ten years; one that claims another time does not."""
    request = update(ca).outgoing
    assert request is not None
    run = run_of(ca, request, ca.enrol(request, ca.issue_for(request)))
    assert not check(run)
    later = tuple(replace(e, time=e.time + timedelta(days=60)) for e in run.entries)
    assert any("expired" in wrong for wrong in check(replace(run, entries=later)))


def test_unprotected_messages(ca: FakeCA) -> None:
    request = initialize(ca).outgoing
    assert request is not None
    body = PKIBody(BodyType.ERROR, ErrorMsgContent(PKIStatusInfo(PKIStatus.REJECTION)))
    bare = encode_message(decode(ca.answer(request, body)).protected_part, None, ())
    found = check(run_of(ca, request, bare))
    assert any(wrong.startswith("protection: ") for wrong in found), found


def test_links_of_a_chain_may_be_anywhere_in_the_record(ca: FakeCA) -> None:
    """An issuing CA that came with one answer serves to check a certificate of a later run."""
    issuer = make_intermediate(ca.root, "issuing")
    key = new_key()
    below = replace(ca, certificate=issuer.issue(SUBJECT, key.public_key()), certificate_key=key)
    first, second = initialize(ca).outgoing, update(below).outgoing
    assert first is not None
    assert second is not None
    bringing = ca.enrol(first, ca.issue_for(first), ca_pubs=(_der(issuer.certificate),))
    assert any("no certificate of its issuer" in wrong for wrong in check(run_of(ca, second)))
    assert not check(run_of(ca, first, bringing), run_of(ca, second))


def test_a_request_that_is_sent_again(ca: FakeCA) -> None:
    """The same bytes in a later run have their old nonces; other bytes have to follow the answer."""
    request = initialize(ca).outgoing
    assert request is not None
    answer = ca.enrol(request, ca.issue_for(request))
    assert not check(run_of(ca, request, answer), run_of(ca, request, answer))
    first, second = run_of(ca, request, answer), run_of(ca, initialize(ca).outgoing or b"")
    other = replace(second.entries[0], transaction=first.entries[0].transaction)
    found = check(first, replace(second, entries=(other,)))
    assert any("the line says" in wrong for wrong in found)
    assert any("recipNonce" in wrong for wrong in found)


def test_two_answers_to_one_request(ca: FakeCA) -> None:
    request = initialize(ca).outgoing
    assert request is not None
    run = run_of(ca, request, ca.enrol(request, ca.issue_for(request)))
    run = replace(run, entries=(*run.entries, run.entries[1]))
    assert "transactionID: the record has another answer to the same request" in check(run)


def test_texts_of_a_peer_are_clean(ca: FakeCA) -> None:
    """Nothing of a refusal drives a terminal; its reasons have the RFC's names."""
    from csc.cli.views import replay_json, replay_text
    from csc.cli.views.source_text import to_json

    request = initialize(ca).outgoing
    assert request is not None
    bits = frozenset({PKIFailureInfo.BAD_POP, PKIFailureInfo.BAD_MESSAGE_CHECK})
    status = PKIStatusInfo(PKIStatus.REJECTION, ("no\x1b[2Jway\u202e",), bits)
    refusal = cert_rep(request, CertResponse(0, status))
    assert isinstance(refusal.content, CertRepMessage)
    evil = ca.answer(request, refusal, free_text=("\x1b]0;x\x07",), sender=name("a\x1bb"))
    failure = Failure(NOW, PEER, None, "Timed\x1bOut", "\x1b[31m")
    run = run_of(ca, request, evil, header=Header("\x1b", NOW))
    told = replay([replace(run, entries=(*run.entries, failure))], [SECRET.secret])
    text = replay_text.render(told)
    from click import unstyle

    assert all(c.isprintable() or c == "\n" for c in unstyle(text))
    assert "status rejection (badMessageCheck, badPOP): no [2Jway" in text
    document = to_json(replay_json.document(told))
    assert "\\u001b" not in document
    assert '"badPOP"' in document


# -- packets -------------------------------------------------------------------------------------------


ADDRESSES = ["127.0.0.1", "10.1.2.3", "::1", "2001:db8:9::7", "fe80::1%eth0", "ca.example.com"]


def big_run(ca: FakeCA, host: str, port: int = 3076, url: str = URL) -> Run:
    """A request and an answer of several segments each, to one host."""
    request = initialize(ca).outgoing
    assert request is not None
    answer = ca.enrol(request, ca.issue_for(request), free_text=("x" * 90_000,))
    run = run_of(ca, request, answer)
    peer = Exchange(1, url, host, port)
    return replace(run, entries=tuple(replace(entry, exchange=peer) for entry in run.entries))


def blocks_of(data: bytes) -> Iterator[tuple[int, bytes]]:
    while data:
        kind, length = struct.unpack_from("<II", data)
        assert length % 4 == 0
        assert struct.unpack_from("<I", data, length - 4) == (length,)
        yield kind, data[8 : length - 4]
        data = data[length:]


@pytest.mark.parametrize("host", ADDRESSES)
def test_packets_have_right_sizes_and_checksums(ca: FakeCA, host: str) -> None:
    kinds = []
    for kind, body in blocks_of(capture([big_run(ca, host)])):
        kinds.append(kind)
        if kind != 6:
            continue
        size, original = struct.unpack_from("<II", body, 12)
        packet = body[20 : 20 + size]
        assert size == original <= 1500
        if packet[0] >> 4 == 4:
            assert struct.unpack_from("!H", packet, 2) == (size,)
            assert checksum(packet[:20]) == 0
            addresses, segment = packet[12:20], packet[20:]
        else:
            assert struct.unpack_from("!H", packet, 4) == (size - 40,)
            addresses, segment = packet[8:40], packet[40:]
        assert checksum(addresses + struct.pack("!II", len(segment), 6) + segment) == 0
    assert kinds[:2] == [0x0A0D0D0A, 1]
    assert kinds.count(6) > 60
    assert (4 in kinds) == (host == "ca.example.com")


def test_sequence_numbers_go_round() -> None:
    side = Side(ip_address("10.0.0.1"), 1, 2**32 - 1)
    connection = Connection(side, Side(ip_address("10.0.0.2"), 2, 2**32 - 5))
    connection.open(0)
    connection.say(connection.server, b"x" * 10, 0)
    assert (connection.client.next, connection.server.next) == (0, 6)


@needs_tshark
@pytest.mark.parametrize("host", ADDRESSES)
def test_wireshark_finds_nothing_wrong(ca: FakeCA, tmp_path: Path, host: str) -> None:
    path = tmp_path / "out.pcapng"
    path.write_bytes(capture([big_run(ca, host)]))
    assert not complaints(path)
    shown = tshark(path, "-Y", "cmp", "-T", "fields", "-e", "cmp.body", "-e", "http.content_length")
    run = big_run(ca, host)
    assert [line.split("\t")[0] for line in shown] == ["0", "1"]
    assert int(shown[1].split("\t")[1]) > 90_000
    assert isinstance(run.entries[0], Message)


@needs_tshark
@pytest.mark.parametrize(
    ("port", "url"), [(80, "http://ca/"), (829, "http://ca:829/a/b?c=d"), (443, "http://ca:443")]
)
def test_wireshark_knows_http_on_any_port(ca: FakeCA, tmp_path: Path, port: int, url: str) -> None:
    path = tmp_path / "out.pcapng"
    path.write_bytes(capture([big_run(ca, "ca", port, url)]))
    ports = ("-d", f"tcp.port=={port},http")
    shown = tshark(path, *ports, "-Y", "cmp", "-T", "fields", "-e", "cmp.body", "-e", "http.host")
    assert shown == [f"0\tca:{port}", "1\t"]


@needs_tshark
def test_wireshark_shows_names_and_failures(ca: FakeCA, tmp_path: Path) -> None:
    request = initialize(ca).outgoing
    assert request is not None
    run = run_of(ca, request)
    failures = [
        Failure(NOW, PEER, None, type(e).__name__, str(e))
        for e in (TimedOut("late"), ConnectFailed("x"))
    ]
    entries = (*run.entries, replace(failures[0], exchange=run.entries[0].exchange),
               replace(failures[1], exchange=replace(PEER, number=9)))  # fmt: skip
    path = tmp_path / "out.pcapng"
    path.write_bytes(capture([replace(run, entries=entries)]))
    assert not complaints(path)
    shown = tshark(path, "-N", "n", "-Y", "frame.comment", "-T", "fields", "-e", "frame.comment",
                   "-e", "ip.dst_host")  # fmt: skip
    assert sorted(shown) == ["ConnectFailed: x\tca.example.com", "TimedOut: late\tca.example.com"]


@given(time=st.datetimes(timezones=st.just(NOW.tzinfo)), port=st.integers(0, 65535), host=_TEXTS)
def test_any_record_becomes_a_capture(time, port: int, host: str) -> None:
    exchange = Exchange(0, URL, host, port)
    message = Message(time, exchange, Direction.SENT, None, b"x" * 5000)
    answer = replace(message, direction=Direction.RECEIVED)
    assert list(blocks_of(capture([Run(HEADER, (), (message, answer))])))

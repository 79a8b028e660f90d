"""The fuzzer of the sandbox finds nothing in a run of a few seconds, and finds what is there to be found."""

import sqlite3
import warnings
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from csc.runtime.cmp.codec import decode
from csc.runtime.cmp.model import (
    BodyType,
    ErrorMsgContent,
    PKIBody,
    PKIFailureInfo,
    PKIStatus,
    PKIStatusInfo,
)
from csc.runtime.sandbox.requests.outcome import status_of
from fuzz import sandbox as fuzz
from fuzz import sandbox_campaign, sandbox_seeds
from fuzz.sandbox_answers import Broken, Reader, answers
from fuzz.sandbox_seeds import SEEDS
from peers.asker import SECRET, following, header, ir

ROUNDS = 4


@contextmanager
def quiet() -> Generator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of certificates with odd serial numbers
        yield


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Generator[sandbox_campaign.Campaign]:
    with pytest.MonkeyPatch.context() as patch, quiet():
        patch.setattr(
            sandbox_campaign, "SLOWEST", float("inf")
        )  # how long it takes is the machine's affair
        with fuzz.campaign(tmp_path_factory.mktemp("sandbox"), seed=9483) as made:
            yield made


def test_a_short_run(
    campaign: sandbox_campaign.Campaign, capsys: pytest.CaptureFixture[str]
) -> None:
    rounds = iter(range(ROUNDS))
    with quiet():
        campaign.run(lambda: next(rounds, None) is not None)
    assert not campaign.found, capsys.readouterr().out
    assert campaign.book.issued > 20
    for kind in ("ip", "cp", "pkiconf", "error"):
        assert campaign.outcomes[f"CMP {kind}"], campaign.figures()


@pytest.mark.parametrize("make", SEEDS)
def test_honest_messages_are_taken(campaign: sandbox_campaign.Campaign, make: object) -> None:
    """What mutation begins with is granted, so that mutants get far; but for what is not to be had."""
    world = campaign.world
    campaign.behave({"polls": 1} if make is sandbox_seeds.poll_req else {})
    with quiet():
        for _ in range(20):
            seed = make(world)
            answer = campaign.reader.read(seed.data, world.respond(seed.data))
            if status_of(answer.body).status != PKIStatus.REJECTION:
                return
    pytest.fail(f"{seed.name}: {answer.body}")


def test_what_is_confirmed_or_issued_wrongly_is_found(campaign: sandbox_campaign.Campaign) -> None:
    world, book = campaign.world, campaign.book
    campaign.behave({})
    with quiet():
        world.ask(ir(), header())
        assert book.check() == []
        with closing(sqlite3.connect(book.path)) as ledger, ledger:
            (number,) = ledger.execute("SELECT max(rowid) FROM certificate").fetchone()
            change = "UPDATE certificate SET status = ? WHERE rowid = ?"
            ledger.execute(change, ("confirmed", number))
        assert book.check() == ["a certificate is confirmed without a right certConf"]
        with closing(sqlite3.connect(book.path)) as ledger, ledger:
            ledger.execute(change, ("issued", number))
        assert book.check() == []
        with closing(sqlite3.connect(book.path)) as ledger, ledger:
            ledger.execute(change, ("revoked", number))
        assert book.check(is_end=True) == ["a certificate is revoked for somebody whose it is not"]
        book.answered.add("1")
        assert book.check() == ["a certificate that was answered is not in the ledger"]
        keys, book.keys = book.keys, ()
        assert set(book.check()) == {"a certificate is issued without proof of possession"}
        book.keys = keys
        assert book.check() == []


def _answers(campaign: sandbox_campaign.Campaign) -> dict[str, tuple[bytes, bytes]]:
    """Requests and answers that are wrong, by what is wrong with them."""
    world = campaign.world
    request = world.message(ir())
    right = decode(world.respond(request))
    failed = PKIStatusInfo(PKIStatus.REJECTION, (), frozenset({PKIFailureInfo.SYSTEM_FAILURE}))
    error = PKIBody(BodyType.ERROR, ErrorMsgContent(failed))
    head = following(right)
    same = replace(head, recip_nonce=decode(request).header.sender_nonce)
    other = replace(SECRET, secret=b"other")
    return {
        "systemFailure": (request, world.message(error, same)),
        "an answer with another transactionID": (
            request,
            world.message(error, replace(same, transaction_id=bytes(16))),
        ),
        "an answer without our senderNonce": (request, world.message(error, head)),
        "an answer whose protection is wrong": (request, _by(campaign, error, same, other)),
        "an answer that cannot be read": (request, b"\x30\x00"),
        "an answer that is signed by nobody we trust": (
            request,
            world.message(error, same, world.vendor.device()),
        ),
    }


def _by(
    campaign: sandbox_campaign.Campaign, body: PKIBody, head: object, credential: object
) -> bytes:
    campaign.world.macs.clear()
    try:
        return campaign.world.message(body, head, credential)
    finally:
        campaign.world.macs.clear()


def test_wrong_answers_are_found(campaign: sandbox_campaign.Campaign) -> None:
    reader: Reader = campaign.reader
    with quiet():
        for what, (request, answer) in _answers(campaign).items():
            with pytest.raises(Broken, match=what):
                reader.read(request, answer)


@pytest.mark.parametrize(
    ("came", "what"),
    [
        (b"HTTP/1.1 500 Mistake\r\nContent-Length: 0\r\n\r\n", "HTTP 500"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx", "shorter than it says"),
        (b"nonsense", "no HTTP"),
    ],
)
def test_wrong_http_is_found(came: bytes, what: str) -> None:
    with pytest.raises(Broken, match=what):
        answers(came, has_heads=False)


def test_a_traceback_and_the_end_of_the_process_are_found(tmp_path: Path) -> None:
    with quiet(), fuzz.campaign(tmp_path, seed=1) as made:
        with made.errors.open("ab") as file:
            file.write(
                b'Traceback:\n  File "/x/runtime/sandbox/ca.py", line 5, in f\nValueError: no\n'
            )
        made.sandbox.process.kill()
        made.sandbox.process.wait()
        made.honest(is_usual=True)
    assert "the process has ended" in made.found
    assert "on stderr: ValueError: no at runtime/sandbox/ca.py:5" in made.found

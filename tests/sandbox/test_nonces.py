"""senderNonce and transactionID are good once (RFC 9810 5.1.1, RFC 9483 3.1)."""

import os
import sqlite3
from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from csc.runtime.cmp.model import BodyType, PKIFailureInfo
from csc.runtime.cmp.protection import PasswordCredential, protect
from csc.runtime.sandbox.ca import SandboxCA
from peers.asker import (
    SECRET,
    ask,
    cert_req,
    confirm,
    failures,
    genm,
    header,
    ir,
    issued,
    template,
)


@pytest.fixture
def ca(tmp_path: Path) -> Generator[SandboxCA]:
    with SandboxCA.open(tmp_path) as opened:
        opened.add_secret(SECRET.reference, SECRET.secret)
        yield opened


def test_nonce_in_another_transaction(ca: SandboxCA) -> None:
    head = header()
    assert ask(ca, genm(), head).body.type is BodyType.GENP
    again = replace(head, transaction_id=os.urandom(16))
    assert failures(ask(ca, genm(), again)) == {PKIFailureInfo.BAD_SENDER_NONCE}


def test_nonce_in_the_same_transaction(ca: SandboxCA) -> None:
    head = header()
    answer = ask(ca, ir(), head)
    digest = issued(answer).fingerprint(hashes.SHA256())
    again = confirm(answer, digest, sender_nonce=head.sender_nonce)
    assert failures(ask(ca, *again)) == {PKIFailureInfo.BAD_SENDER_NONCE}
    assert ask(ca, *confirm(answer, digest)).body.type is BodyType.PKI_CONF


def test_nonce_after_a_restart(ca: SandboxCA, tmp_path: Path) -> None:
    head = header()
    ask(ca, genm(), head)
    ca.close()
    with SandboxCA.open(tmp_path) as reopened:
        reopened.add_secret(SECRET.reference, SECRET.secret)
        again = replace(head, transaction_id=os.urandom(16))
        assert failures(ask(reopened, genm(), again)) == {PKIFailureInfo.BAD_SENDER_NONCE}


def test_same_bytes_are_no_second_use(ca: SandboxCA) -> None:
    request = protect(header(), genm(), SECRET, random=os.urandom)
    assert ca.respond(request) == ca.respond(request)


def test_nonce_of_who_is_not_known_is_not_used(ca: SandboxCA) -> None:
    """Who cannot protect a message uses nobody's nonces or transactionIDs up."""
    head = header()
    stranger = PasswordCredential(SECRET.reference, b"wrong")
    assert failures(ask(ca, ir(), head, stranger)) == {PKIFailureInfo.BAD_MESSAGE_CHECK}
    assert ask(ca, ir(), head).body.type is BodyType.IP
    assert len(ca.ledger()) == 1


def test_nonce_of_an_error_is_not_used(ca: SandboxCA) -> None:
    """What only an error answered may come again as it was, when it may find the CA otherwise."""
    answer = ask(ca, ir())
    body, head = confirm(answer, b"x" * 32)
    assert failures(ask(ca, body, head)) == {PKIFailureInfo.BAD_CERT_ID}
    assert failures(ask(ca, body, head)) == {PKIFailureInfo.BAD_CERT_ID}


def test_rejected_request_ends_its_transaction(ca: SandboxCA) -> None:
    """It has its answer: the same bytes get it again, and another request needs another transactionID."""
    head = header()
    wrong = protect(head, ir(cert_req(template(), number=1)), SECRET, random=os.urandom)
    assert ca.respond(wrong) == ca.respond(wrong)
    again = replace(head, sender_nonce=os.urandom(16))
    assert failures(ask(ca, ir(), again)) == {PKIFailureInfo.TRANSACTION_ID_IN_USE}
    assert ca.ledger() == ()


def test_own_nonces_and_serial_numbers_are_unique(ca: SandboxCA) -> None:
    answers = [ask(ca, ir()) for _ in range(8)]
    assert len({answer.header.sender_nonce for answer in answers}) == 8
    assert len({issued(answer).serial_number for answer in answers}) == 8


def test_nonce_is_looked_up_by_an_index(ca: SandboxCA, tmp_path: Path) -> None:
    """However many there are, and however long each is: digests, in a table that is its own index."""
    ask(ca, genm(), header(sender_nonce=os.urandom(10_000)))
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as ledger:
        plan = ledger.execute(
            "EXPLAIN QUERY PLAN SELECT 1 FROM nonce WHERE digest = ?", (b"",)
        ).fetchall()
        sizes = ledger.execute("SELECT length(digest) FROM nonce").fetchall()
    assert "SEARCH nonce USING PRIMARY KEY" in plan[0][3]
    assert sizes == [(32,)]

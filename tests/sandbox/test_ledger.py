"""The sandbox CA's ledger: one that an earlier version wrote can be used on."""

import os
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from csc.runtime.cmp.model import BodyType, PKIFailureInfo
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.ledger.ledger import Ledger, Status, StoredCRL
from peers.asker import SECRET, ask, enrolled, failures, header, ir, rr, utc_now

FIRST_FORMAT = """
CREATE TABLE certificate (
    serial_number TEXT PRIMARY KEY,
    subject TEXT NOT NULL,
    data BLOB NOT NULL,
    status TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    transaction_id TEXT NOT NULL,
    requested_with TEXT NOT NULL,
    authenticated_by TEXT NOT NULL,
    issued_at TEXT NOT NULL,
    changed_at TEXT NOT NULL
);
CREATE TABLE answer (
    transaction_id TEXT NOT NULL,
    request TEXT NOT NULL,
    response BLOB NOT NULL,
    sender_nonce BLOB NOT NULL,
    expects TEXT NOT NULL,
    PRIMARY KEY (transaction_id, request)
);
INSERT INTO certificate VALUES
    ('2a', 'CN=old', x'3000', 'revoked', 'certificateHold', 'aa', 'ir', 'reference:00',
     '2026-01-01T00:00:00+00:00', '2026-01-01T00:00:00+00:00');
"""


def test_first_format(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "ledger.db")
    connection.executescript(FIRST_FORMAT)
    connection.close()
    with SandboxCA.open(tmp_path) as ca:
        ca.add_secret(SECRET.reference, SECRET.secret)
        _, credential = enrolled(ca)
        ask(ca, rr(credential.certificate))
        old, new = ca.ledger()
        assert (old.subject, old.is_held) == ("CN=old", True)
        assert new.status is Status.REVOKED


def test_what_waits(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.db")
    assert ledger.memory.waits(b"id") is None
    ledger.memory.keep_waiting(b"id", b"request", -1, "reference:00", 2, vouched=True, profile="ra")
    ledger.memory.count_poll(b"id")
    ledger.close()
    again = Ledger(tmp_path / "ledger.db")
    kept = again.memory.waits(b"id")
    assert kept is not None
    assert (kept.request, kept.cert_req_id, kept.polls) == (b"request", -1, 1)
    assert (kept.vouched, kept.profile) == (True, "ra")
    again.memory.end_waiting(b"id")
    assert again.memory.waits(b"id") is None
    again.close()


def test_what_a_transaction_began_with(tmp_path: Path) -> None:
    """What was refused began nothing: it may be sent again as something else."""
    with SandboxCA.open(tmp_path) as ca:
        ca.add_secret(SECRET.reference, SECRET.secret)
        identifier = os.urandom(16)
        wrong = header(transaction_id=identifier, recip_nonce=os.urandom(16))
        assert failures(ask(ca, ir(), wrong)) == {PKIFailureInfo.BAD_RECIPIENT_NONCE}
        ask(ca, ir(body_type=BodyType.CR), header(transaction_id=identifier))
        with ca.at_desk() as desk:
            assert desk.ledger.begun_with(identifier) == "cr"


def test_nothing_of_a_failed_transaction_is_kept(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.db")
    try:
        with ledger.transaction():
            ledger.store_crl(StoredCRL("ca", 1, 0, utc_now(), utc_now(), b"crl"))
            raise RuntimeError(datetime.now(UTC))
    except RuntimeError:
        pass
    assert ledger.last_crl("ca") is None
    ledger.close()

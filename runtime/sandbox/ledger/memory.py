"""What the CA has to remember of open transactions and of clients, in tables of the ledger.

All of it changes in the ledger's transactions, with the answer that says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol


class _Execute(Protocol):
    def __call__(self, statement: str, *values: object) -> None: ...


@dataclass(frozen=True, slots=True)
class Waits:
    """A request that waits, as it came; `polls` is how many pollReqs are put off yet.

    `vouched` tells that an RA approved it, `profile` is that of its path, or empty. Those of pollReqs make no
    difference.
    """

    request: bytes
    cert_req_id: int
    requested_by: str
    polls: int
    vouched: bool
    profile: str


@dataclass(frozen=True, slots=True)
class Challenged:
    """A request that goes on when a number was decrypted, which `witness` is the digest of.

    `vouched` tells that an RA approved it, `profile` is that of its path, or empty.
    """

    request: bytes
    requested_by: str
    witness: bytes
    vouched: bool
    profile: str


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """A certificate (serial number in hexadecimal) that is revoked if it is not confirmed by then."""

    serial_number: str
    until: datetime


class Memory:
    """Made by the ledger, of its way to execute a statement, and to ask for rows."""

    def __init__(self, execute: _Execute, query: Callable[..., list[Any]]) -> None:
        self._execute = execute
        self._query = query

    # -- nonces and keys ---------------------------------------------------------------------------

    def knows_nonce(self, nonce: bytes) -> bool:
        """Whether a message with this senderNonce was answered."""
        return bool(self._query("SELECT 1 FROM nonce WHERE digest = ?", _digest(nonce)))

    def keep_nonce(self, nonce: bytes) -> None:
        """A message with this senderNonce is answered now."""
        self._execute("INSERT OR IGNORE INTO nonce VALUES (?)", _digest(nonce))

    def knows_key(self, spki: bytes) -> bool:
        """Whether a key (SubjectPublicKeyInfo) was certified."""
        return bool(self._query("SELECT 1 FROM certified_key WHERE digest = ?", _digest(spki)))

    def keep_key(self, spki: bytes) -> None:
        """A key (SubjectPublicKeyInfo) is certified now."""
        self._execute("INSERT OR IGNORE INTO certified_key VALUES (?)", _digest(spki))

    # -- confirmations that are due ----------------------------------------------------------------

    def await_confirmation(
        self, transaction_id: bytes, serial_number: str, until: datetime
    ) -> None:
        """A certificate has to be confirmed."""
        self._execute(
            "INSERT INTO unconfirmed VALUES (?, ?, ?)",
            transaction_id.hex(),
            serial_number,
            until.astimezone(UTC).isoformat(),
        )

    def end_confirmation(self, transaction_id: bytes) -> None:
        """No confirmation is due any more."""
        self._execute("DELETE FROM unconfirmed WHERE transaction_id = ?", transaction_id.hex())

    def take_overdue(self, now: datetime) -> tuple[Unconfirmed, ...]:
        """The certificates that should have been confirmed before now; each is given once."""
        shown = now.astimezone(UTC).isoformat()
        rows = self._query(
            "SELECT serial_number, until FROM unconfirmed WHERE until < ? ORDER BY until", shown
        )
        if rows:
            self._execute("DELETE FROM unconfirmed WHERE until < ?", shown)
        return tuple(Unconfirmed(serial, datetime.fromisoformat(until)) for serial, until in rows)

    # -- what waits --------------------------------------------------------------------------------

    def keep_waiting(
        self,
        transaction_id: bytes,
        request: bytes,
        cert_req_id: int,
        requested_by: str,
        polls: int,
        *,
        vouched: bool,
        profile: str,
    ) -> None:
        """Keep a request that is not answered yet."""
        self._execute(
            "INSERT INTO waiting_terms VALUES (?, ?, ?)", transaction_id.hex(), vouched, profile
        )
        self._execute(
            "INSERT INTO waiting VALUES (?, ?, ?, ?, ?)",
            transaction_id.hex(),
            request,
            cert_req_id,
            requested_by,
            polls,
        )

    def waits(self, transaction_id: bytes) -> Waits | None:
        """What waits in a transaction."""
        rows = self._query(
            "SELECT request, cert_req_id, requested_by, polls, coalesce(vouched, 0), coalesce(profile, '')"
            " FROM waiting LEFT JOIN waiting_terms USING (transaction_id) WHERE transaction_id = ?",
            transaction_id.hex(),
        )
        if not rows:
            return None
        *kept, vouched, profile = rows[0]
        return Waits(*kept, vouched=bool(vouched), profile=profile)

    def count_poll(self, transaction_id: bytes) -> None:
        """One pollReq less will be put off."""
        self._execute(
            "UPDATE waiting SET polls = polls - 1 WHERE transaction_id = ?", transaction_id.hex()
        )

    def end_waiting(self, transaction_id: bytes) -> None:
        """What waited is answered now."""
        self._execute("DELETE FROM waiting WHERE transaction_id = ?", transaction_id.hex())
        self._execute("DELETE FROM waiting_terms WHERE transaction_id = ?", transaction_id.hex())

    # -- challenges --------------------------------------------------------------------------------

    def keep_challenge(self, transaction_id: bytes, challenged: Challenged) -> None:
        """A request goes on when its challenge is answered."""
        self._execute(
            "INSERT INTO challenge VALUES (?, ?, ?, ?, ?, ?)",
            transaction_id.hex(),
            challenged.request,
            challenged.requested_by,
            challenged.witness,
            challenged.vouched,
            challenged.profile,
        )

    def challenge(self, transaction_id: bytes) -> Challenged | None:
        """The challenge of a transaction that is not answered yet."""
        rows = self._query(
            "SELECT request, requested_by, witness, profile, vouched FROM challenge"
            " WHERE transaction_id = ?",
            transaction_id.hex(),
        )
        if not rows:
            return None
        request, requested_by, witness, profile, vouched = rows[0]
        return Challenged(request, requested_by, witness, bool(vouched), profile)

    def end_challenge(self, transaction_id: bytes) -> None:
        """The challenge was answered, or will not be."""
        self._execute("DELETE FROM challenge WHERE transaction_id = ?", transaction_id.hex())

    # -- secrets for one certificate ---------------------------------------------------------------

    def is_used(self, reference: bytes) -> bool:
        """Whether a certificate was issued for a secret that is good for one."""
        return bool(self._query("SELECT 1 FROM used_secret WHERE reference = ?", reference.hex()))

    def use(self, reference: bytes, transaction_id: bytes) -> None:
        """A certificate is issued for a secret that is good for one."""
        self._execute(
            "INSERT INTO used_secret VALUES (?, ?)", reference.hex(), transaction_id.hex()
        )


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()

"""What was sent, and the ledger of the CA, in; what the CA should not have issued or confirmed out."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterable
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from csc.runtime.cmp.codec import decode
from csc.runtime.cmp.errors import CMPError
from csc.runtime.cmp.mac import MacKeys
from csc.runtime.cmp.model import (
    CertConfirmContent,
    CertReqMessages,
    CertReqMsg,
    NestedMessageContent,
    Pkcs10Request,
    PKIMessage,
    PKIStatus,
    PopoKind,
    RevReqContent,
)
from csc.runtime.cmp.protection import is_mac, verify_raw, verify_signature
from csc.runtime.sandbox.requests.expiry import REASON
from csc.runtime.sandbox.requests.requester import IMPLICIT_CONFIRM
from peers.asker import SECRET

# What speaks for the CA (RFC 9810 4.5, RFC 6960 4.2.2.2). cmcRA may be had by way of an RA.
_RA = "1.3.6.1.5.5.7.3.28"
_FOR_THE_CA = {"1.3.6.1.5.5.7.3.27", "1.3.6.1.5.5.7.3.32", "1.3.6.1.5.5.7.3.9"}
_KEPT = 40  # batches after which nothing goes on in a transaction
_CONFIRMED = "confirmed"
_BY_RA = "RA"


@dataclass
class Transaction:
    """The messages of one that can be read, each with whether an RA vouched for it."""

    batch: int
    messages: list[tuple[PKIMessage, bool]] = field(default_factory=list)
    is_implicit: bool = False  # the CA granted implicit confirmation at the time of one


@dataclass
class Book:
    """What was sent, and what has been looked at. `keys` are the public keys whose private ones are here."""

    path: Path
    keys: Iterable[bytes]
    ra: x509.Certificate
    batch: int = 0
    is_implicit: bool = False
    transactions: dict[str, Transaction] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)
    seen: int = 0  # rowid
    open_rows: set[int] = field(default_factory=set)
    issued: int = 0
    final: dict[str, str] = field(default_factory=dict)  # status by serial number
    # Who asked for revocation, by serial number.
    revokers: dict[str, set[str]] = field(default_factory=dict)

    # -- what is sent and answered -----------------------------------------------------------------

    def sent(self, data: bytes, vouched: bool = False) -> None:
        try:
            message = decode(data)
        except CMPError:
            return
        content = message.body.content
        if isinstance(content, NestedMessageContent):
            by_ra = self._is_ra(message)
            for inner in content.messages[:64]:
                self.sent(inner, vouched=by_ra)
            return
        if message.header.transaction_id is None:
            return
        if isinstance(content, RevReqContent):
            for details in content.details:
                serial = f"{details.template.serial_number or 0:x}"
                self.revokers.setdefault(serial, set()).add(_author(message, self._is_ra(message)))
        found = self.transactions.setdefault(
            message.header.transaction_id.hex(), Transaction(self.batch)
        )
        found.batch = self.batch
        found.is_implicit |= self.is_implicit
        found.messages.append((message, vouched or self._is_ra(message)))

    def _is_ra(self, message: PKIMessage) -> bool:
        try:
            verify_signature(message, self.ra.public_key())
        except (CMPError, ValueError):
            return False
        return True

    # -- the ledger --------------------------------------------------------------------------------

    def check(self, *, is_end: bool = False) -> list[str]:
        """What is wrong with what was issued since the last time, or has become of it."""
        wrong: list[str] = []
        query = "SELECT rowid, serial_number, data, status, transaction_id, authenticated_by"
        with self._opened() as connection:
            rows = connection.execute(
                f"{query} FROM certificate WHERE rowid > ? ORDER BY rowid",
                (self.seen,),
            ).fetchall()
            again = [
                row
                for number in sorted(self.open_rows)
                for row in connection.execute(
                    f"{query} FROM certificate WHERE rowid = ?",
                    (number,),
                )
            ]
            known = {row[1] for row in (*rows, *again)}
            for serial in self.answered - known:
                lookup = "SELECT 1 FROM certificate WHERE serial_number = ?"
                if not connection.execute(lookup, (serial,)).fetchall():
                    wrong = ["a certificate that was answered is not in the ledger"]
        self.answered.clear()
        for number, _serial, data, status, transaction, by in rows:
            self.seen = number
            self.issued += 1
            self.open_rows.add(number)
            if by != "operator":
                wrong += self._wrong_with(data, status, self.transactions.get(transaction))
        for number, serial, data, status, transaction, by in again:
            if by == "operator":
                self.open_rows.discard(number)
                continue
            record = self.transactions.get(transaction)
            wrong += self._wrong_with(data, status, record)
            if record is None or record.batch < self.batch - _KEPT:
                self.open_rows.discard(number)
                self.final[serial] = status
        for name in [n for n, t in self.transactions.items() if t.batch < self.batch - _KEPT]:
            del self.transactions[name]
        return wrong + (self._wrong_at_the_end() if is_end else [])

    def _wrong_at_the_end(self) -> list[str]:
        wrong = []
        with self._opened() as connection:
            if connection.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
                wrong.append("the ledger's integrity is broken")
            for serial, status in connection.execute(
                "SELECT serial_number, status FROM certificate"
            ):
                if status == _CONFIRMED and self.final.get(serial, status) != _CONFIRMED:
                    wrong.append("a certificate was confirmed long after its transaction")
            for serial, by in connection.execute(
                "SELECT serial_number, authenticated_by FROM certificate"
                " WHERE status = 'revoked' AND reason <> ?",
                (REASON,),  # that of what was not confirmed in time, too
            ):
                owner = {by} if by.startswith(("reference:", "external:")) else set()
                if not self.revokers.get(serial, set()) & {*owner, f"certificate:{serial}", _BY_RA}:
                    wrong.append("a certificate is revoked for somebody whose it is not")
            (twice,) = connection.execute(
                "SELECT count(*) - count(DISTINCT transaction_id) FROM certificate"
                " WHERE authenticated_by <> 'operator'"
            ).fetchone()
            if twice:
                wrong.append("a transaction has issued two certificates")
        return wrong

    @contextmanager
    def _opened(self) -> Generator[sqlite3.Connection]:
        uri = f"{self.path.resolve().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=60)) as connection:
            yield connection

    # -- one certificate ---------------------------------------------------------------------------

    def _wrong_with(self, data: bytes, status: str, record: Transaction | None) -> list[str]:
        if record is None:
            return ["a certificate is issued in a transaction that nobody began"]
        certificate = x509.load_der_x509_certificate(data)
        wrong = _powers(certificate, by_ra=any(vouched for _, vouched in record.messages))
        spki = certificate.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        )
        if not any(self._proves(m, vouched, spki, status) for m, vouched in record.messages):
            wrong.append("a certificate is issued without proof of possession")
        if status == _CONFIRMED and not _is_confirmed(certificate, record):
            wrong.append("a certificate is confirmed without a right certConf")
        return wrong

    def _proves(self, message: PKIMessage, vouched: bool, spki: bytes, status: str) -> bool:
        """Whether a message is a request that a certificate of this key may be issued for."""
        match message.body.content:
            case CertReqMessages(requests=requests):
                return any(self._is_proved(one, vouched, spki, status) for one in requests)
            case Pkcs10Request(der=der):
                return spki in self.keys and _signs_itself(der, spki)
            case _:
                return False

    def _is_proved(self, request: CertReqMsg, vouched: bool, spki: bytes, status: str) -> bool:
        pop, wanted = request.pop, request.template.public_key
        if pop.kind is PopoKind.ABSENT:  # the CA makes the key
            return wanted is None or wanted.endswith(b"\x03\x01\x00")
        try:
            key = load_der_public_key(wanted or b"")
        except ValueError:
            return False
        if not _same_key(key, spki):
            return False
        if pop.kind is PopoKind.RA_VERIFIED:
            return vouched
        if pop.kind is PopoKind.SIGNATURE:
            assert pop.algorithm is not None
            signed = request.cert_request if pop.poposk_input is None else pop.poposk_input
            try:
                verify_raw(key, pop.algorithm, pop.signature or b"", signed)
            except CMPError:
                return False
            return spki in self.keys
        # Who cannot decrypt the certificate cannot confirm it either; a challenge comes before.
        is_encrypted = pop.private_key_pop == b"\x81\x01\x00"
        return spki in self.keys or (is_encrypted and status != _CONFIRMED)


def _author(message: PKIMessage, by_ra: bool) -> str:
    """Who protected a message, as the ledger names them; nobody, if the protection is wrong."""
    if by_ra:
        return _BY_RA
    if not _is_protected(message):
        return ""
    if is_mac(message):
        return f"reference:{(message.header.sender_kid or b'').hex()}"
    signer = x509.load_der_x509_certificate(message.extra_certs[0])
    return f"certificate:{signer.serial_number:x}"


def _signs_itself(der: bytes, spki: bytes) -> bool:
    try:
        request = x509.load_der_x509_csr(der)
        return _same_key(request.public_key(), spki) and request.is_signature_valid
    except (ValueError, UnsupportedAlgorithm):
        return False


def _same_key(key: object, spki: bytes) -> bool:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == spki


def _powers(certificate: x509.Certificate, *, by_ra: bool) -> list[str]:
    """What no end entity's certificate may say."""
    wrong = []
    for extension in certificate.extensions:
        match extension.value:
            case x509.BasicConstraints(ca=True):
                wrong.append("an end entity gets a certificate of a CA")
            case x509.KeyUsage(key_cert_sign=True) | x509.KeyUsage(crl_sign=True):
                wrong.append("an end entity may sign certificates or CRLs")
            case x509.ExtendedKeyUsage() as usages:
                oids = {usage.dotted_string for usage in usages}
                if oids & _FOR_THE_CA or (_RA in oids and not by_ra):
                    wrong.append("an end entity may speak for the CA")
            case _:
                pass
    return wrong


def _is_confirmed(certificate: x509.Certificate, record: Transaction) -> bool:
    """Whether there was a certConf that is right in each respect, or none was needed."""
    for message, _ in record.messages:
        if record.is_implicit and IMPLICIT_CONFIRM in message.header.general_info:
            return True
        content = message.body.content
        if not isinstance(content, CertConfirmContent) or len(content.statuses) != 1:
            continue
        (status,) = content.statuses
        digests = {
            certificate.fingerprint(algorithm)
            for algorithm in (
                hashes.SHA256(),
                hashes.SHA384(),
                hashes.SHA512(),
                hashes.SHAKE256(64),
            )
        }
        says_so = status.status is None or status.status.status == PKIStatus.ACCEPTED
        if says_so and status.cert_hash in digests and _is_protected(message):
            return True
    return False


_OURS = MacKeys(SECRET.secret, accepts_sha1=True)


def _is_protected(message: PKIMessage) -> bool:
    try:
        if is_mac(message):
            _OURS.verify(message)
        else:
            signer = x509.load_der_x509_certificate(message.extra_certs[0])
            verify_signature(message, signer.public_key())
    except (CMPError, ValueError, IndexError):
        return False
    return True

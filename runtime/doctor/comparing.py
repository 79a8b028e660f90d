"""A state and what a CA has issued in; what the one has and the other does not, out. Nothing is changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from ...compiler.address import Address
from ..certificates import dump_certificate, key_id, load_certificate
from ..cmp.codec import decode
from ..cmp.errors import CMPError
from ..cmp.model import CertReqMessages
from ..recovery.phases import OPEN
from ..state.database import Row
from ..state.store import Store
from ..uploads import content_id
from .finding import Finding, Result, fault, fine, warning
from .issued import Issued, Standing


@dataclass(frozen=True, slots=True)
class Orphan:
    """A certificate in our name that may be used, and that no record of ours holds.

    `place` is the device and the object that it was asked for, None if that is not known. `has_key`: its key
    is stored here.
    """

    issued: Issued
    key: str
    has_key: bool
    place: tuple[str, Address] | None

    @property
    def serial_number(self) -> str:
        """In hexadecimal."""
        return f"{self.issued.certificate.serial_number:x}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The orphans, and all findings."""

    orphans: tuple[Orphan, ...]
    results: tuple[Result, ...]


def compare(store: Store, issued: Sequence[Issued], now: datetime) -> Comparison:
    """What the CA has in our names against what the state holds.

    Ours is a certificate whose key is stored here, or whose subject is one that a certificate of ours has, or
    that one was asked for with.

    Raises:
        StateError: if the state cannot be read.
    """
    run = store.database.execute
    with store.database.snapshot():
        secrets = {row[0] for row in run("SELECT id FROM secret")}
        records = run(
            "SELECT device, path, certificate, serial_number, not_after, is_revoked, data"
            " FROM certificate LEFT JOIN content ON content.id = certificate.certificate"
            " ORDER BY certificate.id"
        )
        entries = run(
            "SELECT device, path, key, certificate, phase, request FROM journal ORDER BY id"
        )
    by_content = {content_id(dump_certificate(one.certificate)): one for one in issued}
    held = {row[2] for row in records}
    by_key: dict[str, tuple[str, Address]] = {}
    by_subject: dict[x509.Name, tuple[str, Address]] = {}
    waiting: set[str] = set()
    waiting_subjects: set[x509.Name] = set()
    for device, path, key, certificate, phase, request in entries:
        place = device, Address.parse(path)
        if key is not None:
            by_key[key] = place
        subject = _subject(bytes(request))
        if subject is not None:
            by_subject[subject] = place
        if phase in OPEN:
            waiting.update(name for name in (key, certificate) if name is not None)
            if key is None and subject is not None:  # the CA makes the key
                waiting_subjects.add(subject)
    for device, path, _, _, _, _, data in records:
        if data is not None:
            by_subject[load_certificate(bytes(data)).subject] = device, Address.parse(path)
    orphans: list[Orphan] = []
    found: list[Finding] = []
    for content, one in by_content.items():
        certificate = one.certificate
        key = key_id(certificate.public_key())
        place = by_key.get(key) or by_subject.get(certificate.subject)
        is_ours = place is not None or key in secrets
        is_over = one.standing is Standing.ENDED or certificate.not_valid_after_utc < now
        if content in held or not is_ours or is_over:
            continue
        what = (
            f"certificate {certificate.serial_number:x} of {certificate.subject.rfc4514_string()}"
        )
        if {key, content} & waiting or certificate.subject in waiting_subjects:
            found.append(
                warning(f"{what} belongs to an operation that is open", "apply the script again")
            )
            continue
        orphan = Orphan(one, key, key in secrets, place)
        orphans.append(orphan)
        found.append(fault(f"{what} is valid at the CA, and not recorded here", _offer(orphan)))
    others = [_held(row, by_content, issued, now) for row in records]
    results = (
        Result(
            "orphans", tuple(found) or (fine("every certificate in our names is recorded here"),)
        ),
        Result(
            "held",
            tuple(f for f in others if f is not None)
            or (fine("the CA says the same of all that is recorded here"),),
        ),
    )
    return Comparison(tuple(orphans), results)


def _held(
    row: Row, by_content: dict[str, Issued], issued: Sequence[Issued], now: datetime
) -> Finding | None:
    _, path, content, serial, not_after, is_revoked, data = row
    what = f"certificate {serial} of {path}"
    one = by_content.get(str(content))
    if is_revoked and one is not None and one.standing is not Standing.ENDED:
        return warning(
            f"{what} is revoked here, and valid at the CA", "have its operator revoke it"
        )
    if is_revoked or data is None or datetime.fromisoformat(str(not_after)) < now:
        return None
    if one is None:
        issuer = load_certificate(bytes(data)).issuer
        if all(other.certificate.issuer != issuer for other in issued):
            return None  # another CA's, of which we were not told
        return warning(f"{what} is not known to the CA", "ask its operator what became of it")
    if one.standing is Standing.ENDED:
        return warning(
            f"{what} is revoked at the CA, and recorded as valid here",
            f"obtain a new one: apply its script with `--replace {Address.parse(str(path)).reference}`",
        )
    if one.standing is Standing.UNCONFIRMED:
        return warning(
            f"{what} is not confirmed at the CA", "ask its operator whether it stays valid so"
        )
    return None


def _offer(orphan: Orphan) -> str:
    """What can be done about an orphan from here."""
    if orphan.has_key and orphan.place is not None:
        serial = orphan.serial_number
        return f"`csc doctor --against-ca --adopt {serial}` records it, `--revoke {serial}` ends it at the CA"
    return operator_text(orphan)


def operator_text(orphan: Orphan) -> str:
    """What to ask the CA's operator for, who alone can help."""
    certificate = orphan.issued.certificate
    return (
        "its key is not here, with which alone it could be revoked from here: ask the CA's operator to revoke"
        f" serial number {orphan.serial_number}, issued by {certificate.issuer.rfc4514_string()} on"
        f" {certificate.not_valid_before_utc:%Y-%m-%d}, reason cessationOfOperation"
    )


def _subject(request: bytes) -> x509.Name | None:
    """The subject that a request asks for, None if it asks for none, or cannot be read."""
    try:
        content = decode(request).body.content
    except CMPError:
        return None
    if isinstance(content, CertReqMessages) and content.requests:
        return content.requests[0].template.subject
    return None

"""A state in; what is wrong with its audit log, or contradicts it, out.

What is looked for, for each device:

1. Entries are numbered 1, 2, 3 and so on: none was removed or added.
2. Each holds the hash of the one before, and its own hash is that of its content: none was changed or moved.
3. The chain ends where `audit_head` says: no entry was cut off its end.
4. What the state holds and what the log tells is the same: the committed versions, what is in them, and which
   certificates there are and are revoked. Cutting an entry off along with its row in `audit_head` shows here
   if the entry told of one of these.

What is not found by this alone: a log that was made anew as a whole (see `audit_chain`), and a missing end
that told of neither versions nor certificates. A hash kept elsewhere finds both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .audit_chain import BEGAN, Entry, devices, entries
from .audit_events import CERTIFIED, digest_of
from .store import Store


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that csc did not write so. `seq` is the entry's number, None if it is about no single one."""

    device: str
    seq: int | None
    what: str

    def __str__(self) -> str:
        where = f"device {self.device}" if self.device else "the state's own log"
        return f"{where}{'' if self.seq is None else f', entry {self.seq}'}: {self.what}"


@dataclass(slots=True)
class _Told:
    """What the log of a device tells: versions with what is said of each, certificates by digest."""

    standing: Mapping[str, Any] = field(default_factory=dict[str, Any])
    versions: dict[Any, tuple[int, Mapping[str, Any]]] = field(
        default_factory=dict[Any, tuple[int, Mapping[str, Any]]]
    )
    certificates: set[Any] = field(default_factory=set[Any])
    revoked: set[Any] = field(default_factory=set[Any])


def verify(store: Store) -> list[Fault]:
    """Everything that is wrong with the audit log of a state, by device; all of one moment.

    Raises:
        StateError: if the state cannot be read.
    """
    with store.database.snapshot():
        known = {row[0] for row in store.database.execute("SELECT name FROM device")}
        return [
            fault
            for device in sorted({*devices(store), *known})
            for fault in _faults(store, device)
        ]


def _faults(store: Store, device: str) -> Iterator[Fault]:
    told = _Told()
    last = 0, ""
    for entry in entries(store, device):
        yield from _entry_faults(entry, *last)
        _take_down(entry, told)
        last = entry.seq, entry.hash
    heads = store.database.execute("SELECT seq, hash FROM audit_head WHERE device = ?", device)
    head = tuple(heads[0]) if heads else (0, "")
    if head != last:
        yield Fault(
            device, None, f"the log ends with entry {last[0]}, and has to end with {head[0]}"
        )
    if last[0]:
        yield from _version_faults(store, device, told)
        yield from _certificate_faults(store, device, told)
    elif not heads and has_history(store, device):  # an older state got its heads by migration
        yield Fault(device, None, "the log is gone")


def _entry_faults(entry: Entry, seq: int, digest: str) -> Iterator[Fault]:
    if entry.seq != seq + 1:
        yield Fault(entry.device, entry.seq, f"it follows entry {seq}: what was between is gone")
    elif entry.previous != digest:
        yield Fault(entry.device, entry.seq, "it does not belong behind the entry before it")
    try:
        is_genuine = entry.digest() == entry.hash
    except (TypeError, ValueError):
        is_genuine = False
    if not is_genuine:
        yield Fault(entry.device, entry.seq, "it was changed: its hash is another one")
    if (entry.what == BEGAN) != (entry.seq == 1):
        yield Fault(entry.device, entry.seq, "a log begins with `began`, and nowhere else")


def _take_down(entry: Entry, told: _Told) -> None:
    try:
        details = entry.told
        if not isinstance(details, dict):  # pyright: ignore[reportUnnecessaryIsInstance]
            return
        if entry.what == BEGAN:
            told.standing = details
        elif entry.what == "committed":
            told.versions[details["version"]] = entry.seq, details
        elif entry.what in CERTIFIED:
            told.certificates.add(details["sha256"])
        elif entry.what == "revoked":
            told.revoked.add(details["sha256"])
    except (TypeError, ValueError, KeyError, AttributeError):
        return  # it was changed, and is told of as such


def _version_faults(store: Store, device: str, told: _Told) -> Iterator[Fault]:
    rows = store.database.execute(
        "SELECT number, configuration, script FROM version WHERE device = ? AND number > ?"
        " ORDER BY number",
        device,
        _number(told, "version"),
    )
    for number, configuration, script in rows:
        seq, said = told.versions.pop(number, (None, None))
        if said is None:
            yield Fault(device, None, f"version {number} was committed, and nothing tells of it")
        elif (said.get("configuration"), said.get("script")) != (digest_of(configuration), script):
            yield Fault(device, seq, f"version {number} is not what was committed")
    for number, (seq, _) in told.versions.items():
        yield Fault(device, seq, f"version {number} was committed, and is gone")


def _certificate_faults(store: Store, device: str, told: _Told) -> Iterator[Fault]:
    rows = store.database.execute(
        "SELECT id, path, serial_number, certificate, is_revoked FROM certificate WHERE device = ?"
        " ORDER BY id",
        device,
    )
    since = _number(told, "certificate")
    here: set[str] = set()
    for number, path, serial, content, is_revoked in rows:
        digest = str(content).removeprefix("sha256:")
        here.add(digest)
        what = f"the certificate of {path} with serial {serial}"
        if number > since and digest not in told.certificates:
            yield Fault(device, None, f"{what} was obtained, and nothing tells of it")
        if number > since and is_revoked and digest not in told.revoked:
            yield Fault(device, None, f"{what} is revoked, and nothing tells of it")
        if not is_revoked and digest in told.revoked:
            yield Fault(device, None, f"{what} was revoked, and the state does not say so")
    yield from _gone(device, told.certificates - here)


def _gone(device: str, digests: Iterable[Any]) -> Iterator[Fault]:
    for digest in sorted(map(str, digests)):
        yield Fault(device, None, f"the certificate {digest} was obtained, and is gone")


def has_history(store: Store, device: str) -> bool:
    """Whether the state holds what only stands there along with an entry."""
    rows = store.database.execute(
        "SELECT 1 FROM version WHERE device = ? UNION SELECT 1 FROM certificate WHERE device = ?",
        device,
        device,
    )
    return bool(rows)


def _number(told: _Told, name: str) -> int:
    value = told.standing.get(name)
    return value if isinstance(value, int) else 0

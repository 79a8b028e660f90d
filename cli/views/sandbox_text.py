"""What a sandbox CA was asked, what it issued and how it behaves in; text out."""

from __future__ import annotations

from collections.abc import Mapping

from ...runtime.sandbox.ledger.reading import Contents
from ...runtime.sandbox.ledger.traffic import RequestEntry
from .source_text import printable
from .table import columns

_NOBODY = "-"


def request_line(entry: RequestEntry) -> str:
    """A request as a line of a log."""
    return printable("  ".join(filter(None, _request(entry))))


def ledger(contents: Contents) -> str:
    """All requests and all certificates."""
    parts = ["Requests:", _table([_request(entry) for entry in contents.requests])]
    rows = [
        [
            entry.changed_at[:19],
            entry.status.value,
            entry.serial_number,
            entry.subject,
            f"{entry.requested_with} of {_who(entry.authenticated_by)}",
            entry.reason,
        ]
        for entry in contents.certificates
    ]
    return "\n".join([*parts, "Certificates:", _table(rows)])


def switches(behaviour: Mapping[str, object]) -> str:
    """Each switch with its value, as `csc sandbox set` takes it."""
    return "\n".join(f"  {name}={_value(value)}" for name, value in behaviour.items())


def _value(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _table(rows: list[list[str]]) -> str:
    if not rows:
        return "  none"
    return columns([list(map(printable, row)) for row in rows])


def _request(entry: RequestEntry) -> list[str]:
    who = _who(entry.requested_by)
    if entry.requested_by and not entry.is_authenticated:
        who = f"{who} (not authenticated)"
    why = " ".join(filter(None, (entry.failures, f"({entry.reason})" if entry.reason else "")))
    return [
        entry.received_at[:19],
        entry.transaction_id or _NOBODY,
        entry.kind or "unreadable",
        who,
        entry.outcome,
        why,
    ]


def reference(number: bytes) -> str:
    """A reference number: as text where it is one, else in hexadecimal."""
    try:
        text = number.decode()
    except UnicodeDecodeError:
        text = ""
    return text if text and text.isprintable() else number.hex()


def _who(name: str) -> str:
    kind, _, value = name.partition(":")
    if kind == "reference":
        return f"{kind} {reference(bytes.fromhex(value))}"
    return f"{kind} {value}" if value else name or _NOBODY

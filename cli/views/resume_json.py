"""Operations that were cut off in, a document for machines out: docs/schemas/resume.schema.json."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from ...compiler.address import Address
from ...runtime.recovery.phases import WHERE
from ...runtime.recovery.resume import LeftOpen, Resumed
from ...runtime.recovery.unbound import Unbound

SCHEMA = "csc/resume/1"


def document(
    device: str,
    left_open: Iterable[LeftOpen],
    done: Iterable[Resumed],
    unbound: Iterable[Unbound],
) -> dict[str, Any]:
    """What is open now, what this run ended, and what is obtained and not bound."""
    return {
        "schema": SCHEMA,
        "device": device,
        "left_open": list(map(_left_open, left_open)),
        "resumed": list(map(_resumed, done)),
        "unbound": list(map(_unbound, unbound)),
    }


def _left_open(each: LeftOpen) -> dict[str, Any]:
    where = WHERE[each.phase]
    return {
        "id": each.id,
        "name": each.address.reference,
        "path": each.address.path,
        "operation": each.operation,
        "phase": each.phase.value,
        "started_at": _time(each.started_at),
        "server": each.server or None,
        "held": {"vault": where.vault, "journal": where.journal, "ca": where.ca},
        "will": each.act,
        "why": each.reason,
        "needs": list(dict.fromkeys(each.needs)),
        "resumable": each.is_resumable,
    }


def _resumed(each: Resumed) -> dict[str, Any]:
    return {
        "id": each.left_open.id,
        "name": Address.parse(each.left_open.path).reference,
        "path": each.left_open.path,
        "operation": each.left_open.operation,
        "end": each.end.value,
        "said": each.said,
        "way_out": each.way_out,
    }


def _unbound(each: Unbound) -> dict[str, Any]:
    return {
        "name": each.address.reference,
        "path": each.address.path,
        "serial_number": each.serial_number,
        "will": each.act,
        "why": each.reason,
    }


def _time(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"

"""A checked record in, a JSON document out; docs/schemas/replay.schema.json describes it."""

from __future__ import annotations

from typing import Any

from ...runtime.certificates import Facts
from ...runtime.cmp.errors import clean, failure_name
from ...runtime.cmp.model import PKIStatusInfo
from ...runtime.evidence.description import Carried, Description
from ...runtime.evidence.record import Exchange, Failure, Run, stamp
from ...runtime.evidence.replay import Line, Replay, Told
from ...runtime.evidence.verification import Check

SCHEMA = "csc/replay/1"


def document(replay: Replay) -> dict[str, Any]:
    """The whole document. Bytes are hexadecimal, times ISO 8601 in UTC."""
    return {
        "schema": SCHEMA,
        "is_right": replay.is_right,
        "messages": {result.value.replace(" ", "_"): n for result, n in replay.counts.items()},
        "runs": [_run(run) for run in replay.runs],
        "transactions": [_transaction(told) for told in replay.transactions],
    }


def _run(run: Run) -> dict[str, Any]:
    return {
        "time": stamp(run.header.time),
        "csc": clean(run.header.version),
        "cut_off_in_line": run.cut_off,
        "damaged": [{"line": number, "why": why} for number, why in run.damaged],
    }


def _transaction(told: Told) -> dict[str, Any]:
    return {
        "transaction": _hex(told.conversation.transaction),
        "url": clean(told.conversation.exchange.url),
        "events": [_event(line) for line in told.lines],
    }


def _event(line: Line | Failure) -> dict[str, Any]:
    if isinstance(line, Failure):
        return {
            "event": "failure",
            "time": stamp(line.time),
            "peer": _peer(line.exchange),
            "error": clean(line.error),
            "text": clean(line.text),
        }
    entry = line.seen.entry
    return {
        "event": entry.direction.value,
        "time": stamp(entry.time),
        "peer": _peer(entry.exchange),
        "size": len(entry.data),
        "message": None if line.description is None else _message(line.description),
        "result": line.result.value,
        "checks": [_check(check) for check in line.checks],
    }


def _peer(exchange: Exchange) -> dict[str, Any]:
    return {"host": clean(exchange.host), "port": exchange.port}


def _check(check: Check) -> dict[str, Any]:
    return {"check": check.subject, "result": check.result.value, "why": clean(check.why)}


def _message(told: Description) -> dict[str, Any]:
    time = told.message_time
    return {
        "body": told.body,
        "pvno": told.pvno,
        "sender": told.sender,
        "recipient": told.recipient,
        "message_time": None if time is None else stamp(time),
        "sender_nonce": _hex(told.sender_nonce),
        "recip_nonce": _hex(told.recip_nonce),
        "protection": told.protection,
        "details": list(told.details),
        "statuses": [_status(status) for status in told.statuses],
        "certificates": [_certificate(carried) for carried in told.certificates],
    }


def _status(status: PKIStatusInfo) -> dict[str, Any]:
    return {
        "status": int(status.status),
        "fail_info": [failure_name(bit) for bit in sorted(status.fail_info)],
        "texts": [clean(text) for text in status.status_string],
    }


def _certificate(carried: Carried) -> dict[str, Any]:
    facts = carried.facts
    return {"role": carried.role, "facts": None if facts is None else _facts(facts)}


def _facts(facts: Facts) -> dict[str, Any]:
    return {
        "subject": clean(facts.subject),
        "issuer": clean(facts.issuer),
        "serial_number": facts.serial_number,
        "not_before": facts.not_before,
        "not_after": facts.not_after,
        "sha256": facts.sha256,
    }


def _hex(octets: bytes | None) -> str | None:
    return None if octets is None else octets.hex()

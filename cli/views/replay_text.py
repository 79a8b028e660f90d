"""A checked record in, text out: each transaction with its messages, what they say and whether it holds."""

from __future__ import annotations

from collections.abc import Iterator

import click

from ...runtime.cmp.errors import clean, describe
from ...runtime.evidence.description import Carried, Description
from ...runtime.evidence.record import Direction, Exchange, Failure, Run, stamp
from ...runtime.evidence.replay import Line, Replay, Told
from ...runtime.evidence.verification import Result

_SHORT = 8  # digits of a nonce, for people to compare
_COLORS = {Result.VERIFIED: "green", Result.NOT_CHECKED: "yellow", Result.NOT_VERIFIED: "red"}


def render(replay: Replay) -> str:
    """The whole text, with a last line that counts."""
    out: list[str] = []
    for told in replay.transactions:
        out += (*_transaction(told), "")
    out += (note for run in replay.runs for note in _notes(run))
    out.append(_summary(replay))
    return "\n".join(out)


def _transaction(told: Told) -> Iterator[str]:
    conversation = told.conversation
    name = "unknown" if conversation.transaction is None else conversation.transaction.hex()
    yield click.style(f"transaction {name}", bold=True)
    yield f"  {clean(conversation.exchange.url)}, at {_peer(conversation.exchange)}"
    for line in told.lines:
        yield ""
        if isinstance(line, Failure):
            yield f"  {stamp(line.time)} no answer: {clean(f'{line.error}: {line.text}')}"
        else:
            yield from _message(line)


def _peer(exchange: Exchange) -> str:
    host = clean(exchange.host)
    return f"[{host}]:{exchange.port}" if ":" in host else f"{host}:{exchange.port}"


def _message(line: Line) -> Iterator[str]:
    entry, told = line.seen.entry, line.description
    what = "no message" if told is None else told.body
    mark = "->" if entry.direction is Direction.SENT else "<-"
    yield f"  {stamp(entry.time)} {mark} {entry.direction} {what} ({len(entry.data)} bytes)"
    if told is not None:
        for fact in _facts(told):
            yield f"      {fact}"
    holds = [check.subject for check in line.checks if check.result is Result.VERIFIED]
    if holds:
        yield f"      {_result(Result.VERIFIED)}: {', '.join(holds)}"
    for check in line.checks:
        if check.result is not Result.VERIFIED:
            yield f"      {_result(check.result)}: {check.subject}: {clean(check.why)}"


def _facts(told: Description) -> Iterator[str]:
    time = "none" if told.message_time is None else stamp(told.message_time)
    yield f"pvno {told.pvno}, messageTime {time}, protection {told.protection or 'none'}"
    yield f"sender {told.sender}, recipient {told.recipient}"
    yield f"senderNonce {_short(told.sender_nonce)}, recipNonce {_short(told.recip_nonce)}"
    yield from told.details
    for status in told.statuses:
        yield f"status {describe(status)}"
    for carried in told.certificates:
        yield from _certificate(carried)


def _certificate(carried: Carried) -> Iterator[str]:
    facts = carried.facts
    if facts is None:
        yield f"{carried.role}: a certificate that cannot be read"
        return
    subject, issuer = clean(facts.subject) or "no subject", clean(facts.issuer) or "nobody"
    yield f"{carried.role}: {subject}, serial {facts.serial_number}, of {issuer}"
    yield f"    {facts.not_before} to {facts.not_after}, SHA-256 {facts.sha256}"


def _short(nonce: bytes | None) -> str:
    if nonce is None:
        return "none"
    digits = nonce.hex()
    return digits if len(digits) <= _SHORT else f"{digits[:_SHORT]}…"


def _result(result: Result) -> str:
    return click.style(result.value, fg=_COLORS[result])


def _notes(run: Run) -> Iterator[str]:
    for number, why in run.damaged:
        yield f"{_result(Result.NOT_VERIFIED)}: line {number} of the record: {why}"
    if run.cut_off is not None:
        yield f"note: the run of {stamp(run.header.time)} was cut off in line {run.cut_off}"


def _summary(replay: Replay) -> str:
    counts = ", ".join(f"{count} {result}" for result, count in replay.counts.items())
    transactions = len(replay.transactions)
    return f"{transactions} transaction{'' if transactions == 1 else 's'}; messages: {counts}"

"""Runs in, a table of 80 columns out; with events, a block for each run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from pathlib import PurePath
from typing import Any

import click

from ...compiler.address import Address
from ...runtime.runs import DID_NOT_END, RUNS, Run
from ...runtime.state.audit import Fault
from ...runtime.state.audit_chain import Entry
from .source_text import printable
from .table import columns

_HEAD = ("run", "began (UTC)", "by", "what", "outcome")
# As many digits of a run's id as tell runs apart at a glance; `--run` takes the beginning of one.
_SHORT = 8
_WIDEST = {"by": 14, "script": 15, "device": 10}
_GOOD = ("done", RUNS)


def render(runs: Sequence[Run], *, shows_events: bool, shows_devices: bool) -> str:
    """A line for each run, in the order in which they are given, or a block with its events."""
    if not runs:
        return "The audit log holds nothing of the kind."
    if shows_events:
        return "\n\n".join("\n".join(_block(run)) for run in runs)
    head = list(_HEAD) if not shows_devices else [*_HEAD[:2], "device", *_HEAD[2:]]
    rows = [_row(run, shows_devices=shows_devices) for run in runs]
    first, *lines = columns([head, *rows]).split("\n")
    colored = (_colored(line, run) for line, run in zip(lines, runs, strict=True))
    return "\n".join((first, *colored))


def verification(faults: Sequence[Fault], ends: Mapping[str, str], missing: str | None) -> str:
    """What is wrong, or that nothing is; and the hashes to keep elsewhere."""
    lines = [printable(str(fault)) for fault in faults]
    if missing is not None:
        lines.append(printable(f"no entry has the hash {missing}"))
    if not lines:
        lines.append("The audit log is whole.")
    lines += [printable(f"  {device or '(state)'}: {digest}") for device, digest in ends.items()]
    return "\n".join(lines)


def _row(run: Run, *, shows_devices: bool) -> list[str]:
    first = run.first
    row = [
        run.id[:_SHORT],
        f"{first.time.astimezone(UTC):%Y-%m-%d %H:%M}",
        _cut(first.who, _WIDEST["by"]),
        _cut(_scripts(run), _WIDEST["script"]),
        _outcome(run),
    ]
    if shows_devices:
        row.insert(2, _cut(first.device, _WIDEST["device"]))
    return list(map(printable, row))


def _scripts(run: Run) -> str:
    scripts = run.start.get("scripts", [])
    if not scripts:
        return " ".join(_words(run))
    more = f" +{len(scripts) - 1}" if len(scripts) > 1 else ""
    return f"{PurePath(scripts[0]).name}{more}"


def _words(run: Run) -> Iterator[str]:
    """What was asked for, where it was no script: `rollback 3`."""
    if not run.start:
        return
    yield run.start["command"]
    for name in ("version", "adopt", "revoke"):
        if name in run.start["options"]:
            yield str(run.start["options"][name])


def _outcome(run: Run) -> str:
    if run.outcome is None:
        return run.first.what
    version = run.end.told.get("version") if run.end else None
    return f"{run.outcome}, version {version}" if version else run.outcome


def _block(run: Run) -> Iterator[str]:
    first, start = run.first, run.start
    device = f"device {first.device}" if first.device else "the state"
    what = f"Run {run.id}, {device}: {run.outcome}" if run.id else f"{device}".capitalize()
    yield click.style(printable(what), bold=True)
    yield printable(f"  by {first.who}, process {first.pid}")
    for script in start.get("scripts", []):
        yield printable(f"  script {script}")
    for entry in run.entries:
        text = f"  {entry.time.astimezone(UTC):%Y-%m-%d %H:%M:%S}  {entry.what}"
        told = _told(entry)
        yield printable(f"{text}: {told}" if told else text)
    if run.outcome == DID_NOT_END:
        yield click.style("  it did not end: the process was killed, or the machine died", fg="red")


def _told(entry: Entry) -> str:
    """What there is to say of an entry, in a line."""
    details = entry.told
    match entry.what:
        case "run-started":
            options = ", ".join(f"{name} {_value(v)}" for name, v in details["options"].items())
            steps = f", {details['steps']} steps" if details["steps"] else ""
            return f"{details['command']}{steps}{'; ' if options else ''}{options}"
        case "enrolled" | "updated" | "obtained":
            return (
                f"{_reference(details)} serial {details['serial_number']} until"
                f" {details['not_after'][:10]}"
            )
        case "revoked":
            return f"{_reference(details)} serial {details.get('serial_number', 'not known')}"
        case "given-up":
            return f"{details['operation']} of {_reference(details)}: {details['why']}"
        case "refused" | "rejected" | "step-failed":
            return f"{details['step']} {details['kind']} {_reference(details)}: {details['text']}"
        case "committed":
            earlier = details.get("restores")
            again = "" if earlier is None else f", as version {earlier} was"
            return f"version {details['version']}{again}"
        case "activated":
            return ""
        case "run-ended":
            counts = ", ".join(f"{count} {kind}" for kind, count in details["counts"].items())
            failed = "".join(f"; {f['step']} {f['error']}" for f in details["failed"])
            error = f"; {details['error']}" if details["error"] else ""
            return f"{details['outcome']}{': ' if counts else ''}{counts}{failed}{error}"
        case _:
            return ", ".join(f"{name} {_value(value)}" for name, value in details.items())


def _reference(details: Mapping[str, Any]) -> str:
    path = details.get("path", "")
    return Address.parse(path).reference if path else ""


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(map(str, value))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return str(value)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _colored(line: str, run: Run) -> str:
    if run.outcome is None or run.outcome in _GOOD:
        return line
    return click.style(line, fg="red" if run.outcome == DID_NOT_END else "yellow")

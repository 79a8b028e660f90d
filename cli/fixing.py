"""Findings in; the scripts with their fixes out, in memory first, then each file replaced as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ..compiler.diagnostics import Applicability, Diagnostic
from ..compiler.fix import apply_fixes
from ..grammar.parser import parse
from ..grammar.script import Script
from .checking import Check, Checked, check_sources
from .encoding import BOM
from .files import replace_text
from .scripts import Sources

_MOST_ROUNDS = 10


def fix(check: Check, checked: Checked, wanted: set[Applicability]) -> tuple[Checked, int]:
    """The scripts after the wanted fixes, what is found in them then, and how many were applied.

    A fix can bring to light what its finding hid, and one place can take one fix at a time: so it is checked
    and fixed again until nothing is left.
    """
    total = 0
    for _ in range(_MOST_ROUNDS):
        fixed = [_fixed(script, checked.found, wanted) for script in checked.sources.scripts]
        applied = sum(count for _, count in fixed)
        if not applied:
            break
        total += applied
        scripts = tuple(script for script, _ in fixed)
        checked = check_sources(check, replace(checked.sources, scripts=scripts))
    return checked, total


def _fixed(
    script: Script, found: Sequence[Diagnostic], wanted: set[Applicability]
) -> tuple[Script, int]:
    if not Path(script.file).is_file():
        return script, 0
    fixes = [
        d.fix
        for d in found
        if d.fix
        and d.fix.applicability in wanted
        and all(edit.span.file == script.file for edit in d.fix.edits)
    ]
    text, applied = apply_fixes(script.text, fixes)
    return (parse(text, script.file), applied) if applied else (script, 0)


def changed(before: Sources, after: Sources) -> Iterator[tuple[Script, Script]]:
    """The scripts that differ, as they were and as they are."""
    pairs = zip(before.scripts, after.scripts, strict=True)
    return (pair for pair in pairs if pair[0].text != pair[1].text)


def write(before: Sources, after: Sources) -> None:
    """Replace the files of the scripts that were fixed.

    Raises:
        Failure: if a file cannot be written.
    """
    for was, script in changed(before, after):
        mark = BOM if before.has_mark(was) else ""
        replace_text(Path(script.file), script.text, mark=mark)

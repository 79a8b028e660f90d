"""Findings in; what every report for machines needs of them out: an order, portable paths, fingerprints."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePath

from ...compiler.diagnostics import Diagnostic, Severity
from .source_text import Lines

_RANKS = {severity: rank for rank, severity in enumerate(Severity)}


def errors_first(diagnostics: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Errors, then warnings, then notes, each in the order of the scripts: a service that shows only some
    of the findings shows those that matter."""
    return sorted(diagnostics, key=lambda d: _RANKS[d.severity])


def portable(file: str) -> str:
    """A file's name as it is in a repository: relative to the working directory, with forward slashes."""
    if file.startswith("<"):  # standard input is no file
        return file
    path = os.path.relpath(file) if PurePath(file).is_absolute() else os.path.normpath(file)
    return PurePath(path).as_posix()


def message(diagnostic: Diagnostic) -> str:
    """The headline and the way out as one text."""
    return diagnostic.message + (f"; {diagnostic.help}" if diagnostic.help else "")


def fingerprints(diagnostics: Sequence[Diagnostic], lines: Lines) -> list[str]:
    """What tells each finding from the others and stays when its line moves: SHA-256 in hex.

    It is made of the rule, the file, the headline and the line's text, secrets masked, without the place;
    findings that are alike in all of that are counted.
    """
    seen: Counter[tuple[str, ...]] = Counter()
    made: list[str] = []
    for diagnostic in diagnostics:
        span = diagnostic.primary.span
        of_file = lines.get(span.file, ())
        line = of_file[span.line - 1].strip() if span.line <= len(of_file) else ""
        facts = (diagnostic.rule.code, portable(span.file), diagnostic.message, line)
        seen[facts] += 1
        text = "\0".join((*facts, str(seen[facts])))
        made.append(hashlib.sha256(text.encode(errors="replace")).hexdigest())
    return made

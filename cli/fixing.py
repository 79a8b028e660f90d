"""Findings in; the scripts on disk with their fixes out, each file replaced as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..compiler.diagnostics import Applicability, Diagnostic
from ..compiler.fix import apply_fixes
from ..runtime.files import write_atomically
from .exits import Failure
from .scripts import Sources


def write_fixes(
    sources: Sources, diagnostics: Sequence[Diagnostic], wanted: set[Applicability]
) -> int:
    """Apply the wanted fixes to the files; how many were applied.

    Raises:
        Failure: if a file cannot be written.
    """
    total = 0
    for script in sources.scripts:
        fixes = [
            d.fix
            for d in diagnostics
            if d.fix
            and d.fix.applicability in wanted
            and all(edit.span.file == script.file for edit in d.fix.edits)
        ]
        text, applied = apply_fixes(script.text, fixes)
        path = Path(script.file).resolve()  # a link stays one
        if not applied or not path.is_file():
            continue
        try:
            write_atomically(path, text.encode(), path.stat().st_mode & 0o777)
        except OSError as error:
            raise Failure(f"{script.file} cannot be written: {error.strerror}") from None
        total += applied
    return total

"""Findings in; the scripts on disk with their fixes out, each file replaced as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..compiler.diagnostics import Applicability, Diagnostic
from ..compiler.fix import apply_fixes
from .encoding import BOM
from .files import replace_text
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
        path = Path(script.file)
        if applied and path.is_file():
            replace_text(path, text, mark=BOM if sources.has_mark(script) else "")
            total += applied
    return total

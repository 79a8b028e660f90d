"""Script text in, a parsed script out.

Parsing never fails: what is malformed comes back in `Script.problems`, and the rest is read.
"""

from __future__ import annotations

from .lines import read_lines
from .script import Script


def parse(text: str, file: str = "<script>") -> Script:
    """Parse `text`; `file` is the name that spans carry."""
    return Script(file, text, read_lines(text))

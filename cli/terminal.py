"""Standard input in, whether there is somebody at it out."""

from __future__ import annotations

import sys


def can_ask() -> bool:
    """Whether somebody can be asked: standard input is there, and a terminal."""
    # It is None where a process was started without one.
    return sys.stdin is not None and sys.stdin.isatty()  # pyright: ignore[reportUnnecessaryComparison]

"""What is malformed in a script in, findings out."""

from __future__ import annotations

from ..grammar.ast import SyntaxProblem, SyntaxProblemKind
from ..grammar.lexer import MOST_LINES
from . import rules
from .diagnostics import Diagnostic, finding


def syntax_finding(problem: SyntaxProblem) -> Diagnostic:
    """The finding about a malformed place."""
    match problem.kind:
        case SyntaxProblemKind.UNTERMINATED_QUOTE:
            return finding(
                rules.UNTERMINATED_QUOTE,
                "this quote is not closed on its line",
                problem.span,
                "read up to the end of the line",
                help='close it with `"`, or write `\\"` for a quote that belongs to the value',
            )
        case SyntaxProblemKind.TOO_MANY_LINES:
            return finding(
                rules.TOO_LARGE,
                f"the script has more than {MOST_LINES:,} commands and comments",
                problem.span,
                "nothing is read from here on",
                help="split it: several scripts run in order, on one device",
            )
        case SyntaxProblemKind.STRAY_BACKSLASH:
            return finding(
                rules.STRAY_BACKSLASH,
                "this backslash escapes nothing",
                problem.span,
                help="write `\\\\` for a backslash",
            )

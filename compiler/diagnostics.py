"""Findings as data: a rule that was broken, where, and the way out. Views turn them into text."""

from __future__ import annotations

from enum import StrEnum

from ..grammar.ast import Span
from ..grammar.frozen import frozen


class Severity(StrEnum):
    """How much a finding weighs: an error stops `plan` and `apply`."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@frozen
class Rule:
    """What a code stands for. `code` and `name` are stable and mean the same.

    `leaves_plan` marks an error after which the plan still does what the script says.
    """

    code: str
    name: str
    severity: Severity
    summary: str
    leaves_plan: bool = False

    @property
    def is_final(self) -> bool:
        """Whether nothing may hide or lower a finding: after it there is no plan that is the script's.

        What an error is about is left out of the plan; hidden, it would be left out without a word.
        """
        return self.severity is Severity.ERROR and not self.leaves_plan

    @property
    def needs_reason(self) -> bool:
        """Whether a silence has to say why: certificates and secrets are at stake."""
        return self.code[3] in "34"


@frozen
class Label:
    """A place in a source, with what is to be said of it."""

    span: Span
    text: str = ""


class Applicability(StrEnum):
    """Whether a fix may be applied without a person's look."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    DISPLAY_ONLY = "display-only"


@frozen
class Edit:
    """Put `replacement` where `span` is; a span of length 0 inserts before its column."""

    span: Span
    replacement: str


@frozen
class Fix:
    """A change to the source that takes the finding away."""

    title: str
    edits: tuple[Edit, ...]
    applicability: Applicability


@frozen
class Diagnostic:
    """One finding. `primary` is where it is; `secondary` what else the reader has to see."""

    rule: Rule
    message: str
    primary: Label
    secondary: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    help: str | None = None
    fix: Fix | None = None
    severity: Severity = Severity.ERROR

    @property
    def sort_key(self) -> tuple[int, int, str]:
        """Order within one file: by place, then code."""
        return (self.primary.span.line, self.primary.span.column, self.rule.code)


def finding(
    rule: Rule,
    message: str,
    span: Span,
    label: str = "",
    *,
    secondary: tuple[Label, ...] = (),
    notes: tuple[str, ...] = (),
    help: str | None = None,  # noqa: A002  (the word that readers see)
    fix: Fix | None = None,
) -> Diagnostic:
    """A diagnostic of `rule` with the rule's own severity."""
    return Diagnostic(rule, message, Label(span, label), secondary, notes, help, fix, rule.severity)


def has_errors(diagnostics: tuple[Diagnostic, ...]) -> bool:
    """Whether any finding is an error."""
    return any(d.severity is Severity.ERROR for d in diagnostics)

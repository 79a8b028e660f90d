"""A command's arguments in; its words, properties and options, each checked for form, out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..grammar.ast import Argument, Option, Property, Span, Word, goes_on
from ..grammar.frozen import frozen
from ..grammar.quoting import shifted
from . import rules
from .diagnostics import Applicability, Diagnostic, Edit, Fix, Label, finding


@frozen
class Arguments:
    """What stands behind a verb, by kind; of a repeated name the first counts."""

    words: tuple[Word, ...]
    properties: Mapping[str, Property]
    options: Mapping[str, Option]

    @property
    def all(self) -> tuple[Argument, ...]:
        """Everything, kind by kind."""
        return (*self.words, *self.properties.values(), *self.options.values())


def sort_out(arguments: tuple[Argument, ...]) -> tuple[Arguments, list[Diagnostic]]:
    """Split `arguments` by kind; find repeated names, and values that a blank has torn."""
    words: list[Word] = []
    named: dict[tuple[type, str], Property | Option] = {}
    findings: list[Diagnostic] = []
    previous: Property | Option | None = None
    for argument in arguments:
        if not isinstance(argument, Word):
            first = named.setdefault((type(argument), argument.name), argument)
            if first is not argument:
                findings.append(_repeated(first, argument))
            previous = argument
        elif previous is not None and goes_on(previous, argument):
            findings.append(_torn(previous, argument))
            previous = _joined(previous, argument)
            named[type(previous), previous.name] = previous
        else:
            words.append(argument)
            previous = None
    return (
        Arguments(
            tuple(words),
            {p.name: p for p in named.values() if isinstance(p, Property)},
            {o.name: o for o in named.values() if isinstance(o, Option)},
        ),
        findings,
    )


def _joined(previous: Property | Option, word: Word) -> Property | Option:
    """The argument with the word taken into its value, which then stands in two places."""
    value = previous.value or ""
    start = previous.value_span if value else word.span
    fillings = tuple(replace(f, start=f.start + len(value)) for f in word.fillings)
    return replace(
        previous,
        value=value + word.text,
        parameters=(*previous.parameters, *shifted(word.parameters, len(value), 0)),
        fillings=(*previous.fillings, *fillings),
        value_at=_until(start, word.span),
    )


def _until(start: Span, end: Span) -> Span:
    return start.part(0, end.column + end.length - start.column)


def _torn(previous: Property | Option, word: Word) -> Diagnostic:
    before = previous.value_at or previous.span
    gap = before.part(before.length, word.span.column - before.column - before.length)
    return finding(
        rules.TORN_VALUE,
        "a blank stands between a name and its value"
        if previous.value == ""
        else "a blank stands inside a list",
        word.span,
        "taken as the value" if previous.value == "" else "taken into the list",
        secondary=(Label(previous.name_span, "of this"),),
        help="write name, `=` and value together; items of a list with a comma alone between them",
        fix=Fix("leave the blank out", (Edit(gap, ""),), Applicability.SAFE),
    )


def _repeated(first: Property | Option, again: Property | Option) -> Diagnostic:
    return finding(
        rules.REPEATED_ARGUMENT,
        f"`{again.name}` is given twice",
        again.name_span,
        "given again here",
        secondary=(Label(first.name_span, "first given here"),),
        help="keep one of the two",
    )

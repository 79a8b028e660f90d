"""A command's arguments in; its words, properties and options, each checked for form, out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..grammar.ast import Argument, Option, Property, Word
from . import rules
from .diagnostics import Diagnostic, Label, finding


@dataclass(frozen=True, slots=True)
class Arguments:
    """What stands behind a verb, by kind; of a repeated name the first counts."""

    words: tuple[Word, ...]
    properties: Mapping[str, Property]
    options: Mapping[str, Option]


def sort_out(arguments: tuple[Argument, ...]) -> tuple[Arguments, list[Diagnostic]]:
    """Split `arguments` by kind; find repeated names, and values that a blank tore from their name."""
    words: list[Word] = []
    named: dict[tuple[type, str], Property | Option] = {}
    findings: list[Diagnostic] = []
    previous: Argument | None = None
    for argument in arguments:
        if isinstance(argument, Word):
            if isinstance(previous, Property | Option) and is_torn(previous, argument):
                findings.append(_torn(previous, argument))
                key = (type(previous), previous.name)
                named[key] = type(previous)(previous.name, argument.text, argument.span)
            else:
                words.append(argument)
        else:
            first = named.setdefault((type(argument), argument.name), argument)
            if first is not argument:
                findings.append(_repeated(first, argument))
        previous = argument
    return (
        Arguments(
            tuple(words),
            {p.name: p for p in named.values() if isinstance(p, Property)},
            {o.name: o for o in named.values() if isinstance(o, Option)},
        ),
        findings,
    )


def is_torn(previous: Property | Option, word: Word) -> bool:
    """Whether `previous` is `Name=` with nothing behind it and `word` follows on its line."""
    return (
        previous.value == ""
        and previous.value_span.length == 1
        and previous.span.line == word.span.line
    )


def _torn(previous: Property | Option, word: Word) -> Diagnostic:
    return finding(
        rules.BLANK_AFTER_EQUALS,
        "a blank stands between a name and its value",
        word.span,
        "this is read as a word of its own",
        secondary=(Label(previous.span, "this has no value"),),
        help="write name and value together, without a blank after `=`",
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

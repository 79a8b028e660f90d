"""Confidential texts in a script: where they stand, and what may stand in their place."""

from __future__ import annotations

import re

from ..grammar.ast import Argument, Option, Property, Script, Span, Word
from .plan import Secret

# A text that is read from elsewhere while applying: `${env:NAME}`, `${file:PATH}`.
EXPRESSION = re.compile(r"\$\{(env|file):([^}]+)\}")
# What the name of a confidential argument holds, mistyped ones included.
_SECRET_NAME = re.compile(r"pas+w|passp|pwd|secret|psk", re.IGNORECASE)


def is_secret_name(name: str) -> bool:
    """Whether the value of a property or option with this name is confidential."""
    return _SECRET_NAME.search(name) is not None


def secret_of(option: Option) -> Secret:
    """The secret that an option names, or holds itself."""
    value = option.value or ""
    if EXPRESSION.fullmatch(value):
        return Secret(value)
    return Secret(f"the script at {option.span}", value)


def secret_spans(script: Script) -> tuple[Span, ...]:
    """Every place in `script` whose text nobody may see.

    A word right after a confidential name is one, too: a blank may have torn it off, or the `=` be forgotten.
    """
    spans: list[Span] = []
    for command in script.commands:
        previous: Argument | None = None
        for argument in (command.verb, *command.arguments):
            match argument:
                case Property() | Option() if is_secret_name(argument.name):
                    if argument.value and not EXPRESSION.fullmatch(argument.value):
                        spans.append(argument.value_span)
                case Word() if (
                    isinstance(previous, Property | Option)
                    and is_secret_name(previous.name)
                    and not previous.value
                ):
                    spans.append(argument.span)
                case _:
                    pass
            previous = argument
    return tuple(spans)

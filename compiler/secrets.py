"""Confidential texts in a script: where they stand, and what may stand in their place."""

from __future__ import annotations

import re

from ..grammar.ast import Option, Property, Span, Word
from ..grammar.script import Script
from .plan import Secret

# A text that is read from elsewhere while applying: `${env:NAME}`, `${file:PATH}`, `${keyring:SERVICE/USER}`.
EXPRESSION = re.compile(r"\$\{(?:(env|file):([^}\x00]+)|(keyring):([^}/\x00]+/[^}\x00]+))\}")
# A parameter that stands alone: only its value is confidential, not its name.
VARIABLE = re.compile(r"\$(?:[0-9]+|\{var:[^}]+\})")
# A secret of a snapshot: the state knows it by this fingerprint.
KEPT = re.compile(r"\$\{secret:([0-9a-f]+)\}")
# What the name of a confidential argument holds, mistyped ones included.
_SECRET_NAME = re.compile(r"pas+w|pass|pwd|\bpw\b|secret|psk", re.IGNORECASE)


def is_secret_name(name: str) -> bool:
    """Whether the value of a property or option with this name is confidential.

    `PSK` alone is a type, and the property that refers to its objects.
    """
    return name != "PSK" and _SECRET_NAME.search(name) is not None


def _names_source(value: str) -> bool:
    return bool(EXPRESSION.fullmatch(value) or KEPT.fullmatch(value) or VARIABLE.fullmatch(value))


def in_clear(argument: Property | Option) -> str:
    """What is wrong with a confidential text that stands in the script, or comes from a variable."""
    if argument.parameters:
        return "a secret is given in clear text"
    return "a secret stands in the script in clear text"


def secret_of(option: Option) -> Secret:
    """The secret that an option names, or holds itself."""
    value = option.value or ""
    if EXPRESSION.fullmatch(value):
        return Secret(value)
    return Secret(f"the script at {option.span}", value)


def secret_spans(script: Script) -> tuple[Span, ...]:
    """Every place in `script` whose text nobody may see.

    So are words that hold a confidential name (a dash may be wrong, or the place), and all words after one:
    blanks may have torn the value, or its quotes be forgotten.
    """
    spans: list[Span] = []
    for command in script.commands:
        is_after_secret = False
        for argument in (command.verb, *command.arguments):
            match argument:
                case Property() | Option():
                    is_after_secret = is_secret_name(argument.name)
                    value = argument.value
                    if is_after_secret and value and not _names_source(value):
                        spans.append(argument.value_span)
                case Word():
                    is_after_secret = is_after_secret or is_secret_name(argument.text)
                    if is_after_secret:
                        spans.append(argument.span)
                case _:
                    pass
    return tuple(spans)

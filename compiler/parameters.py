"""A command and the values of script parameters in; the command with them filled in out.

A device replaces `$1`, `$2` … by what stands behind `script -execute -name=F`, and `$0` by the script's name.
A value stays one value, whatever is in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import PurePath

from ..grammar.ast import Argument, Command, Span, Word
from ..grammar.quoting import Parameters
from . import rules
from .diagnostics import Diagnostic, finding


def fill(command: Command, values: Mapping[str, str]) -> tuple[Command, list[Diagnostic]]:
    """The command with its parameters filled in; findings for those without a value."""
    parts = (command.verb, *command.arguments)
    if not any(part is not None and part.parameters for part in parts):
        return command, []
    found: list[Diagnostic] = []
    for part in parts:
        if part is not None:
            found.extend(_missing(part, values))
    verb = None if command.verb is None else _filled(command.verb, values)
    arguments = tuple(_filled(argument, values) for argument in command.arguments)
    return replace(command, verb=verb, arguments=arguments), found


def script_name(file: str) -> str:
    """What `$0` stands for."""
    return PurePath(file).name


def _filled(argument: Argument, values: Mapping[str, str]) -> Argument:
    if not argument.parameters:
        return argument
    if isinstance(argument, Word):
        return replace(argument, text=_replaced(argument.text, argument.parameters, values))
    return replace(argument, value=_replaced(argument.value or "", argument.parameters, values))


def _replaced(text: str, parameters: Parameters, values: Mapping[str, str]) -> str:
    parts: list[str] = []
    end = 0
    for start, name in parameters:
        parts += (text[end:start], values.get(name, f"${name}"))
        end = start + 1 + len(name)
    return "".join((*parts, text[end:]))


def _missing(argument: Argument, values: Mapping[str, str]) -> Iterator[Diagnostic]:
    span: Span = argument.span if isinstance(argument, Word) else argument.value_span
    for name in dict.fromkeys(name for _, name in argument.parameters):
        if name not in values:
            yield finding(
                rules.PARAMETER,
                f"the script parameter `${name}` has no value",
                span,
                "a device would take it from the command that runs the script",
                help=f"give it one with `-D {name}=VALUE`, "
                f"or write `\\${name}` if a dollar sign is meant",
            )

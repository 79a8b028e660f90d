"""A command and the values of parameters in; the command with them filled in out.

A device replaces `$1`, `$2` … by what stands behind `script -execute -name=F`, and `$0` by the script's name.
`${var:NAME}` is ours. A value stays one value, whatever is in it: nothing in it is filled in again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import PurePath

from ..grammar.ast import Argument, Command, Span, Word
from ..grammar.quoting import Parameters, reference_to
from ..grammar.script import Script
from . import rules
from .diagnostics import Applicability, Diagnostic, finding
from .secrets import is_secret_name
from .suggest import did_you_mean
from .values import replacement


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


def about_others(
    command: Command, values: Mapping[str, str], found: Iterable[Diagnostic]
) -> list[Diagnostic]:
    """The findings that are not about an argument in which a parameter has no value."""
    lacking = [
        part.span
        for part in (command.verb, *command.arguments)
        if part is not None and any(name not in values for _, name in part.parameters)
    ]
    return [d for d in found if not any(_is_within(d.primary.span, span) for span in lacking)]


def _is_within(inner: Span, outer: Span) -> bool:
    begin, end = outer.column, outer.column + outer.length
    return inner.line == outer.line and begin <= inner.column < end


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
        reference = reference_to(name)
        parts += (text[end:start], values.get(name, reference))
        end = start + len(reference)
    return "".join((*parts, text[end:]))


def _missing(argument: Argument, values: Mapping[str, str]) -> Iterator[Diagnostic]:
    for place, name in argument.parameters:
        if name not in values:
            span = _place(argument, place, name)
            if name.isdecimal():
                yield finding(
                    rules.PARAMETER,
                    f"the script parameter `${name}` has no value",
                    span,
                    "a device would take it from the command that runs the script",
                    help=f"give it one with `-D {name}=VALUE`, "
                    f"or write `\\${name}` if a dollar sign is meant",
                )
            else:
                known = [other for other in values if not other.isdecimal()]
                meant = did_you_mean(name, known)
                yield finding(
                    rules.PARAMETER,
                    f"the variable `{name}` has no value",
                    span,
                    "nothing to put here",
                    help=f"did you mean `{reference_to(meant)}`?"
                    if meant
                    else f"give it one with `-D {name}=VALUE`, or in a file with --var-file",
                    fix=replacement(span, reference_to(meant), Applicability.UNSAFE)
                    if meant
                    else None,
                )


def _place(argument: Argument, place: int, name: str) -> Span:
    """Where a parameter stands; the whole value where quotes or escapes hide it."""
    if isinstance(argument, Word):
        span, text = argument.span, argument.text
    else:
        span, text = argument.value_span, argument.value or ""
    return span.part(place, len(reference_to(name))) if span.length == len(text) else span


def used_parameters(scripts: Iterable[Script]) -> tuple[frozenset[str], frozenset[str]]:
    """The names of the parameters in `scripts`, and of those that stand for a secret."""
    used: set[str] = set()
    secret: set[str] = set()
    for script in scripts:
        if "$" not in script.text:
            continue
        for command in script.commands:
            for part in (command.verb, *command.arguments):
                if part is not None and part.parameters:
                    names = {name for _, name in part.parameters}
                    used |= names
                    if not isinstance(part, Word) and is_secret_name(part.name):
                        secret |= names
    return frozenset(used), frozenset(secret)

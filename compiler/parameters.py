"""A command and the values of script parameters in; the command with them filled in out.

A device replaces `$1`, `$2` … by what stands behind `script -execute -name=F`, and `$0` by the script's name.
`${var:NAME}` is csc's own. A value stays one value, whatever is in it: it is not looked through for `${…}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from ..grammar.ast import Argument, Command, Filling, Span, Word
from ..grammar.quoting import Form, Parameter
from . import rules
from .characters import fault_in
from .diagnostics import Diagnostic, finding
from .suggest import did_you_mean

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


@dataclass(slots=True)
class Given:
    """What is known of the parameters of a run.

    `values` are those that were given, `places` tells of some in which file; `secret` are the names of those
    that hold secrets. The rest is learned on the way: `filled` is which parameter stands at a place,
    `unfilled` the places without a value, `meant` the names that others were probably misspelt for.
    """

    values: Mapping[str, str]
    places: Mapping[str, str]
    secret: frozenset[str]
    filled: dict[Span, Parameter] = field(default_factory=dict[Span, Parameter])
    unfilled: set[Span] = field(default_factory=set[Span])
    meant: set[str] = field(default_factory=set[str])


def is_variable_name(text: str) -> bool:
    """Whether `${var:…}` can have this name."""
    return _NAME.fullmatch(text) is not None


def fill(
    command: Command, given: Given, script: str, secret_places: Iterable[bool]
) -> tuple[Command, list[Diagnostic]]:
    """The command with its parameters filled in; findings for those that cannot be.

    `script` is what `$0` stands for. `secret_places` tells for each part of the command, the verb first,
    whether a secret is expected there.
    """
    parts = (command.verb, *command.arguments)
    found: list[Diagnostic] = []
    filled = [
        part
        if part is None or not part.parameters
        else _filled(part, given, script, is_secret, found)
        for part, is_secret in zip(parts, secret_places, strict=True)
    ]
    arguments = tuple(part for part in filled[1:] if part is not None)
    return replace(command, verb=filled[0], arguments=arguments), found


def has_parameters(command: Command) -> bool:
    """Whether there is anything to fill in."""
    return any(part is not None and part.parameters for part in (command.verb, *command.arguments))


def script_name(file: str) -> str:
    """What `$0` stands for."""
    return PurePath(file).name


def span_of(argument: Argument, parameter: Parameter) -> Span:
    """Where a parameter of an argument that is not filled in yet stands."""
    whole = argument.span if isinstance(argument, Word) else argument.value_span
    return whole.part(parameter.at, len(parameter.text))


def _filled(
    argument: Argument, given: Given, script: str, is_secret: bool, found: list[Diagnostic]
) -> Argument:
    text = argument.text if isinstance(argument, Word) else argument.value or ""
    parts: list[str] = []
    fillings: list[Filling] = []
    length = end = 0
    told: set[Parameter] = set()
    for parameter in argument.parameters:
        if parameter.form is Form.DOLLAR:
            continue
        span = span_of(argument, parameter)
        value = script if parameter.name == "0" else given.values.get(parameter.name)
        wrong = _wrong(parameter, span, value, given, is_secret)
        given.filled[span] = parameter
        if wrong is not None:
            if parameter not in told:
                found.append(wrong)
            told.add(parameter)
            given.unfilled.add(span)
        before = text[end : parameter.place]
        stands = parameter.text if wrong is not None or value is None else value
        fillings.append(Filling(length + len(before), len(stands), span))
        parts += (before, stands)
        length += len(before) + len(stands)
        end = parameter.place + len(parameter.text)
    value = "".join((*parts, text[end:]))
    # A finding about the value is one about what was filled in, if that is one thing.
    at = fillings[0].span if len(fillings) == 1 else None
    dollars = tuple(p for p in argument.parameters if p.form is Form.DOLLAR)
    if isinstance(argument, Word):
        return Word(value, at or argument.span, dollars, tuple(fillings))
    return replace(argument, value=value, parameters=dollars, value_at=at, fillings=tuple(fillings))


# -- what can be wrong -----------------------------------------------------------------------------


def _wrong(
    parameter: Parameter, span: Span, value: str | None, given: Given, is_secret: bool
) -> Diagnostic | None:
    name, shown = parameter.name, parameter.text
    if parameter.form is Form.OPEN:
        return finding(
            rules.PARAMETER,
            f"`{shown}` lacks its closing brace",
            span,
            "begins a variable",
            help="write `${var:NAME}`, without blanks; or `\\${var:` if a dollar sign is meant",
        )
    if parameter.form is Form.VARIABLE and not is_variable_name(name):
        return finding(
            rules.PARAMETER,
            f"`{name}` cannot be a variable's name" if name else "a variable has no name",
            span,
            help="a name begins with a letter, and has letters, digits, `_`, `-` and `.` in it",
        )
    if value is None:
        return _missing(parameter, span, given)
    if name in given.secret and not is_secret:
        return finding(
            rules.SECRET_EXPOSED,
            f"`{shown}` holds a secret, and everybody sees what stands here",
            span,
            "would be in the plan and in the configuration",
            help="it stands for a password elsewhere: use another variable here",
        )
    fault = fault_in(value)
    if fault is not None:
        what, code = fault
        return finding(
            rules.INVISIBLE_CHARACTER,
            f"the value of `{shown}` holds {what}{'' if name in given.secret else f' ({code})'}",
            span,
            _origin(parameter, given),
            help="give it a value without",
        )
    return None


def _missing(parameter: Parameter, span: Span, given: Given) -> Diagnostic:
    name = parameter.name
    if parameter.form is Form.NUMBER:
        return finding(
            rules.PARAMETER,
            f"the script parameter `${name}` has no value",
            span,
            "a device would take it from the command that runs the script",
            help=f"give it one with `-D {name}=VALUE`, "
            f"or write `\\${name}` if a dollar sign is meant",
        )
    meant = did_you_mean(name, [known for known in given.values if is_variable_name(known)])
    if meant is not None:
        given.meant.add(meant)
    way_out = f"give it one with `-D {name}=VALUE`, or in a --var-file"
    return finding(
        rules.PARAMETER,
        f"the variable `{name}` has no value",
        span,
        "nothing was given for it",
        help=f"did you mean `{meant}`? Or {way_out}" if meant else way_out,
    )


def _origin(parameter: Parameter, given: Given) -> str:
    """Where the value of a parameter comes from."""
    if parameter.name == "0":
        return "the name of the script"
    place = given.places.get(parameter.name)
    return f"given in {place}" if place else "given with -D"


def unused(given: Given, used: frozenset[str], end: Span) -> Iterator[Diagnostic]:
    """Find parameters that were given and that no script has; but not those that one was misspelt for."""
    for name in sorted(given.values.keys() - used - given.meant - {"0"}):
        place = given.places.get(name)
        shown = f"${name}" if name.isdecimal() else f"${{var:{name}}}"
        yield finding(
            rules.UNUSED_PARAMETER,
            f"`{name}` is given {f'in {place}' if place else 'with -D'} and never used",
            end,
            f"up to here there is no `{shown}`",
            help="leave it out, or see whether its name is right",
        )


# -- what follows ----------------------------------------------------------------------------------

_OWN = frozenset({rules.PARAMETER, rules.SECRET_EXPOSED, rules.INVISIBLE_CHARACTER})


def explained(findings: Iterable[Diagnostic], given: Given) -> list[Diagnostic]:
    """Findings with what the parameters have to do with them.

    What follows from a missing value is left out. A finding about what was filled in tells where that comes
    from; and no fix overwrites a parameter.
    """
    if not given.filled:
        return list(findings)
    lines: dict[tuple[str, int], list[Span]] = {}
    for span in given.filled:
        lines.setdefault((span.file, span.line), []).append(span)

    def met(span: Span) -> list[Span]:
        here = lines.get((span.file, span.line), ())
        return [s for s in here if _overlap(s, span)]

    left: list[Diagnostic] = []
    for found in findings:
        spans = met(found.primary.span)
        is_own = found.rule in _OWN
        # What becomes of changes and certificates does not hang on a value.
        is_consequence = not is_own and found.rule.code[3] != "3"
        if is_consequence and any(span in given.unfilled for span in spans):
            continue
        if found.fix and any(met(edit.span) for edit in found.fix.edits):
            found = replace(found, fix=None)
        if len(spans) == 1 and is_consequence:
            parameter = given.filled[spans[0]]
            note = f"`{parameter.text}` is {_origin(parameter, given)}"
            found = replace(found, notes=(*found.notes, note))
        left.append(found)
    return left


def _overlap(a: Span, b: Span) -> bool:
    return a.column < b.column + b.length and b.column < a.column + a.length

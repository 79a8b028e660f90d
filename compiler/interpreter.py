"""Commands in, one after the other; the abstract device after them, and findings, out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from ..grammar.ast import (
    Argument,
    Command,
    Option,
    Prompt,
    Property,
    Word,
)
from ..grammar.quoting import Parameters, shifted
from ..grammar.script import Script
from . import rules
from .address import ROOT
from .arguments import Arguments, sort_out
from .certmgr import certmgr
from .characters import check_characters, without_consequences
from .context import change_context
from .diagnostics import Diagnostic, finding
from .machine import Machine
from .objects import add, delete, set_
from .other_commands import look, refuse
from .other_commands import script as script_command
from .parameters import fill, has_parameters, script_name
from .plan import Activate, Commit
from .references import check_references
from .secrets import is_secret_name
from .suggest import did_you_mean
from .syntax import syntax_finding
from .values import replacement

_PROPERTY = re.compile(r"([A-Za-z_][A-Za-z0-9_-]*)=(.*)", re.DOTALL)
_OPTION = re.compile(r"-([A-Za-z][A-Za-z0-9_-]*)(?:=(.*))?", re.DOTALL)

_MOST_FINDINGS = 100_000

Handler = Callable[[Machine, Word, Arguments], None]


def run(machine: Machine, script: Script) -> None:
    """Run one script on the abstract device; it begins at the root, as a new session does."""
    machine.context = ROOT
    for problem in script.problems:
        machine.report(syntax_finding(problem))
    name = script_name(script.file)
    for command in _gather(machine, script.commands):
        if has_parameters(command):
            filled, found = fill(command, machine.given, name, machine.takes.places(command))
            machine.report(*found)
            _step(machine, filled)
        else:
            _step(machine, command)
        machine.commands += 1
        machine.before = command.last_span
        if len(machine.diagnostics) > _MOST_FINDINGS:
            machine.report(_too_many(command))
            break
    machine.before = None
    invisible = list(check_characters(script))
    if invisible:
        machine.diagnostics[:] = without_consequences(machine.diagnostics, invisible)
        machine.report(*invisible)


def _too_many(command: Command) -> Diagnostic:
    """The finding that there are too many; memory, too, has an end."""
    part = command.verb or command.prompt
    assert part is not None  # noqa: S101  (a command has at least one)
    return finding(
        rules.TOO_LARGE,
        f"more than {_MOST_FINDINGS:,} findings",
        part.span,
        "nothing is checked from here on",
        help="is this a script for this device?",
    )


def _gather(machine: Machine, commands: Iterable[Command]) -> Iterator[Command]:
    """The commands, each with the arguments that were written at the first column by mistake."""
    above: Command | None = None
    gathered: list[Argument] = []
    for command in commands:
        argument = _misplaced(command)
        if above is not None and argument is not None:
            machine.report(_unknown_command(command))
            gathered += (argument, *command.arguments)
            continue
        if above is not None:
            yield _with(above, gathered)
        above, gathered = command, []
    if above is not None:
        yield _with(above, gathered)


def _with(command: Command, more: list[Argument]) -> Command:
    return replace(command, arguments=(*command.arguments, *more)) if more else command


def _misplaced(command: Command) -> Property | Option | None:
    """The first word of a command, if it looks like an argument of the one above."""
    verb = command.verb
    if command.prompt is not None or command.is_orphan or not isinstance(verb, Word):
        return None
    if match := _PROPERTY.fullmatch(verb.text):
        return Property(match[1], match[2], verb.span, _behind(match, verb))
    if match := _OPTION.fullmatch(verb.text):
        return Option(match[1], match[2], verb.span, _behind(match, verb))
    return None


def _behind(match: re.Match[str], verb: Word) -> Parameters:
    """The parameters in the value of an argument that was read as a word."""
    start = match.start(2)
    return shifted(tuple(p for p in verb.parameters if p.place >= start > 0), -start, -start)


def _step(machine: Machine, command: Command) -> None:
    if command.prompt is not None:
        _check_prompt(machine, command.prompt)
    if command.verb is None:
        return
    if not isinstance(command.verb, Word) or command.verb.text not in HANDLERS:
        machine.report(_unknown_command(command))
    verb = _verb(command.verb)
    handler = HANDLERS.get(verb.text) if verb is not None else None
    if handler is not None and verb is not None:
        arguments, found = sort_out(command.arguments)
        if handler is not look:
            machine.report(*found)
        handler(machine, verb, arguments)


def _check_prompt(machine: Machine, prompt: Prompt) -> None:
    shown = "/" + "/".join(prompt.path)
    context = machine.context
    # cOS Core shows the name alone: `Device:/main>`.
    is_here = shown == context.prompt or (not context.is_root and prompt.path == (context.name,))
    if not is_here and not machine.is_assumed(context):
        machine.report(
            finding(
                rules.PROMPT_MISMATCH,
                f"the prompt shows {shown}, but the context is {context.prompt}",
                prompt.span,
                "pasted from another context?",
                help="the command runs in the context that the commands before it lead to",
            )
        )


def _verb(verb: Argument) -> Word | None:
    """The command, or what an unknown word may have meant, which is carried out in its place."""
    if not isinstance(verb, Word) or verb.text in HANDLERS:
        return verb if isinstance(verb, Word) else None
    meant = did_you_mean(verb.text, HANDLERS)
    return replace(verb, text=meant) if meant is not None else None


def _unknown_command(command: Command) -> Diagnostic:
    verb = command.verb
    assert verb is not None  # noqa: S101  (the caller has seen it)
    text = verb.text if isinstance(verb, Word) else f"{verb.name}=…"
    if (
        not isinstance(verb, Word)
        or _misplaced(command) is not None
        or "=" in text
        or is_secret_name(text)
    ):
        return finding(
            rules.UNKNOWN_COMMAND,
            "a command has to begin here",
            verb.span,
            "this is an argument",
            help="there is no command above it to go on with"
            if command.is_orphan
            else "indent the line to go on with the command above it",
        )
    meant = did_you_mean(verb.text, HANDLERS)
    return finding(
        rules.UNKNOWN_COMMAND,
        f"there is no command `{text}`",
        verb.span,
        "unknown command",
        help=f"did you mean `{meant}`?" if meant else _KNOWN,
        fix=replacement(verb.span, meant) if meant else None,
    )


def _activate(machine: Machine, verb: Word, arguments: Arguments) -> None:
    _takes_nothing(machine, verb, arguments)
    check_references(machine, verb.span)
    machine.steps.flush(machine.candidate)
    if not machine.activate():
        machine.unchanged("activate", "the candidate is active already", verb.span)
        return
    machine.steps.barrier(Activate(), verb.span, "the candidate becomes active")


def _commit(machine: Machine, verb: Word, arguments: Arguments) -> None:
    _takes_nothing(machine, verb, arguments)
    machine.steps.flush(machine.candidate)
    if not machine.commit():
        machine.unchanged("commit", "the active configuration is committed already", verb.span)
        return
    machine.steps.barrier(Commit(), verb.span, "what is active survives a restart")


def _takes_nothing(machine: Machine, verb: Word, arguments: Arguments) -> None:
    extra = (*arguments.words, *arguments.properties.values(), *arguments.options.values())
    machine.report(
        *(
            finding(
                rules.UNEXPECTED_ARGUMENT,
                f"`{verb.text}` takes no arguments",
                argument.span,
                "has no meaning here",
            )
            for argument in extra
        )
    )


# Those that do something, for people.
_KNOWN = "known are add, set, delete, cc, certmgr, activate, commit, and others that only look"

HANDLERS: Mapping[str, Handler] = {
    "activate": _activate,
    "add": add,
    "cc": change_context,
    "certmgr": certmgr,
    "commit": _commit,
    "delete": delete,
    "reject": refuse,
    "reset": refuse,
    "script": script_command,
    "set": set_,
    "undelete": refuse,
    **dict.fromkeys(
        (
            "dconsole",
            "help",
            "ike",
            "license",
            "ls",
            "netobjects",
            "pcapdump",
            "ping",
            "radiussnoop",
            "show",
            "techsupport",
            "traceroute",
        ),
        look,
    ),
}

"""Commands that change no object: those that only look, and those whose effect nobody can foresee."""

from __future__ import annotations

from ..grammar.ast import Word
from . import rules
from .arguments import Arguments
from .diagnostics import finding
from .machine import Machine

# What `script` does to files of the device, and not to the configuration.
_ON_FILES = frozenset(("create", "remove", "show", "store"))
_INSTEAD = {
    "reject": "delete or set back what is not wanted",
    "reset": "leave it out: what it would delete is the device's whole configuration",
    "undelete": "add the object again",
    "script": "give csc the other script as well: `csc apply OTHER.cfg THIS.cfg`",
}


def look(machine: Machine, verb: Word, arguments: Arguments) -> None:
    """`show`, `ping` and others: skipped."""
    del arguments
    machine.report(
        finding(
            rules.NO_EFFECT,
            f"`{verb.text}` has no effect on the configuration, and is skipped",
            verb.span,
            help="`csc show` prints the committed configuration" if verb.text == "show" else None,
        )
    )


def script(machine: Machine, verb: Word, arguments: Arguments) -> None:
    """`script -run -name=F` does what a file of the device says; other forms only handle files."""
    if arguments.options.keys() & _ON_FILES and not arguments.options.keys() & {"run", "execute"}:
        look(machine, verb, arguments)
    else:
        refuse(machine, verb, arguments)


def refuse(machine: Machine, verb: Word, arguments: Arguments) -> None:
    """`reject` and others: what they do to the configuration is not known."""
    del arguments
    machine.report(
        finding(
            rules.UNFORESEEABLE,
            f"csc cannot tell what `{verb.text}` would do",
            verb.span,
            "the configuration after it is anybody's guess",
            help=_INSTEAD[verb.text],
        )
    )

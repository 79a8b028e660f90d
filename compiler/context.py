"""`cc`: which container the next commands work in."""

from __future__ import annotations

from ..grammar.ast import Word
from . import rules
from .address import ROOT
from .arguments import Arguments
from .diagnostics import finding
from .machine import Machine
from .naming import a_or_an, named_object, unexpected
from .objects import find

# Far more than any device nests; a script that forgets to leave would go ever deeper.
_DEEPEST = 32


def change_context(machine: Machine, verb: Word, arguments: Arguments) -> None:
    """`cc Type Name` enters an object, `cc ..` leaves it, `cc` goes back to the root."""
    words = arguments.words
    for written in (*arguments.properties.values(), *arguments.options.values()):
        machine.report(unexpected(written.span, "cc takes a type and a name, `..` or nothing"))
    if not words:
        machine.context = ROOT
        return
    if len(words) == 1 and words[0].text == "..":
        machine.context = machine.context.parent
        return
    if len(words) == 1 and _report_path(machine, words[0]):
        return
    named = named_object(machine, verb, Arguments(words, {}, {}))
    if named is None:
        return
    if not named.type.is_container:
        machine.report(
            finding(
                rules.WRONG_CONTEXT,
                f"{a_or_an(named.type.name)} has nothing in it",
                named.type_span,
                "cannot be entered",
                help=f"change it from here with `set {named.type.name} {named.address.name} …`",
            )
        )
        return
    if len(machine.context.segments) >= _DEEPEST:
        machine.report(
            finding(
                rules.WRONG_CONTEXT,
                f"{_DEEPEST} containers are entered already",
                verb.span,
                "nothing lies so deep",
                help="leave them: `cc` goes back to the root",
            )
        )
        return
    machine.context = find(machine, named) or named.address


def _report_path(machine: Machine, word: Word) -> bool:
    """Find a target as shells have them, `-` or `/…`; the device's `cc` has none."""
    if word.text == "-":
        way_out, text = "write `cc ..` for one level up, or name the object", None
    elif word.text == "/":
        way_out, text = "`cc` alone goes back to the root", None
    elif word.text.startswith("/") or word.text.startswith("../"):
        parts = word.text.strip("/").split("/")
        text = " ".join(parts) if word.text.startswith("/") and len(parts) == 2 else None
        way_out = f"write `cc {text}`" if text else "enter one object after the other"
    else:
        return False
    machine.report(
        finding(
            rules.UNEXPECTED_ARGUMENT,
            f"`cc` takes no path such as `{word.text}`",
            word.span,
            "a type and a name, `..` or nothing",
            help=way_out,
        )
    )
    return True

"""Scripts in; where the options of their certmgr commands stand, by the place of the verb, out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..grammar.ast import Option, Span
from ..grammar.script import Script

# Where something stands, and the place of an option of the command whose verb is at a place.
Place = Span
Places = Callable[[Place, str], Place]
_SECRETS = ("username", "password")


def option_places(scripts: Sequence[Script]) -> Places:
    """The place of an option's value, from the place of its command's verb and its name.

    It is the place of the verb where there is no such option, and of the whole option where the value is
    confidential.
    """
    known: dict[tuple[Span, str], Span] = {}
    for script in scripts:
        if "certmgr" not in script.text:
            continue
        for command in script.commands:
            if command.verb is None:
                continue
            for part in command.arguments:
                if isinstance(part, Option):
                    place = part.span if part.name in _SECRETS else part.value_span
                    known.setdefault((command.verb.span, part.name), place)
    return lambda verb, name: known.get((verb, name), verb)

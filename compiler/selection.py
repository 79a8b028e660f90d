"""What people say of objects on the command line in; which objects they mean, out.

An object is named as in a reference (`cmp/clcert`), with its type (`Certificate cmp/clcert`), or by its path.
Within a name `*` stands for any characters, `?` for one. Whoever names a container means all in it, too.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable
from functools import cache

from ..grammar.ast import Span
from ..grammar.frozen import frozen
from . import rules
from .address import Address
from .diagnostics import Diagnostic, finding
from .schema.catalog import Catalog
from .suggest import did_you_mean

COMMAND_LINE = "<command line>"


@frozen
class Selection:
    """Objects that a plan is to be about, and those that it leaves out; certificates to be replaced."""

    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    replace: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left out."""
        return not (self.only or self.skip)

    @property
    def words(self) -> tuple[tuple[str, str], ...]:
        """Each option with what it names."""
        return (
            *(("--only", text) for text in self.only),
            *(("--skip", text) for text in self.skip),
            *(("--replace", text) for text in self.replace),
        )

    @property
    def lines(self) -> list[str]:
        """A line for each option, for findings to point into (see `place`)."""
        return [f"{option} {shlex.quote(text)}" for option, text in self.words]

    def place(self, option: str, text: str) -> Span:
        """Where the option names `text`."""
        line = self.words.index((option, text)) + 1
        return Span(COMMAND_LINE, line, len(option) + 2, len(shlex.quote(text)))


Selector = Callable[[Address], bool]


def selector(texts: Iterable[str], catalog: Catalog) -> Selector:
    """Whether one of the texts means an object, or a container of it."""
    named = [_named(text, catalog) for text in texts]

    @cache
    def is_selected(address: Address) -> bool:
        if address.is_root:
            return False
        return any(is_named(address) for is_named in named) or is_selected(address.parent)

    return is_selected


def _named(text: str, catalog: Catalog) -> Selector:
    whole = _pattern(text.strip())
    kind, _, rest = text.strip().partition(" ")
    types = catalog.categories.get(kind, (kind,))
    reference = _pattern(rest.strip())

    def is_named(address: Address) -> bool:
        names = (address.reference, address.path, address.prompt)
        return any(map(whole.fullmatch, names)) or (
            address.type in types and reference.fullmatch(address.reference) is not None
        )

    return is_named


def _pattern(text: str) -> re.Pattern[str]:
    """No star reaches across a slash: what lies deeper is meant with its container."""
    parts = (_WILD.get(character, re.escape(character)) for character in text)
    return re.compile("".join(parts), re.DOTALL)


_WILD = {"*": "[^/]*", "?": "[^/]"}


def check_selection(
    selection: Selection, known: Iterable[Address], catalog: Catalog
) -> list[Diagnostic]:
    """Find names that mean none of the known objects."""
    there = list(known)
    return [
        _nothing_selected(selection, option, text, there)
        for option, text in selection.words
        if not any(map(selector((text,), catalog), there))
    ]


def _nothing_selected(
    selection: Selection, option: str, text: str, known: list[Address]
) -> Diagnostic:
    meant = _meant(text, known)
    return finding(
        rules.NOTHING_SELECTED,
        f"`{option}` names `{text}`, and neither script nor device has such an object",
        selection.place(option, text),
        "nothing by this name",
        help=f"did you mean `{meant}`?"
        if meant
        else "name it as the plan does: `cmp/clcert`, `Certificate cmp/clcert`, or a container",
    )


def _meant(text: str, known: list[Address]) -> str | None:
    kind, _, name = text.strip().rpartition(" ")
    of_kind = [a for a in known if not kind or a.type == kind] or known
    # The store is easily forgotten.
    below = sorted(a.reference for a in of_kind if a.name == name)
    meant = below[0] if below else did_you_mean(name, {a.reference for a in of_kind})
    if meant is None:
        return None
    return f"{kind} {meant}" if any(a.type == kind for a in known) else meant

"""Parts of a Markdown comment in; one that fits a limit out, with nothing in it that a script made up.

Text of scripts reaches Markdown in two ways: inside a fence that is longer than any run of backticks in it,
on lines that begin with a mark of ours; or as `<code>` whose punctuation is written as character references,
which Markdown never takes for structure. In both, services look for no names and numbers to link.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ...grammar.frozen import frozen
from .source_text import printable

# What stays as it is reads well and means nothing to Markdown or HTML within a line.
_SPECIAL = re.compile(r"[!-+:<>?@\[-`{-~]|(?<=[wW])\.")
_BACKTICKS = re.compile("`+")
# Room for the sentence that counts what was cut.
_NOTE = 240


@frozen
class Part:
    """A section: what stands around its items, which are cut as wholes if room is short.

    `counted` names one item: `step`.
    """

    before: str
    items: tuple[str, ...]
    after: str
    counted: str

    def size(self) -> int:
        """How many characters the whole part takes."""
        return len(self.text(self.items))

    def text(self, items: Sequence[str]) -> str:
        """The part with these of its items."""
        return "\n".join(("", self.before, *items, self.after))

    def fitting(self, room: int) -> list[str]:
        """The items that fit into so many characters. What follows one that is too long still may."""
        room -= len(self.text(()))
        kept: list[str] = []
        for item in self.items:
            if len(item) + 1 <= room:
                kept.append(item)
                room -= len(item) + 1
        return kept


def inline(text: str) -> str:
    """Text of a script within a line or a cell of a table."""
    return f"<code>{_SPECIAL.sub(lambda m: f'&#{ord(m[0])};', printable(text))}</code>"


def fenced(title: str, items: Sequence[str], counted: str) -> Part:
    """A diff in a fence. Every line of the items begins with a mark that is no backtick."""
    longest = max((len(run) for item in items for run in _BACKTICKS.findall(item)), default=0)
    fence = "`" * max(3, longest + 1)
    return Part(f"### {title}\n\n{fence}diff", tuple(items), f"{fence}\n", counted)


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], counted: str) -> Part:
    """A table; cells that hold text of a script are made by `inline`."""
    head = f"### {title}\n\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}"
    return Part(head, tuple(f"| {' | '.join(row)} |" for row in rows), "", counted)


def bullets(title: str, items: Sequence[str], counted: str) -> Part:
    """A list."""
    return Part(f"### {title}\n", tuple(f"- {item}" for item in items), "", counted)


def fit(head: str, parts: Sequence[Part], limit: int) -> str:
    """The comment in at most `limit` characters, of which `head` is few; it says what was cut.

    Each part has an equal share of the room; what one leaves goes to those that lack, the first ones first.
    """
    parts = [part for part in parts if part.items]
    whole = head + "".join(part.text(part.items) for part in parts)
    if len(whole) <= limit:
        return whole
    rest = limit - len(head) - _NOTE
    granted = [min(part.size(), rest // len(parts)) for part in parts]
    rest -= sum(granted)
    out, cut = head, list[str]()
    for part, room in zip(parts, granted, strict=True):
        more = min(part.size() - room, rest)
        rest -= more
        kept = part.fitting(room + more)
        if kept:
            out += part.text(kept)
        number = len(part.items) - len(kept)
        if number:
            cut.append(f"{number} {part.counted}{'s' if number > 1 else ''}")
    return (
        f"{out}\n**Cut here to fit {limit} characters: {', '.join(cut)}.** `csc plan` shows all.\n"
    )

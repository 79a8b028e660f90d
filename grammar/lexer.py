"""Script text in, one token for each logical line out: what Lark's parser reads.

The patterns are the grammar's own terminals, put together. Alternatives that come first are short cuts for
what most scripts hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import islice

from lark import Token
from lark.common import LexerConf
from lark.lexer import Lexer

# A terminal's pattern by its name in the grammar.
Terminals = Callable[[str], str]

# Commands and comments of one script: memory has an end, too.
MOST_LINES = 2_000_000


class LineLexer(Lexer):
    """A lexer for Lark. Its tokens cover the text without a gap, but for the last blanks."""

    def __init__(self, conf: LexerConf) -> None:
        by_name = conf.terminals_by_name
        pattern = logical_line_pattern(lambda name: by_name[name].pattern.to_regexp())
        self._scan = pattern.finditer

    def lex(self, data: str) -> Iterator[Token]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The tokens: COMMAND, PROMPTED, ORPHAN and COMMENT, each with the blanks before it.

        Of a text with more than `MOST_LINES` only the first ones.
        """
        for match in islice(self._scan(data), MOST_LINES):
            kind = match.lastgroup or ""
            if kind != "END":
                # Without its text, which the source has already.
                yield Token(kind, "", match.start(), end_pos=match.end())


def logical_line_pattern(terminal: Terminals) -> re.Pattern[str]:
    """One logical line with the blanks before it; the group that matched is its kind."""
    join, comment, word = terminal("JOIN"), terminal("COMMENT"), terminal("WORD")
    # Empty lines and comments do not end a command, if a line that goes on with it follows.
    between = rf"(?:(?:[ \t]|{join})*+{comment}|(?:[ \t\r]|{join})*+(?=\n))\n"
    no_command = rf"(?!{terminal('VERB')}|{terminal('PROMPT')}|[#\n])"
    fold = rf"[ \t\r]*+\n(?:{between})*+[ \t\r]++{no_command}"
    # Blanks are taken as a whole: a fold is not looked for again at each of them.
    gap = rf"(?:[ \t]++(?![\r\n\\])|\n[ \t]++(?=[A-Z][A-Za-z]*+=)|(?:{fold}|[ \t\r]++|{join})*+)"
    rest = rf"(?:{gap}{word})*+"
    # A word begins a command at the first column, or where a line is joined to an empty one.
    head = rf"(?:(?(1)|(?<![ \t\r])){word}|{terminal('VERB')})"
    return re.compile(
        rf"(?:{terminal('BLANK')}++|({join}))*+(?:"
        rf"(?P<COMMENT>{comment})"
        rf"|(?P<PROMPTED>{terminal('PROMPT')}{rest})"
        rf"|(?P<COMMAND>{head}{rest})"
        rf"|(?P<ORPHAN>{word}{rest})"
        r"|(?P<END>\Z)"  # without it, a search would begin again at each of the last blanks
        r")"
    )


def argument_pattern(terminal: Terminals) -> re.Pattern[str]:
    """One argument, with the blanks, line ends and comments before it; the group is its kind."""
    join = terminal("JOIN")
    gap = rf"(?:\n(?:(?:[ \t]|{join})*+{terminal('COMMENT')})?|[ \t\r]++|{join})*+"
    kinds = "|".join(f"(?P<{name}>{terminal(name)})" for name in ("PROPERTY", "OPTION", "WORD"))
    return re.compile(rf"(?:[ \t\r\n]*+(?![#\\])|{gap})(?:{kinds})")

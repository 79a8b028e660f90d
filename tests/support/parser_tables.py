"""grammar/tables.py, made from the grammar. Run it as a module to write it:

    cd tests && PYTHONHASHSEED=0 ../.venv/bin/python -m support.parser_tables

(Lark numbers the parser's states in the order of sets: with another seed they have other numbers.)
"""

from pprint import pformat

from csc.grammar.lines import made_of, make_parser
from lark.grammar import Rule
from lark.lexer import TerminalDef

from support.command import REPOSITORY

_HEAD = '''\
"""What Lark makes of cos.lark: its tables. Made by tests/support/parser_tables.py, not by hand."""

# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from typing import Any

from .lexer import LineLexer
'''


def render() -> str:
    """The module's text: its constants are what Lark.save would write."""
    data, memo = make_parser().memo_serialize([TerminalDef, Rule])
    del data["options"]["transformer"]
    constants = {
        "MADE_OF: tuple[str, str]": made_of(),
        "DATA: dict[str, Any]": data,
        "MEMO: dict[int, Any]": memo,
    }
    text = _HEAD
    for name, value in constants.items():
        shown = pformat(value, width=120, compact=True, sort_dicts=False)
        shown = shown.replace("<class 'csc.grammar.lexer.LineLexer'>", "LineLexer")
        text += f"\n{name} = \\\n{shown}\n"
    return text


if __name__ == "__main__":
    (REPOSITORY / "grammar" / "tables.py").write_text(render(), encoding="utf-8")

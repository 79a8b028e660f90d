"""A rule in, its page out: Markdown, as `pages/NAME.md` beside this module holds it.

A page has no headline of its own, so that it cannot differ from the rule's. It says first what is found,
then has the sections `Why it matters`, `Wrong` and `Right`. Its examples are fenced blocks, whose first line
says what they are:

    cos wrong   breaks the rule, and no other
    cos right   breaks none
    cos before  was applied before, for both

and behind that, where it matters: `strict` (with --strict), `now=DATE` (at this date), `missing=NAME` (there
is no such file), `also=RULE` (it breaks this one, too), `encoding=NAME` (of the script), `1=VALUE` (a script
parameter), `shown` (it takes more than a script to break the rule). Tests compile all others.

The device of the examples holds a store `cmp` with the CA's root `cacert` and an empty Certificate `gw` of
Type=CMPv2, and the CMPServer `ca`; every file is there. An example may leave out `activate` and `commit`
where nothing depends on them.
"""

from __future__ import annotations

from pathlib import Path

from ..diagnostics import Rule

PAGES = Path(__file__).with_name("pages")


def read_page(rule: Rule) -> str:
    """The page of `rule`."""
    return (PAGES / f"{rule.name}.md").read_text(encoding="utf-8")

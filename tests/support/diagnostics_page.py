"""docs/diagnostics.md, made from the rules and their pages. Run it as a module to write the page."""

import re

from csc.compiler.diagnostics import Rule
from csc.compiler.rules import GROUPS, RULES
from csc.compiler.rules.page import read_page

from support.command import REPOSITORY

_HEAD = """\
# Diagnostics

Every finding has a code and a readable name, which are stable and mean the same. An error stops `plan` and
`apply`; a warning does not. `csc explain NAME` prints what stands here; [Silencing](silencing.md) tells how
findings are left out.

The device of the examples holds a CertificateStore `cmp`, in it the CA's root `cacert` and an empty
Certificate `gw` of Type=CMPv2, and a CMPServer `ca`. Where nothing depends on `activate` and `commit` at the
end, they are left out.

"""


def render() -> str:
    groups = [
        (title, [rule for rule in RULES if rule.code[3] == digit])
        for digit, title in GROUPS.items()
    ]
    text = _HEAD
    for title, rules in groups:
        if rules:
            text += f"## {title}\n\n{_table(rules)}\n" + "".join(map(_page, rules))
    return text.rstrip("\n") + "\n"


def _table(rules: list[Rule]) -> str:
    text = "| code | name | severity | finds |\n|---|---|---|---|\n"
    for rule in rules:
        anchor = f"#{rule.code}-{rule.name}".lower()
        text += f"| {rule.code} | [`{rule.name}`]({anchor}) | {rule.severity} | {rule.summary} |\n"
    return text


def _page(rule: Rule) -> str:
    page = re.sub(r"^##", "####", read_page(rule), flags=re.MULTILINE)
    return f"### {rule.code} {rule.name}\n\n{page}\n"


if __name__ == "__main__":
    (REPOSITORY / "docs" / "diagnostics.md").write_text(render(), encoding="utf-8")

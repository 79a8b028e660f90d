"""docs/diagnostics.md, made from the table of rules. Run it as a module to write the page."""

from csc.compiler.rules import RULES

from support.command import REPOSITORY

_HEAD = """\
# Diagnostics

Every finding has a code and a readable name, which are stable and mean the same. An error stops `plan` and
`apply`; a warning does not. [Silencing](silencing.md) tells how findings are left out.

"""
_GROUPS = {
    "1": "Syntax",
    "2": "Names and types",
    "3": "Certificate life cycle",
    "4": "Secrets and security",
    "5": "Plan and state",
}


def render() -> str:
    text = _HEAD
    for digit, title in _GROUPS.items():
        of_group = [rule for rule in RULES if rule.code[3] == digit]
        if of_group:
            text += f"## {title}\n\n| code | name | severity | finds |\n|---|---|---|---|\n"
            for rule in of_group:
                text += f"| {rule.code} | `{rule.name}` | {rule.severity} | {rule.summary} |\n"
            text += "\n"
    return text.rstrip("\n") + "\n"


if __name__ == "__main__":
    (REPOSITORY / "docs" / "diagnostics.md").write_text(render())

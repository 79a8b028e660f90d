"""compiler/rules/README.md: where each rule is checked and shown. Run it as a module to write the page."""

import ast
from collections import defaultdict
from functools import cache
from pathlib import Path

from csc.compiler import rules
from csc.compiler.diagnostics import Rule

from support.command import REPOSITORY

PAGE = REPOSITORY / "compiler" / "rules" / "README.md"
_SOURCES = ("compiler", "cli", "runtime")
_CASES = ("tests/cases", "tests/fixes", "tests/formats")

_HEAD = """\
# Rules

All that belongs to a rule is found by its name: its line in `__init__.py`, the functions that check it, its
page `pages/NAME.md` with the examples that are its first tests, and the further cases that expect it. This
table is made from the code; a test holds it to it.

| rule | checked in | page | cases |
|---|---|---|---|
"""


def render() -> str:
    checks, cases = checks_by_rule(), _cases_by_rule()
    lines = (
        f"| {rule.code} `{rule.name}` | {'<br>'.join(checks[rule])} "
        f"| [page](pages/{rule.name}.md) | {'<br>'.join(_short(cases[rule]))} |\n"
        for rule in rules.RULES
    )
    return _HEAD + "".join(lines)


@cache
def checks_by_rule() -> dict[Rule, list[str]]:
    """Of each rule the functions, or tables, that name it: `compiler/ending.py: check_ending`."""
    by_constant = {name: value for name, value in vars(rules).items() if isinstance(value, Rule)}
    found: dict[Rule, list[str]] = defaultdict(list)
    for path in _modules():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for statement in tree.body:
            for name in dict.fromkeys(_names_of_rules(statement)):
                if name in by_constant:
                    where = f"`{path.relative_to(REPOSITORY)}: {_title(statement)}`"
                    found[by_constant[name]].append(where)
    return found


def _modules() -> list[Path]:
    inside = (p for folder in _SOURCES for p in sorted((REPOSITORY / folder).rglob("*.py")))
    return [path for path in inside if "rules" not in path.parts]


def _names_of_rules(statement: ast.stmt) -> list[str]:
    """The constants that a statement takes from the rules, as `rules.NAME` or imported by name."""
    if isinstance(statement, ast.ImportFrom | ast.Import):
        return []
    return [
        node.attr if isinstance(node, ast.Attribute) else node.id
        for node in ast.walk(statement)
        if isinstance(node, ast.Name)
        or (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "rules"
        )
    ]


def _title(statement: ast.stmt) -> str:
    match statement:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
        case _:
            return f"line {statement.lineno}"


def _cases_by_rule() -> dict[Rule, list[str]]:
    found: dict[Rule, list[str]] = defaultdict(list)
    for folder in _CASES:
        for path in sorted((REPOSITORY / folder).rglob("*.expected")):
            text = path.read_text(encoding="utf-8")
            for rule in rules.RULES:
                if f"[{rule.code} {rule.name}]" in text:
                    found[rule].append(f"`{path.relative_to(REPOSITORY).with_suffix('')}`")
    return found


def _short(cases: list[str]) -> list[str]:
    """A few: the others are found by the rule's name."""
    return cases if len(cases) <= 3 else [*cases[:2], f"and {len(cases) - 2} more"]


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")

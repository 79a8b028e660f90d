"""Imports run one way, cli -> runtime -> compiler -> grammar, and libraries stay where they belong."""

import ast
import tomllib
from pathlib import Path

import pytest
from support.command import REPOSITORY

LAYERS = ("grammar", "compiler", "runtime", "cli")
MAY_IMPORT = {
    "grammar": set(),
    "compiler": {"grammar"},
    "runtime": {"compiler"},
    "cli": {"grammar", "compiler", "runtime"},
}
ONLY_IN = {
    "httpcore": ("runtime/cmp/transport.py", "runtime/cmp/http/network.py"),
    "httpx": "runtime/cmp/transport.py",
    "igraph": "cli/views/graph/igraph_process.py",
    "keyring": "runtime/keyrings.py",
    "lark": "grammar",
    "pyasn1": "runtime/cmp/codec",
}


def modules(layer: str) -> list[Path]:
    return sorted((REPOSITORY / layer).rglob("*.py"))


def imported(path: Path) -> set[tuple[str, ...]]:
    """The absolute names that a module imports; our own as paths from the repository's top."""
    relative = path.relative_to(REPOSITORY)
    names: set[tuple[str, ...]] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {tuple(alias.name.split(".")) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = tuple(node.module.split(".")) if node.module else ()
            if node.level:
                module = (*relative.parts[: -node.level], *module)
            names.add(module)
    return names


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_run_one_way(layer: str) -> None:
    for path in modules(layer):
        others = {name[0] for name in imported(path) if name and name[0] in LAYERS} - {layer}
        assert others <= MAY_IMPORT[layer], f"{path} imports {others}"


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_is_touched_in_one_place(library: str) -> None:
    for layer in LAYERS:
        for path in modules(layer):
            used = any(name and name[0].startswith(library) for name in imported(path))
            inside = str(path.relative_to(REPOSITORY)).startswith(ONLY_IN[library])
            assert inside or not used, f"{path} imports {library}"


def test_every_package_is_installed() -> None:
    """pyproject.toml lists each folder that holds modules: the wheel lacks none."""
    with (REPOSITORY / "pyproject.toml").open("rb") as file:
        listed = set(tomllib.load(file)["tool"]["setuptools"]["packages"])
    there = {
        ".".join(("csc", *path.parent.relative_to(REPOSITORY).parts))
        for layer in LAYERS
        for path in modules(layer)
    }
    assert listed == there


def test_verbs_of_grammar_and_compiler_agree() -> None:
    """The grammar knows a verb after indentation exactly if the compiler carries it out."""
    from csc.compiler.interpreter import HANDLERS

    text = (REPOSITORY / "grammar" / "cos.lark").read_text()
    terminal = next(line for line in text.splitlines() if line.startswith("VERB"))
    listed = terminal.partition("(?:")[2].partition(")")[0]
    assert set(listed.split("|")) == set(HANDLERS)

"""Paths in, parsed scripts and findings of a compilation out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from ..compiler import rules
from ..compiler.compile import Compilation, compile_scripts
from ..compiler.configuration import FileValue
from ..compiler.diagnostics import Diagnostic, finding
from ..compiler.machine import Circumstances
from ..compiler.plan import ObjectChange, Plan
from ..compiler.policy import Policy
from ..compiler.schema.catalog import Catalog
from ..compiler.selection import Selection
from ..grammar.ast import Span
from ..grammar.frozen import frozen
from ..grammar.parser import parse
from ..grammar.script import Script
from ..runtime.state.errors import StateError
from ..runtime.state.location import Location, parse_url
from ..runtime.uploads import content_id, read_upload
from .encoding import BOM, decode
from .exits import Failure
from .state import Base
from .variables import Variables

STDIN = "-"
_MOST_BYTES = 64 * 2**20
_SUFFIXES = (".cfg", ".sgs")


@frozen
class Sources:
    """The scripts of a command, findings about their encoding, and the folders of their uploads.

    `marked` are the files that begin with a byte order mark, which is no part of the text.
    """

    scripts: tuple[Script, ...]
    findings: tuple[Diagnostic, ...]
    folders: tuple[Path, ...]
    marked: frozenset[str]

    def has_mark(self, script: Script) -> bool:
        """Whether the script's file begins with a byte order mark."""
        return script.file in self.marked

    def apart(self) -> tuple[Sources, ...]:
        """Each script by itself, with its findings."""
        return tuple(
            replace(
                self,
                scripts=(script,),
                findings=tuple(f for f in self.findings if f.primary.span.file == script.file),
            )
            for script in self.scripts
        )


def scripts_below(paths: Sequence[str]) -> list[str]:
    """The paths of scripts: files as they are, of folders all scripts below, in order."""
    found: list[str] = []
    for path in paths:
        if path != STDIN and Path(path).is_dir():
            inside = (p for suffix in _SUFFIXES for p in Path(path).rglob(f"*{suffix}"))
            found += sorted(str(p) for p in inside if p.is_file())
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def read_sources(paths: Sequence[str], folders: Sequence[Path]) -> Sources:
    """Read and parse scripts; `-` is standard input. Uploads lie in `folders`, or beside the scripts.

    Raises:
        Failure: if a file cannot be read.
    """
    scripts: list[Script] = []
    findings: list[Diagnostic] = []
    beside: list[Path] = []
    marked: set[str] = set()
    for path in paths:
        data = _read(path)
        name = "<stdin>" if path == STDIN else path
        if len(data) > _MOST_BYTES:
            data = b""
            findings.append(_too_large(name))
        text, unreadable = decode(name, data)
        if unreadable is not None:
            findings.append(unreadable)
        if text.startswith(BOM):
            marked.add(name)
            text = text.removeprefix(BOM)
        scripts.append(parse(text, name))
        beside.append(Path.cwd() if path == STDIN else Path(path).parent)
    return Sources(
        tuple(scripts),
        tuple(findings),
        tuple(dict.fromkeys((*folders, *beside))),
        frozenset(marked),
    )


def _read(path: str) -> bytes:
    if path == STDIN and sys.stdin is None:  # pyright: ignore[reportUnnecessaryComparison]
        raise Failure("standard input is closed", "give it a script, or name a file")
    try:
        with nullcontext(sys.stdin.buffer) if path == STDIN else Path(path).open("rb") as file:
            return file.read(_MOST_BYTES + 1)  # a pipe may have no end
    except OSError as error:
        raise Failure(
            f"{path} cannot be read: {error.strerror}", "check the path and its permissions"
        ) from None


def _too_large(name: str) -> Diagnostic:
    return finding(
        rules.TOO_LARGE,
        f"the script has more than {_MOST_BYTES // 2**20} MiB",
        Span(name, 1, 1, 0),
        help="split it: several scripts run in order, on one device",
    )


def compile_sources(
    sources: Sources,
    *,
    base: Base,
    stand_in: str | None,
    is_strict: bool,
    catalog: Catalog,
    variables: Variables,
    policy: Policy,
    now: datetime,
    selection: Selection | None = None,
) -> Compilation:
    """Compile the scripts against a device's state (see `Circumstances`)."""

    def find_upload(name: str) -> str | None:
        data = read_upload(sources.folders, name)
        return base.files.get(name) if data is None else content_id(data)

    if sources.findings:
        return Compilation(sources.findings, None, None)
    circumstances = Circumstances(
        base.state,
        now,
        find_upload,
        stand_in,
        is_strict,
        catalog,
        base.fingerprint,
        variables.values,
        variables.places,
        policy,
        selection or Selection(),
    )
    return compile_scripts(sources.scripts, circumstances)


def uploads_by_content(sources: Sources, plan: Plan | None) -> Callable[[str], bytes | None]:
    """A look-up of uploaded bytes by content id, for the files that a plan names."""
    names = {
        value.content: value.name
        for step in (plan.steps if plan else ())
        if isinstance(step.action, ObjectChange)
        for value in (step.action.after or {}).values()
        if isinstance(value, FileValue)
    }

    def look_up(content: str) -> bytes | None:
        data = read_upload(sources.folders, names[content]) if content in names else None
        return data if data is not None and content_id(data) == content else None

    return look_up


def location_of(url: str) -> Location:
    """The location of the state.

    Raises:
        Failure: if the URL is not one.
    """
    try:
        return parse_url(url)
    except StateError as error:
        raise Failure(str(error), error.way_out, 64) from None

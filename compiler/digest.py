"""Scripts in; a digest of what they say, whatever their files and layout, out."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence

from ..grammar.ast import Argument, Option, Property, Word
from ..grammar.lines import LogicalLine, argument
from ..grammar.quoting import quote, quote_word
from ..grammar.reading import read_argument, read_command
from ..grammar.script import Script
from .secrets import holds_secret_name, is_secret_name
from .serialize import canonical


def script_digest(
    scripts: Sequence[Script],
    values: Mapping[str, str] | None = None,
    secret: frozenset[str] = frozenset(),
) -> str:
    """SHA-256 in hex of what the scripts say: their identity.

    `values` are those of their parameters. Confidential texts are left out, since a digest lets short ones be
    guessed: those whose names tell it, and the properties that are `secret` by their schema.
    """
    digest = hashlib.sha256()
    # Such names as no other rule knows; there are none but in users' own schemas.
    unusual = frozenset(name for name in secret if not is_secret_name(name))
    for script in scripts:
        for line in script.lines:
            if line.kind != "COMMENT":
                digest.update(_said(script, line, unusual).encode(errors="surrogatepass"))
    if values:
        digest.update(canonical(dict(values)).encode())
    return digest.hexdigest()


def _said(script: Script, line: LogicalLine, secret: frozenset[str]) -> str:
    """A command on one line, each argument in its one spelling."""
    text = script.text
    written_line = text[line.start : line.end]
    is_public = not holds_secret_name(written_line) and not any(
        map(written_line.__contains__, secret)
    )
    if line.kind == "COMMAND" and is_public:
        # What holds no quote and no backslash has one spelling: for most arguments no node need be made.
        said = [
            written
            if '"' not in (written := found[found.lastindex or 0]) and "\\" not in written
            else _respelt(script, found, secret)
            for found in argument().finditer(text, line.start, line.end)
        ]
        return " ".join(said) + "\n"
    command = read_command(text, line, script.locate)
    parts = () if command is None else (command.verb, *command.arguments)
    return " ".join(_written(part, secret) for part in parts if part is not None) + "\n"


def _respelt(script: Script, found: re.Match[str], secret: frozenset[str]) -> str:
    part = read_argument(found, script.locate)
    return "" if part is None else _written(part, secret)


def _written(part: Argument, secret: frozenset[str]) -> str:
    match part:
        case Word():
            return quote_word(part.text, part.parameters)
        case Property() if part.name in secret:
            return f"{part.name}="
        case Property():
            before, value = f"{part.name}=", part.value
        case Option(value=None):
            return f"-{part.name}"
        case Option():
            before, value = f"-{part.name}=", part.value or ""
    return before if is_secret_name(part.name) else before + quote(value, part.parameters)

"""Options, files and scripts in; the reference numbers and secrets that a sandbox CA accepts out."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ..compiler.parameters import Given, fill, has_parameters, script_name
from ..compiler.plan import Secret
from ..compiler.schema.catalog import BUILT_IN
from ..compiler.secrets import confidential, secret_of, source_of, survey
from ..grammar.ast import Command, Option, Word
from ..runtime.asking import read_pair
from ..runtime.errors import ApplyError
from ..runtime.secrets import MAX_SECRET_SIZE, read_secret
from .exits import USAGE, Failure
from .scripts import read_sources
from .variables import Variables

Pair = tuple[bytes, bytes]
_FORM = "write REFERENCE:SECRET; the secret may be ${env:NAME} or ${file:PATH}"


def read_words(words: Sequence[str]) -> Iterator[Pair]:
    """The pairs of `--secret`.

    Raises:
        Failure: here and below, if one is none, or cannot be read. No message shows a secret.
    """
    for number, word in enumerate(words, 1):
        yield _pair(word, f"--secret number {number}")


def read_file(path: Path) -> Iterator[Pair]:
    """The pairs of a file, one a line; empty lines and lines that begin with # are none.

    Its owner, and maybe his group, may read it, and nobody else.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            data = file.read(MAX_SECRET_SIZE * 16 + 1)
    except OSError as error:
        raise Failure(
            f"{path} cannot be read: {error.strerror}", "check the path and its permissions"
        ) from None
    if stat.S_ISREG(mode) and mode & (stat.S_IROTH | stat.S_IWOTH):
        raise Failure(
            f"everybody on this machine can read or change the secrets in {path}",
            f"chmod 600 {path}",
        )
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise Failure(f"{path} is not UTF-8 text", "save it as UTF-8") from None
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield _pair(line.strip(), f"{path}:{number}")


def read_scripts(paths: Sequence[str], variables: Variables) -> Iterator[Pair]:
    """The pairs of the certmgr commands of scripts, as `csc apply --sandbox` accepts them.

    A secret of another command that cannot be read says nothing of these.
    """
    sources = read_sources(paths, ())
    takes = confidential(BUILT_IN)
    surveyed = survey(sources.scripts, takes)
    given = Given(variables.values, variables.places, surveyed.secret)
    for script in sources.scripts:
        name = script_name(script.file)
        for command in script.commands:
            if not isinstance(command.verb, Word) or command.verb.text != "certmgr":
                continue
            filled = command
            if has_parameters(command):
                filled, found = fill(command, given, name, takes.places(command))
                if found:
                    raise Failure(
                        f"{command.verb.span}: {found[0].message}", "give its value with -D", USAGE
                    )
            yield from _of_command(filled)


def _of_command(command: Command) -> Iterator[Pair]:
    options = {part.name: part for part in command.arguments if isinstance(part, Option)}
    username, password = options.get("username"), options.get("password")
    if username is None or password is None or not username.value or not password.value:
        return
    try:
        yield read_pair(secret_of(username), secret_of(password), is_hex="hex" in options)
    except ApplyError as error:
        raise Failure(str(error), error.way_out) from None


def _pair(words: str, place: str) -> Pair:
    reference, colon, secret = words.partition(":")
    if not colon or not reference or not secret:
        raise Failure(f"{place} is no reference number with a secret", _FORM, USAGE)
    if source_of(secret) is None:
        return reference.encode(), secret.encode()
    try:
        return reference.encode(), read_secret(Secret(secret)).encode()
    except ApplyError as error:
        raise Failure(str(error), error.way_out) from None


def check_unique(pairs: Iterable[Pair]) -> dict[bytes, bytes]:
    """The secrets by their reference numbers."""
    secrets: dict[bytes, bytes] = {}
    for reference, secret in pairs:
        if secrets.setdefault(reference, secret) != secret:
            raise Failure(
                f"the reference number {reference.decode(errors='replace')} has two secrets",
                "give it once",
                USAGE,
            )
    return secrets

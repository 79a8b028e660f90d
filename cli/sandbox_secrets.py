"""Options, files and scripts in; the reference numbers and secrets that a sandbox CA accepts out."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
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

# Before the reference number, in a file: behind it, it could be a part of the secret.
_ONCE = "once "


@dataclass(frozen=True, slots=True)
class Known:
    """A secret; `is_once`: it is good for one certificate."""

    reference: bytes
    secret: bytes = field(repr=False)
    is_once: bool = False


_FORM = "write REFERENCE:SECRET; the secret may be ${env:NAME} or ${file:PATH}"


def read_words(words: Sequence[str]) -> Iterator[Known]:
    """The pairs of `--secret`.

    Raises:
        Failure: here and below, if one is none, or cannot be read. No message shows a secret.
    """
    for number, word in enumerate(words, 1):
        yield _pair(word, f"--secret number {number}")


def read_file(path: Path) -> Iterator[Known]:
    """The pairs of a file, one a line; empty lines and lines that begin with # are none.

    `once ` before a pair makes it good for one certificate.

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
            words = line.strip()
            is_once = words.startswith(_ONCE)
            found = _pair(words.removeprefix(_ONCE).lstrip(), f"{path}:{number}")
            yield replace(found, is_once=is_once)


def read_scripts(paths: Sequence[str], variables: Variables) -> Iterator[Known]:
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


def _of_command(command: Command) -> Iterator[Known]:
    options = {part.name: part for part in command.arguments if isinstance(part, Option)}
    username, password = options.get("username"), options.get("password")
    if username is None or password is None or not username.value or not password.value:
        return
    try:
        is_hex = "hex" in options
        yield Known(*read_pair(secret_of(username), secret_of(password), is_hex=is_hex))
    except ApplyError as error:
        raise Failure(str(error), error.way_out) from None


def _pair(words: str, place: str) -> Known:
    reference, colon, secret = words.partition(":")
    if not colon or not reference or not secret:
        raise Failure(f"{place} is no reference number with a secret", _FORM, USAGE)
    if source_of(secret) is None:
        return Known(reference.encode(), secret.encode())
    try:
        return Known(reference.encode(), read_secret(Secret(secret)).encode())
    except ApplyError as error:
        raise Failure(str(error), error.way_out) from None


def check_unique(given: Iterable[Known]) -> list[Known]:
    """Each once.

    Raises:
        Failure: if a reference number has several secrets, or one that is good once and always.
    """
    by_reference: dict[bytes, Known] = {}
    for known in given:
        if by_reference.setdefault(known.reference, known) != known:
            raise Failure(
                f"the reference number {known.reference.decode(errors='replace')} has two secrets",
                "give it once",
                USAGE,
            )
    return list(by_reference.values())

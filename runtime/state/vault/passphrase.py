"""A passphrase in, the master key that it stands for out: by scrypt (RFC 7914)."""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache

from ..errors import StateError

VARIABLE = "CSC_PASSPHRASE"
NEW_VARIABLE = "CSC_NEW_PASSPHRASE"
_KEY_SIZE = 32  # bytes
_SALT_SIZE = 16  # bytes
# What whoever can write to the state may make us spend: 1 GiB, and 16 times as long as usual.
_MOST_MEMORY = 2**30
_MOST_LANES = 16


@dataclass(frozen=True, slots=True)
class Cost:
    """The parameters of scrypt, and the salt in hexadecimal. Memory is 128 * n * r bytes."""

    salt: str
    n: int
    r: int
    p: int


# 128 MiB, and half a second on a machine of 2025; OWASP's first choice.
USUAL_N, USUAL_R, USUAL_P = 2**17, 8, 1


def new_cost() -> Cost:
    """The cost of a new passphrase, with a salt of its own."""
    return Cost(os.urandom(_SALT_SIZE).hex(), USUAL_N, USUAL_R, USUAL_P)


def write_cost(cost: Cost) -> str:
    """The cost as JSON."""
    return json.dumps(asdict(cost))


def read_cost(text: str) -> Cost:
    """The cost that `write_cost` has made a text of.

    Raises:
        StateError: if it is damaged, or far too high.
    """
    try:
        cost = Cost(**json.loads(text))
        memory = 128 * cost.n * cost.r
        is_sound = cost.n & (cost.n - 1) == 0 and 0 < memory <= _MOST_MEMORY
        if not is_sound or not 0 < cost.p <= _MOST_LANES or not bytes.fromhex(cost.salt):
            raise ValueError
    except (ValueError, TypeError):
        raise StateError(
            "how the passphrase of the state is stretched is damaged",
            "restore the state from a backup",
        ) from None
    return cost


@cache
def stretch(passphrase: str, cost: Cost) -> bytes:
    """The master key of a passphrase, the same for what looks the same (Unicode's NFC)."""
    text = unicodedata.normalize("NFC", passphrase)
    return hashlib.scrypt(
        text.encode(errors="surrogateescape"),
        salt=bytes.fromhex(cost.salt),
        n=cost.n,
        r=cost.r,
        p=cost.p,
        maxmem=2**31 - 1,
        dklen=_KEY_SIZE,
    )


def candidates(cost: Cost) -> Iterator[bytes]:
    """Every master key that may be the state's: from the environment, else of what is typed."""
    given = [os.environ[name] for name in (VARIABLE, NEW_VARIABLE) if os.environ.get(name)]
    if not given and is_typed():
        given = [_ask()]
    for passphrase in given:
        yield stretch(passphrase, cost)


def choose(*, replaces: bool) -> str:
    """A passphrase for a state that has none, or another one in place of that of `VARIABLE`.

    Raises:
        StateError: if none is given, or it is typed in two ways.
    """
    names = (NEW_VARIABLE,) if replaces else (NEW_VARIABLE, VARIABLE)
    for name in names:
        if os.environ.get(name):
            return os.environ[name]
    if not is_typed():
        raise StateError(
            "there is no passphrase to take" if not replaces else "there is no new passphrase",
            f"set {names[-1]}, or run this on a terminal",
        )
    passphrase = getpass.getpass("New passphrase of the state: ")
    if not passphrase:
        raise StateError("the passphrase is empty", "type one")
    if getpass.getpass("Once more: ") != passphrase:
        raise StateError("the two passphrases differ", "type the same one twice")
    return passphrase


def is_typed() -> bool:
    """Whether somebody is there to type."""
    return sys.stdin is not None and sys.stdin.isatty()  # pyright: ignore[reportUnnecessaryComparison]


@cache
def _ask() -> str:
    return getpass.getpass("Passphrase of the state: ")

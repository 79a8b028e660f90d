"""Where a master key lies in, the key out; and new keys in each of these places."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum

from ...errors import ApplyError
from ..errors import StateError
from ..location import Location
from . import key_file, key_text, passphrase
from .errors import MasterKeyMissing, MasterKeyWrong

VARIABLE = "CSC_MASTER_KEY"
NEW_VARIABLE = "CSC_NEW_MASTER_KEY"
_SERVICE = "csc"
_KEY_SIZE = 32  # bytes


class Source(Enum):
    """The kinds of places."""

    FILE = "file"
    ENV = "env"
    KEYRING = "keyring"
    PASSPHRASE = "passphrase"  # noqa: S105  (it is none)


@dataclass(frozen=True, slots=True)
class Place:
    """A place, as the state keeps it: `detail` is the keyring's entry, or a passphrase's salt and cost."""

    source: Source
    detail: str = ""


KEY_FILE = Place(Source.FILE)


def usual() -> Source:
    """Where the master key of a new state is, if nobody says so: what the environment has, else a file."""
    if os.environ.get(VARIABLE):
        return Source.ENV
    return Source.PASSPHRASE if os.environ.get(passphrase.VARIABLE) else Source.FILE


def shown(place: Place, location: Location) -> str:
    """The place for people."""
    match place.source:
        case Source.FILE:
            return str(location.vault_key)
        case Source.ENV:
            return VARIABLE
        case Source.KEYRING:
            return f"entry {place.detail} of the keyring"
        case Source.PASSPHRASE:
            return "a passphrase"


def find(place: Place, location: Location, is_master: Callable[[bytes], bool]) -> bytes:
    """The master key at a place: the one of which `is_master` says so.

    Raises:
        MasterKeyMissing: if there is none.
        MasterKeyWrong: if it is another one.
        StateError: if what is there is no key, or others may read it.
    """
    is_any = False
    for key in _candidates(place, location):
        is_any = True
        if is_master(key):
            return key
    raise _wrong(place, location) if is_any else _missing(place, location)


def make(source: Source, location: Location, replaced: Place | None = None) -> tuple[Place, bytes]:
    """A master key for a state, durable where it has to be; in place of that at `replaced` if there is one.

    Raises:
        StateError: if it cannot be made, or none is given.
    """
    match source:
        case Source.FILE:
            if replaced is not None:
                return KEY_FILE, key_file.make_following(location.vault_key)
            there = key_file.read(location.vault_key)
            return KEY_FILE, there or key_file.make(location.vault_key)
        case Source.ENV:
            return Place(source), _given(
                replaces=replaced is not None and replaced.source is source
            )
        case Source.KEYRING:
            entry, key = f"{_SERVICE}/{secrets.token_hex(8)}", os.urandom(_KEY_SIZE)
            _write_entry(entry, key)
            return Place(source, entry), key
        case Source.PASSPHRASE:
            cost = passphrase.new_cost()
            text = passphrase.choose(replaces=replaced is not None and replaced.source is source)
            return Place(source, passphrase.write_cost(cost)), passphrase.stretch(text, cost)


def settle(place: Place, location: Location, is_master: Callable[[bytes], bool]) -> None:
    """Put a master key that was made in place of another one where it belongs, once the state is its own."""
    if place.source is Source.FILE:
        key_file.settle(location.vault_key, is_master)


def drop(place: Place, location: Location) -> None:
    """Forget a master key that was made in place of another one, and that no state has."""
    if place.source is Source.FILE:
        key_file.drop_following(location.vault_key)
    elif place.source is Source.KEYRING:
        from ...keyrings import delete_entry

        with suppress(ApplyError):
            delete_entry(place.detail)


def _candidates(place: Place, location: Location) -> Iterator[bytes]:
    match place.source:
        case Source.FILE:
            yield from key_file.candidates(location.vault_key)
        case Source.ENV:
            for name in (VARIABLE, NEW_VARIABLE):
                if os.environ.get(name):
                    yield key_text.read_key(os.environ[name], name)
        case Source.KEYRING:
            yield _read_entry(place.detail)
        case Source.PASSPHRASE:
            yield from passphrase.candidates(passphrase.read_cost(place.detail))


def _given(*, replaces: bool) -> bytes:
    names = (NEW_VARIABLE,) if replaces else (NEW_VARIABLE, VARIABLE)
    for name in names:
        if os.environ.get(name):
            return key_text.read_key(os.environ[name], name)
    raise StateError(
        "there is no new master key to take" if replaces else "there is no master key to take",
        f"set {names[-1]} to 32 bytes in base64, as `openssl rand -base64 32` makes them",
    )


def _read_entry(entry: str) -> bytes:
    from ...errors import SecretMissing
    from ...keyrings import read_entry

    try:
        text = read_entry(entry, f"the master key {entry}", "")
    except SecretMissing as error:
        raise MasterKeyMissing(
            str(error),
            f"{error.way_out}; on another machine, take the entry over from the one that made it",
        ) from None
    return key_text.read_key(text, f"the keyring's entry {entry}")


def _write_entry(entry: str, key: bytes) -> None:
    from ...keyrings import write_entry

    try:
        write_entry(entry, key_text.write_key(key))
    except ApplyError as error:
        raise StateError(str(error), error.way_out) from None
    if _read_entry(entry) != key:
        raise StateError(
            "the keyring does not keep what is stored in it", "choose another --key-source"
        )


def _missing(place: Place, location: Location) -> MasterKeyMissing:
    match place.source:
        case Source.FILE:
            return MasterKeyMissing(
                f"the master key {location.vault_key} is missing, and this state needs it",
                "copy it from the machine that made the state, or restore it from a backup",
            )
        case Source.ENV:
            return MasterKeyMissing(
                f"{VARIABLE} is not set, and this state has its master key there",
                f"set {VARIABLE} to the key that the state was made with",
            )
        case _:
            return MasterKeyMissing(
                f"this state has a passphrase, and {passphrase.VARIABLE} is not set",
                f"set {passphrase.VARIABLE}, or run this on a terminal",
            )


def _wrong(place: Place, location: Location) -> MasterKeyWrong:
    match place.source:
        case Source.FILE:
            return MasterKeyWrong(
                f"{location.vault_key} is not the master key of this state",
                "copy vault.key from the machine that made the state, or restore it from a backup; is --state"
                " the right one?",
            )
        case Source.PASSPHRASE:
            return MasterKeyWrong(
                "this is not the passphrase of the state", "try again; is --state the right one?"
            )
        case _:
            return MasterKeyWrong(
                f"{shown(place, location)} is not the master key of this state",
                "give it the key that the state was made with; is --state the right one?",
            )

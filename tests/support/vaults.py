"""Master keys in every place that there is, and states as older versions left them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from csc.runtime import keyrings
from csc.runtime.errors import SecretMissing
from csc.runtime.state.location import Location
from csc.runtime.state.store import Store
from csc.runtime.state.vault import passphrase
from csc.runtime.state.vault.sources import Source

SOURCES = list(Source)
VARIABLES = ("CSC_MASTER_KEY", "CSC_NEW_MASTER_KEY", "CSC_PASSPHRASE", "CSC_NEW_PASSPHRASE")


@dataclass
class Keyrings:
    """The environment and the keyring of a machine, which `prepare` fills and empties."""

    patch: pytest.MonkeyPatch
    entries: dict[str, str] = field(default_factory=dict)
    is_there: bool = True

    def spoil(self) -> None:
        """Another key in each place."""
        for name in VARIABLES:
            if os.environ.get(name):
                self.patch.setenv(name, "f1" * 32)
        for entry in self.entries:
            self.entries[entry] = "f1" * 32


def patched(patch: pytest.MonkeyPatch) -> Keyrings:
    """Keyrings in a dictionary, passphrases that cost little, nobody at a terminal."""
    rings = Keyrings(patch)

    def read(entry: str, source: str, other_ways: str = "") -> str:
        del other_ways
        if not rings.is_there or entry not in rings.entries:
            raise SecretMissing(f"the keyring has no entry for {source}", "store it")
        return rings.entries[entry]

    patch.setattr(keyrings, "read_entry", read)
    patch.setattr(keyrings, "write_entry", rings.entries.__setitem__)
    patch.setattr(keyrings, "delete_entry", rings.entries.pop)
    patch.setattr(passphrase, "USUAL_N", 2**4)
    patch.setattr(passphrase, "is_typed", lambda: False)
    prepare(None, rings)
    rings.is_there = True
    return rings


def prepare(source: Source | None, rings: Keyrings) -> None:
    """What a person does before a key of this source is made or looked for; None: nothing is at hand."""
    for name in VARIABLES:
        rings.patch.delenv(name, raising=False)
    rings.is_there = source is not None
    if source is Source.ENV:
        rings.patch.setenv("CSC_MASTER_KEY", "ab" * 32)
    if source is Source.PASSPHRASE:
        rings.patch.setenv("CSC_PASSPHRASE", "correct horse")


def renew(source: Source, rings: Keyrings) -> None:
    """What a person does before a rekey that leads to this source."""
    if source is Source.ENV:
        rings.patch.setenv("CSC_NEW_MASTER_KEY", "cd" * 32)
    if source is Source.PASSPHRASE:
        rings.patch.setenv("CSC_NEW_PASSPHRASE", "battery staple")


def seal_as_before(store: Store, location: Location, secrets: Mapping[str, bytes]) -> bytes:
    """Secrets as formats 1 to 4 have them, sealed with a master key in a file; the master key."""
    master = os.urandom(32)
    location.folder.mkdir(exist_ok=True)
    location.vault_key.touch(0o600)
    location.vault_key.write_bytes(master)
    for name, secret in secrets.items():
        nonce = os.urandom(12)
        sealed = b"csc-vault-1\0" + nonce + AESGCM(master).encrypt(nonce, secret, name.encode())
        with store.transaction():
            store.database.execute("INSERT INTO secret VALUES (?, ?)", name, sealed)
    return master

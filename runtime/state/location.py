"""A state URL in, where the state and what belongs to it lie out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from .errors import StateError

_SQLITE = "sqlite:///"
_POSTGRESQL = ("postgresql://", "postgres://")
DEFAULT_FOLDER = Path(".csc")
DEFAULT_URL = f"{_SQLITE}{DEFAULT_FOLDER}/state.db"


@dataclass(frozen=True, slots=True)
class Location:
    """Where a state lies. `database` is its file, None if a PostgreSQL server has it.

    `folder` holds what stays on this machine: it is that of the file, or `.csc` beside a server.
    """

    database: Path | None
    folder: Path
    url: str

    @property
    def is_new(self) -> bool:
        """Whether there is no state for certain; a server has to be asked."""
        return self.database is not None and not self.database.exists()

    @property
    def vault_key(self) -> Path:
        """The vault's master key."""
        return self.folder / "vault.key"

    @property
    def lock(self) -> Path:
        """The file that is locked while something is made that processes share: database, keys, sandbox."""
        return self.folder / "lock"

    def lock_of(self, device: str) -> Path:
        """The file that is locked by who writes to a device. Its name is short, whatever the device's is."""
        whole = f"{'' if self.database is None else self.database.name}\0{device}"
        return self.folder / "locks" / hashlib.sha256(whole.encode()).hexdigest()[:32]

    @property
    def sandbox(self) -> Path:
        """The folder of the sandbox CA."""
        return self.folder / "sandbox"


def parse_url(url: str) -> Location:
    """The location that a URL names: `sqlite:///PATH` (four slashes for an absolute path), `postgresql://…`.

    Raises:
        StateError: if it is neither.
    """
    if url.startswith(_POSTGRESQL):
        return Location(None, DEFAULT_FOLDER, url)
    path = url.removeprefix(_SQLITE)
    if path == url or not path:
        # What is no URL of a state may still have a password in it.
        place = "this URL" if "@" in url else url
        raise StateError(
            f"the state cannot lie at {place}",
            f"write {_SQLITE}PATH, or postgresql://USER@HOST/DATABASE",
        )
    return in_file(Path(path))


def in_file(path: Path) -> Location:
    """A state in an SQLite database."""
    return Location(path, path.parent, f"{_SQLITE}{path}")

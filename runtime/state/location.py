"""A state URL in, the files that make up the state out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .errors import StateError

_SCHEME = "sqlite:///"
DEFAULT_URL = "sqlite:///.csc/state.db"


@dataclass(frozen=True, slots=True)
class Location:
    """Where a state lies; what belongs to it stands beside the database."""

    database: Path

    @property
    def folder(self) -> Path:
        """The folder of the state."""
        return self.database.parent

    @property
    def vault_key(self) -> Path:
        """The vault's master key."""
        return self.folder / "vault.key"

    @property
    def lock(self) -> Path:
        """The file that a writer locks."""
        return self.folder / "lock"

    @property
    def sandbox(self) -> Path:
        """The folder of the sandbox CA."""
        return self.folder / "sandbox"


def parse_url(url: str) -> Location:
    """The location that `sqlite:///PATH` names (four slashes for an absolute path).

    Raises:
        StateError: if it is not such a URL.
    """
    path = url.removeprefix(_SCHEME)
    if path == url or not path:
        raise StateError(f"the state cannot lie at {url}", f"write {_SCHEME}PATH")
    return Location(Path(path))

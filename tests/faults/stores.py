"""A kind of store in, states of it out that are copied in a moment."""

import shutil
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from csc.runtime.state.location import Location, parse_url

KINDS = ("sqlite", "postgresql")
# Where a flush to the disk costs nothing, if there is such a place.
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
_numbers = count()


@dataclass(frozen=True)
class State:
    """A working folder, with the CA's beside it, and the URL of the state as csc is given it there."""

    folder: Path
    url: str

    @property
    def work(self) -> Path:
        return self.folder / "work"

    @property
    def ca(self) -> Path:
        return self.folder / "ca"

    @property
    def location(self) -> Location:
        """The same, from wherever we are."""
        if self.url.startswith("sqlite"):
            return parse_url(f"sqlite:///{self.work / '.csc/state.db'}")
        return Location(None, self.work / ".csc", self.url)


class Stores:
    """Where states are made. `cluster` is the URL of a PostgreSQL server's database `postgres`."""

    def __init__(self, folder: Path, cluster: str | None) -> None:
        self._folder = folder
        self._cluster = cluster

    def new(self, kind: str, like: State | None = None) -> State:
        """A new state, a copy of another one; nobody may be using that."""
        number = next(_numbers)
        folder = self._folder / str(number)
        if like is None:
            (folder / "work").mkdir(parents=True)
        else:
            shutil.copytree(like.folder, folder)
        if kind == "sqlite":
            return State(folder, "sqlite:///.csc/state.db")
        assert self._cluster is not None
        base, _, _ = self._cluster.rpartition("/")
        name = f"{self._folder.name}_{number}".replace("-", "_").lower()
        template = "template0" if like is None else like.url.rpartition("/")[2]
        self._server(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
        return State(folder, f"{base}/{name}")

    def drop(self, state: State) -> None:
        """Remove it, whoever has it open."""
        with suppress(FileNotFoundError):
            shutil.rmtree(state.folder)
        if state.location.database is None:
            name = state.url.rpartition("/")[2]
            self._server(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _server(self, statement: str) -> None:
        import psycopg

        assert self._cluster is not None
        with psycopg.Connection.connect(self._cluster, autocommit=True) as connection:
            connection.execute(statement)


def as_fast_as_can_be(cluster: str) -> None:
    """Let a server of ours flush nothing to the disk: no power fails here."""
    import psycopg

    with psycopg.Connection.connect(cluster, autocommit=True) as connection:
        for setting in ("fsync", "full_page_writes", "autovacuum"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")

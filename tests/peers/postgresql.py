"""A PostgreSQL server of our own, on loopback, with its data in a folder that goes with it."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest


def _folder_of_programs() -> Path | None:
    """Debian keeps the server's programs out of the PATH, by version."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name)
    )
    return folders[-1] if folders else None


PROGRAMS = _folder_of_programs()
needs_postgresql = pytest.mark.skipif(PROGRAMS is None, reason="there is no PostgreSQL server here")
_numbers = count()


class Cluster:
    """A running server; `url` is of a superuser."""

    def __init__(self, port: int) -> None:
        self.port = port

    def new_database(self) -> str:
        """The URL of a new, empty database."""
        name = f"csc{next(_numbers)}"
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self._url(name)

    @property
    def administration(self) -> str:
        """The URL of the database that is always there."""
        return self._url("postgres")

    def _url(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"


@contextmanager
def running() -> Generator[Cluster]:
    """A server for the length of the block. It refuses to run as root, so that then `postgres` runs it."""
    assert PROGRAMS is not None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        as_owner: list[str] = []
        if os.getuid() == 0:
            shutil.chown(folder, "postgres")
            as_owner = ["runuser", "-u", "postgres", "--"]
        data = folder / "data"
        run = ["-D", str(data)]
        initialise = [PROGRAMS / "initdb", *run, "-U", "postgres", "-A", "trust", "--no-sync"]
        subprocess.run([*as_owner, *initialise], check=True, capture_output=True)
        port = _free_port()
        options = (
            f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder}"
        )
        start = [
            PROGRAMS / "pg_ctl",
            *run,
            "-w",
            "-s",
            "-l",
            str(folder / "log"),
            "-o",
            options,
            "start",
        ]
        subprocess.run([*as_owner, *start], check=True, stdout=subprocess.DEVNULL)
        try:
            yield Cluster(port)
        finally:
            stop = [PROGRAMS / "pg_ctl", *run, "-w", "-s", "-m", "immediate", "stop"]
            subprocess.run([*as_owner, *stop], check=True, stdout=subprocess.DEVNULL)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]

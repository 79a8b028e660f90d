"""A fuse in, a process whose edges have points out: its store, its network, its files.

Only what leaves the process is wrapped, in the libraries that do it: sqlite3, psycopg, sockets, os. No module
of csc is touched, so that whatever csc does between is tested as it is.
"""

import fcntl
import io
import os
import re
import select
import socket
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from csc.runtime.cmp.codec import decode
from csc.runtime.cmp.errors import CMPError

from . import pages
from .points import Fuse

_FIRST_BYTES = 24
_TABLE = re.compile(r"\s*(INSERT INTO|UPDATE|DELETE FROM)\s+(\w+)")
_SCHEMA = re.compile(r"\s*(CREATE|ALTER|DROP)\b")
# Reading changes nothing: the moment before is the moment after the write before it.
_READ = re.compile(r"\s*(SELECT(?! pg_)|PRAGMA (?!journal_mode)|SET )")


def install(fuse: Fuse) -> None:
    """Wrap every edge of this process."""
    _sqlite(fuse)
    pages.install(fuse)
    _postgresql(fuse)
    _sockets(fuse)
    _files(fuse)


class _Written:
    """What a connection has written in its transaction, so that its end can be told from others."""

    def __init__(self) -> None:
        self._tables: list[str] = []

    def label(self, statement: str) -> str | None:
        """What a statement is called, None if it only reads."""
        if _READ.match(statement):
            return None
        words = statement.split()
        if words[0] in ("COMMIT", "ROLLBACK"):
            tables = [t for t in self._tables if t != "lease"] or self._tables
            return f"store {words[0]} of {', '.join(tables) or 'nothing'}"
        if words[0] == "BEGIN":
            self._tables = []
            return "store BEGIN"
        found = _TABLE.match(statement)
        table = found[2] if found else "schema" if _SCHEMA.match(statement) else words[1]
        if words[0] == "SELECT":  # a function of the server's, which locks something
            return f"store {table.partition('(')[0]}"
        if table == "format":
            table = "schema"
        if table not in self._tables:
            self._tables.append(table)
        if table == "schema":
            return "store schema"
        return f"store {words[0]} {table}"


def _sqlite(fuse: Fuse) -> None:
    class Connection(sqlite3.Connection):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self._written = _Written()

        def execute(self, statement: str, values: Any = ()) -> sqlite3.Cursor:
            label = self._written.label(statement)
            if label is None:
                return super().execute(statement, values)
            fuse.point(f"{label}: before", self)
            done = super().execute(statement, values)
            fuse.point(f"{label}: after", self)
            return done

        def close(self) -> None:
            fuse.point("store close: before")
            super().close()
            fuse.point("store close: after")

    connect = sqlite3.connect
    sqlite3.connect = lambda *a, **o: connect(*a, **{"factory": Connection, **o})


def _postgresql(fuse: Fuse) -> None:
    try:
        import psycopg
    except ImportError:
        return

    class Connection(psycopg.Connection):
        _written: _Written
        dsn: str

        def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
            label = self._written.label(query)
            if label is None:
                return super().execute(query, params, **options)
            fuse.point(f"{label}: before", self)
            done = super().execute(query, params, **options)
            fuse.point(f"{label}: after", self)
            return done

        def raw(self, query: Any) -> Any:
            return super().execute(query)

        def close(self) -> None:
            fuse.point("store close: before")
            super().close()
            fuse.point("store close: after")

    def connect(url: str, **options: Any) -> Connection:
        fuse.point("store connect: before")
        made = Connection.connect(url, **options)
        made._written, made.dsn = _Written(), url
        fuse.point("store connect: after")
        return made

    psycopg.connect = connect


def _sockets(fuse: Fuse) -> None:
    class Socket(socket.socket):
        _message = ""
        _is_first = False

        def _is_counted(self) -> bool:
            return self.family in (socket.AF_INET, socket.AF_INET6)

        def connect(self, address: Any) -> None:
            if not self._is_counted():
                super().connect(address)
                return
            fuse.point("net connect: before")
            super().connect(address)
            fuse.point("net connect: after")

        def send(self, data: Any, flags: int = 0) -> int:
            if not self._is_counted():
                return super().send(data, flags)
            data = bytes(data)
            what = f"net {self._called(data)}"
            self._is_first = True
            fuse.point(f"{what}: unsent")
            half = len(data) // 2
            sent = super().send(data[:half], flags) if half else 0
            if sent < half:
                return sent
            fuse.point(f"{what}: half sent")
            sent += super().send(data[half:], flags)
            fuse.point(f"{what}: sent")
            return sent

        def sendall(self, data: Any, flags: int = 0) -> None:
            rest = bytes(data)
            while rest:
                rest = rest[self.send(rest, flags) :]

        def recv(self, size: int, flags: int = 0) -> bytes:
            if not self._is_counted():
                return super().recv(size, flags)
            what = f"net answer to {self._message}"
            if self._is_first:
                with suppress(OSError):
                    select.select([self], [], [], self.gettimeout())
                fuse.point(f"{what}: unread")
                data = super().recv(min(size, _FIRST_BYTES), flags)
                self._is_first = False
                fuse.point(f"{what}: begun")
                return data
            data = super().recv(size, flags)
            fuse.point(f"{what}: read")
            return data

        def _called(self, data: bytes) -> str:
            if data.startswith(b"POST "):
                return "head"
            with suppress(CMPError, ValueError):
                self._message = decode(data).body.type.name.lower()
                return self._message
            return "message"

    socket.socket = Socket


class _Halves(io.FileIO):
    """A file that is written in two halves, with a point between."""

    fuse: Fuse

    def write(self, data: Any) -> int:
        data = bytes(data)
        half = len(data) // 2
        label = f"file write {_name(self.fileno())}"
        self.fuse.point(f"{label}: before")
        super().write(data[:half])
        self.fuse.point(f"{label}: half")
        super().write(data[half:])
        self.fuse.point(f"{label}: after")
        return len(data)


def _files(fuse: Fuse) -> None:
    def wrap(owner: Any, function: str, what: str) -> None:
        real: Callable[..., Any] = getattr(owner, function)

        def wrapped(place: Any, *arguments: Any, **options: Any) -> Any:
            name = _name(place)
            if name is None or (function == "open" and not arguments[0] & os.O_CREAT):
                return real(place, *arguments, **options)
            fuse.point(f"file {what} {name}: before")
            done = real(place, *arguments, **options)
            fuse.point(f"file {what} {name}: after")
            return done

        setattr(owner, function, wrapped)

    wrap(os, "mkdir", "mkdir")
    wrap(os, "open", "open")
    wrap(os, "replace", "rename")
    wrap(os, "rename", "rename")
    wrap(os, "unlink", "unlink")
    wrap(os, "ftruncate", "truncate")
    wrap(os, "pwrite", "write")
    wrap(os, "write", "write")
    wrap(os, "fsync", "fsync")
    wrap(os, "fchmod", "chmod")
    wrap(fcntl, "flock", "lock")
    fdopen = os.fdopen

    def halves(descriptor: int, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        if mode != "wb":
            return fdopen(descriptor, mode, *arguments, **options)
        file = _Halves(descriptor, "wb")
        file.fuse = fuse
        return file

    os.fdopen = halves


def _name(place: Any) -> str | None:
    """What a file of the run is called in labels, None for files of others."""
    path = Path(f"/proc/self/fd/{place}").readlink() if isinstance(place, int) else Path(place)
    folder = Path.cwd()
    with suppress(ValueError):
        inside = path.relative_to(folder) if path.is_absolute() else path
        if inside.parts[:1] == (".csc",):
            if inside.parent.name == "locks":
                return "device lock"
            name = inside.name.removesuffix(" (deleted)")
            return f"{name[1:].rpartition('.')[0]} (new)" if name.startswith(".v") else name
    return None

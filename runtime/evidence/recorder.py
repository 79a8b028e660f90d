"""A way to send messages in, the same way out, with everything that goes over it kept in a record.

What holds if the process dies on any line: each line is durable before the next thing happens, what is
sent before it leaves. A message that cannot be recorded is not sent; an answer that cannot be recorded is not
used, and the journal has its request, so that the next apply asks for it again.
"""

from __future__ import annotations

import fcntl
import os
import stat
import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ...compiler.plan import CmpOperation, Plan
from ..certificates import dump_certificate, load_certificate
from ..cmp.codec import decode
from ..cmp.errors import MalformedMessage, TransportError
from .errors import RecordUnusable
from .record import Anchor, Direction, Entry, Exchange, Failure, Header, Message, is_record, line_of

if TYPE_CHECKING:
    from ..cmp.http.tls import TlsTrust
    from ..operation import Send

Append = Callable[[Entry], None]

MODE = 0o600
_LONGEST_HEADER = 4096


def recording(
    send: Send,
    append: Append,
    clock: Callable[[], datetime],
    follow: Callable[[str, int], tuple[str, int]],
) -> Send:
    """`send`, with each message and each TransportError appended to a record. May be called from threads.

    `follow` says where csc connects to for a host and port of a script.
    """
    numbers = count(1)

    def send_recorded(url: str, message: bytes, tls: TlsTrust | None) -> bytes:
        parts = urlsplit(url)
        default = 443 if parts.scheme == "https" else 80
        host, port = follow(parts.hostname or "", parts.port or default)
        exchange = Exchange(next(numbers), url, host, port)
        transaction = _transaction_id(message)
        append(Message(clock(), exchange, Direction.SENT, transaction, message))
        try:
            answer = send(url, message, tls)
        except TransportError as error:
            kind = type(error).__name__
            append(Failure(clock(), exchange, transaction, kind, error.message))
            raise
        append(Message(clock(), exchange, Direction.RECEIVED, _transaction_id(answer), answer))
        return answer

    return send_recorded


def _transaction_id(message: bytes) -> bytes | None:
    try:
        return decode(message).header.transaction_id
    except MalformedMessage:
        return None


def anchors_of(plan: Plan, find: Callable[[str], bytes | None]) -> Iterable[Anchor]:
    """The CACert of each CMPServer that the plan's operations talk to; `find` gives a content id's bytes."""
    servers = {
        step.action.server.url: step.action.server.ca_certificate
        for step in plan.steps
        if isinstance(step.action, CmpOperation)
    }
    for url, content in servers.items():
        data = find(content)
        if data is not None:
            with suppress(ValueError):  # what is none fails where it is used, and is reported there
                yield Anchor(url, dump_certificate(load_certificate(data)))


@contextmanager
def open_record(path: Path, version: str, at: datetime) -> Generator[Append]:
    """A function that appends to the record at `path`, durably; a new run begins in it.

    A file that is there is added to if it is a record, and left alone if it is not.

    Raises:
        RecordUnusable: if there is another file, another run writes to it, or it cannot be written; the
            function raises it, too.
    """
    lock = threading.Lock()
    try:
        descriptor = _open(path)
    except (OSError, ValueError) as error:
        raise _unwritable(path, error) from None

    def append(entry: Entry) -> None:
        try:
            with lock:
                _write(descriptor, line_of(entry))
        except OSError as error:
            raise _unwritable(path, error) from None

    try:
        append(Header(version, at))
        yield append
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, MODE)
    except FileExistsError:
        descriptor = os.open(path, flags | os.O_NONBLOCK)  # a pipe would be waited for
    try:
        _check(path, descriptor)
    except BaseException:
        os.close(descriptor)
        raise
    _sync_folder(path)
    return descriptor


def _check(path: Path, descriptor: int) -> None:
    """See to it that the file is a record, ends with a line's end, and is this run's alone."""
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise RecordUnusable(f"{path} is not a file", "give the name of a new file")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise RecordUnusable(
            f"another run writes to {path}", "wait for it, or give another file"
        ) from None
    size = os.fstat(descriptor).st_size
    if size == 0:  # a new file, or one whose run was killed before it began
        os.fchmod(descriptor, MODE)
        return
    first_line, end, _ = os.pread(descriptor, _LONGEST_HEADER, 0).partition(b"\n")
    if not end or not is_record(first_line):
        raise RecordUnusable(
            f"{path} is there already and is no record of csc", "give the name of a new file"
        )
    if os.pread(descriptor, 1, size - 1) != b"\n":  # a run was killed within a line
        _write(descriptor, b"\n")


def _write(descriptor: int, data: bytes) -> None:
    """Append all of it, or nothing."""
    size = os.fstat(descriptor).st_size
    try:
        while data:
            data = data[os.write(descriptor, data) :]
        os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, size)  # half a line would spoil the next one
        raise


def _sync_folder(path: Path) -> None:
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _unwritable(path: Path, error: OSError | ValueError) -> RecordUnusable:
    reason = getattr(error, "strerror", None) or error
    return RecordUnusable(
        f"the record {path} cannot be written: {reason}",
        "check its folder, its permissions and the disk",
    )

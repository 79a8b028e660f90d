"""Lines of a record in, what they say out, and back. docs/evidence.md describes them."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from .errors import RecordUnusable

SCHEMA = "csc/evidence/1"
# The largest message has 1 MiB, and a third more in base64.
_LONGEST_LINE = 4 * 1024 * 1024
_NOT_WHOLE = "it is not whole"
_OTHER_FILE = "give a file that `csc apply --record` wrote"


class Direction(StrEnum):
    """Which way a message went, seen from csc."""

    SENT = "sent"
    RECEIVED = "received"


@dataclass(frozen=True, slots=True)
class Header:
    """The first line of a run: `version` is csc's, `time` in UTC."""

    version: str
    time: datetime


@dataclass(frozen=True, slots=True)
class Anchor:
    """The CACert (DER) that answers from `url` are checked against."""

    url: str
    certificate: bytes


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what came of it: `number` within its run, the script's `url`, whom csc talked to."""

    number: int
    url: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Message:
    """The exact bytes of a PKIMessage; `transaction` is the transactionID in them, if they have one."""

    time: datetime
    exchange: Exchange
    direction: Direction
    transaction: bytes | None
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Failure:
    """No answer came: `error` is the name of the TransportError, `text` what it says."""

    time: datetime
    exchange: Exchange
    transaction: bytes | None
    error: str
    text: str


Entry = Header | Anchor | Message | Failure


@dataclass(frozen=True, slots=True)
class Run:
    """One run of csc.

    `damaged` are the numbers of lines that cannot be read, each with the reason; `cut_off` is that of a last
    line that is not whole, as a run leaves it that is killed.
    """

    header: Header
    anchors: tuple[Anchor, ...]
    entries: tuple[Message | Failure, ...]
    damaged: tuple[tuple[int, str], ...] = ()
    cut_off: int | None = None


def line_of(entry: Entry) -> bytes:
    """The line that says it, with its end."""
    match entry:
        case Header(version, time):
            document: dict[str, Any] = {
                "type": "run",
                "schema": SCHEMA,
                "csc": version,
                "time": stamp(time),
            }
        case Anchor(url, certificate):
            document = {"type": "certificate", "url": url, "der": _text(certificate)}
        case Message():
            document = {
                "type": "message",
                **_exchange_document(entry),
                "direction": entry.direction.value,
                "der": _text(entry.data),
            }
        case Failure():
            document = {
                "type": "failure",
                **_exchange_document(entry),
                "error": entry.error,
                "text": entry.text,
            }
    return json.dumps(document).encode() + b"\n"


def _exchange_document(entry: Message | Failure) -> dict[str, Any]:
    exchange, transaction = entry.exchange, entry.transaction
    return {
        "time": stamp(entry.time),
        "exchange": exchange.number,
        "url": exchange.url,
        "peer": {"host": exchange.host, "port": exchange.port},
        "transaction": None if transaction is None else transaction.hex(),
    }


def stamp(time: datetime) -> str:
    """A time in UTC, to the millisecond."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def is_record(first_line: bytes) -> bool:
    """Whether a file that begins so is a record that can be read and added to."""
    try:
        return isinstance(_entry(first_line), Header)
    except ValueError:
        return False


def read_record(path: Path) -> tuple[Run, ...]:
    """All runs of a record, oldest first.

    Raises:
        RecordUnusable: if it cannot be read, or does not begin as a record.
    """
    try:
        if path.exists() and not path.is_file():
            raise RecordUnusable(f"{path} is not a file", _OTHER_FILE)
        with path.open("rb") as file:
            if not is_record(file.readline(_LONGEST_LINE)):
                raise RecordUnusable(
                    f"{path} does not begin as a record of the form {SCHEMA}", _OTHER_FILE
                )
            file.seek(0)
            return tuple(_runs(file))
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or error
        raise RecordUnusable(f"{path} cannot be read: {reason}", _OTHER_FILE) from None


def _runs(file: BinaryIO) -> Iterator[Run]:
    lines: list[tuple[int, Entry | str]] = []
    is_open = False
    for number, line in enumerate(iter(lambda: file.readline(_LONGEST_LINE), b""), 1):
        try:
            entry: Entry | str = _entry(line)
        except ValueError as error:
            entry = str(error)
        if isinstance(entry, Header) and lines:
            yield _run(lines, may_be_cut_off=True)
            lines = []
        lines.append((number, entry))
        is_open = not line.endswith(b"\n")
    yield _run(lines, may_be_cut_off=is_open)


def _run(lines: list[tuple[int, Entry | str]], *, may_be_cut_off: bool) -> Run:
    """The run that the lines tell of; what is a text in place of an entry says why a line has none.

    A run that was killed may end within a line; the next one ends that line, and begins on a new one.
    """
    header = lines[0][1]
    assert isinstance(header, Header)  # noqa: S101  (a run begins with one)
    last, what = lines[-1]
    cut_off = last if may_be_cut_off and what == _NOT_WHOLE else None
    return Run(
        header,
        tuple(entry for _, entry in lines if isinstance(entry, Anchor)),
        tuple(entry for _, entry in lines if isinstance(entry, Message | Failure)),
        tuple((n, why) for n, why in lines if isinstance(why, str) and n != cut_off),
        cut_off,
    )


def _entry(line: bytes) -> Entry:
    """What a line says.

    Raises:
        ValueError: if it cannot be read; says why.
    """
    try:
        document: Any = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError(_NOT_WHOLE) from None
    try:
        return _entry_of(document)
    except (KeyError, TypeError, ValueError, OverflowError):
        raise ValueError("it is no line of a record") from None


def _entry_of(document: Mapping[str, Any]) -> Entry:
    match document["type"]:
        case "run" if document["schema"] == SCHEMA:
            return Header(_string(document["csc"]), _time(document["time"]))
        case "certificate":
            return Anchor(_string(document["url"]), _bytes(document["der"]))
        case "message":
            return Message(
                _time(document["time"]),
                _exchange(document),
                Direction(document["direction"]),
                _transaction(document),
                _bytes(document["der"]),
            )
        case "failure":
            return Failure(
                _time(document["time"]),
                _exchange(document),
                _transaction(document),
                _string(document["error"]),
                _string(document["text"]),
            )
        case _:
            raise ValueError


def _exchange(document: Mapping[str, Any]) -> Exchange:
    number, port = document["exchange"], document["peer"]["port"]
    if type(number) is not int or type(port) is not int or not 0 <= port <= 0xFFFF:
        raise ValueError
    url = _string(document["url"])
    urlsplit(url)  # what is none is a ValueError
    return Exchange(number, url, _string(document["peer"]["host"]), port)


def _transaction(document: Mapping[str, Any]) -> bytes | None:
    value = document["transaction"]
    return None if value is None else bytes.fromhex(_string(value))


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    value.encode()  # half a surrogate pair is a ValueError
    return value


def _time(value: object) -> datetime:
    time = datetime.fromisoformat(_string(value))
    if time.tzinfo is None:
        raise ValueError
    return time.astimezone(UTC)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(value: object) -> bytes:
    try:
        return base64.b64decode(_string(value), validate=True)
    except binascii.Error:
        raise ValueError from None

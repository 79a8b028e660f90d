"""Runs of a record in, a pcapng file out: the messages as they went over HTTP (RFC 9811), for Wireshark.

The PKIMessages are the recorded bytes. What carried them is not recorded, and put together here: for each
request a TCP connection of its own, POST and an answer with status 200. A host with a name gets an address of
the range that is set aside for tests (RFC 2544), and the file says which name it stands for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from ..cmp.errors import clean
from .packets import Connection, Side
from .pcapng import Address, Packet, pcapng
from .record import Direction, Exchange, Failure, Message, Run

_CONTENT_TYPE = "application/pkixcmp"
_COMMENT = (
    "Made from a record of csc. The CMP messages are the recorded bytes; HTTP, TCP and IP around them are"
    " put together, with addresses of 198.18.0.0/15 for names."
)
_NAMED = IPv4Address("198.18.0.0")
_CLIENTS = {4: IPv4Address("198.19.255.254"), 6: IPv6Address("2001:db8::1")}
_FIRST_PORT = 49152
_HANDSHAKE = 3  # microseconds, and packets, before the request
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Errors of the transport that say that no connection was made.
_NOT_CONNECTED = "ConnectFailed"


def capture(runs: Sequence[Run]) -> bytes:
    """The file."""
    names: dict[str, Address] = {}
    packets = sorted(_packets(runs, names), key=lambda packet: packet.time)
    version = runs[-1].header.version if runs else ""
    hosts = {address: clean(host) for host, address in names.items()}
    return b"".join(pcapng(packets, hosts, f"csc {clean(version)}", _COMMENT))


def _packets(runs: Sequence[Run], names: dict[str, Address]) -> Iterator[Packet]:
    count = 0
    for run in runs:
        for exchange, entries in _exchanges(run):
            port = _FIRST_PORT + count % (0xFFFF - _FIRST_PORT)
            yield from _connection(entries, _address(exchange.host, names), port, count)
            count += 1


def _exchanges(run: Run) -> Iterator[tuple[Exchange, list[Message | Failure]]]:
    """The entries of a run by the request that they belong to."""
    found: dict[Exchange, list[Message | Failure]] = {}
    for entry in run.entries:
        found.setdefault(entry.exchange, []).append(entry)
    yield from found.items()


def _address(host: str, names: dict[str, Address]) -> Address:
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        return names.setdefault(host, _NAMED + 1 + len(names))


def _connection(
    entries: list[Message | Failure], address: Address, port: int, count: int
) -> list[Packet]:
    client = address if address.is_loopback else _CLIENTS[address.version]
    exchange = entries[0].exchange
    # Initial sequence numbers as clocks would give them: apart from each other, and not 0.
    connection = Connection(
        Side(client, port, 1 + count * 0x10000 % 2**32),
        Side(address, exchange.port, 1 + count * 0x20000 % 2**32),
    )
    last = entries[-1]
    end = _microseconds(last.time)
    if isinstance(last, Failure) and last.error == _NOT_CONNECTED:
        connection.try_to_open(end, clean(f"{last.error}: {last.text}"))
        return connection.packets
    connection.open(max(0, _microseconds(entries[0].time) - _HANDSHAKE))
    comment = ""
    for entry in entries:
        time = _microseconds(entry.time)
        if isinstance(entry, Failure):
            comment = clean(f"{entry.error}: {entry.text}")
        elif entry.direction is Direction.SENT:
            connection.say(connection.client, _request(entry), time)
        else:
            connection.say(connection.server, _answer(entry), time)
    connection.close(end, comment)
    return connection.packets


def _microseconds(time: datetime) -> int:
    return max(0, (time - _EPOCH) // timedelta(microseconds=1))


def _request(message: Message) -> bytes:
    parts, exchange = urlsplit(message.exchange.url), message.exchange
    host = f"[{exchange.host}]" if ":" in exchange.host else exchange.host
    target = parts._replace(scheme="", netloc="").geturl() or "/"
    return _http(f"POST {_field(target)} HTTP/1.1", f"{_field(host)}:{exchange.port}", message.data)


def _answer(message: Message) -> bytes:
    return _http("HTTP/1.1 200 OK", "", message.data)


def _http(first_line: str, host: str, body: bytes) -> bytes:
    lines = [first_line]
    if host:
        lines.append(f"Host: {host}")
    lines += (f"Content-Type: {_CONTENT_TYPE}", f"Content-Length: {len(body)}", "", "")
    return "\r\n".join(lines).encode() + body


def _field(text: str) -> str:
    """A part of a URL without what would end a line or a word of HTTP."""
    return "".join(c for c in text if c.isprintable() and c != " ")

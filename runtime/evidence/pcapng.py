"""Packets in, the bytes of a pcapng file out (draft-ietf-opsawg-pcapng)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

_SECTION_HEADER, _INTERFACE, _NAMES, _PACKET = 0x0A0D0D0A, 1, 4, 6
_BYTE_ORDER = 0x1A2B3C4D
_RAW_IP = 101  # LINKTYPE_RAW: a packet begins with its IP header
_COMMENT, _APPLICATION, _RESOLUTION = 1, 4, 9
_IPV4_NAME, _IPV6_NAME = 1, 2
_MICROSECONDS = b"\x06"

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Packet:
    """An IP packet. `time` is in microseconds since 1970; `comment` is shown beside it if there is one."""

    time: int
    data: bytes
    comment: str = ""


def pcapng(
    packets: Iterable[Packet], names: Mapping[Address, str], application: str, comment: str
) -> Iterator[bytes]:
    """The blocks of a file: one section with one interface. `names` are those of hosts."""
    options = (_option(_COMMENT, comment.encode()), _option(_APPLICATION, application.encode()))
    # The section's length is left open: -1.
    yield _block(_SECTION_HEADER, struct.pack("<IHHq", _BYTE_ORDER, 1, 0, -1), options)
    resolution = (_option(_RESOLUTION, _MICROSECONDS),)
    yield _block(_INTERFACE, struct.pack("<HHI", _RAW_IP, 0, 0), resolution)
    if names:
        records = b"".join(_name_record(address, name) for address, name in names.items())
        yield _block(_NAMES, records + bytes(4))
    for packet in packets:
        size = len(packet.data)
        head = struct.pack("<IIIII", 0, packet.time >> 32, packet.time & 0xFFFFFFFF, size, size)
        comments = (_option(_COMMENT, packet.comment.encode()),) if packet.comment else ()
        yield _block(_PACKET, head + _padded(packet.data), comments)


def _block(kind: int, body: bytes, options: tuple[bytes, ...] = ()) -> bytes:
    if options:
        body += b"".join(options) + bytes(4)  # opt_endofopt
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + _padded(value)


def _name_record(address: Address, name: str) -> bytes:
    value = address.packed + name.encode() + b"\0"
    kind = _IPV4_NAME if address.version == 4 else _IPV6_NAME
    return struct.pack("<HH", kind, len(value)) + _padded(value)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)

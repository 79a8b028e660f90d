"""What two sides of a TCP connection say in, IP packets out (RFC 9293, RFC 791, RFC 8200)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from .pcapng import Address, Packet

_FIN, _SYN, _PSH, _ACK = 0x01, 0x02, 0x08, 0x10
_TCP = 6
_HOP_LIMIT = 64
_DO_NOT_FRAGMENT = 0x4000
_WINDOW = 0xFFFF
_MTU = 1500
# What is left of the MTU beside the headers of IP and TCP.
_SEGMENT_SIZE = {4: _MTU - 40, 6: _MTU - 60}


@dataclass(slots=True)
class Side:
    """One end of a connection; `next` is the sequence number of the byte that it sends next."""

    address: Address
    port: int
    next: int


@dataclass(slots=True)
class Connection:
    """A TCP connection as a list of packets. Times are microseconds; no two packets have the same."""

    client: Side
    server: Side
    packets: list[Packet] = field(default_factory=list[Packet])

    def try_to_open(self, time: int, comment: str = "") -> None:
        """The first packet of a handshake, which may stay without an answer."""
        self._send(self.client, self.server, time, _SYN, comment=comment)

    def open(self, time: int) -> None:
        """The handshake, begun at `time`."""
        self.try_to_open(time)
        self._send(self.server, self.client, time, _SYN | _ACK)
        self._send(self.client, self.server, time, _ACK)

    def say(self, speaker: Side, data: bytes, time: int) -> None:
        """`data` in segments, each acknowledged by the other side."""
        listener = self.server if speaker is self.client else self.client
        size = _SEGMENT_SIZE[speaker.address.version]
        for start in range(0, len(data), size):
            part = data[start : start + size]
            flags = _ACK | (_PSH if start + size >= len(data) else 0)
            self._send(speaker, listener, time, flags, part)
            self._send(listener, speaker, time, _ACK)

    def close(self, time: int, comment: str = "") -> None:
        """The client ends the connection, and the server agrees."""
        self._send(self.client, self.server, time, _FIN | _ACK, comment=comment)
        self._send(self.server, self.client, time, _FIN | _ACK)
        self._send(self.client, self.server, time, _ACK)

    def _send(
        self,
        source: Side,
        target: Side,
        time: int,
        flags: int,
        data: bytes = b"",
        comment: str = "",
    ) -> None:
        at = max(time, self.packets[-1].time + 1) if self.packets else time
        segment = _segment(source, target, flags, data)
        self.packets.append(Packet(at, _ip(source.address, target.address, segment), comment))
        # SYN and FIN count as one byte each.
        source.next = (source.next + len(data) + bool(flags & (_SYN | _FIN))) & 0xFFFFFFFF


def _segment(source: Side, target: Side, flags: int, data: bytes) -> bytes:
    options = b""
    if flags & _SYN:
        options = struct.pack("!BBH", 2, 4, _SEGMENT_SIZE[source.address.version])
    head = struct.pack(
        "!HHIIBBHHH",
        source.port,
        target.port,
        source.next,
        target.next if flags & _ACK else 0,
        (20 + len(options)) // 4 << 4,
        flags,
        _WINDOW,
        0,
        0,
    )
    segment = head + options + data
    addresses = source.address.packed + target.address.packed
    sum_of = checksum(addresses + struct.pack("!II", len(segment), _TCP) + segment)
    return segment[:16] + struct.pack("!H", sum_of) + segment[18:]


def _ip(source: Address, target: Address, segment: bytes) -> bytes:
    addresses = source.packed + target.packed
    if source.version == 6:
        head = struct.pack("!IHBB", 6 << 28, len(segment), _TCP, _HOP_LIMIT)
        return head + addresses + segment
    # Not fragmented, so that the identification says nothing (RFC 6864).
    fields = (0x45, 0, 20 + len(segment), 0, _DO_NOT_FRAGMENT, _HOP_LIMIT, _TCP)
    sum_of = checksum(struct.pack("!BBHHHBBH", *fields, 0) + addresses)
    return struct.pack("!BBHHHBBH", *fields, sum_of) + addresses + segment


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071); over data that holds its own it is 0."""
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF

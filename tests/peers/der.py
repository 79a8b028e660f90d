"""DER taken apart by its tags, and put together: for what no codec reads or writes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Node:
    """A value: its tag, its content, and all of it. Indexed, it gives the values inside."""

    tag: int
    content: bytes
    der: bytes

    def __getitem__(self, index: int) -> "Node":
        return nodes(self.content)[index]

    def __len__(self) -> int:
        return len(nodes(self.content))


def nodes(der: bytes) -> list[Node]:
    """The values that follow each other in `der`."""
    found = []
    while der:
        length, start = der[1], 2
        if length & 0x80:
            start += length & 0x7F
            length = int.from_bytes(der[2:start], "big")
        end = start + length
        found.append(Node(der[0], der[start:end], der[:end]))
        der = der[end:]
    return found


def wrap(tag: int, *contents: bytes) -> bytes:
    """One value with these contents."""
    content = b"".join(contents)
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content

"""Bytes of DER in, bytes that are nearly the same out: mutated as bytes, or as the tree that they are."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from csc.runtime.cmp.codec.tlv import tlv

# Bytes that mean something in BER: tags, lengths that are long, indefinite or none.
TELLING = (0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0C, 0x18, 0x1F, 0x24, 0x30, 0x31, 0x7F)
TELLING += (0x80, 0x81, 0x82, 0x84, 0xA0, 0xA1, 0xA4, 0xFF)
# Contents that a reader may stumble over.
CONTENTS = (
    b"",
    b"\x00",
    b"\x01",
    b"\x02",
    b"\x03",
    b"\x7f",
    b"\xff",
    b"\x00\x00",
    b"\x80" + bytes(7),
    b"\x7f" + b"\xff" * 7,
    b"\x01" + bytes(8),
    b"\x7f" * 20,
    b"\x7f" * 300,
    b"\x7f" * 3000,
    b"\xff" * 20,
    b"\xff" * 5000,
    b"\x80\x80\x80\x01",
    b"20261123120000Z",
    b"00010101000000Z",
    b"99991231235959Z",
    b"20261123120000.5+0100",
    b"\x1b[2J\r\n\x07",
    "\u202e\u0000\U0001f600".encode(),
    b"\xed\xa0\x80",
    b"\x30\x00",
    b"\x05\x00",
)
_BIT_STRING, _OCTET_STRING = 0x03, 0x04


@dataclass
class Tree:
    """A value; `inner` is None where nothing is seen inside, `prefix` what stands before it (unused bits)."""

    tag: int
    content: bytes = b""
    inner: list[Tree] | None = None
    prefix: bytes = b""
    length: Callable[[bytes], bytes] | None = field(default=None, repr=False)

    def der(self) -> bytes:
        """All of it; `length` makes tag and length in a way of its own."""
        content = self.content
        if self.inner is not None:
            content = self.prefix + b"".join(child.der() for child in self.inner)
        head = tlv(self.tag, content)[: -len(content) or None]
        if self.length is not None:
            head = bytes([self.tag]) + self.length(content)
        return head + content

    def all(self) -> Iterator[tuple[Tree, int, list[Tree]]]:
        """Every value inside: what it stands in, where, and with what."""
        for at, child in enumerate(self.inner or ()):
            yield self, at, self.inner or []
            yield from child.all()


def parse(der: bytes, depth: int = 0) -> list[Tree] | None:
    """The values that follow each other in `der`; None if it is not made of whole ones."""
    found: list[Tree] = []
    at = 0
    while at < len(der):
        start = at + 2
        if start > len(der) or der[at] & 0x1F == 0x1F or depth > 50:
            return None
        length = der[at + 1]
        if length & 0x80:
            start += length & 0x7F
            length = int.from_bytes(der[at + 2 : start], "big")
            if length < 0x80:
                return None
        end = start + length
        if end > len(der):
            return None
        found.append(_value(der[at], der[start:end], depth))
        at = end
    return found


def _value(tag: int, content: bytes, depth: int) -> Tree:
    prefix = content[:1] if tag == _BIT_STRING else b""
    inner = None
    if tag & 0x20 or (tag in (_BIT_STRING, _OCTET_STRING) and len(content) > 3):
        inner = parse(content[len(prefix) :], depth + 1)
        if inner is None or b"".join(child.der() for child in inner) != content[len(prefix) :]:
            inner = None
    return Tree(tag, content, inner, prefix)


def mutated(der: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """`der`, altered in one place or a few; pieces of `others` may stand in it."""
    for _ in range(chance.choice((1, 1, 1, 1, 2, 3, 6))):
        der = (_in_the_tree if chance.random() < 0.7 else in_the_bytes)(der, others, chance)
    return der


def in_the_bytes(der: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """`der`, altered in one place, whatever it is."""
    data = bytearray(der)
    at = chance.randrange(len(data)) if data else 0
    match chance.randrange(7):
        case 0 if data:
            data[at] ^= 1 << chance.randrange(8)
        case 1 if data:
            data[at] = chance.choice(TELLING)
        case 2:
            del data[at : at + chance.choice((1, 2, 4, 16))]
        case 3:
            data[at:at] = bytes(chance.choice(TELLING) for _ in range(chance.randrange(1, 5)))
        case 4:
            part = data[at : at + chance.randrange(1, 64)]
            data[at:at] = part * chance.choice((1, 2, 50))
        case 5:
            other = chance.choice(others)
            start = chance.randrange(len(other))
            data[at : at + chance.randrange(32)] = other[start : start + chance.randrange(64)]
        case _:
            data[at:] = b""
    return bytes(data)


def _in_the_tree(der: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    trees = parse(der)
    if not trees:
        return in_the_bytes(der, others, chance)
    top = Tree(0x30, inner=trees)
    _, at, siblings = chance.choice(list(top.all()))
    value = siblings[at]
    match chance.randrange(14):
        case 0:
            del siblings[at]
        case 1:
            siblings[at:at] = [value] * chance.choice((1, 1, 2, 40))
        case 2:
            other = chance.randrange(len(siblings))
            siblings[at], siblings[other] = siblings[other], value
        case 3:
            siblings[at] = _from_another(others, chance)
        case 4:
            siblings.insert(at, _from_another(others, chance))
        case 5:
            value.tag = chance.choice((chance.randrange(256), value.tag ^ 0x20, value.tag ^ 0x80))
        case 6:
            value.tag = (value.tag & 0xE0) | chance.randrange(31)
        case 7 | 8:
            value.content, value.inner = chance.choice(CONTENTS), None
        case 9:
            for _ in range(chance.choice((1, 1, 2, 40))):
                siblings[at] = Tree(chance.choice((0x30, 0x31, 0xA0)), inner=[siblings[at]])
        case 10:
            value.length = chance.choice(_LENGTHS)
        case 11 if value.inner is None and value.content:
            content = bytearray(value.content)
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
            value.content = bytes(content)
        case 12 if value.inner:
            chance.shuffle(value.inner)
        case _:
            value.content = value.content[: chance.randrange(len(value.content) + 1)]
            value.inner = None
    return b"".join(tree.der() for tree in top.inner or ())


def _from_another(others: Sequence[bytes], chance: random.Random) -> Tree:
    trees = parse(chance.choice(others)) or [Tree(0x05)]
    _, at, siblings = chance.choice(list(Tree(0x30, inner=trees).all()))
    return siblings[at]


def _as_said(said: Callable[[int], int]) -> Callable[[bytes], bytes]:
    return lambda content: b"\x84" + max(0, said(len(content))).to_bytes(4, "big")


_LENGTHS: tuple[Callable[[bytes], bytes], ...] = (
    lambda content: b"\x80",
    lambda content: b"\x88" + len(content).to_bytes(8, "big"),
    lambda content: b"\xff",
    _as_said(lambda length: length),
    _as_said(lambda length: length - 1),
    _as_said(lambda length: length + 1),
    _as_said(lambda length: 2**32 - 1),
)

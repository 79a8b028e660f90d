"""Bytes that show a fault in, fewer bytes that show the same one out."""

from __future__ import annotations

from collections.abc import Callable

from fuzz.mutation import Tree, parse


def smallest(
    data: bytes, protect: Callable[[bytes], bytes], shows: Callable[[bytes], bool], *, tries: int
) -> bytes:
    """DER without the values that do not matter; `protect` mends what taking one out has broken."""
    again = True
    while again and tries > 0:
        again = False
        size = len(list(Tree(0x30, inner=parse(data)).all())) if parse(data) else 0
        for number in range(size):
            tries -= 1
            shorter = protect(_without(data, number))
            if len(shorter) < len(data) and shows(shorter):
                data, again = shorter, True
                break
            if tries <= 0:
                break
    return data


def fewest(data: bytes, shows: Callable[[bytes], bool], *, tries: int) -> bytes:
    """Bytes of any kind without the stretches that do not matter."""
    size = len(data) // 2
    while size and tries > 0:
        at = 0
        while at < len(data) and tries > 0:
            tries -= 1
            shorter = data[:at] + data[at + size :]
            if shows(shorter):
                data = shorter
            else:
                at += size
        size //= 2
    return data


def _without(data: bytes, number: int) -> bytes:
    top = Tree(0x30, inner=parse(data))
    _, at, siblings = list(top.all())[number]
    del siblings[at]
    return b"".join(tree.der() for tree in top.inner or ())

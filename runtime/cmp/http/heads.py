"""What a server has sent in, the head of its final answer out, as an HTTP/1.1 parser has to see it.

- Answers of 1xx, which nobody asked for (RFC 9811 3.8), are left out (RFC 9110 15.2).
- Some CMP servers, that of OpenSSL among them, answer `HTTP/1.0` with `Connection: keep-alive` (RFC 9112
  C.2.2), and bind a transaction to its connection. h11 takes every HTTP/1.0 connection for closed after one
  answer. The answer is therefore shown to it as what it is in effect: one of HTTP/1.1.
"""

from __future__ import annotations

import re

_BEGIN = b"HTTP/"
_OLD = b"HTTP/1.0 "
_END = re.compile(rb"\n\r?\n")
_INTERIM = re.compile(rb"HTTP/1\.[0-9] 1(?!01)[0-9][0-9]\b")
_KEEP_ALIVE = re.compile(rb"^connection:[ \t]*keep-alive[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)


def is_answer(data: bytes) -> bool:
    """Whether this may be the beginning of an HTTP/1 answer."""
    return data[: len(_BEGIN)] == _BEGIN[: len(data)]


def find_end(data: bytes) -> int | None:
    """The length of the head that `data` begins with; None: it does not end yet."""
    match = _END.search(data)
    return match and match.end()


def is_interim(head: bytes) -> bool:
    """Whether another answer follows this one. 101 is final: nobody asked for another protocol."""
    return _INTERIM.match(head) is not None


def as_persistent(head: bytes) -> bytes:
    """The head; one of HTTP/1.0 whose connection stays open as one of HTTP/1.1, of the same length."""
    if head.startswith(_OLD) and _KEEP_ALIVE.search(head):
        return b"HTTP/1.1 " + head[len(_OLD) :]
    return head

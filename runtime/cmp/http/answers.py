"""Status, headers and body of an HTTP answer in, the CMP message in it out, or what is wrong with it.

A CMP message comes with status 200 or an error status and as application/pkixcmp (RFC 9811 3.3, 3.4), at most
1 MiB long, in no encoding. Of what else a server says, its words are cut and cleaned before they are shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from ..codec import MAX_MESSAGE_SIZE
from ..errors import (
    AnswerTooLarge,
    ConnectionBroken,
    HTTPStatusError,
    Redirected,
    ServerBusy,
    clean,
)
from .retry import asked_pause

CONTENT_TYPE = "application/pkixcmp"
_OK = 200
_REDIRECTIONS = range(300, 400)
_ERRORS = range(400, 600)
_USER = re.compile(r"//[^/?#]*@")


def check_head(url: str, status: int, headers: Mapping[str, str]) -> None:
    """Check that a CMP message follows.

    Raises:
        Redirected, ServerBusy, HTTPStatusError: if none does.
    """
    said = f"{url} answered with HTTP status {status}"
    location = headers.get("Location")
    if status in _REDIRECTIONS and location is not None:
        place = re.split("[?#]", without_user(location))[0]
        raise Redirected(f"{said} and points to {clean(place)}")
    kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != CONTENT_TYPE:
        pause = asked_pause(status, headers.get("Retry-After", "").strip(), datetime.now(UTC))
        if pause is not None:
            raise ServerBusy(f"{said}: it wants to be asked again in {pause:.0f} seconds", pause)
        shown = f"{clean(kind)} in place of {CONTENT_TYPE}" if kind else "no content type"
        raise HTTPStatusError(f"{said} and {shown}")
    if status != _OK and status not in _ERRORS:
        raise HTTPStatusError(f"{said} in place of {_OK}")
    encoding = headers.get("Content-Encoding", "identity").strip().lower()
    if encoding != "identity":
        raise HTTPStatusError(f"{said} and Content-Encoding {clean(encoding)}, expected none")
    if "Transfer-Encoding" in headers and "Content-Length" in headers:  # RFC 9112 6.3
        raise HTTPStatusError(f"{said} and both Content-Length and Transfer-Encoding")


def read_body(url: str, parts: Iterable[bytes]) -> bytes:
    """The body, as it came over the wire.

    Raises:
        AnswerTooLarge: as soon as it is longer than a CMP message may be.
        HTTPStatusError: if it is empty.
    """
    body = bytearray()
    for part in parts:
        body += part
        if len(body) > MAX_MESSAGE_SIZE:
            raise AnswerTooLarge(f"the answer of {url} has more than {MAX_MESSAGE_SIZE} bytes")
    if not body:
        raise HTTPStatusError(f"{url} answered with an empty body")
    return bytes(body)


def check_end(url: str, headers: Mapping[str, str], body: bytes, received: int) -> None:
    """Check that no more than the announced body came; `received` counts what followed the head.

    Raises:
        ConnectionBroken: if more came.
    """
    length = headers.get("Content-Length")
    if length is not None and received > len(body):
        raise ConnectionBroken(
            f"{url} sent more than the {clean(length)} bytes that its Content-Length announces"
        )


def without_user(url: str) -> str:
    """A URL without the user and the password that it may hold."""
    return _USER.sub("//", url)

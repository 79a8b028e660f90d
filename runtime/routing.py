"""URLs of CMP servers in, where to connect to out: `--connect-to` and the sandbox."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

_PART = r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]*):([0-9]*)"
_ROUTE = re.compile(f"{_PART}:{_PART}")


@dataclass(frozen=True, slots=True)
class Route:
    """Talk to `to_host:to_port` where a script says `host:port`; what is empty matches all, or stays."""

    host: str
    port: str
    to_host: str
    to_port: str


def parse_route(text: str) -> Route:
    """The route written `HOST:PORT:HOST2:PORT2`, as curl's `--connect-to` takes it.

    Raises:
        ValueError: if it is not written so.
    """
    match = _ROUTE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not HOST:PORT:HOST2:PORT2")
    return Route(*match.groups())


def follow(routes: Sequence[Route], url: str) -> str:
    """The URL to send to in place of `url`: by the first route that fits, else `url` itself."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", str(parts.port or 80)
    for route in routes:
        if route.host.strip("[]").lower() in ("", host) and route.port in ("", port):
            to_host = route.to_host or (f"[{host}]" if ":" in host else host)
            return parts._replace(netloc=f"{to_host}:{route.to_port or port}").geturl()
    return url

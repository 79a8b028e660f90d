"""A CMP server's host and port in, where to connect to out: `--connect-to` and the sandbox.

As with curl, only the connection goes elsewhere: Host header, SNI and the name that a certificate has to have
stay those of the script.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_PART = r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]*):([0-9]{0,5})"
_HIGHEST_PORT = 65535
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
        ValueError: if it is not written so, or a port is out of range.
    """
    match = _ROUTE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not HOST:PORT:HOST2:PORT2")
    if not all(0 < int(port) <= _HIGHEST_PORT for port in match.group(2, 4) if port):
        raise ValueError(f"{text!r} has a port that is not between 1 and {_HIGHEST_PORT}")
    return Route(*match.groups())


def follow(routes: Sequence[Route], host: str, port: int) -> tuple[str, int]:
    """Where to connect to for `host` and `port`: by the first route that fits, else there.

    IPv6 addresses are in brackets.
    """
    for route in routes:
        if route.host.lower() in ("", host.lower()) and route.port in ("", str(port)):
            return route.to_host or host, int(route.to_port or port)
    return host, port

"""A URL in, where to connect to and what to ask for there, out; the path stays byte for byte what it was.

URL parsers made for browsers and APIs take `//`, `..` and escapes out of a path. A CA's path is whatever its
operator chose (RFC 9811 3.6 fixes only a prefix), so nothing is taken out here: what may not stand in a
request line (RFC 3986 3.3, 3.4) is escaped, and that is all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from socket import AF_INET6, inet_ntop
from urllib.parse import quote

_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]/?#@:\\%\s]+)(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<target>[/?#].*)?",
    re.DOTALL | re.IGNORECASE,
)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_HIGHEST_PORT = 65535
# What RFC 3986 lets stand in path and query; `%` only where it begins an escape.
_STANDS = "/?:@!$&'()*+,;=-._~"
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class Destination:
    """`host` is in ASCII, an IPv6 address in brackets; `target` goes into the request line as it is."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def has_default_port(self) -> bool:
        """Whether the port is the scheme's own."""
        return self.port == _DEFAULT_PORTS[self.scheme]

    @property
    def authority(self) -> str:
        """The Host header (RFC 9110 7.2): the port only if it is not the scheme's own."""
        return self.host if self.has_default_port else f"{self.host}:{self.port}"


def parse_url(url: str) -> Destination:
    """The destination that `url` names.

    Raises:
        ValueError: if it is no http or https URL with a host, or holds a user or a password.
    """
    match = _URL.fullmatch(url)
    if match is None:
        raise ValueError("expected http://HOST:PORT/PATH or https://HOST:PORT/PATH")
    scheme = match["scheme"].lower()
    port = int(match["port"] or _DEFAULT_PORTS[scheme])
    if not 0 < port <= _HIGHEST_PORT:
        raise ValueError(f"port {port} is not between 1 and {_HIGHEST_PORT}")
    target = match["target"] or "/"
    if not target.startswith("/"):
        target = "/" + target
    return Destination(scheme, _host(match["host"]), port, _escape(target))


def is_loopback(host: str) -> bool:
    """Whether `host`, as in Destination, is this machine (RFC 6761 6.3 for names)."""
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _host(text: str) -> str:
    if text.startswith("["):
        address = IPv6Address(text[1:-1])
        # Not str(): Pythons differ in addresses that have an IPv4 one in them.
        scope = f"%{address.scope_id}" if address.scope_id else ""
        return f"[{inet_ntop(AF_INET6, address.packed)}{scope}]"
    try:
        name = text.lower() if text.isascii() else text.encode("idna").decode()
    except UnicodeError:
        raise ValueError("the host is no domain name") from None
    if not name.isprintable() or any(c in "<>\"'`{}|^" for c in name):
        raise ValueError("the host is no domain name")
    return name


def _escape(target: str) -> str:
    try:
        return quote(_LONE_PERCENT.sub("%25", target), safe=_STANDS + "%")
    except UnicodeEncodeError:
        raise ValueError("the path has no UTF-8") from None

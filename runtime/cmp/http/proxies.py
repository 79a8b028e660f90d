"""The environment and a destination in, the proxy to go through out (None: none).

HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY are read as curl reads them: names in lower case go first,
and HTTP_PROXY in capitals counts for nothing in a CGI program, where it is a header of the request.
Loopback never goes through a proxy.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from urllib.parse import unquote

from .destination import Destination, is_loopback

_PROXY = re.compile(
    r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://)?(?:(?P<user>[^@/]*)@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]/?#@:\s]+)(?::(?P<port>[0-9]{1,5}))?/?"
)
_DEFAULT_PORT = 80


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy. `credentials` are user and password, in clear: they go nowhere but to the proxy."""

    host: str
    port: int
    credentials: tuple[str, str] | None = field(default=None, repr=False)

    @property
    def address(self) -> str:
        """HOST:PORT, for messages."""
        return f"{self.host}:{self.port}"


def proxy_for(destination: Destination, environment: Mapping[str, str]) -> Proxy | None:
    """The proxy that `environment` asks for.

    Raises:
        ValueError: if it asks for one that is no HTTP proxy.
    """
    if is_loopback(destination.host) or _is_exempt(destination, _read(environment, "no_proxy")):
        return None
    variable = f"{destination.scheme}_proxy"
    text = _read(environment, variable) or _read(environment, "all_proxy")
    return _parse(text) if text else None


def _read(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value and not (name == "http_proxy" and "REQUEST_METHOD" in environment):
        value = environment.get(name.upper(), "")
    return value.strip()


def _parse(text: str) -> Proxy:
    match = _PROXY.fullmatch(text)
    if match is None:
        raise ValueError("the proxy of the environment is not written http://HOST:PORT")
    if (match["scheme"] or "http").lower() != "http":
        raise ValueError(
            f"the proxy of the environment is expected to be one of http, not of {match['scheme']}"
        )
    credentials = None
    if match["user"] is not None:
        user, _, password = match["user"].partition(":")
        credentials = (unquote(user), unquote(password))
    return Proxy(match["host"], int(match["port"] or _DEFAULT_PORT), credentials)


def _is_exempt(destination: Destination, exempt: str) -> bool:
    host = destination.host.rstrip(".")
    return any(
        _matches(host, destination.port, entry.lower()) for entry in re.split(r"[,\s]+", exempt)
    )


def _matches(host: str, port: int, entry: str) -> bool:
    """Whether an entry of NO_PROXY covers a host: `*`, a name and all below it, an address, a network."""
    if entry in ("", "*"):
        return entry == "*"
    try:
        return ip_address(host.strip("[]")) in ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        pass
    name, colon, digits = entry.rpartition(":")
    if colon and digits.isdigit() and (":" not in name or name.endswith("]")):
        if int(digits) != port:
            return False
        entry = name
    entry = entry.removeprefix("*").strip(".")
    return host == entry or host.endswith(f".{entry}")

"""certmgr's `-san` as written in; the subject alternative names that it asks for, or findings, out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from ..grammar.ast import Option, Span, value_part
from . import rules
from .diagnostics import Applicability, Diagnostic, finding
from .kinds import Fault, is_host
from .suggest import did_you_mean
from .values import replacement

_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DNS = re.compile(rf"(?=.{{1,253}}\Z)(?:\*\.)?{_HOST}(?:\.{_HOST})*")
_DIGITS = re.compile(r"[0-9.]+")
# RFC 5321, section 4.1.2, without quoted local parts.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_MAILBOX = re.compile(rf"(?=.{{1,254}}\Z){_ATOM}(?:\.{_ATOM})*@{_HOST}(?:\.{_HOST})*")
# RFC 3986: absolute, and with a host where there is an authority.
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?!//(?:[/?#]|\Z))[A-Za-z0-9._~:/?#\[\]@!$&'()*+;=%-]+")


def read_names(option: Option) -> tuple[tuple[str, ...], list[Diagnostic]]:
    """The names, each as `KIND:value` (RFC 5280, section 4.2.1.6), and findings at their own places."""
    names: list[str] = []
    found: list[Diagnostic] = []
    for text, span in _items(option):
        name = _read(text)
        if isinstance(name, Fault):
            # Where quotes hide an item's place, to mend it would replace the others, too.
            is_own_place = text == option.value or span != option.value_span
            found.append(_wrong(text, span, name, is_own_place))
        elif name in names:
            found.append(_twice(name, span))
        else:
            names.append(name)
    return tuple(names), found


def _items(option: Option) -> Iterator[tuple[str, Span]]:
    start = 0
    for text in (option.value or "").split(","):
        yield text, value_part(option, start, max(len(text), 1))
        start += len(text) + 1


def _read(text: str) -> str | Fault:
    kind, colon, value = text.partition(":")
    if kind in _KINDS and colon:
        read = _KINDS[kind](value)
        if isinstance(read, Fault):
            return Fault(read.wanted, read.meant and f"{kind}:{read.meant}")
        return f"{kind}:{read}"
    if text != text.strip():
        return Fault("written without blanks", text.strip() or None)
    if colon:
        meant = did_you_mean(kind, _KINDS)
        known = ", ".join(_KINDS)
        return Fault(f"of a kind among {known}", meant and f"{meant}:{value}")
    return Fault("a kind and a value, such as DNS:gw.example.com or IP:10.0.0.1", _guess(text))


def _guess(text: str) -> str | None:
    """The name that was meant by a value without its kind."""
    kind = next((k for k in ("IP", "EMAIL", "DNS") if isinstance(_KINDS[k](text), str)), None)
    return f"{kind}:{text}" if kind else None


def _dns(value: str) -> str | Fault:
    if _DNS.fullmatch(value) and not _DIGITS.fullmatch(value):
        return value
    return Fault("DNS: and a host name, such as gw.example.com or *.example.com")


def _address(value: str) -> str | Fault:
    if not (":" in value or _DIGITS.fullmatch(value)) or not is_host(value):
        return Fault("IP: and one IPv4 or IPv6 address")
    from ipaddress import ip_address

    return str(ip_address(value))


def _mailbox(value: str) -> str | Fault:
    return value if _MAILBOX.fullmatch(value) else Fault("EMAIL: and an address such as a@b.c")


def _uri(value: str) -> str | Fault:
    if _URI.fullmatch(value):
        return value
    return Fault("URI: and an absolute URI such as https://gw.example.com/ (a comma is %2C)")


_KINDS: Mapping[str, Callable[[str], str | Fault]] = {
    "DNS": _dns,
    "IP": _address,
    "EMAIL": _mailbox,
    "URI": _uri,
}


def _wrong(text: str, span: Span, fault: Fault, is_own_place: bool) -> Diagnostic:
    return finding(
        rules.WRONG_VALUE,
        f"`-san` cannot ask for `{text}`" if text else "`-san` has an empty item",
        span,
        f"has to be {fault.wanted}" if text else "nothing stands beside this comma",
        help=f"did you mean `{fault.meant}`?" if fault.meant else None,
        fix=replacement(span, fault.meant, Applicability.UNSAFE)
        if fault.meant and is_own_place
        else None,
    )


def _twice(name: str, span: Span) -> Diagnostic:
    return finding(
        rules.WRONG_VALUE,
        f"`-san` asks for `{name}` twice",
        span,
        "given before",
        help="leave one of the two out",
    )

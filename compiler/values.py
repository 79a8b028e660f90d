"""A property's value as written in; the value as the configuration holds it, or a finding, out."""

from __future__ import annotations

import re

from ..grammar.ast import Property, Span
from ..grammar.quoting import quote
from . import rules
from .address import Address
from .configuration import FileValue, Value
from .device import CERTIFICATE_FILE, KEY_FILE
from .diagnostics import Applicability, Diagnostic, Edit, Fix, finding
from .machine import Machine
from .schema.catalog import TYPES, container_types
from .schema.model import (
    Choice,
    DeviceFile,
    Host,
    Integer,
    ObjectType,
    PropertyType,
    Reference,
    Text,
)
from .suggest import did_you_mean

_FILE = re.compile(r"file://(?P<name>[^/\\]+)")
_HOST = re.compile(
    r"(?=.{1,253}\Z)(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)"
    r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*\.?"
)


def read_value(
    machine: Machine,
    address: Address,
    kind: PropertyType,
    written: Property,
    variant: str | None,
) -> Value | None:
    """The value of `written`; None where a finding was reported instead.

    `variant` is the object's Type, for what depends on it.
    """
    text = written.value
    if text.startswith("${"):
        machine.report(
            finding(
                rules.SECRET_REFERENCE,
                f"`{kind.name}` cannot be read from elsewhere",
                written.value_span,
                help="`${env:NAME}` and `${file:PATH}` stand for -username and -password",
            )
        )
        return None
    match kind.kind:
        case Text():
            return text
        case Integer(minimum, maximum):
            if re.fullmatch(r"[0-9]{1,18}", text) and minimum <= int(text) <= maximum:
                return str(int(text))
            wanted = f"a whole number from {minimum} to {maximum}"
        case Choice(values):
            if text in values:
                return text
            return _wrong_choice(machine, kind, written, values)
        case Host():
            if _is_host(text):
                return text
            wanted = "a host name such as ca.example.com, or an IP address"
        case Reference(target):
            return _read_reference(machine, kind, written, TYPES[target])
        case DeviceFile(secret):
            match = _FILE.fullmatch(text)
            swapped = CERTIFICATE_FILE if secret else KEY_FILE
            if match and match["name"] == swapped:
                wanted = "a private key" if secret else "a certificate"
                machine.report(_wrong(kind, written, f"{wanted}, and this is the other one"))
                return None
            if match:
                is_root = kind.name == "CertificateData" and variant == "Remote"
                return _read_file(machine, address, match["name"], written.value_span, is_root)
            wanted = "file://NAME, a file of the device (they lie in no folder)"
    machine.report(_wrong(kind, written, wanted))
    return None


def _is_host(text: str) -> bool:
    if ":" in text or re.fullmatch(r"[0-9.]+", text):
        from ipaddress import ip_address

        try:
            ip_address(text)
        except ValueError:
            return False
        return True
    return _HOST.fullmatch(text) is not None


def _wrong(kind: PropertyType, written: Property, wanted: str) -> Diagnostic:
    return finding(
        rules.WRONG_VALUE,
        f"`{kind.name}` cannot be `{written.value}`",
        written.value_span,
        f"has to be {wanted}",
    )


def _wrong_choice(
    machine: Machine, kind: PropertyType, written: Property, values: tuple[str, ...]
) -> None:
    wanted = "one of " + ", ".join(values)
    meant = did_you_mean(written.value, values)
    machine.report(
        finding(
            rules.WRONG_VALUE,
            f"`{kind.name}` cannot be `{written.value}`",
            written.value_span,
            f"has to be {wanted}",
            help=f"did you mean `{meant}`?" if meant else None,
            fix=replacement(written.value_span, meant) if meant else None,
        )
    )


def replacement(span: Span, text: str, applicability: Applicability = Applicability.SAFE) -> Fix:
    """The fix of a misspelt word: put `text` there instead.

    It is safe where the word is the language's own. Which object was meant, only a person can know.
    """
    return Fix(f"write `{text}`", (Edit(span, quote(text)),), applicability)


def _read_reference(
    machine: Machine, kind: PropertyType, written: Property, target: ObjectType
) -> Value | None:
    """A reference in form; whether its object is there shows when the configuration is activated."""
    text = written.value
    parts = text.split("/")
    above = container_types(target)
    if len(parts) == len(above) + 1 and all(parts):
        return text
    if len(parts) == 1 and text and above:
        machine.report(unqualified(machine, kind.name, written.value_span, text, target))
        return None
    wanted = f"the name of a {target.name}"
    if above:
        wanted = f"the names of a {' and a '.join((*above, target.name))}, as in store/name"
    machine.report(_wrong(kind, written, wanted))
    return None


def unqualified(
    machine: Machine, subject: str, span: Span, text: str, target: ObjectType
) -> Diagnostic:
    """The finding that a reference lacks its container."""
    homes = sorted(
        a.reference for a in machine.candidate if a.type == target.name and a.name == text
    )
    return finding(
        rules.UNQUALIFIED_REFERENCE,
        f"`{subject}` has to name a {target.name} together with its {target.parent}",
        span,
        f"which {target.parent} is `{text}` in?",
        help=f"write `{homes[0]}`"
        if homes
        else f"write {target.parent.lower()}-name/{text}"
        if target.parent
        else None,
        fix=replacement(span, homes[0]) if len(homes) == 1 else None,
    )


def _read_file(
    machine: Machine, address: Address, name: str, span: Span, is_root: bool
) -> Value | None:
    """The content that reaches this use of a device file.

    certmgr's two results come from certmgr alone; any other file from what was uploaded. `is_root` tells
    that it is a CA's certificate, for which the sandbox's can stand in.
    """
    if name in (CERTIFICATE_FILE, KEY_FILE):
        content = machine.reaching.get(name)
    else:
        try:
            content = machine.circumstances.find_upload(name)
        except OSError as error:
            machine.report(_unreadable_file(name, error, span))
            return None
        if content is not None:
            machine.uploads[name] = content
    if content is None and is_root:
        content = machine.circumstances.stand_in
    if content is not None:
        return FileValue(name, content)
    if not machine.is_assumed(address):
        machine.report(_missing_file(name, span))
    return None


def _unreadable_file(name: str, error: OSError, span: Span) -> Diagnostic:
    return finding(
        rules.UNREADABLE_FILE,
        f"the file `{name}` cannot be read: {error.strerror or error}",
        span,
        help="check its permissions, and that it is a file",
    )


def _missing_file(name: str, span: Span) -> Diagnostic:
    if name in (CERTIFICATE_FILE, KEY_FILE):
        return finding(
            rules.MISSING_FILE,
            f"no certmgr has made `{name}` yet",
            span,
            "nothing defines this file",
            help="run `certmgr -initiate` or `certmgr -update` before this command",
        )
    return finding(
        rules.MISSING_FILE,
        f"the file `{name}` is not there",
        span,
        "nothing defines this file",
        help=f"put `{name}` beside the script, or name its folder with --files",
    )

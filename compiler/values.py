"""A property's value as written in; the value as the configuration holds it, or a finding, out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from ..grammar.ast import Option, Property, Span, value_part
from ..grammar.quoting import quote
from . import rules
from .address import Address
from .configuration import FileValue, SecretValue, Value
from .device import CERTIFICATE_FILE, KEY_FILE
from .diagnostics import Applicability, Diagnostic, Edit, Fix, finding
from .kinds import Fault, read_item
from .machine import Machine
from .schema.model import (
    DeviceFile,
    ItemKind,
    ListOf,
    ObjectType,
    PropertyType,
    Reference,
    SecretText,
)
from .secrets import SOURCES, is_expression, kept_secret, names_source

_FILE = re.compile(r"file://(?P<name>[^/\\\x00-\x1f\x7f]+)")
# cOS Core writes an empty value like this, too.
_EMPTY = "<empty>"
_NO_NAME = re.compile(r"[^A-Z0-9]+")


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
    match kind.kind:
        case SecretText():
            return _read_secret(machine, address, written)
        case DeviceFile(is_secret):
            is_root = kind.name == "CertificateData" and variant == "Remote"
            return _read_file(machine, address, kind, written, is_secret, is_root)
        case ListOf(item, most):
            return _read_list(machine, kind, item, most, written)
        case item:
            if _is_elsewhere(machine, kind, written):
                return None
            text = "" if written.value == _EMPTY else written.value
            value = _spelt(machine, item, text)
            if value is None:
                machine.report(_misfit(machine, kind, item, text, written.value_span))
            return value


def _read_list(
    machine: Machine, kind: PropertyType, item: ItemKind, most: int | None, written: Property
) -> str | None:
    if _is_elsewhere(machine, kind, written):
        return None
    if written.value in ("", _EMPTY):
        return ""
    parts = written.value.split(",")
    if most is not None and len(parts) > most:
        machine.report(
            finding(
                rules.WRONG_VALUE,
                f"`{kind.name}` takes at most {most} items",
                written.value_span,
                f"{len(parts)} items",
            )
        )
        return None
    texts = [part.strip(" ") for part in parts]
    if not all(texts):
        machine.report(_empty_item(kind, parts, written))
        return None
    read = [_spelt(machine, item, text) for text in texts]
    fitting = [value for value in read if value is not None]
    if len(fitting) == len(read):
        return ",".join(fitting)
    for value, (text, span) in zip(read, _items(parts, written), strict=True):
        if value is None:
            found = _misfit(machine, kind, item, text, span)
            is_whole = span == written.value_span and len(parts) > 1
            machine.report(replace(found, fix=None) if is_whole else found)
    return None


def _empty_item(kind: PropertyType, parts: list[str], written: Property) -> Diagnostic:
    """The finding that nothing stands between commas, before the first or behind the last."""
    empty = next(number for number, part in enumerate(parts) if not part.strip(" "))
    return finding(
        rules.WRONG_VALUE,
        f"`{kind.name}` has an empty item",
        value_part(written, len(",".join(parts[:empty])), 1),
        "nothing stands beside this comma",
        help="leave the comma out",
    )


def _items(parts: list[str], written: Property) -> Iterator[tuple[str, Span]]:
    """Each item with its place; that of the whole where quotes or escapes hide it."""
    start = 0
    for part in parts:
        yield part.strip(" "), value_part(written, start, len(part))
        start += len(part) + 1


def _spelt(machine: Machine, item: ItemKind, text: str) -> str | None:
    """A single value as the configuration holds it; None if it does not fit."""
    if isinstance(item, Reference):
        return text if _names_object(machine, item, text) else None
    value = read_item(item, text)
    return value if isinstance(value, str) else None


def _misfit(
    machine: Machine, kind: PropertyType, item: ItemKind, text: str, span: Span
) -> Diagnostic:
    """The finding that a single value does not fit."""
    if isinstance(item, Reference):
        return _wrong_reference(machine, kind, item, text, span)
    value = read_item(item, text)
    assert not isinstance(value, str)  # noqa: S101  (it was looked at before)
    return _wrong(kind, text, span, value)


def _wrong(kind: PropertyType, text: str, span: Span, fault: Fault) -> Diagnostic:
    return finding(
        rules.WRONG_VALUE,
        f"`{kind.name}` cannot be `{text}`" if text else f"`{kind.name}` cannot be empty",
        span,
        f"has to be {fault.wanted}",
        help=f"did you mean `{fault.meant}`?" if fault.meant else None,
        fix=replacement(span, fault.meant) if fault.meant else None,
    )


def replacement(span: Span, text: str, applicability: Applicability = Applicability.SAFE) -> Fix:
    """The fix of a misspelt word: put `text` there instead.

    It is safe where the word is the language's own. Which object was meant, only a person can know.
    """
    return Fix(f"write `{text}`", (Edit(span, quote(text)),), applicability)


# -- what is read from elsewhere -------------------------------------------------------------------


def _is_elsewhere(machine: Machine, kind: PropertyType, written: Property) -> bool:
    """Whether the value is a `${…}`, which this property cannot take; a finding then."""
    if not is_expression(written):
        return False
    machine.report(
        finding(
            rules.SECRET_REFERENCE,
            f"`{kind.name}` cannot be read from elsewhere",
            written.value_span,
            help=f"{SOURCES} stand for secrets; `${{var:NAME}}` may stand here, "
            "and `\\${` where a dollar sign is meant",
        )
    )
    return True


def _read_secret(machine: Machine, address: Address, written: Property) -> Value | None:
    """A confidential text: where it is read from, or its fingerprint."""
    text = written.value
    if text in ("", _EMPTY):
        return ""
    if names_source(written):
        return text
    kept = kept_secret(written)
    if kept is not None:
        return SecretValue(kept)
    if is_expression(written):
        machine.report(unknown_source(f"`{written.name}`", written))
        return None
    machine.report(in_clear(written, f"{address.name}_{written.name}", "can use it"))
    return SecretValue(machine.circumstances.fingerprint(text))


def in_clear(written: Property | Option, name: str, consequence: str) -> Diagnostic:
    """The finding that a secret is for all to read. `name` is what its environment variable may be called."""
    shown = f"-{written.name}" if isinstance(written, Option) else written.name
    message, reader = "a secret stands in the script in clear text", "whoever reads the script"
    if written.fillings:
        message, reader = "a secret is given in clear text", "whoever sees the value"
    variable = _NO_NAME.sub("_", name.upper()).strip("_") or "SECRET"
    variable = f"_{variable}" if variable[0].isdigit() else variable
    instead = f"${{env:{variable}}}"
    return finding(
        rules.SECRET_IN_CLEAR,
        message,
        written.value_span,
        f"{reader} {consequence}",
        help=f"name where it is kept, to be read while applying: `{shown}=${{env:NAME}}`, "
        "`${file:PATH}` or `${keyring:SERVICE/USER}`",
        # To apply it would take the secret from the one place where it is.
        fix=Fix(
            f"read it from the environment: `{instead}`",
            (Edit(written.value_span, instead),),
            Applicability.DISPLAY_ONLY,
        ),
    )


def unknown_source(subject: str, written: Property | Option) -> Diagnostic:
    """The finding that a `${…}` is none that can be read."""
    is_keyring = (written.value or "").startswith("${keyring:")
    return finding(
        rules.SECRET_REFERENCE,
        f"{subject} names no entry of a keyring"
        if is_keyring
        else f"{subject} names no source that can be read",
        written.value_span,
        help="an entry has a service and a user: `${keyring:SERVICE/USER}`"
        if is_keyring
        else f"known are {SOURCES}; `\\${{` is a dollar sign and a brace",
    )


# -- references ------------------------------------------------------------------------------------


def _names_object(machine: Machine, reference: Reference, text: str) -> bool:
    """Whether it is a reference in form; whether its object is there shows at the next `activate`."""
    catalog = machine.circumstances.catalog
    above = catalog.containers(catalog.targets(reference)[0])
    if text == "":
        return not above
    parts = text.split("/")
    return all(parts) and (len(parts) == len(above) + 1 or reference.is_open)


def _wrong_reference(
    machine: Machine, kind: PropertyType, reference: Reference, text: str, span: Span
) -> Diagnostic:
    catalog = machine.circumstances.catalog
    target = catalog.types[catalog.targets(reference)[0]]
    above = catalog.containers(target.name)
    if "/" not in text and text and above:
        return unqualified(machine, kind.name, span, text, target)
    wanted = f"the name of a {target.name}"
    if above:
        wanted = f"the names of a {' and a '.join((*above, target.name))}, as in store/name"
    return _wrong(kind, text, span, Fault(wanted))


def unqualified(
    machine: Machine, subject: str, span: Span, text: str, target: ObjectType
) -> Diagnostic:
    """The finding that a reference lacks its container."""
    homes = sorted(a.reference for a in machine.candidate.called(target.name, text))
    parent = str(target.parents[0])
    return finding(
        rules.UNQUALIFIED_REFERENCE,
        f"`{subject}` has to name a {target.name} together with its {parent}",
        span,
        f"which {parent} is `{text}` in?",
        help=f"write `{homes[0]}`" if homes else f"write {parent.lower()}-name/{text}",
        fix=replacement(span, homes[0]) if len(homes) == 1 else None,
    )


# -- files -----------------------------------------------------------------------------------------


def _read_file(
    machine: Machine,
    address: Address,
    kind: PropertyType,
    written: Property,
    is_secret: bool,
    is_root: bool,
) -> Value | None:
    if _is_elsewhere(machine, kind, written):
        return None
    span = written.value_span
    match = _FILE.fullmatch(written.value)
    swapped = CERTIFICATE_FILE if is_secret else KEY_FILE
    if match and match["name"] == swapped:
        wanted = "a private key" if is_secret else "a certificate"
        fault = Fault(f"{wanted}, and this is the other one")
        machine.report(_wrong(kind, written.value, span, fault))
        return None
    if match:
        try:
            content = _content(machine, match["name"], is_root)
        except OSError as error:
            machine.report(_unreadable_file(match["name"], error, span))
            return None
        if content is not None:
            return FileValue(match["name"], content, is_secret)
        if not machine.is_assumed(address):
            machine.report(_missing_file(match["name"], span))
        return None
    fault = Fault("file://NAME, a file of the device (they lie in no folder)")
    machine.report(_wrong(kind, written.value, span, fault))
    return None


def _content(machine: Machine, name: str, is_root: bool) -> str | None:
    """The content that reaches this use of a device file.

    certmgr's two results come from certmgr alone; any other file from what was uploaded. `is_root` tells
    that it is a CA's certificate, for which the sandbox's can stand in.
    """
    if name in (CERTIFICATE_FILE, KEY_FILE):
        content = machine.reaching.get(name)
    else:
        content = machine.circumstances.find_upload(name)
        if content is not None:
            machine.uploads[name] = content
    if content is None and is_root:
        content = machine.circumstances.stand_in
    return content


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

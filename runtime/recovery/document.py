"""A CMP operation in, the JSON that the journal keeps of it out, and back; secrets apart, to be encrypted.

It is what `csc resume` goes on with where the script is not at hand. Its content ids are real ones.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

from ...compiler.address import Address
from ...compiler.plan import CmpOperation, Operation, Replaced, RequestType, Secret, Server
from ...compiler.serialize import canonical

_SCHEMA = "csc/operation/1"
_SANDBOX = "sandbox"
_ADDRESSES = ("target", "signer")


def write(operation: CmpOperation, *, is_sandbox: bool) -> str:
    """What the journal keeps, and whether it goes to the sandbox CA. No secret is in it, only its source."""
    document: dict[str, Any] = {"schema": _SCHEMA, _SANDBOX: is_sandbox}
    for field in fields(operation):
        value = getattr(operation, field.name)
        match value:
            case Address():
                value = value.path
            case Secret(source=source):
                value = source
            case Server() | Replaced():
                value = _flat(value)
            case _:
                pass
        document[field.name] = value
    return canonical(document)


def _flat(value: Server | Replaced) -> dict[str, Any]:
    pairs = ((field.name, getattr(value, field.name)) for field in fields(value))
    return {name: item.path if isinstance(item, Address) else item for name, item in pairs}


def read(document: str, secrets: bytes | None) -> CmpOperation:
    """The inverse of `write` and `secrets_in`."""
    found: dict[str, Any] = json.loads(document)
    if found.pop("schema") != _SCHEMA:
        raise ValueError("the journal has an operation in a form that this csc does not know")
    found.pop(_SANDBOX, None)
    server: dict[str, Any] = found["server"]
    server.update(
        address=Address.parse(server["address"]),
        ca=Address.parse(server["ca"]),
        tolerate=tuple(server["tolerate"]),
    )
    texts: dict[str, str] = {} if secrets is None else json.loads(secrets)
    for name in _ADDRESSES:
        if found[name] is not None:
            found[name] = Address.parse(found[name])
    for name in ("username", "password"):
        if found[name] is not None:
            found[name] = Secret(found[name], texts.get(name))
    found.update(
        operation=Operation(found["operation"]),
        request_type=RequestType(found["request_type"]),
        server=Server(**server),
        san=tuple(found["san"]),
        replaces=None if found["replaces"] is None else Replaced(**found["replaces"]),
    )
    return CmpOperation(**found)


def went_to_sandbox(document: str | None) -> bool | None:
    """Whether an operation was begun at the sandbox CA; None if an older csc began it, which kept nothing."""
    if document is None:
        return None
    found: bool | None = json.loads(document).get(_SANDBOX)
    return found


def secrets_in(operation: CmpOperation) -> bytes | None:
    """The secrets that no `${…}` has, so that they have to be kept, encrypted; None if there are none."""
    texts = {
        name: secret.text
        for name in ("username", "password")
        if (secret := getattr(operation, name)) is not None and secret.text is not None
    }
    return canonical(texts).encode() if texts else None


def with_real_contents(operation: CmpOperation, resolve: Callable[[str], str]) -> CmpOperation:
    """The operation with the content ids of what is in the state; `resolve` maps planned ones to them."""

    def real(content: str | None) -> str | None:
        return None if content is None else resolve(content)

    return replace(
        operation,
        server=replace(operation.server, ca_certificate=resolve(operation.server.ca_certificate)),
        old_certificate=real(operation.old_certificate),
        old_key=real(operation.old_key),
        signer_certificate=real(operation.signer_certificate),
        signer_key=real(operation.signer_key),
    )

"""A plan's JSON document in; the plan out, as people are shown it. It is not to be carried out.

What a document does not tell, and no view shows, is empty: who made which record, what a secret is. The
document may have been altered by anybody: what does not have the form that it should raises an error.
"""

from __future__ import annotations

import re
from typing import Any

from ..grammar.ast import Span
from .address import Address
from .configuration import FileValue, Properties, SecretValue, Value
from .key_types import DEFAULT_KEY_TYPE
from .plan import (
    Action,
    Activate,
    Change,
    CmpOperation,
    Commit,
    LeftOut,
    ObjectChange,
    Operation,
    Plan,
    Renewal,
    Replaced,
    RequestType,
    Secret,
    Server,
    Step,
    Unchanged,
    Undo,
)
from .serialize import PLAN_SCHEMA, Json

_ID = re.compile(r"s[1-9][0-9]*")
_URL = re.compile(r"https?://(\[[^\]]*\]|[^:/]*):([0-9]+)/(.*)", re.DOTALL)


def plan_from_json(document: Any) -> Plan:
    """The plan that `plan_to_json` wrote.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: if the document is none of a plan.
    """
    if document["schema"] != PLAN_SCHEMA:
        raise ValueError(f"the schema is {document['schema']!r}")
    undo = document.get("undo")
    scope = document.get("scope", {"only": [], "skip": []})
    return Plan(
        steps=tuple(map(_step, document["steps"])),
        unchanged=tuple(
            Unchanged(_text(item["what"]), _text(item["why"]), _span(item["at"]))
            for item in document["unchanged"]
        ),
        script=_text(document["script"]),
        inputs=_text(document["inputs"]),
        base=_text(document["base"]),
        renewals=tuple(
            Renewal(Address.parse(item["address"]), _span(item["at"]), item.get("refused", False))
            for item in document.get("renewals", [])
        ),
        only=_texts(scope["only"]),
        skip=_texts(scope["skip"]),
        left_out=tuple(
            LeftOut(_step(item["step"]), _text(item["why"]))
            for item in document.get("left_out", [])
        ),
        undo=None
        if undo is None
        else Undo(_texts(undo["commands"]), _texts(undo["needs"]), _texts(undo["lasting"])),
    )


def _step(document: Json) -> Step:
    if _ID.fullmatch(document["id"]) is None:
        raise ValueError(f"{document['id']!r} is no step's id")
    return Step(
        document["id"],
        _action(document),
        _texts(document["depends_on"]),
        _span(document["at"]),
        _text(document["reason"]),
    )


def _action(document: Json) -> Action:
    kind = document["kind"]
    if kind == "activate":
        return Activate()
    if kind == "commit":
        return Commit()
    if kind in tuple(Change):
        changed = set(_texts(document.get("changed", [])))
        return ObjectChange(
            Change(kind),
            Address.parse(document["address"]),
            _properties(document["before"], changed, "before"),
            _properties(document["after"], changed, "after"),
        )
    return _operation(Operation(kind), document)


def _properties(document: Json | None, changed: set[str], when: str) -> Properties | None:
    """Properties; a secret is told from the one before or after it only by whether it changed."""
    if document is None:
        return None
    return {
        name: _value(value, when if name in changed else "") for name, value in document.items()
    }


def _value(value: Any, when: str) -> Value:
    if isinstance(value, str):
        return value
    if "file" in value:
        return FileValue(_text(value["file"]), _text(value["content"]), "secret" in value)
    if value != {"secret": True}:
        raise ValueError("this is no value of a property")
    return SecretValue(when)


def _operation(operation: Operation, document: Json) -> CmpOperation:
    protection, obtains, replaces = (
        document["protection"],
        document["obtains"],
        document.get("replaces"),
    )
    messages = document["messages"]
    signer = protection.get("signer")
    pair = (protection.get("certificate"), protection.get("key"))
    old, signs = (pair, (None, None)) if signer is None else ((None, None), pair)
    usual = DEFAULT_KEY_TYPE if operation is Operation.INITIATE else None
    return CmpOperation(
        operation=operation,
        request_type=RequestType(messages[0]),
        target=Address.parse(document["address"]),
        server=_server(document["server"], is_implicit=_is_implicit(operation, messages)),
        subject=_text(document["subject"]),
        request="",
        script="",
        operations=0,
        certificate=_text(obtains["certificate"] if obtains else old[0]),
        key=_text(obtains["key"] if obtains else old[1]),
        old_certificate=old[0],
        old_key=old[1],
        username=_secret(protection.get("username")),
        password=_secret(protection.get("password")),
        is_hex=bool(protection.get("hex")),
        replaces=Replaced(
            _text(replaces["certificate"]),
            _text(replaces["serial_number"]),
            _text(replaces["not_after"]),
        )
        if replaces
        else None,
        san=_texts(document.get("names", ())),
        key_type=_optional(document, "key_type", usual),
        is_central="central" in document,
        signer=None if signer is None else Address.parse(signer),
        signer_certificate=signs[0],
        signer_key=signs[1],
        reason=_optional(document, "revocation_reason"),
        profile=_optional(document, "profile"),
    )


def _is_implicit(operation: Operation, messages: list[str]) -> bool:
    return operation is not Operation.REVOKE and "certConf" not in messages


def _server(document: Json, *, is_implicit: bool) -> Server:
    url = _URL.fullmatch(document["url"])
    if url is None:
        raise ValueError("this is no server's URL")
    address = Address((("CMPServer", _text(document["name"])),))
    ca = Address.parse(document["ca"])
    return Server(
        address,
        url[1].removeprefix("[").removesuffix("]"),
        int(url[2]),
        url[3],
        ca,
        _text(document["ca_certificate"]),
        tls=_text(document.get("tls", "")),
        mac=_text(document.get("mac", "PBM")),
        rsa_padding=_text(document.get("rsa_padding", "PKCS1")),
        is_implicit=is_implicit,
        tolerate=_texts(document.get("tolerate", ())),
        poll_limit=int(document.get("poll_limit", 600)),
    )


def _secret(source: Any) -> Secret | None:
    return None if source is None else Secret(_text(source))


def _span(document: Json) -> Span:
    numbers = (document["line"], document["column"], document["length"])
    return Span(_text(document["file"]), *map(int, numbers))


def _optional(document: Json, key: str, usual: str | None = None) -> str | None:
    return _text(document[key]) if key in document else usual


def _texts(items: Any) -> tuple[str, ...]:
    return tuple(map(_text, items))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} in place of a text")
    return value

"""Plans and states as JSON documents. Deterministic: the same data give the same bytes."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from ..grammar.ast import Span
from .address import Address
from .configuration import (
    Configuration,
    FileValue,
    Properties,
    SecretValue,
    Value,
    written,
)
from .device import CertificateRecord, DeviceState
from .key_types import DEFAULT_KEY_TYPE
from .plan import (
    Action,
    Activate,
    CmpOperation,
    Commit,
    ObjectChange,
    Operation,
    Plan,
    Replaced,
    Secret,
    Server,
    Step,
    Undo,
)

Json = dict[str, Any]

PLAN_SCHEMA = "csc/plan/1"


def canonical(document: object) -> str:
    """The one spelling of a JSON document."""
    return json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


# -- configurations --------------------------------------------------------------------------------


def configuration_to_json(configuration: Configuration) -> list[Json]:
    """Objects in their order, each with its path and properties."""
    return [
        {"path": address.path, "properties": properties_to_json(properties)}
        for address, properties in configuration.items()
    ]


def configuration_from_json(document: list[Json]) -> Configuration:
    """The inverse of `configuration_to_json`."""
    return {
        Address.parse(item["path"]): {
            name: value_from_json(value) for name, value in item["properties"].items()
        }
        for item in document
    }


def properties_to_json(properties: Properties) -> Json:
    """Properties by name; what is no text is an object."""
    return {name: _value_to_json(value) for name, value in properties.items()}


def _value_to_json(value: Value) -> str | Json:
    match value:
        case FileValue(name, content, is_secret):
            document = {"file": name, "content": content}
            return {**document, "secret": True} if is_secret else document
        case SecretValue(fingerprint):
            return {"fingerprint": fingerprint}
        case text:
            return text


def value_from_json(value: str | Json) -> Value:
    """The inverse for one value."""
    if isinstance(value, str):
        return value
    if "fingerprint" in value:
        return SecretValue(value["fingerprint"])
    return FileValue(value["file"], value["content"], value.get("secret", False))


def state_digest(state: DeviceState) -> str:
    """SHA-256 of all that a plan depends on in a device's state, in hex."""
    document = {
        "committed": configuration_to_json(state.committed),
        "active": configuration_to_json(state.active),
        "candidate": configuration_to_json(state.candidate),
        "files": dict(state.files),
        "left_by": state.left_by,
        "certificates": {
            address.path: _record_to_json(record) for address, record in state.certificates.items()
        },
    }
    return hashlib.sha256(canonical(document).encode()).hexdigest()


def _record_to_json(record: CertificateRecord) -> list[str | int | bool]:
    return [
        record.certificate,
        record.key,
        record.request,
        record.script,
        record.operations,
        record.is_revoked,
    ]


# -- plans -----------------------------------------------------------------------------------------


def plan_to_json(plan: Plan) -> Json:
    """The whole plan as a JSON document with a `schema` key; no secret is in it."""
    return {
        "schema": PLAN_SCHEMA,
        "script": plan.script,
        "inputs": plan.inputs,
        "base": plan.base,
        "scope": {"only": list(plan.only), "skip": list(plan.skip)},
        "steps": [_step_to_json(step) for step in plan.steps],
        "left_out": [{"step": _step_to_json(item.step), "why": item.why} for item in plan.left_out],
        "unchanged": [
            {"what": item.what, "why": item.why, "at": _span_to_json(item.span)}
            for item in plan.unchanged
        ],
        "idempotent": not plan.renewals,
        "renewals": [
            {
                "address": item.certificate.path,
                "at": _span_to_json(item.span),
                **({"refused": True} if item.is_refused else {}),
            }
            for item in plan.renewals
        ],
        **({} if plan.undo is None else {"undo": _undo_to_json(plan.undo)}),
    }


def _undo_to_json(undo: Undo) -> Json:
    return {
        "commands": list(undo.commands),
        "needs": list(undo.needs),
        "lasting": list(undo.lasting),
    }


def _step_to_json(step: Step) -> Json:
    return {
        "id": step.id,
        **_action_to_json(step.action),
        "depends_on": list(step.depends_on),
        "at": _span_to_json(step.span),
        "reason": step.reason,
    }


def _action_to_json(action: Action) -> Json:
    match action:
        case ObjectChange():
            return {
                "kind": action.change.value,
                "address": action.address.path,
                "before": _planned_properties(action.before),
                "after": _planned_properties(action.after),
                "changed": changed_names(action),
            }
        case CmpOperation():
            return {
                "kind": action.operation.value,
                "address": action.target.path,
                "server": _server_to_json(action.server),
                "messages": list(action.messages),
                "subject": action.subject,
                **asked_to_json(action),
                "protection": _protection_to_json(action),
                "obtains": {"certificate": action.certificate, "key": action.key}
                if action.certificate != action.old_certificate
                else None,
                "replaces": _replaced_to_json(action.replaces),
            }
        case Activate():
            return {"kind": "activate"}
        case Commit():
            return {"kind": "commit"}


def _server_to_json(server: Server) -> Json:
    """A server; of csc's own settings those that are not as usual."""
    return {
        "name": server.address.reference,
        "url": server.url,
        "ca": server.ca.path,
        "ca_certificate": server.ca_certificate,
        **({"tls": server.tls} if server.tls else {}),
        **({"mac": server.mac} if server.mac != "PBM" else {}),
        **({"rsa_padding": server.rsa_padding} if server.rsa_padding != "PKCS1" else {}),
        **({"tolerate": list(server.tolerate)} if server.tolerate else {}),
        **({"poll_limit": server.poll_limit} if server.poll_limit != 600 else {}),
    }


def asked_to_json(action: CmpOperation) -> Json:
    """What csc's own options ask for beside the subject; nothing where none was given."""
    usual = DEFAULT_KEY_TYPE if action.operation is Operation.INITIATE else None
    return {
        **({"names": list(action.san)} if action.san else {}),
        **({"key_type": action.key_type} if action.key_type != usual else {}),
        **({"central": True} if action.is_central else {}),
        **({"profile": action.profile} if action.profile is not None else {}),
        **({"revocation_reason": action.reason} if action.reason is not None else {}),
    }


def _protection_to_json(action: CmpOperation) -> Json:
    if action.signer is not None:
        return {
            "type": "signature",
            "signer": action.signer.path,
            "certificate": action.signer_certificate,
            "key": action.signer_key,
        }
    if action.old_certificate is not None:
        return {
            "type": "signature",
            "certificate": action.old_certificate,
            "key": action.old_key,
        }
    return {"type": "password-based MAC", **_credentials_to_json(action)}


def changed_names(action: ObjectChange) -> list[str]:
    """The properties that differ, in the order in which they are told."""
    before, after = action.before or {}, action.after or {}
    return [n for n in written({**after, **before}) if before.get(n) != after.get(n)]


def _replaced_to_json(replaced: Replaced | None) -> Json | None:
    if replaced is None:
        return None
    return {
        "certificate": replaced.certificate,
        "serial_number": replaced.serial_number,
        "not_after": replaced.not_after,
    }


def _planned_properties(properties: Properties | None) -> Json | None:
    """Properties as a plan tells them: no fingerprint, which is the state's own affair."""
    if properties is None:
        return None
    return {
        name: {"secret": True} if isinstance(value, SecretValue) else _value_to_json(value)
        for name, value in properties.items()
    }


def _credentials_to_json(action: CmpOperation) -> Json:
    def source(secret: Secret | None) -> str | None:
        return None if secret is None else secret.source

    return {
        "username": source(action.username),
        "password": source(action.password),
        "hex": action.is_hex,
    }


def _span_to_json(span: Span) -> Json:
    return {"file": span.file, "line": span.line, "column": span.column, "length": span.length}

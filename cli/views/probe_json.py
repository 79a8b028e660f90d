"""CAs that were asked, and findings, in; the key `probe` of a plan's document out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...compiler.diagnostics import Diagnostic
from ...runtime.certificates import dump_certificate, facts_of
from ...runtime.probe import Asked
from ...runtime.probing.facts import Facts
from ...runtime.probing.keys import KeysTaken, keys_of_list, keys_of_template
from .diagnostics_json import finding_to_json

SCHEMA = "csc/probe/1"


def render(asked: Sequence[Asked], diagnostics: Sequence[Diagnostic]) -> dict[str, Any]:
    """The document."""
    return {
        "schema": SCHEMA,
        "asked": [_asked(item) for item in asked],
        "diagnostics": [finding_to_json(d) for d in diagnostics],
    }


def _asked(asked: Asked) -> dict[str, Any]:
    target = asked.target
    return {
        "server": target.server.address.reference,
        "url": target.server.url,
        "steps": [step.id for step, _ in target.steps],
        "answers": None if asked.facts is None else _facts(asked.facts),
    }


def _facts(facts: Facts) -> dict[str, Any]:
    taken = None if facts.template is None else keys_of_template(facts.template)
    listed = None if facts.signing_keys is None else keys_of_list(facts.signing_keys)
    new = None if facts.root_update is None else facts.root_update.new_with_new
    return {
        "keys": _keys(taken),
        "signature_keys": _keys(listed),
        "crls": [
            {
                "issuer": crl.issuer.rfc4514_string(),
                "this_update": f"{crl.last_update_utc:%Y-%m-%dT%H:%M:%SZ}",
                "next_update": None
                if crl.next_update_utc is None
                else f"{crl.next_update_utc:%Y-%m-%dT%H:%M:%SZ}",
                "revoked": len(crl),
            }
            for crl in facts.crls
        ],
        "root": _root(dump_certificate(facts.anchor)),
        "new_root": None if new is None else _root(dump_certificate(new)),
        "open": list(facts.open),
    }


def _keys(taken: KeysTaken | None) -> list[str] | None:
    if taken is None:
        return None
    rsa = ["rsa"] if taken.any_rsa else [f"rsa:{bits}" for bits in sorted(set(taken.rsa_lengths))]
    return [*rsa, *taken.others, *taken.unknown]


def _root(data: bytes) -> dict[str, Any] | None:
    facts = facts_of(data)
    if facts is None:
        return None
    return {
        "subject": facts.subject,
        "serial_number": facts.serial_number,
        "not_after": facts.not_after,
        "sha256": facts.sha256,
    }

"""CAs that were asked in; a line for each, with what it takes and what it has published, out."""

from __future__ import annotations

from collections.abc import Sequence

from ...runtime.probe import Asked
from ...runtime.probing.facts import Facts
from ...runtime.probing.keys import in_words, keys_of_list, keys_of_template
from .source_text import printable

_MOST = 3


def render(asked: Sequence[Asked]) -> str:
    """The lines; none without CAs."""
    return "".join(f"{_line(item)}\n" for item in asked) + ("\n" if asked else "")


def _line(asked: Asked) -> str:
    names = list(dict.fromkeys(operation.target.reference for _, operation in asked.target.steps))
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    server = asked.target.server.address.reference
    said = "no answers" if asked.facts is None else _facts(asked.facts)
    return printable(f"asked {server} for {', '.join(names[:_MOST])}{more}: {said}")


def _facts(facts: Facts) -> str:
    parts: list[str] = []
    taken = None if facts.template is None else keys_of_template(facts.template)
    if taken is None and facts.signing_keys is not None:
        taken = keys_of_list(facts.signing_keys)
    if taken is not None:
        parts.append(f"takes {in_words(taken)}")
    for crl in facts.crls:
        number = len(crl)
        parts.append(f"CRL of {crl.last_update_utc:%Y-%m-%d} with {number or 'none'} revoked")
    end = facts.anchor.not_valid_after_utc
    parts.append(f"root valid until {end:%Y-%m-%d}")
    return "; ".join(parts)

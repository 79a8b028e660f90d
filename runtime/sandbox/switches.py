"""Changes of a CA's behaviour in, as JSON values or as typed words, the new behaviour out.

A switch is a field of Behaviour. Its value is true or false, a number, the RFC's name of a PKIFailureInfo, or
nothing.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, replace
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from ..cmp.errors import clean, failure_name
from ..cmp.model import PKIFailureInfo
from .behaviour import Behaviour

# Seconds, or messages: enough for any test, and far from what clocks and timers cannot do.
_MOST = 10**8
_SIGNED = ("clock_offset",)
_FAILURES = {failure_name(bit): bit for bit in PKIFailureInfo}
_WORDS: dict[str, object] = {
    "true": True,
    "on": True,
    "yes": True,
    "false": False,
    "off": False,
    "no": False,
    "none": None,
    "null": None,
    "": None,
}


def to_json(behaviour: Behaviour) -> dict[str, Any]:
    """Every switch by its name, in order."""
    values = {field.name: getattr(behaviour, field.name) for field in fields(behaviour)}
    return {
        name: failure_name(value) if isinstance(value, PKIFailureInfo) else value
        for name, value in values.items()
    }


def changed(behaviour: Behaviour, changes: Mapping[str, object]) -> Behaviour:
    """The behaviour with other values.

    Raises:
        ValueError: if a name is not known, or a value is none for it; it says what is known.
    """
    kinds = _kinds()
    values: dict[str, Any] = {}
    for name, value in changes.items():
        if name not in kinds:
            raise ValueError(f"there is no switch {clean(name)!r}; there are {', '.join(kinds)}")
        values[name] = _value(name, kinds[name], value)
    if values.get("reject_count") == 0:
        values = {**values, "rejects": None, "reject_count": None}
    new = replace(behaviour, **values)
    if new.reject_count is not None and new.rejects is None:
        if "reject_count" in values:
            # Why was not said, and the least that can be is badRequest.
            return replace(new, rejects=PKIFailureInfo.BAD_REQUEST)
        return replace(new, reject_count=None)
    return new


def read_words(words: str) -> tuple[str, object]:
    """The name and JSON value of a change that was typed as `NAME=VALUE`.

    Raises:
        ValueError: if it is none.
    """
    name, equals, text = words.partition("=")
    if not equals:
        raise ValueError(f"{clean(words)!r} is no NAME=VALUE")
    name, text = name.strip().replace("-", "_"), text.strip()
    if text.lower() in _WORDS:
        return name, _WORDS[text.lower()]
    for number in (int, float):
        try:
            return name, number(text)
        except ValueError:
            continue
    return name, text


@cache
def _kinds() -> dict[str, tuple[tuple[type, ...], str]]:
    """For each switch the types of its values, and how they are called."""
    hints = get_type_hints(Behaviour)
    return {field.name: _kind(hints[field.name]) for field in fields(Behaviour)}


def _kind(hint: Any) -> tuple[tuple[type, ...], str]:
    is_union = get_origin(hint) in (Union, types.UnionType)
    accepted = tuple(get_args(hint)) if is_union else (hint,)
    called = {
        bool: "true or false",
        int: "a whole number",
        float: "a number",
        PKIFailureInfo: "a PKIFailureInfo",
        types.NoneType: "none",
    }
    return accepted, " or ".join(called[kind] for kind in accepted)


def _value(name: str, kind: tuple[tuple[type, ...], str], value: object) -> object:
    accepted, called = kind
    if value is None and types.NoneType in accepted:
        return None
    if PKIFailureInfo in accepted and isinstance(value, str):
        if value in _FAILURES:
            return _FAILURES[value]
        raise ValueError(
            f"{name} is {called}, not {clean(value)!r}; there are {', '.join(_FAILURES)}"
        )
    if bool in accepted and isinstance(value, bool):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        least = -_MOST if name in _SIGNED else 0
        takes_it = float in accepted or (int in accepted and isinstance(value, int))
        if takes_it and not least <= value <= _MOST:  # NaN is not, either
            raise ValueError(f"{name} is between {least} and {_MOST}")
        if takes_it:
            return float(value) if float in accepted else value
    raise ValueError(f"{name} is {called}, not {clean(repr(value))}")

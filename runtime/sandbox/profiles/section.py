"""A table of a TOML file in, its values out; mistakes are noted, so that all are said at once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from ....compiler.suggest import did_you_mean

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a key of a table, and what was expected. Both are empty where it is the file."""

    table: str
    key: str
    text: str

    def __str__(self) -> str:
        return f"{self.table} {self.key}: {self.text}".strip().removeprefix(": ")


@dataclass(frozen=True, slots=True)
class Section:
    """A table, by the name that stands in its brackets, and where problems with it are noted."""

    name: str
    content: Mapping[str, Any]
    problems: list[Problem]

    def note(self, key: str, text: str) -> None:
        """Note a problem with a key."""
        self.problems.append(Problem(f"[{self.name}]" if self.name else "", key, text))


def known_keys(section: Section, known: Collection[str]) -> None:
    """Note the keys that nobody reads."""
    for key in section.content:
        if key not in known:
            section.note(quoted(key), f"there is no such key; {meant(key, known)}")


def meant(word: str, known: Collection[str]) -> str:
    """Which of the words that are known a wrong one was, or that these are known."""
    near = did_you_mean(word, known)
    return f"did you mean {near}?" if near else f"known are {', '.join(known)}"


def subsection(section: Section, key: str) -> Section:
    """A table in a table; empty if it is not there."""
    name = f"{section.name}.{key}".removeprefix(".")
    value = section.content.get(key, {})
    if not isinstance(value, dict):
        section.note(key, f"a table [{name}] was expected, not {kind(value)}")
        value = {}
    return Section(name, cast("dict[str, Any]", value), section.problems)


def flag(section: Section, key: str, *, default: bool) -> bool:
    """True or false."""
    value = section.content.get(key, default)
    if isinstance(value, bool):
        return value
    section.note(key, f"true or false was expected, not {kind(value)}")
    return default


def text(section: Section, key: str, default: str = "") -> str:
    """A text."""
    value = section.content.get(key, default)
    if isinstance(value, str):
        return value
    section.note(key, f"a text was expected, not {kind(value)}")
    return default


def choice(section: Section, key: str, options: type[T], default: T) -> T:
    """One of the words of an enumeration."""
    if key not in section.content:
        return default
    words = [str(option) for option in cast("Collection[T]", options)]
    word = section.content[key]
    if isinstance(word, str) and word in words:
        return cast("Callable[[str], T]", options)(word)
    expected = f"one of {', '.join(words)} was expected"
    near = did_you_mean(word, words) if isinstance(word, str) else None
    hint = f"; did you mean {near}?" if near else ""
    section.note(key, f"{expected}, not {kind(word)}{hint}")
    return default


def items(
    section: Section, key: str, read: Callable[[str], T], example: str
) -> tuple[T, ...] | None:
    """A list of texts, at least one, each of which `read` makes something of; None if it is not there.

    `read` says what was expected in a ValueError.
    """
    if key not in section.content:
        return None
    given = cast("object", section.content[key])
    values = _list(given)
    if not values:
        section.note(key, f"a list such as {example} was expected, not {kind(given)}")
        return None
    found: list[T] = []
    for number, value in enumerate(values):
        place = f"{key}[{number}]"
        if not isinstance(value, str):
            section.note(place, f"a text was expected, not {kind(value)}")
            continue
        try:
            item = read(value)
        except ValueError as error:
            section.note(place, str(error))
            continue
        if item in found:
            section.note(place, f"{value!r} is there already")
        found.append(item)
    return tuple(found)


def _list(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []


def pairs(section: Section, key: str, read: Callable[[str, str], T]) -> tuple[T, ...]:
    """A table of texts, each of which `read` makes something of together with its key.

    `read` says what was expected in a ValueError.
    """
    inner = subsection(section, key)
    found: list[T] = []
    for name, value in inner.content.items():
        if not isinstance(value, str):
            inner.note(quoted(name), f"a text was expected, not {kind(value)}")
            continue
        try:
            found.append(read(name, value))
        except ValueError as error:
            inner.note(quoted(name), str(error))
    return tuple(found)


def quoted(key: str) -> str:
    """A key as TOML writes it."""
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key, ensure_ascii=False)


def kind(value: object) -> str:
    """A value as a message shows it: what it is, and, if it is short, itself."""
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case str():
            return repr(value[:64])
        case list():
            return "a list" if value else "an empty list"
        case dict():
            return "a table"
        case _:
            return "a date or time"

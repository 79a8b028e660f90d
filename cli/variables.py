"""Files of variables in; names and values, and where each was given, out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path

from ..compiler.parameters import is_variable_name
from ..grammar.frozen import frozen
from .encoding import BOM
from .exits import USAGE, Failure

_FORM = 'a file of variables is TOML, with a line NAME = "value" for each'
_PLACE = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)
# Far more than anybody writes; the rest would be another file.
_MOST_BYTES = 1024 * 1024
_WHOLE = 2**63


@frozen
class Variables:
    """Values of script parameters by name, and the file and line of those that stand in files."""

    values: Mapping[str, str] = field(default_factory=dict[str, str])
    places: Mapping[str, str] = field(default_factory=dict[str, str])


def read_variables(paths: Sequence[str], defined: Mapping[str, str]) -> Variables:
    """What the files say, a later one over an earlier one, and `defined` (-D) over all.

    Raises:
        Failure: if a file cannot be read or is wrong.
    """
    values: dict[str, str] = {}
    places: dict[str, str] = {}
    for path in paths:
        text = _read(path)
        for name, value in _parse(path, text).items():
            line = _line_of(name, text)
            values[name] = _text_of(path, line, name, value)
            places[name] = f"{path}:{line}" if line else path
    for name in defined:
        places.pop(name, None)
    return Variables({**values, **defined}, places)


def _read(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise Failure(f"{path} has more than 1 MiB", _FORM, USAGE)
        return data.decode().removeprefix(BOM)
    except OSError as error:
        raise Failure(f"{path} cannot be read: {error.strerror}", _FORM, USAGE) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise Failure(f"{path}:{line}: this is not UTF-8 text", "save it as UTF-8", USAGE) from None


def _parse(path: str, text: str) -> dict[str, object]:
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        match = _PLACE.fullmatch(str(error))
        last = f"{text.count(chr(10)) + 1}"
        place = f":{match[2] or last}" + (f":{match[3]}" if match[3] else "") if match else ""
        # What the library says may hold a word of the file, and that may be a secret.
        raise Failure(f"{path}{place}: this is not TOML", _FORM, USAGE) from None
    except (ValueError, RecursionError):
        raise Failure(f"{path}: this holds a number or a table without end", _FORM, USAGE) from None


def _line_of(name: str, text: str) -> int | None:
    found = re.search(rf"""^[ \t]*["']?{re.escape(name)}["']?[ \t]*[=.]""", text, re.MULTILINE)
    table = re.search(rf"^[ \t]*\[+[ \t]*{re.escape(name)}\b", text, re.MULTILINE)
    first = min((m.start() for m in (found, table) if m), default=None)
    return None if first is None else text.count("\n", 0, first) + 1


def _text_of(path: str, line: int | None, name: str, value: object) -> str:
    place = f"{path}:{line}" if line else path
    if not is_variable_name(name) and not (name.isascii() and name.isdecimal()):
        raise Failure(
            f"{place}: `{name}` cannot be a variable's name",
            "a name begins with a letter, and has letters, digits, `_`, `-` and `.` in it",
            USAGE,
        )
    match value:
        case bool():
            return "Yes" if value else "No"
        case str():
            return value
        case int() if -_WHOLE <= value < _WHOLE:
            return str(value)
        case _:
            raise Failure(
                f"{place}: `{name}` is {_kind(value)}, and no text, whole number, true or false",
                f'write {name} = "value", its value in quotes',
                USAGE,
            )


def _kind(value: object) -> str:
    match value:
        case dict():
            return "a table"
        case list():
            return "a list"
        case float():
            return "a number with a fraction"
        case int():
            return "a number of more than 64 bits"
        case _:
            return "a date or time"

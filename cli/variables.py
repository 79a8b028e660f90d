"""Files of variables in; their values by name out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from .exits import USAGE, Failure

# A script parameter's number, or the name of a variable.
NAME = re.compile(r"[0-9]+|[A-Za-z_][A-Za-z0-9_.-]*")


def read_variables(paths: Sequence[Path]) -> dict[str, str]:
    """The values of `${var:NAME}` that TOML files hold; of two files the later one counts.

    Raises:
        Failure: if a file cannot be read, or holds anything but texts, whole numbers and booleans.
    """
    values: dict[str, str] = {}
    for path in paths:
        import tomllib

        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise Failure(f"{path} cannot be read: {error.strerror}", exit_code=USAGE) from None
        except UnicodeDecodeError:
            raise Failure(f"{path} is not UTF-8 text", "save it as UTF-8", USAGE) from None
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            raise Failure(f"{path} is not TOML: {error}", _FORM, USAGE) from None
        for name, value in document.items():
            if not NAME.fullmatch(name):
                raise Failure(f"{path}: no variable can be called {name!r}", _FORM, USAGE)
            values[name] = _text(path, name, value)
    return values


def _text(path: Path, name: str, value: object) -> str:
    match value:
        case bool():
            return "Yes" if value else "No"
        case str() | int():
            return str(value)
        case _:
            kind = type(value).__name__
            raise Failure(
                f"{path}: {name} is a {kind}, and has to be text, a whole number or a boolean",
                _FORM,
                USAGE,
            )


_FORM = 'it holds lines such as site = "oslo", one for each ${var:NAME}'

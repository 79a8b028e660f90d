"""Between a text and how a script writes it: quotes, escapes, and where a parameter stands."""

from __future__ import annotations

import re

# Where a parameter stands in a text, and its name: `$1` is (0, "1"), `${var:site}` is (0, "site").
Parameters = tuple[tuple[int, str], ...]

_VARIABLE = r"\{var:([A-Za-z_][A-Za-z0-9_.\-]*)\}"
_SPECIAL = re.compile(rf'\\(.)|"|\$(?:([0-9]+)|{_VARIABLE})', re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_LETTERS = {character: letter for letter, character in _ESCAPES.items()}
_NEEDS_QUOTES = re.compile(r'[\s"\\]|^$')
_DIGIT = re.compile(r"[0-9]")
_TO_ESCAPE = re.compile(rf'["\\\n\r\t]|\$(?=[0-9]|{_VARIABLE})')
_WELL_QUOTED = re.compile(r'(?:[^"\\]|\\.|"(?:[^"\\]|\\.)*+")*+\\?', re.DOTALL)
_ENDS_IN_BACKSLASH = re.compile(r"(?<!\\)(?:\\\\)*+\\\Z")


def unquote(raw: str) -> tuple[str, Parameters]:
    r"""The text of `raw` without quotes, its escapes resolved, and the script parameters in it.

    `\n`, `\r` and `\t` are escapes, any other escaped character stands for itself: documented are `\"`, `\r`
    and `\n` (CLI Reference Guide, chapter 1). A bare value is read alike. `$1` and `${var:NAME}` are
    parameters, `\$1` and `\${var:NAME}` are not.
    """
    if '"' not in raw and "\\" not in raw and "$" not in raw:
        return str(raw), ()
    parts: list[str] = []
    parameters: list[tuple[int, str]] = []
    length = end = 0
    for match in _SPECIAL.finditer(raw):
        plain = raw[end : match.start()]
        end = match.end()
        escaped, number, variable = match.groups()
        parameter = number or variable
        if parameter is not None:
            parameters.append((length + len(plain), parameter))
            plain += match[0]
        elif escaped is not None:
            plain += _ESCAPES.get(escaped, escaped)
        parts.append(plain)
        length += len(plain)
    return "".join((*parts, raw[end:])), tuple(parameters)


def reference_to(parameter: str) -> str:
    """How a script refers to a parameter: `$1`, `${var:site}`."""
    return f"${parameter}" if parameter.isdecimal() else f"${{var:{parameter}}}"


def quote(text: str, parameters: Parameters = ()) -> str:
    """A value as a script writes it: in quotes, with escapes, where it needs them."""
    written: list[str] = []
    end = 0
    for start, name in parameters:
        reference = reference_to(name)
        written += (_escape(text[end:start]), reference)
        end = start + len(reference)
        if name.isdecimal() and _DIGIT.match(text, end):
            written.append("\\")
    written.append(_escape(text[end:]))
    return f'"{"".join(written)}"' if _NEEDS_QUOTES.search(text) else "".join(written)


def quote_word(text: str, parameters: Parameters = ()) -> str:
    """A word as a script writes it: quoted, too, where it would read as an argument of another kind."""
    written = quote(text, parameters)
    if written[0] == '"' or (written[0] not in "-#" and "=" not in written):
        return written
    return f'"{written}"'


def _escape(text: str) -> str:
    return _TO_ESCAPE.sub(lambda m: "\\" + _LETTERS.get(m[0], m[0]), text)


def is_closed(raw: str) -> bool:
    """Whether every quote in `raw` is closed."""
    return '"' not in raw or _WELL_QUOTED.fullmatch(raw) is not None


def ends_in_backslash(raw: str) -> bool:
    """Whether `raw` ends in a backslash that escapes nothing."""
    return raw.endswith("\\") and _ENDS_IN_BACKSLASH.search(raw) is not None

"""Between a text and how a script writes it: quotes, escapes, and where a script parameter stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import field, replace
from enum import Enum

from .frozen import frozen


class Form(Enum):
    """How a parameter is written."""

    NUMBER = "$1"
    VARIABLE = "${var:NAME}"
    # A variable without its closing brace.
    OPEN = "${var:NAME"
    # No parameter: a dollar sign before a brace that stands for itself.
    DOLLAR = "\\$"


@frozen
class Parameter:
    """A script parameter in a text, or a dollar sign that begins none.

    `place` is where it stands in the text, `at` where in the script, from the value's first character on.
    """

    place: int
    name: str
    form: Form = Form.NUMBER
    at: int = field(default=0, compare=False)

    @property
    def text(self) -> str:
        """What stands for it in the text."""
        match self.form:
            case Form.NUMBER:
                return f"${self.name}"
            case Form.VARIABLE:
                return f"${{var:{self.name}}}"
            case Form.OPEN:
                return f"${{var:{self.name}"
            case Form.DOLLAR:
                return "$"

    @property
    def is_filled(self) -> bool:
        """Whether a value may take its place."""
        return self.form in (Form.NUMBER, Form.VARIABLE)


Parameters = tuple[Parameter, ...]

_SPECIAL = re.compile(r'\\(.)|"|\$([0-9]+)|\$\{var:([^{}"\\$]*)(\}?)|(\$)(?=\{)', re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_LETTERS = {character: letter for letter, character in _ESCAPES.items()}
_NEEDS_QUOTES = re.compile(r'[\s"\\]|^$')
_DIGIT = re.compile(r"[0-9]")
_TO_ESCAPE = re.compile(r'["\\\n\r\t]|\$(?=[0-9]|\{var:)')
_WELL_QUOTED = re.compile(r'(?:[^"\\]|\\.|"(?:[^"\\]|\\.)*+")*+\\?', re.DOTALL)
_ENDS_IN_BACKSLASH = re.compile(r"(?<!\\)(?:\\\\)*+\\\Z")


def unquote(raw: str) -> tuple[str, Parameters]:
    r"""The text of `raw` without quotes, its escapes resolved, and the script parameters in it.

    `\n`, `\r` and `\t` are escapes, any other escaped character stands for itself: documented are `\"`, `\r`
    and `\n` (CLI Reference Guide, chapter 1). A bare value is read alike. `$1` and `${var:x}` are parameters,
    `\$1` and `\${var:x}` are not.
    """
    if '"' not in raw and "\\" not in raw and "$" not in raw:
        return str(raw), ()
    parts: list[str] = []
    parameters: list[Parameter] = []
    plain_dollars: set[int] = set()
    length = end = 0
    for match in _SPECIAL.finditer(raw):
        plain = raw[end : match.start()]
        end = match.end()
        place = length + len(plain)
        escaped, number, variable, brace, dollar = match.groups()
        if number is not None:
            parameters.append(Parameter(place, number, Form.NUMBER, match.start()))
            plain += match[0]
        elif variable is not None:
            form = Form.VARIABLE if brace else Form.OPEN
            parameters.append(Parameter(place, variable, form, match.start()))
            plain += match[0]
        elif dollar is not None:
            plain_dollars.add(place)
            plain += dollar
        elif escaped is not None:
            plain += _ESCAPES.get(escaped, escaped)
        parts.append(plain)
        length += len(plain)
    text = "".join((*parts, raw[end:]))
    if "${" not in text:
        return text, tuple(parameters)
    return text, tuple(_with_literal_dollars(text, parameters, plain_dollars))


def _with_literal_dollars(
    text: str, found: list[Parameter], plain: set[int]
) -> Iterator[Parameter]:
    """The parameters, and every `${` of the text that escapes or quotes have kept from being read as one."""
    by_place = {parameter.place: parameter for parameter in found if not _is_torn(text, parameter)}
    for match in re.finditer(r"\$(?:\{|[0-9])", text):
        place = match.start()
        if place in by_place:
            yield by_place[place]
        elif match[0] == "${" and place not in plain:
            yield Parameter(place, "", Form.DOLLAR)


def _is_torn(text: str, parameter: Parameter) -> bool:
    """Whether a quote or an escape stands within what looks like a variable."""
    follows = text[parameter.place + len(parameter.text) :][:1]
    return parameter.form is Form.OPEN and follows not in ("", "{", "$")


def shifted(parameters: Parameters, by: int, at: int) -> Parameters:
    """The parameters of a text with `by` characters put before it, which take `at` in the script."""
    return tuple(replace(p, place=p.place + by, at=p.at + at) for p in parameters)


def quote(text: str, parameters: Parameters = ()) -> str:
    """A value as a script writes it: in quotes, with escapes, where it needs them."""
    written: list[str] = []
    end = 0
    for parameter in parameters:
        written.append(_escape(text[end : parameter.place]))
        written.append("\\$" if parameter.form is Form.DOLLAR else parameter.text)
        end = parameter.place + len(parameter.text)
        if parameter.form is Form.NUMBER and _DIGIT.match(text, end):
            written.append("\\")
    written.append(_escape(text[end:]))
    return f'"{"".join(written)}"' if _NEEDS_QUOTES.search(text) else "".join(written)


def quote_literal(text: str) -> str:
    """A value as a script writes it, where a `${` in it stands for nothing else."""
    dollars = (match.start() for match in re.finditer(r"\$\{", text))
    return quote(text, tuple(Parameter(place, "", Form.DOLLAR) for place in dollars))


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

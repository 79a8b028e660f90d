"""Confidential texts in a script: where they stand, and what may stand in their place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ..grammar.ast import Argument, Command, Option, Property, Span, Word, goes_on
from ..grammar.frozen import frozen
from ..grammar.quoting import Form
from ..grammar.script import Script
from .parameters import has_parameters
from .plan import Secret
from .schema.catalog import Catalog
from .schema.model import SecretText

# What a text can be read from while applying: `${env:NAME}`, `${file:PATH}`, `${keyring:SERVICE/USER}`.
_EXPRESSION = re.compile(r"\$\{(?P<source>env|file|keyring):(?P<name>[^}]+)\}")
_ENTRY = re.compile(r".*[^/]/[^/]+", re.DOTALL)
SOURCES = "`${env:NAME}`, `${file:PATH}` and `${keyring:SERVICE/USER}`"
# A secret of a snapshot: the state knows it by this fingerprint.
_KEPT = re.compile(r"\$\{secret:([0-9a-f]+)\}")
_BARE_NAME = re.compile(r"-*(?:\w*password|passwd|pwd|\w*secret|psk)[:=]*", re.IGNORECASE)
# What the name of a confidential argument holds, mistyped ones included.
_SECRET_NAME = re.compile(r"p(?:as+w|ass|wd|sk)|secret|\bpw\b", re.IGNORECASE)


def is_secret_name(name: str) -> bool:
    """Whether the value of a property or option with this name is confidential.

    `PSK` alone is a type, and the property that refers to its objects.
    """
    return name != "PSK" and _SECRET_NAME.search(name) is not None


def holds_secret_name(text: str) -> bool:
    """Whether such a name, or what looks like one, stands anywhere in a text."""
    return _SECRET_NAME.search(text) is not None


def source_of(text: str) -> tuple[str, str] | None:
    """Kind and name of the source that a text is to be read from, as in `${env:NAME}`; None if it is none."""
    match = _EXPRESSION.fullmatch(text)
    if match is None or (match["source"] == "keyring" and not _ENTRY.fullmatch(match["name"])):
        return None
    return match["source"], match["name"]


def is_expression(argument: Property | Option) -> bool:
    """Whether the value begins as a `${…}` that the script itself holds, and that no backslash protects."""
    return (
        (argument.value or "").startswith("${")
        and not any(p.form is Form.DOLLAR and p.place == 0 for p in argument.parameters)
        and not any(f.start < len("${x") for f in argument.fillings)
    )


def names_source(argument: Property | Option) -> bool:
    """Whether the value is read from elsewhere."""
    return is_expression(argument) and source_of(argument.value or "") is not None


def kept_secret(argument: Property) -> str | None:
    """The fingerprint that the value is, as in a snapshot."""
    match = _KEPT.fullmatch(argument.value)
    return match[1] if match and not argument.fillings else None


def secret_of(option: Option) -> Secret:
    """The secret that an option names, or holds itself."""
    value = option.value or ""
    if names_source(option):
        return Secret(value)
    return Secret(f"the script at {option.span}", value)


# -- where secrets are expected --------------------------------------------------------------------


@frozen
class Confidential:
    """What takes a secret: properties of the catalog, and others by their name."""

    secret: frozenset[str]
    public: frozenset[str]

    def places(self, command: Command) -> tuple[bool, ...]:
        """For each part of a command, the verb first, whether it is to hold a secret.

        So is a word that a blank has torn from its property, or that stands behind a confidential name alone.
        """
        places: list[bool] = []
        previous: Argument | None = None
        for number, part in enumerate((command.verb, *command.arguments)):
            match part:
                case Property():
                    places.append(self.takes_secret(part.name))
                case Option():
                    places.append(is_secret_name(part.name))
                case Word():
                    is_torn = isinstance(previous, Property | Option) and goes_on(previous, part)
                    is_bare = isinstance(previous, Word) and number > 2 and _is_bare_name(previous)
                    places.append(is_bare or (is_torn and places[-1]))
                case None:
                    places.append(False)
            previous = part
        return tuple(places)

    def takes_secret(self, name: str) -> bool:
        """Whether the property takes a secret, of whatever type it is."""
        return name in self.secret or (name not in self.public and is_secret_name(name))


def confidential(catalog: Catalog) -> Confidential:
    """What takes a secret by a catalog."""
    kinds = [
        (prop.name, isinstance(prop.kind, SecretText))
        for object_type in catalog.types.values()
        for prop in object_type.properties
    ]
    secret = frozenset(name for name, is_secret in kinds if is_secret)
    return Confidential(secret, frozenset(name for name, _ in kinds) - secret)


def _is_bare_name(word: Word) -> bool:
    return _BARE_NAME.fullmatch(word.text) is not None


@frozen
class Survey:
    """The names of the script parameters that scripts have, and of those that stand where secrets do."""

    used: frozenset[str]
    secret: frozenset[str]


def survey(scripts: Sequence[Script], takes: Confidential) -> Survey:
    """Look for script parameters."""
    used: set[str] = set()
    secret: set[str] = set()
    for script in scripts:
        if "$" not in script.text:
            continue
        for command in script.commands:
            if not has_parameters(command):
                continue
            parts = (command.verb, *command.arguments)
            for part, is_secret in zip(parts, takes.places(command), strict=True):
                names = {p.name for p in part.parameters if p.is_filled} if part else set[str]()
                used |= names
                if is_secret and not _is_within_expression(part):
                    secret |= names
    return Survey(frozenset(used), frozenset(secret - {"0"}))


def _is_within_expression(part: Argument | None) -> bool:
    """Whether parameters only tell where the secret is read from: `${file:secrets/${var:SITE}}`."""
    return isinstance(part, Property | Option) and names_source(_blank(part))


def _blank(argument: Property | Option) -> Property | Option:
    """The argument with `x` for each parameter."""
    value = argument.value or ""
    for parameter in reversed(argument.parameters):
        if parameter.is_filled:
            end = parameter.place + len(parameter.text)
            value = f"{value[: parameter.place]}x{value[end:]}"
    dollars = tuple(p for p in argument.parameters if p.form is Form.DOLLAR)
    return replace(argument, value=value, parameters=dollars)


def _is_parameter(argument: Argument) -> bool:
    """Whether there is nothing but one parameter: the secret itself stands elsewhere."""
    text = argument.text if isinstance(argument, Word) else argument.value
    return [p.text for p in argument.parameters if p.is_filled] == [text]


# -- where they stand ------------------------------------------------------------------------------


def secret_spans(script: Script, secret: frozenset[str] = frozenset()) -> tuple[Span, ...]:
    """Every place in `script` whose text nobody may see: by its name, or for a property that is `secret`.

    So are words that hold a confidential name (a dash may be wrong, or the place), and all words after one:
    blanks may have torn the value, or its quotes be forgotten.
    """
    return tuple(span for command in script.commands for span in _spans(command, secret))


def _spans(command: Command, secret: frozenset[str]) -> Iterator[Span]:
    is_after_secret = False
    for argument in (command.verb, *command.arguments):
        match argument:
            case Property() | Option():
                is_after_secret = argument.name in secret or is_secret_name(argument.name)
                is_hidden = is_after_secret and bool(argument.value)
                if is_hidden and not _is_parameter(argument) and not _tells_source(argument):
                    yield argument.value_span
            case Word():
                is_after_secret = is_after_secret or is_secret_name(argument.text)
                if is_after_secret and not _is_parameter(argument):
                    yield argument.span
            case None:
                pass


def _tells_source(argument: Property | Option) -> bool:
    blank = _blank(argument) if argument.parameters else argument
    kept = isinstance(blank, Property) and kept_secret(blank) is not None
    return kept or names_source(blank)

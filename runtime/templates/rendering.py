"""A Jinja template and its variables in, text out; a wrong template ends in an error that tells the place.

Templates run in Jinja's sandbox: no attribute leads out of the values that they are given, and what they
include lies in their own folder and is a template by its name. That a template ends, and in how much memory,
no sandbox within a process can promise: `confinement` runs those of users in a process of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from traceback import walk_tb
from typing import Any, NoReturn

from jinja2 import (
    BaseLoader,
    Environment,
    StrictUndefined,
    TemplateNotFound,
    TemplateSyntaxError,
    UndefinedError,
)
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from .markdown import code, table

# What may be included: a folder of templates may hold anything else, keys among it.
SUFFIXES = (".jinja", ".jinja2", ".j2")


@dataclass(frozen=True, slots=True)
class Template:
    """`name` is what errors call it. Without a folder it includes nothing."""

    name: str
    text: str
    folder: Path | None = None


class TemplateError(Exception):
    """A template is wrong, or takes too much; `place` is its file and line, as far as they are known."""

    def __init__(self, message: str, place: str = "") -> None:
        super().__init__(message)
        self.place = place


class TimeIsUp(Exception):
    """Raised into a template that takes too long, by whoever watches the time."""


def built_in(name: str) -> Template:
    """A template that comes with csc: `snapshot.cfg` or `report.md`."""
    path = Path(__file__).with_name(f"{name}.jinja")
    return Template(name, path.read_text(encoding="utf-8"))


def render(
    template: Template, variables: Mapping[str, Any], most_characters: int | None = None
) -> str:
    """What the template makes of the variables.

    Raises:
        TemplateError: if the template is wrong, makes more than `most_characters`, or its time is up.
    """
    loader = _Folder(template)
    parts: list[str] = []
    room = most_characters
    try:
        for part in _environment(loader).get_template(template.name).generate(variables):
            parts.append(part)
            if room is not None:
                room -= len(part)
                if room < 0:
                    raise TemplateError(
                        f"it makes more than {most_characters} characters", template.name
                    )
        return "".join(parts)
    except TemplateError:
        raise
    except Exception as error:
        _explain(error, loader)


def _environment(loader: BaseLoader) -> Environment:
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
        loader=loader,
    )
    environment.filters["code"] = code
    environment.globals["table"] = table  # pyright: ignore[reportArgumentType]
    return environment


class _Folder(BaseLoader):
    """The template itself, and those of its folder by their names; `files` tells which file is which."""

    def __init__(self, template: Template) -> None:
        self.template = template
        self.files: dict[str, str] = {}

    def get_source(
        self, environment: Environment, template: str
    ) -> tuple[str, str, Callable[[], bool]]:
        """See Jinja."""
        del environment
        main, name = self.template, template
        if name == main.name:
            return self._found(name, f"template {name}", main.text)
        if main.folder is None:
            raise SecurityError(f"{name!r} cannot be included here")
        folder = main.folder.resolve()
        path = (folder / name).resolve()
        if not path.is_relative_to(folder):
            raise SecurityError(f"{name!r} lies outside the template's folder, {folder}")
        if path.suffix not in SUFFIXES:
            raise SecurityError(
                f"{name!r} is no template by its name, which ends in {' or '.join(SUFFIXES)}"
            )
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise TemplateNotFound(name, f"there is no template {name!r} in {folder}") from None
        except (OSError, UnicodeDecodeError) as error:
            raise SecurityError(f"{name!r} cannot be read: {error}") from None
        return self._found(name, str(path), text)

    def _found(self, name: str, file: str, text: str) -> tuple[str, str, Callable[[], bool]]:
        self.files[file] = name
        return text, file, lambda: True


def _explain(error: Exception, loader: _Folder) -> NoReturn:
    if isinstance(error, TemplateSyntaxError):
        name = loader.files.get(error.filename or "", error.name)
        raise TemplateError(f"syntax error: {error.message}", f"{name}:{error.lineno}") from None
    places = [
        f"{loader.files[frame.f_code.co_filename]}:{line}"
        for frame, line in walk_tb(error.__traceback__)
        if frame.f_code.co_filename in loader.files
    ]
    place = places[-1] if places else loader.template.name
    raise TemplateError(_said(error), place) from None


def _said(error: Exception) -> str:
    match error:
        case TimeIsUp():
            return str(error)
        case UndefinedError():
            return f"undefined: {error.message}"
        case SecurityError():
            return f"not allowed: {error}"
        case TemplateNotFound():
            return f"not found: {error.message}"
        case MemoryError():
            return "it takes too much memory"
        case RecursionError():
            return "it includes or calls itself without end"
        case _:
            return f"{type(error).__name__}: {error}"

"""`csc.toml` in, what it says of findings out; mistakes in it are named with their place."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any, cast

from ..compiler.diagnostics import Severity
from ..compiler.policy import (
    RULE_OF,
    Mistake,
    Policy,
    ignored_mistake,
    selector_mistake,
    severity_mistake,
)
from ..compiler.suggest import did_you_mean
from ..grammar.frozen import frozen
from .exits import USAGE, Failure

NAME = "csc.toml"
_HELP = "docs/silencing.md says what the file holds"
_KEYS = ("select", "ignore", "severity", "per-file-ignores")


@frozen
class Config:
    """One `csc.toml`. `select` is None where it says nothing; patterns go by paths from its `folder`."""

    folder: Path
    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    severities: Mapping[str, Severity] = field(default_factory=dict[str, Severity])
    per_file: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])


def make_policy(
    given: Path | None, select: Sequence[str], ignore: Sequence[str], scripts: Sequence[str]
) -> Policy:
    """The policy for `scripts`: of the config file, which `select` and `ignore` of the command line change.

    `select` takes the place of what the file selects and ignores; `ignore` is added to it.

    Raises:
        Failure: if the config file cannot be read or used.
    """
    path = given or find_config()
    config = Config(Path()) if path is None else read_config(path)
    by_file: dict[str, tuple[str, ...]] = {}
    for script in scripts:
        words = tuple(
            w for p, ws in config.per_file.items() if _names(config, p, script) for w in ws
        )
        if words:
            by_file[script] = words
    if select:
        return Policy(tuple(select), tuple(ignore), config.severities, by_file)
    chosen = Policy().select if config.select is None else config.select
    return Policy(chosen, (*config.ignore, *ignore), config.severities, by_file)


def find_config() -> Path | None:
    """The nearest `csc.toml` from the working directory up to the repository's root, or home.

    Outside of both only the working directory counts: nobody else's file is to decide what is shown.
    """
    try:
        here = Path.cwd()
    except OSError:
        return None
    home = Path(os.environ.get("HOME") or "/")
    looked: list[Path] = []
    for folder in (here, *here.parents):
        looked.append(folder / NAME)
        if (folder / ".git").exists() or folder == home:
            break
    else:
        looked = looked[:1]
    return next((path for path in looked if path.is_file()), None)


def read_config(path: Path) -> Config:
    """What the file says.

    Raises:
        Failure: if it cannot be read, or holds a mistake.
    """
    import tomllib

    try:
        document = tomllib.loads(path.read_bytes().decode())
    except OSError as error:
        raise Failure(f"{path} cannot be read: {error.strerror}", "", USAGE) from None
    except UnicodeDecodeError:
        raise Failure(f"{path} is not UTF-8 text", "save it as UTF-8", USAGE) from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Failure(f"{path} is not TOML: {error}", _HELP, USAGE) from None
    for key in document:
        if key not in _KEYS:
            meant = did_you_mean(key, _KEYS)
            way_out = f"did you mean `{meant}`?" if meant else f"known are {', '.join(_KEYS)}"
            raise _refusal(path, key, Mistake("there is no such key", way_out))
    select = document.get("select")
    return Config(
        path.parent,
        None if select is None else _words(path, "select", select, selector_mistake),
        _words(path, "ignore", document.get("ignore", []), ignored_mistake),
        _severities(path, document.get("severity", {})),
        {
            pattern: _words(path, _key("per-file-ignores", pattern), words, ignored_mistake)
            for pattern, words in _table(
                path, "per-file-ignores", document.get("per-file-ignores", {})
            ).items()
        },
    )


def _words(
    path: Path, key: str, value: object, mistake_in: Callable[[str], Mistake | None]
) -> tuple[str, ...]:
    words = cast("list[object]", value) if isinstance(value, list) else None
    if words is None:
        raise _refusal(path, key, Mistake("this is no list", f'write {key} = ["CSC3", …]'))
    for number, word in enumerate(words):
        place = f"{key}[{number}]"
        if not isinstance(word, str):
            raise _refusal(path, place, Mistake("this is no text", "put it in quotes"))
        if mistake := mistake_in(word):
            raise _refusal(path, place, mistake)
    return tuple(map(str, words))


def _severities(path: Path, value: object) -> dict[str, Severity]:
    severities: dict[str, Severity] = {}
    for word, severity in _table(path, "severity", value).items():
        place = _key("severity", word)
        if not isinstance(severity, str):
            way_out = 'write "error", "warning" or "note"'
            raise _refusal(path, place, Mistake("this is no text", way_out))
        if mistake := severity_mistake(word, severity):
            raise _refusal(path, place, mistake)
        code = RULE_OF[word].code
        if code in severities:
            raise _refusal(path, place, Mistake("the rule has a severity already", "keep one"))
        severities[code] = Severity(severity)
    return severities


def _table(path: Path, key: str, value: object) -> dict[str, Any]:
    if isinstance(value, dict):
        return cast("dict[str, Any]", value)
    raise _refusal(path, key, Mistake("this is no table", f"write it below [{key}]"))


def _key(table: str, key: str) -> str:
    """The path of a key, as TOML writes it."""
    return f"{table}.{key}" if re.fullmatch(r"[A-Za-z0-9_-]+", key) else f'{table}."{key}"'


def _refusal(path: Path, key: str, mistake: Mistake) -> Failure:
    return Failure(f"{path}, at {key}: {mistake.message}", mistake.way_out, USAGE)


def _names(config: Config, pattern: str, script: str) -> bool:
    """Whether a pattern names a script; one without a slash names files in any folder."""
    absolute = os.path.abspath(script)  # noqa: PTH100  (`resolve` would follow links)
    path = Path(os.path.relpath(absolute, config.folder)).as_posix()
    if "/" not in pattern:
        path = path.rpartition("/")[2]
    return re.fullmatch(_expression(pattern.removeprefix("./")), path) is not None


def _expression(pattern: str) -> str:
    """A glob as a regular expression: `*` and `?` within a name, `**` across folders."""
    pieces = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    return "(?s:" + "".join(pieces.get(part, re.escape(part)) for part in parts) + ")"

"""A file of profiles in, the profiles that a CA has with it out; everything that is wrong in it is said.

docs/sandbox-profiles.md says what the file holds.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, cast

from . import words
from .contradictions import note_contradictions
from .model import (
    AlternativeNames,
    NameKind,
    Need,
    Profile,
    Profiles,
    Subject,
    Unknown,
    Usages,
    Validity,
)
from .section import (
    Problem,
    Section,
    choice,
    flag,
    items,
    kind,
    known_keys,
    pairs,
    quoted,
    subsection,
    text,
)

_BUILTIN = Path(__file__).with_name("builtin.toml")
_KEYS = (
    "description",
    "validity",
    "requested-validity",
    "keys",
    "key-usage",
    "extended-key-usage",
    "subject-alt-name",
    "subject",
    "unknown-extensions",
    "central-keys",
    "ra",
)
_PATTERNED = (NameKind.DNS, NameKind.EMAIL, NameKind.URI)


class ProfileError(ValueError):
    """A file of profiles that cannot be used. `problems` are all that were found."""

    def __init__(self, path: Path, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(f"{path}: {problem}" for problem in problems))
        self.path = path
        self.problems = problems


@cache
def builtin_profiles() -> Profiles:
    """The profiles that are there without a file: default, tls-server, tls-client, ipsec and ra."""
    return Profiles(_read(_BUILTIN))


def load_profiles(path: Path) -> Profiles:
    """The built-in profiles and those of a file, which take the place of built-in ones of the same name.

    Raises:
        ProfileError: if the file cannot be read, or holds a mistake.
    """
    added = _read(path)
    names = {profile.name for profile in added}
    kept = (profile for profile in builtin_profiles().all if profile.name not in names)
    return Profiles((*kept, *added))


def _read(path: Path) -> tuple[Profile, ...]:
    problems: list[Problem] = []
    document = Section("", _document(path), problems)
    for key in document.content:
        if key != "profiles":
            document.note(quoted(key), "there is no such key; only [profiles.NAME] are known")
    tables = subsection(document, "profiles").content
    profiles = [_profile(name, table, problems) for name, table in tables.items()]
    if problems:
        raise ProfileError(path, tuple(problems))
    return tuple(profile for profile in profiles if profile is not None)


def _document(path: Path) -> dict[str, Any]:
    def refused(why: str) -> ProfileError:
        return ProfileError(path, (Problem("", "", why),))

    try:
        return tomllib.loads(path.read_bytes().decode())
    except OSError as error:
        raise refused(f"it cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise refused("it is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise refused(f"it is not TOML: {error}") from None
    except RecursionError:
        raise refused("it is not TOML that can be read: its values are nested too deep") from None


def _profile(name: str, table: object, problems: list[Problem]) -> Profile | None:
    before = len(problems)
    shown = quoted(name)
    if not isinstance(table, dict):
        problems.append(Problem("[profiles]", shown, f"a table was expected, not {kind(table)}"))
        return None
    section = Section(f"profiles.{shown}", cast("dict[str, Any]", table), problems)
    try:
        words.profile_name(name)
    except ValueError as error:
        problems.append(Problem("[profiles]", shown, str(error)))
    known_keys(section, _KEYS)
    profile = Profile(
        name=name,
        description=text(section, "description"),
        validity=_validity(section),
        keys=_keys(section),
        key_usage=_usages(section, "key-usage", words.usage_bit, '["digitalSignature"]'),
        extended_key_usage=_usages(
            section, "extended-key-usage", words.purpose, '["serverAuth", "1.3.6.1.5.5.7.3.17"]'
        ),
        names=_names(subsection(section, "subject-alt-name")),
        subject=_subject(subsection(section, "subject")),
        unknown_extensions=choice(section, "unknown-extensions", Unknown, Unknown.DROP),
        central_keys=flag(section, "central-keys", default=False),
        ra=choice(section, "ra", Need, Need.ALLOWED),
    )
    if len(problems) == before:  # what is wrong already would have consequences here
        note_contradictions(section, profile)
    return profile


def _validity(section: Section) -> Validity:
    word = text(section, "validity", "90d")
    try:
        longest = words.duration(word)
    except ValueError as error:
        section.note("validity", str(error))
        longest = words.duration("90d")
    return Validity(longest, flag(section, "requested-validity", default=True))


def _keys(section: Section) -> tuple[str, ...]:
    if "keys" not in section.content:
        section.note("keys", 'a list such as ["rsa:3072", "ec:p256"] was expected, and is missing')
    keys = items(section, "keys", words.key_kind, '["rsa:3072", "ec:p256"]') or ()
    if len([key for key in keys if key.startswith("rsa:")]) > 1:
        section.note("keys", "RSA was expected once, with the fewest bits that are taken")
    return keys


def _usages(section: Section, key: str, read: Callable[[str], str], example: str) -> Usages:
    inner = subsection(section, key)
    known_keys(inner, ("fixed", "allowed"))
    fixed = items(inner, "fixed", read, example)
    return Usages(fixed or (), items(inner, "allowed", read, example))


def _names(section: Section) -> AlternativeNames:
    patterned = tuple(map(str, _PATTERNED))
    known_keys(section, ("policy", "kinds", *patterned, "ip"))
    usual = AlternativeNames()
    kinds = items(section, "kinds", words.name_kind, '["dns", "ip"]') or usual.kinds
    patterns: list[tuple[NameKind, tuple[str, ...]]] = []
    for name_kind in _PATTERNED:
        given = items(section, name_kind, words.pattern, '["*.example.com"]')
        if given is not None:
            patterns.append((name_kind, given))
    networks = items(section, "ip", words.network, '["10.0.0.0/8"]')
    for name_kind in (*_PATTERNED, NameKind.IP):
        if name_kind in section.content and name_kind not in kinds:
            section.note(name_kind, f"{name_kind} was expected among kinds, too")
    need = choice(section, "policy", Need, Need.ALLOWED)
    return AlternativeNames(need, kinds, tuple(patterns), networks or ())


def _subject(section: Section) -> Subject:
    known_keys(section, ("required", "allowed", "fixed", "patterns", "empty"))
    return Subject(
        required=items(section, "required", words.attribute, '["CN"]') or (),
        allowed=items(section, "allowed", words.attribute, '["CN", "OU"]'),
        fixed=pairs(section, "fixed", words.fixed_attribute),
        patterns=pairs(section, "patterns", words.attribute_pattern),
        may_be_empty=flag(section, "empty", default=False),
    )

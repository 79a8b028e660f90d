"""A profile that was read in; what in it contradicts itself, so that nobody could get it, noted."""

from __future__ import annotations

from .keys import kinds_of
from .model import Need, Profile
from .section import Section, subsection
from .usages import possible_bits


def note_contradictions(section: Section, profile: Profile) -> None:
    """Note what does not go together in the profile that `section` was read as."""
    _usage(subsection(section, "key-usage"), profile)
    _subject(subsection(section, "subject"), profile)
    _names(subsection(section, "subject-alt-name"), profile)


def _usage(section: Section, profile: Profile) -> None:
    for kind in kinds_of(profile):
        if not possible_bits(profile, kind):
            key = "fixed" if "fixed" in section.content else "allowed"
            section.note(key, f"none of these is for {kind} keys, which the profile has")


def _subject(section: Section, profile: Profile) -> None:
    rules = profile.subject
    fixed = dict(rules.fixed)
    allowed = None if rules.allowed is None else {*rules.allowed, *rules.required, *fixed}
    for name, _ in rules.patterns:
        if name in fixed:
            section.note(f"patterns.{name}", f"{name} is fixed, and needs no pattern")
        elif allowed is not None and name not in allowed:
            section.note(f"patterns.{name}", f"{name} was expected among allowed, too")
    if rules.may_be_empty and profile.names.need is Need.FORBIDDEN:
        section.note("empty", "without a subject alternative name no subject may be empty")


def _names(section: Section, profile: Profile) -> None:
    if profile.names.need is Need.FORBIDDEN:
        for key in section.content:
            if key != "policy":
                section.note(key, "there are no names where the policy is forbidden")

"""The words behind a verb in; the object that they name, in the context where its type lives, out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..grammar.ast import Span, Word
from ..grammar.frozen import frozen
from . import rules
from .address import Address
from .arguments import Arguments
from .diagnostics import Diagnostic, finding
from .machine import Machine
from .schema.model import Naming, ObjectType
from .suggest import did_you_mean, is_slip
from .values import replacement

# Options that the device's scripts have, without effect on what is configured (cOS Core).
_QUIET_OPTIONS = frozenset(("silent", "force"))
_WRONG_IN_NAME = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@frozen
class Named:
    """The object that a command names.

    `word` is how: its name or index, None for a type whose objects need none. `container` is where it lives,
    `type_span` the place of the type.
    """

    type: ObjectType
    container: Address
    word: Word | None
    type_span: Span

    @property
    def span(self) -> Span:
        """The place for findings about the object."""
        return self.word.span if self.word else self.type_span

    @property
    def address(self) -> Address:
        """The address of an object that has a name, or is the only one."""
        return self.container.child(self.type.name, self.word.text if self.word else "")


def named_object(machine: Machine, verb: Word, arguments: Arguments) -> Named | None:
    """The object that a command names; None after a finding that leaves nothing to go on with."""
    _check_options(machine, verb, arguments)
    found = _type_of(machine, verb, arguments.words)
    if found is None:
        return None
    object_type, type_word, rest = found
    word = _name_of(machine, verb, object_type, type_word, rest)
    if word is None and _needs_name(verb, object_type):
        return None
    container = machine.context
    if word is not None:
        if _WRONG_IN_NAME.search(word.text) or not word.text.strip("/"):
            machine.report(_impossible_name(object_type, word, is_path=False))
            return None
        if "/" in word.text:
            inside = _folder(machine, object_type, word)
            if inside is None:
                machine.report(_impossible_name(object_type, word, is_path=True))
                return None
            container, word = inside
    if not _lives_in(machine, object_type, container):
        machine.report(_wrong_context(machine, object_type, type_word, word))
        return None
    return Named(object_type, container, word, type_word.span)


def unexpected(span: Span, takes: str) -> Diagnostic:
    """The finding that an argument means nothing."""
    return finding(rules.UNEXPECTED_ARGUMENT, "this argument has no meaning here", span, takes)


def _check_options(machine: Machine, verb: Word, arguments: Arguments) -> None:
    for option in arguments.options.values():
        if option.name not in _QUIET_OPTIONS or option.value is not None:
            machine.report(
                finding(
                    rules.UNKNOWN_OPTION,
                    f"`{verb.text}` has no option `-{option.name}`",
                    option.name_span,
                    help="leave it out",
                )
            )


# -- the type --------------------------------------------------------------------------------------


def _type_of(
    machine: Machine, verb: Word, words: Sequence[Word]
) -> tuple[ObjectType, Word, Sequence[Word]] | None:
    """The type, the word that names it, and the words behind."""
    catalog = machine.circumstances.catalog
    if not words:
        machine.report(_missing(verb, verb.span, "a type and a name", ""))
        return None
    first = words[0]
    known = catalog.types.get(first.text)
    if known is not None:
        return known, first, words[1:]
    if first.text in catalog.categories:
        if len(words) == 1:
            machine.report(_missing(verb, first.span, f"a type of the category {first.text}"))
            return None
        return _type_in_category(machine, first, words)
    meant = did_you_mean(first.text, (*catalog.types, *catalog.categories))
    if meant is not None and is_slip(first.text, meant):
        machine.report(_misspelt_type(first, meant))
        known = catalog.types.get(meant)
        return None if known is None else (known, first, words[1:])
    # A word more than type and name: the first is a category, as unknown as the type.
    word, rest = (words[1], words[2:]) if len(words) > 2 else (first, words[1:])
    known = catalog.types.get(word.text)
    if known is not None:
        machine.report(_wrong_category(first, known))
        return known, word, rest
    return _unknown(machine, word, meant if word is first else None), word, rest


def _type_in_category(
    machine: Machine, category: Word, words: Sequence[Word]
) -> tuple[ObjectType, Word, Sequence[Word]]:
    catalog = machine.circumstances.catalog
    word, rest = words[1], words[2:]
    known = catalog.types.get(word.text)
    if known is None:
        meant = did_you_mean(word.text, catalog.categories[category.text])
        if meant is None or not is_slip(word.text, meant):
            return _unknown(machine, word, meant), word, rest
        machine.report(_misspelt_type(word, meant))
        known = catalog.types[meant]
    elif known.category != category.text:
        machine.report(_wrong_category(category, known))
    return known, word, rest


def _unknown(machine: Machine, word: Word, meant: str | None) -> ObjectType:
    """A type that nobody has told of: carried through, with one finding for all its objects."""
    if word.text not in machine.unknown_types:
        machine.unknown_types.add(word.text)
        found = finding(
            rules.UNKNOWN_TYPE,
            f"there is no object type `{word.text}` that csc knows",
            word.span,
            "unknown type"
            if machine.circumstances.is_strict
            else "its objects are carried through",
            help=f"did you mean `{meant}`?" if meant else "tell csc about it with --schema FILE",
        )
        machine.report(machine.severe_if_strict(found))
    return ObjectType(word.text, is_container=True, has_own=True, is_known=False)


def _misspelt_type(word: Word, meant: str) -> Diagnostic:
    return finding(
        rules.MISSPELT_TYPE,
        f"there is no object type `{word.text}`",
        word.span,
        "unknown type",
        help=f"did you mean `{meant}`?",
        fix=replacement(word.span, meant),
    )


def _wrong_category(category: Word, known: ObjectType) -> Diagnostic:
    belongs = f"is of the category {known.category}" if known.category else "has no category"
    return finding(
        rules.WRONG_CATEGORY,
        f"{known.name} {belongs}, not {category.text}",
        category.span,
        help=f"leave the category out: `{known.name}` alone says which type is meant",
        fix=replacement(category.span, known.category) if known.category else None,
    )


# -- the name --------------------------------------------------------------------------------------


def _needs_name(verb: Word, object_type: ObjectType) -> bool:
    match object_type.naming:
        case Naming.SINGLE:
            return False
        case Naming.INDEX:
            return verb.text != "add"
        case Naming.NAME:
            return object_type.is_known


def _name_of(
    machine: Machine, verb: Word, object_type: ObjectType, type_word: Word, rest: Sequence[Word]
) -> Word | None:
    """The word that names the object; findings for what is missing or too much."""
    takes = f"`{verb.text}` takes one type and one name"
    if object_type.naming is Naming.SINGLE:
        takes = f"there is only one {object_type.name}, and it has no name"
        allowed = 0
    elif object_type.naming is Naming.INDEX and verb.text == "add":
        takes = f"{a_or_an(object_type.name)} is named with a property, if at all: `Name=…`"
        allowed = 0
    else:
        allowed = 1
    machine.report(*(unexpected(extra.span, takes) for extra in rest[allowed:]))
    if allowed and rest:
        return rest[0]
    if _needs_name(verb, object_type):
        what = "the index or name" if object_type.naming is Naming.INDEX else "the name"
        machine.report(_missing(verb, type_word.span, f"{what} of the {type_word.text}"))
    return None


def _missing(verb: Word, span: Span, what: str, label: str | None = None) -> Diagnostic:
    return finding(
        rules.MISSING_ARGUMENT,
        f"`{verb.text}` needs {what}",
        span,
        f"{what} has to follow" if label is None else label,
    )


def _impossible_name(object_type: ObjectType, word: Word, *, is_path: bool) -> Diagnostic:
    return finding(
        rules.WRONG_VALUE,
        f"{a_or_an(object_type.name)} cannot be called `{word.text}`",
        word.span,
        "a name is not empty, and has no slash and no control character in it",
        help="to name an object of a container, enter the container first" if is_path else None,
    )


# -- the place -------------------------------------------------------------------------------------


def _folder(machine: Machine, object_type: ObjectType, word: Word) -> tuple[Address, Word] | None:
    """Container and bare name of `folder/name`, for what may live in folders or without."""
    folder, _, name = word.text.partition("/")
    homes = [parent for parent in object_type.parents if parent is not None]
    is_foldable = None in object_type.parents and homes and machine.context.is_root
    if not is_foldable or not folder or not name or "/" in name:
        return None
    return machine.context.child(homes[0], folder), Word(name, word.span)


def _lives_in(machine: Machine, object_type: ObjectType, container: Address) -> bool:
    if not object_type.is_known or machine.is_assumed(container):
        return True
    if container.is_root:
        return None in object_type.parents
    is_known = container.type in machine.circumstances.catalog.types
    return not is_known or container.type in object_type.parents


def _wrong_context(
    machine: Machine, object_type: ObjectType, type_word: Word, word: Word | None
) -> Diagnostic:
    parents = object_type.parents
    if None in parents:
        lives, way_out = "at the root", "go back to the root first: `cc`"
    else:
        homes = [parent for parent in parents if parent is not None]
        lives = f"in {' or '.join(a_or_an(parent) for parent in homes)}"
        way_out = f"enter it first: `cc {_home(machine, object_type, homes[0], word)}`"
    return finding(
        rules.WRONG_CONTEXT,
        f"{a_or_an(object_type.name)} lives {lives}, and this is {machine.context}",
        type_word.span,
        f"the context here is {machine.context.prompt}",
        help=way_out,
    )


def _home(machine: Machine, object_type: ObjectType, parent: str, word: Word | None) -> str:
    """The container to enter: the one that holds such an object, or else the only one."""
    kind = machine.circumstances.catalog.types.get(parent)
    if kind is not None and kind.naming is Naming.SINGLE:
        return parent
    there = machine.candidate.some_of(parent)
    holding = [
        a for a in there if word and a.child(object_type.name, word.text) in machine.candidate
    ]
    if holding or len(there) == 1:
        return f"{parent} {(holding or there)[0].name}"
    return f"{parent} NAME"


def a_or_an(type_name: str) -> str:
    """A type's name with its article."""
    return f"{'an' if type_name[:1] in 'AEIO' else 'a'} {type_name}"

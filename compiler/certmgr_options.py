"""certmgr's options in; the action and its settings, or findings about their form, out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..grammar.ast import Option, Word
from ..grammar.frozen import frozen
from . import rules
from .arguments import Arguments
from .certmgr_extensions import EXTENSIONS, FLAGS, WITH_VALUE, Asked, read_extensions
from .diagnostics import Diagnostic, Label, finding
from .kinds import hexadecimal_fault, is_distinguished_name
from .lifecycle import Event
from .plan import Secret
from .secrets import is_expression, is_secret_name, names_source, secret_of
from .suggest import did_you_mean
from .values import in_clear, replacement, unknown_source

_ACTIONS = ("initiate", "update", "revoke")
# What a device knows; csc has more of its own.
_DEVICE_FLAGS = (*_ACTIONS, "hex")
_DEVICE_VALUES = ("clientcert", "username", "password", "subject")
_FLAGS = (*_DEVICE_FLAGS, *FLAGS)
_WITH_VALUE = (*_DEVICE_VALUES, *WITH_VALUE)
_ONLY_WITH_INITIATE = ("username", "password", "subject", "hex")


@frozen
class Form:
    """A certmgr command as written: what is None was left out or is wrong, and found."""

    event: Event | None
    client_certificate: Option | None
    subject: str
    username: Secret | None
    password: Secret | None
    is_hex: bool
    asked: Asked


def read_form(verb: Word, arguments: Arguments) -> tuple[Form, list[Diagnostic]]:
    """Check the options of one certmgr (Administration Guide 16.5 to 16.7)."""
    found: list[Diagnostic] = [
        finding(
            rules.UNEXPECTED_ARGUMENT,
            "certmgr takes options only",
            argument.span,
            "options begin with a dash",
        )
        for argument in (*arguments.words, *arguments.properties.values())
    ]
    right: dict[str, Option] = {}
    for option in arguments.options.values():
        wrong = _check_option(option)
        if wrong is None:
            right[option.name] = option
        else:
            found.append(wrong)
    event = _event(verb, arguments.options, found)
    if "clientcert" not in arguments.options and not _is_meant(arguments.options, "clientcert"):
        found.append(_missing(verb, "clientcert", "which certificate it is about: STORE/NAME"))
    if event is Event.INITIATE:
        _check_initiate(verb, arguments.options, right, found)
    elif event is not None:
        found.extend(
            finding(
                rules.UNEXPECTED_ARGUMENT,
                f"`-{name}` does not go with -{event}",
                right[name].name_span,
                "only with -initiate",
                help="the certificate in force speaks for itself: leave this out",
            )
            for name in _ONLY_WITH_INITIATE
            if name in right
        )
    asked, wrong_asked = read_extensions(event, right)
    found += wrong_asked
    form = Form(
        event,
        right.get("clientcert"),
        (right["subject"].value or "") if "subject" in right else "",
        secret_of(right["username"]) if "username" in right else None,
        secret_of(right["password"]) if "password" in right else None,
        "hex" in right,
        asked,
    )
    return form, found


def _check_option(option: Option) -> Diagnostic | None:
    if option.name in _FLAGS:
        if option.value is not None:
            return finding(
                rules.OPTION_VALUE,
                f"`-{option.name}` takes no value",
                option.value_span,
                help=f"write `-{option.name}` alone",
            )
        return None
    if option.name in _WITH_VALUE:
        if not option.value:
            return finding(
                rules.OPTION_VALUE,
                f"`-{option.name}` needs a value",
                option.span,
                f"write -{option.name}=…",
            )
        return None
    known = (*_FLAGS, *_WITH_VALUE)
    meant = did_you_mean(option.name, known)
    return finding(
        rules.UNKNOWN_OPTION,
        f"certmgr has no option `-{option.name}`",
        option.name_span,
        "unknown option",
        help=f"did you mean `-{meant}`?"
        if meant
        else f"it has {_listed((*_DEVICE_FLAGS, *_DEVICE_VALUES))}; "
        f"and, unknown to a device, {_listed(EXTENSIONS)}",
        fix=replacement(option.name_span, f"-{meant}") if meant else None,
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"-{name}" for name in names)


def _event(verb: Word, options: Mapping[str, Option], found: list[Diagnostic]) -> Event | None:
    given = [option for name, option in options.items() if name in _ACTIONS]
    if len(given) == 1:
        return Event(given[0].name)
    if not given and any(_is_meant(options, action) for action in _ACTIONS):
        return None  # the misspelt option is the finding
    found.append(
        finding(
            rules.CERTMGR_ACTION,
            "certmgr does exactly one of -initiate, -update and -revoke",
            given[1].span if given else verb.span,
            "a second action" if given else "no action is given",
            secondary=(Label(given[0].span, "the first action"),) if given else (),
        )
    )
    return None


def _is_meant(options: Mapping[str, Option], name: str) -> bool:
    """Whether one of the options is `name`, misspelt."""
    return any(
        option not in (*_FLAGS, *_WITH_VALUE) and did_you_mean(option, (name,))
        for option in options
    )


def _missing(verb: Word, name: str, what: str) -> Diagnostic:
    return finding(
        rules.MISSING_ARGUMENT,
        f"certmgr needs `-{name}`",
        verb.span,
        f"-{name} tells {what}",
        help=f"add `-{name}=…`",
    )


def _check_initiate(
    verb: Word,
    options: Mapping[str, Option],
    right: dict[str, Option],
    found: list[Diagnostic],
) -> None:
    needed = {"subject": 'the name to be certified, such as "CN=gw.example.com"'}
    if "signer" not in options and not _is_meant(options, "signer"):
        needed |= {
            "username": "the reference number that the CA issued",
            "password": "the secret that belongs to the reference number",
        }
    for name, what in needed.items():
        if name not in options and not _is_meant(options, name):
            found.append(_missing(verb, name, what))
    if "subject" in right and not is_distinguished_name(right["subject"].value or ""):
        found.append(
            finding(
                rules.WRONG_VALUE,
                "`-subject` has to be a distinguished name",
                right["subject"].value_span,
                'such as "CN=gw.example.com,O=Example"',
                help="attributes are CN, O, OU, C, L, ST, STREET, DC, UID or an OID; no blank stands "
                "behind a comma, and one in a value is written `\\,` (RFC 4514)",
            )
        )
    for name in ("username", "password"):
        if name in right:
            found.extend(_check_credential(right[name], "hex" in right))


def _check_credential(option: Option, is_hex: bool) -> list[Diagnostic]:
    """Findings about a user name or password; none shows its text."""
    if names_source(option):
        return []
    if is_expression(option):
        return [unknown_source(f"`-{option.name}`", option)]
    found: list[Diagnostic] = []
    fault = hexadecimal_fault(option.value or "") if is_hex else None
    if fault is not None:
        found.append(
            finding(
                rules.WRONG_VALUE,
                f"`-{option.name}` is not hexadecimal, and -hex says that it is",
                option.value_span,
                fault,
                help="write pairs of the digits 0-9 and a-f and nothing else, or leave -hex out",
            )
        )
    if is_secret_name(option.name):
        consequence = "can enrol in this name"
        found.append(in_clear(option, f"CMP_{option.name}", consequence))
    return found

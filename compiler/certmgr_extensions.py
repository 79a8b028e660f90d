"""certmgr's options that are csc's own, as written, in; what they ask for, or findings, out.

No device knows them: with --strict each is a finding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..grammar.ast import Option
from ..grammar.frozen import frozen
from . import rules
from .diagnostics import Applicability, Diagnostic, Fix, Label, finding
from .key_types import DEFAULT_KEY_TYPE, KEY_TYPES, is_key_type
from .kinds import Fault
from .lifecycle import Event
from .plan import RequestType
from .secrets import SOURCES, is_expression
from .subject_names import read_names
from .suggest import did_you_mean, is_slip
from .values import replacement

FLAGS = ("cr", "csr", "central")
WITH_VALUE = ("san", "keytype", "signer", "reason", "profile")
EXTENSIONS = (*WITH_VALUE, *FLAGS)

# The actions that each goes with.
GOES_WITH: Mapping[str, tuple[Event, ...]] = {
    "san": (Event.INITIATE, Event.UPDATE),
    "keytype": (Event.INITIATE, Event.UPDATE),
    "profile": (Event.INITIATE, Event.UPDATE),
    "cr": (Event.INITIATE,),
    "csr": (Event.INITIATE,),
    "central": (Event.INITIATE,),
    "signer": (Event.INITIATE,),
    "reason": (Event.REVOKE,),
}

# Pairs that exclude each other, with the reason.
_EXCLUDES = (
    ("cr", "csr", "a request travels in one form: a cr or a PKCS #10 request"),
    ("central", "csr", "a PKCS #10 request is signed with the key that it asks for"),
    ("signer", "username", "the signer's key speaks for the request"),
    ("signer", "password", "the signer's key speaks for the request"),
    ("signer", "hex", "-hex is about -username and -password"),
)

# RFC 5280, section 5.3.1.
_REASONS = (
    *("unspecified", "keyCompromise", "cACompromise", "affiliationChanged", "superseded"),
    *("cessationOfOperation", "certificateHold", "removeFromCRL", "privilegeWithdrawn"),
    "aACompromise",
)
# Those whose values are read here.
_READ = ("san", "keytype", "reason", "profile")
_TAKES_BACK = "removeFromCRL"
_LONGEST_PROFILE = 255


@frozen
class Asked:
    """What is asked for beside the subject; see `CmpOperation`. `signer` is the option as written."""

    request_type: RequestType
    san: tuple[str, ...] = ()
    key_type: str | None = None
    is_central: bool = False
    signer: Option | None = None
    reason: str | None = None
    profile: str | None = None

    @property
    def differs(self) -> str:
        """How the certificate differs from what -subject alone asks for; empty if it does not."""
        parts: list[str] = []
        if self.key_type not in (None, DEFAULT_KEY_TYPE):
            parts.append(f"key {self.key_type}")
        if self.is_central:
            parts.append("key made by the CA")
        if self.san:
            parts.append(f"names {' '.join(sorted(self.san))}")
        if self.profile is not None:
            parts.append(f"profile {self.profile}")
        return ", ".join(parts)


def read_extensions(
    event: Event | None, options: Mapping[str, Option]
) -> tuple[Asked, list[Diagnostic]]:
    """Read those among `options`, which are right in form: with a value, or without one."""
    found: list[Diagnostic] = list(_misplaced(event, options))
    if event in (Event.INITIATE, None):
        found += _excluded(options)
    found += (_elsewhere(options[name]) for name in _READ if _is_elsewhere(options, name))
    names: tuple[str, ...] = ()
    if "san" in options and not _is_elsewhere(options, "san"):
        names, wrong = read_names(options["san"])
        found += wrong
    for name, check in (("keytype", _key_type), ("reason", _reason), ("profile", _profile)):
        if name in options and not _is_elsewhere(options, name):
            fault = check(options[name])
            if fault is not None:
                found.append(_wrong(options[name], fault))
    found += _unsignable(options)
    usual = DEFAULT_KEY_TYPE if event is Event.INITIATE else None
    asked = Asked(
        _request_type(event, options),
        names,
        options["keytype"].value if "keytype" in options else usual,
        "central" in options,
        options.get("signer"),
        options["reason"].value if "reason" in options else None,
        options["profile"].value if "profile" in options else None,
    )
    return asked, found


def foreign_to_a_device(options: Mapping[str, Option]) -> list[Diagnostic]:
    """With --strict: a finding for each option that no device knows."""
    return [
        finding(
            rules.EXTENSION_OPTION,
            f"`-{name}` is csc's own, and no device knows it",
            options[name].name_span,
            "with --strict the device's own rules hold",
            help="leave it out, or check without --strict what only csc carries out",
        )
        for name in EXTENSIONS
        if name in options
    ]


def _request_type(event: Event | None, options: Mapping[str, Option]) -> RequestType:
    if event is Event.UPDATE:
        return RequestType.KUR
    if event is Event.REVOKE:
        return RequestType.RR
    if "csr" in options:
        return RequestType.P10CR
    return RequestType.CR if "cr" in options else RequestType.IR


# -- what does not go together ---------------------------------------------------------------------


def _misplaced(event: Event | None, options: Mapping[str, Option]) -> Iterator[Diagnostic]:
    if event is None:
        return
    for name, events in GOES_WITH.items():
        if name in options and event not in events:
            yield finding(
                rules.UNEXPECTED_ARGUMENT,
                f"`-{name}` does not go with -{event}",
                options[name].name_span,
                f"only with {' and '.join(f'-{e}' for e in events)}",
                help="leave it out",
            )


def _excluded(options: Mapping[str, Option]) -> Iterator[Diagnostic]:
    for one, other, why in _EXCLUDES:
        if one in options and other in options:
            yield finding(
                rules.UNEXPECTED_ARGUMENT,
                f"`-{other}` does not go with `-{one}`",
                options[other].name_span,
                why,
                secondary=(Label(options[one].name_span, "not together with this"),),
                help="leave one of the two out",
            )


def _unsignable(options: Mapping[str, Option]) -> Iterator[Diagnostic]:
    """A PKCS #10 request is signed with its own key (RFC 2986), and one of ML-KEM signs nothing."""
    if "csr" in options and "keytype" in options:
        key_type = options["keytype"].value or ""
        if key_type.startswith("mlkem"):
            yield finding(
                rules.WRONG_VALUE,
                f"`-keytype` cannot be `{key_type}` with -csr",
                options["keytype"].value_span,
                "a key that signs nothing cannot sign a PKCS #10 request",
                secondary=(Label(options["csr"].name_span, "asks for one"),),
                help="leave -csr out",
            )


# -- values ----------------------------------------------------------------------------------------


def _key_type(option: Option) -> Fault | None:
    text = option.value or ""
    if is_key_type(text):
        return None
    small = text.lower()
    meant = small if is_key_type(small) else None
    if meant is None and not small.startswith("rsa"):  # nobody knows which size was meant
        meant = did_you_mean(text, KEY_TYPES)
    return Fault(f"one of {', '.join(KEY_TYPES)}", meant)


def _reason(option: Option) -> Fault | None:
    text = option.value or ""
    if text == _TAKES_BACK:
        return Fault(
            "a reason to revoke: a certificate on hold counts as revoked here and cannot sign, "
            "so only the CA's operator can take the hold back"
        )
    if text in _REASONS:
        return None
    reasons = tuple(reason for reason in _REASONS if reason != _TAKES_BACK)
    return Fault(f"one of {', '.join(reasons)}", did_you_mean(text, _REASONS))


def _profile(option: Option) -> Fault | None:
    text = option.value or ""
    if not text.isprintable() or text != text.strip():
        return Fault("the name of a profile that the CA's operator has told")
    if len(text) > _LONGEST_PROFILE:
        return Fault(f"at most {_LONGEST_PROFILE} characters, and has {len(text)}")
    return None


def _wrong(option: Option, fault: Fault) -> Diagnostic:
    span = option.value_span
    return finding(
        rules.WRONG_VALUE,
        f"`-{option.name}` cannot be `{option.value}`",
        span,
        f"has to be {fault.wanted}",
        help=f"did you mean `{fault.meant}`?" if fault.meant else None,
        fix=_mended(option, fault.meant) if fault.meant else None,
    )


def _mended(option: Option, meant: str) -> Fix:
    is_safe = is_slip(option.value or "", meant)
    return replacement(
        option.value_span, meant, Applicability.SAFE if is_safe else Applicability.UNSAFE
    )


def _is_elsewhere(options: Mapping[str, Option], name: str) -> bool:
    return name in options and is_expression(options[name])


def _elsewhere(option: Option) -> Diagnostic:
    return finding(
        rules.SECRET_REFERENCE,
        f"`-{option.name}` cannot be read from elsewhere",
        option.value_span,
        help=f"{SOURCES} stand for secrets; `${{var:NAME}}` may stand here",
    )

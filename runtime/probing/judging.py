"""What a CA takes and what an operation will ask for in; findings at the script's lines out. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from ...compiler import rules
from ...compiler.diagnostics import Diagnostic, finding
from ...compiler.option_places import Place
from ...compiler.plan import CmpOperation, Operation
from ..cmp.errors import clean
from . import revocations
from .asking import leads_to
from .facts import Facts
from .keys import KeysTaken, fitting, in_words, keys_of_list, keys_of_template

_SAN = "2.5.29.17"  # id-ce-subjectAltName


@dataclass(frozen=True, slots=True)
class Wish:
    """What an operation will ask its CA for.

    `key_type` is None where no key is made here, `subject` where the CA has it already. `has_names`: there
    will be alternative names. `signer` is the certificate that will sign, None if a secret authenticates
    the request, or if the certificate is not there yet. `where` is the place of an option by its name, of
    the verb if the option is not there.
    """

    operation: CmpOperation
    key_type: str | None
    subject: x509.Name | None
    has_names: bool
    signer: x509.Certificate | None
    where: Callable[[str], Place]

    @property
    def server(self) -> str:
        """The CMPServer, as findings name it."""
        return self.operation.server.address.reference


def judge(facts: Facts, wish: Wish) -> Iterator[Diagnostic]:
    """Findings about what the operation asks for."""
    if wish.operation.operation is not Operation.REVOKE:
        yield from _judge_key(facts, wish)
        if facts.template is not None:
            if wish.subject is not None and facts.template.subject is not None:
                yield from _judge_subject(facts.template.subject, wish.subject, wish)
            if _SAN in facts.template.extensions and not wish.has_names:
                yield _names_wanted(wish)
    yield from judge_revocation(facts, wish)


def judge_ca(facts: Facts, wish: Wish, now: datetime) -> Iterator[Diagnostic]:
    """Findings about the CA itself, at the line of the operation."""
    anchor, certificates = facts.anchor, facts.ca_certs
    if certificates and not any(leads_to(c, anchor, certificates, now) for c in certificates):
        names = "; ".join(clean(c.subject.rfc4514_string()) for c in certificates[:3])
        yield finding(
            rules.FOREIGN_CA_CERTS,
            f"none of the certificates that {wish.server} names as its CA's leads to its CACert",
            wish.where("clientcert"),
            f"{wish.operation.server.ca.reference} is {clean(anchor.subject.rfc4514_string())}",
            notes=(f"the CA names {names}",),
            help="what it issues will be refused unless its chain comes along: check that the CACert"
            " is this CA's root certificate",
        )
    if facts.root_update is not None and facts.root_update.new_with_new != anchor:
        new = facts.root_update.new_with_new
        yield finding(
            rules.NEW_ROOT,
            f"the CA of {wish.server} has a new root, and the old one vouches for it",
            wish.where("clientcert"),
            f"{wish.operation.server.ca.reference} ends at {anchor.not_valid_after_utc:%Y-%m-%d}",
            notes=(
                f"the new root is {clean(new.subject.rfc4514_string())}, serial number"
                f" {new.serial_number:x}, valid until {new.not_valid_after_utc:%Y-%m-%d}",
            ),
            help="distribute the new root before the old one ends",
        )
    if facts.open or facts.unusable:
        left = (f"it says nothing of {', '.join(facts.open)}",) if facts.open else ()
        yield finding(
            rules.QUESTION_OPEN,
            f"{wish.server} leaves questions open",
            wish.where("clientcert"),
            "what they are about is not checked",
            notes=(*left, *facts.unusable),
        )


# -- key ---------------------------------------------------------------------------------------------------


def _judge_key(facts: Facts, wish: Wish) -> Iterator[Diagnostic]:
    kind = wish.key_type
    if kind is None:
        return
    taken = None if facts.template is None else keys_of_template(facts.template)
    if taken is not None and not taken.takes(kind):
        yield finding(
            rules.KEY_NOT_TAKEN,
            f"{wish.server} does not take keys of the kind {kind}",
            wish.where("keytype"),
            _why_this_kind(wish),
            notes=(f"its template takes {in_words(taken)}",),
            help=_way_out(taken, kind),
        )
        return
    is_kem = kind.startswith("mlkem")
    if facts.signing_keys and not is_kem:
        listed = keys_of_list(facts.signing_keys)
        if not listed.takes(kind):
            yield finding(
                rules.KEY_NOT_LISTED,
                f"{wish.server} does not list {kind} among the keys that it certifies",
                wish.where("keytype"),
                _why_this_kind(wish),
                notes=(f"it lists {in_words(listed)}",),
                help=_way_out(listed, kind),
            )


def _why_this_kind(wish: Wish) -> str:
    if wish.operation.key_type is None:
        return "without -keytype an update makes a key of the old one's kind"
    return (
        f"asks for {wish.key_type}"
        if _is_given(wish)
        else f"without -keytype it is {wish.key_type}"
    )


def _is_given(wish: Wish) -> bool:
    return wish.where("keytype") != wish.where("")


def _way_out(taken: KeysTaken, kind: str) -> str:
    fit = fitting(taken, kind)
    if fit is None:
        return "csc can make none of these: ask the CA's operator to take another kind"
    return f"`-keytype={fit}` fits"


# -- names -------------------------------------------------------------------------------------------------


def _judge_subject(
    wanted: Sequence[tuple[str, str]], subject: x509.Name, wish: Wish
) -> Iterator[Diagnostic]:
    """RFC 9483 4.3.3: a value in the template is fixed, one that is empty is to be filled in."""
    given: dict[str, list[str]] = {}
    for attribute in subject:
        text = attribute.value if isinstance(attribute.value, str) else ""
        given.setdefault(attribute.oid.dotted_string, []).append(text)
    left = {oid: Counter(map(_folded, values)) for oid, values in given.items()}
    missing: list[str] = []
    unmet: list[tuple[str, str]] = []
    for oid, value in wanted:
        if value and left.get(oid, Counter())[_folded(value)] > 0:
            left[oid][_folded(value)] -= 1
        elif value:
            unmet.append((oid, value))
    for oid, value in unmet:
        name, shown = _attribute_name(oid), clean(value)
        if left.get(oid, Counter()).total() == 0:
            missing.append(f"{name}={shown}")
            continue
        other = next(text for text in given[oid] if left[oid][_folded(text)] > 0)
        left[oid][_folded(other)] -= 1
        yield finding(
            rules.SUBJECT_FIXED,
            f"{wish.server} certifies {name}={shown} only",
            wish.where("subject"),
            f"asks for {name}={clean(other)}",
            help=f"write {name}={shown} in -subject, or leave {name} to the CA",
        )
    for oid, value in wanted:
        if value:
            continue
        if left.get(oid, Counter()).total() == 0:
            missing.append(_attribute_name(oid))
        else:
            left[oid].subtract([next(iter((+left[oid]).elements()))])
    if missing:
        listed = ", ".join(missing)
        yield finding(
            rules.SUBJECT_INCOMPLETE,
            f"{wish.server} wants {listed} in the subject",
            wish.where("subject"),
            "has less than the CA's template",
            help=f"add {listed} to -subject: where the CA adds it by itself, the certificate is"
            " another one than was asked for",
        )


def _folded(text: str) -> str:
    """RFC 5280 7.1: case and the number of blanks make no difference."""
    return " ".join(text.split()).casefold()


def _attribute_name(oid: str) -> str:
    try:
        return x509.NameAttribute(x509.ObjectIdentifier(oid), "XX").rfc4514_attribute_name
    except (ValueError, TypeError):
        return oid


def _names_wanted(wish: Wish) -> Diagnostic:
    return finding(
        rules.NAMES_WANTED,
        f"{wish.server} wants alternative names in the request",
        wish.where("san"),
        "asks for none",
        help="add them, such as `-san=DNS:gw.example.com`",
    )


# -- revocation --------------------------------------------------------------------------------------------


def judge_revocation(facts: Facts, wish: Wish) -> Iterator[Diagnostic]:
    """A finding if a list of the CA names the certificate that will sign."""
    if wish.signer is None:
        return
    entry = revocations.revocation_in(facts.crls, wish.signer)
    if entry is not None:
        yield revoked(wish, f"its list names it since {revocations.in_words(entry)}")


def revoked(wish: Wish, note: str) -> Diagnostic:
    """The finding that the CA has revoked what will sign; `note` says how that is known."""
    operation = wish.operation
    if operation.operation is Operation.REVOKE:
        return finding(
            rules.REVOKED_ALREADY,
            f"the CA has revoked the certificate of {operation.target.reference} already",
            wish.where("clientcert"),
            "nothing is left to revoke",
            notes=(note,),
        )
    signer = operation.signer or operation.target
    return finding(
        rules.REVOKED_AT_CA,
        f"the CA has revoked the certificate of {signer.reference}, which is to sign",
        wish.where("signer" if operation.signer else "clientcert"),
        "the CA takes nothing that it signs",
        notes=(note,),
        help="sign with another certificate"
        if operation.signer
        else "obtain a new one with -initiate (`--replace` enrols it afresh)",
    )

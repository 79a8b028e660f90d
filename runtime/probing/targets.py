"""A plan in; whom to ask, as whom, and what for, out. Reads secrets and keys, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from ...compiler.option_places import Place
from ...compiler.plan import CmpOperation, Operation, Plan, Step
from ...compiler.steps import producer
from ..asking import Keeper, credential_of, pair_in_force, tls_trust_of
from ..certificates import load_certificate, load_chain, load_key
from ..cmp.credentials import Credential, PasswordCredential
from ..cmp.keys import key_type_of
from ..cmp.names import names_of
from ..errors import ApplyError, ContentMissing
from ..state.errors import StateError
from .asking import Target
from .judging import Wish

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class AtHand:
    """Certificates and keys from wherever they are; `find` and `find_key` give bytes by content id."""

    find: Callable[[str], bytes | None]
    find_key: Callable[[str], bytes | None] = field(repr=False)

    def certificate(self, planned: str | None) -> x509.Certificate:
        """As `asking.Keeper` says."""
        return _load(planned, self.find, load_certificate, "certificate")

    def chain(self, planned: str | None) -> tuple[x509.Certificate, ...]:
        """As `asking.Keeper` says."""
        return _load(planned, self.find, load_chain, "certificate")

    def key(self, planned: str | None) -> PrivateKeyTypes:
        """As `asking.Keeper` says."""
        return _load(planned, self.find_key, load_key, "private key")


def _load(
    planned: str | None,
    find: Callable[[str], bytes | None],
    load: Callable[[bytes], _T],
    what: str,
) -> _T:
    content = planned or ""
    if producer(content) is not None:
        raise NotYet(f"its {what} is obtained by this plan itself", "apply the plan, then probe")
    data = find(content)
    try:
        if data is not None:
            return load(data)
    except (ValueError, TypeError):
        pass  # whoever relies on it says so
    raise ContentMissing(f"the {what} {content} is not at hand", "bind it again from its file")


class NotYet(ContentMissing):
    """What is to sign is an outcome of the plan."""


@dataclass(frozen=True, slots=True)
class Unasked:
    """An operation whose credential is not at hand, and why."""

    step: Step
    operation: CmpOperation
    error: ApplyError | StateError


def targets_of(plan: Plan, keeper: Keeper) -> tuple[tuple[Target, ...], tuple[Unasked, ...]]:
    """One target for each distinct CMPServer, credential and profile, in the order of the plan."""
    targets: dict[object, Target] = {}
    unasked: list[Unasked] = []
    for step in plan.steps:
        operation = step.action
        if not isinstance(operation, CmpOperation):
            continue
        server = operation.server
        try:
            anchor = keeper.certificate(server.ca_certificate)
            trust = tls_trust_of(server, keeper)
            credential = _credential(operation, keeper)
        except (ApplyError, StateError) as error:
            unasked.append(Unasked(step, operation, error))
            continue
        identity = (server, _identity(operation, credential), operation.profile)
        target = targets.setdefault(
            identity, Target(server, anchor, credential, trust, operation.profile)
        )
        targets[identity] = replace(target, steps=(*target.steps, (step, operation)))
    return tuple(targets.values()), tuple(unasked)


def _credential(operation: CmpOperation, keeper: Keeper) -> Credential:
    if operation.operation is Operation.INITIATE:
        return credential_of(operation, keeper)
    return pair_in_force(operation, keeper)


def _identity(operation: CmpOperation, credential: Credential) -> object:
    if isinstance(credential, PasswordCredential):
        return (credential.reference, credential.secret, credential.mac)
    return operation.signer_certificate or operation.old_certificate


def wish_of(operation: CmpOperation, keeper: Keeper, where: Callable[[str], Place]) -> Wish:
    """What the operation will ask for, as far as it is known before the plan is applied."""
    is_initiate = operation.operation is Operation.INITIATE
    old = None if is_initiate else _if_there(keeper, operation.old_certificate)
    key_type = operation.key_type
    if operation.operation is Operation.UPDATE and key_type is None and old is not None:
        key_type = _kind_of(old)
    makes_key = operation.operation is not Operation.REVOKE and not operation.is_central
    names_before = old is not None and names_of(old) is not None
    return Wish(
        operation=operation,
        key_type=key_type if makes_key else None,
        subject=x509.Name.from_rfc4514_string(operation.subject) if is_initiate else None,
        has_names=bool(operation.san) or names_before or (not is_initiate and old is None),
        signer=_if_there(keeper, operation.signer_certificate) if is_initiate else old,
        where=where,
    )


def _if_there(keeper: Keeper, content: str | None) -> x509.Certificate | None:
    if content is None:
        return None
    try:
        return keeper.certificate(content)
    except ContentMissing:
        return None


def _kind_of(certificate: x509.Certificate) -> str | None:
    try:
        return str(key_type_of(certificate.public_key()))
    except ValueError:
        return None

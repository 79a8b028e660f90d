"""A plan, the state before it and the state after it in; what takes it back out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from .address import Address
from .configuration import Configuration, quote
from .device import DeviceState
from .lifecycle import is_bound
from .plan import CmpOperation, Operation, Plan, Step, Undo
from .reverting import revert
from .schema.catalog import Catalog


def undo_of(plan: Plan, before: DeviceState, after: DeviceState, catalog: Catalog) -> Undo:
    """The script that takes a plan back, once it is applied."""
    work = _Work(catalog)
    if not plan.is_empty:
        _end_certificates(work, plan, after)
        _go_back(work, before, after)
    return Undo(
        tuple(work.commands),
        tuple(dict.fromkeys(work.needs)),
        tuple(dict.fromkeys(work.lasting)),
    )


@dataclass(slots=True)
class _Work:
    catalog: Catalog
    commands: list[str] = field(default_factory=list[str])
    needs: list[str] = field(default_factory=list[str])
    lasting: list[str] = field(default_factory=list[str])


def _go_back(work: _Work, before: DeviceState, after: DeviceState) -> None:
    """The three configurations, what survives a restart first: each passes through the candidate."""
    candidate, active = after.candidate, after.active
    if after.committed != before.committed:
        _make(work, candidate, before.committed)
        work.commands += ("activate", "commit")
        candidate = active = before.committed
    if active != before.active:
        _make(work, candidate, before.active)
        work.commands.append("activate")
        candidate = before.active
    _make(work, candidate, before.candidate)


def _make(work: _Work, now: Configuration, wanted: Configuration) -> None:
    if now == wanted:
        return
    reversion = revert(now, wanted, work.catalog)
    work.commands += reversion.commands
    work.needs += reversion.needs
    work.lasting += reversion.lasting


def _end_certificates(work: _Work, plan: Plan, after: DeviceState) -> None:
    """Revoke what is obtained and not needed afterwards; say what of it stays."""
    ended: set[Address] = set()
    for step in reversed(plan.steps):
        operation = step.action
        if not isinstance(operation, CmpOperation):
            continue
        is_last = operation.target not in ended
        ended.add(operation.target)
        if is_last and _can_be_revoked(operation, after):
            work.commands.append(f"certmgr -clientcert={quote(operation.target.reference)} -revoke")
        work.lasting += _lasting(step, operation)


def _can_be_revoked(operation: CmpOperation, after: DeviceState) -> bool:
    """Whether the new certificate has taken nobody's place, and an object holds it that can sign for it."""
    is_new = operation.operation is Operation.INITIATE and operation.replaces is None
    record = after.certificates[operation.target]
    return is_new and is_bound(operation.target, record, after.candidate)


def _lasting(step: Step, operation: CmpOperation) -> Iterator[str]:
    name = operation.target.reference
    match operation.operation:
        case Operation.REVOKE if operation.reason == "certificateHold":
            yield f"{step.id}: the certificate of {name} is on hold; its CA's operator may take that back"
        case Operation.REVOKE:
            yield f"{step.id}: the certificate of {name} is revoked for good; -initiate obtains another"
        case Operation.INITIATE if operation.replaces is None:
            yield f"{step.id}: the certificate that the CA has issued for {name}; `-revoke` ends it"
        case _:
            yield (
                f"{step.id}: the new certificate of {name}, which is in force;"
                f" `certmgr -clientcert={name} -revoke` ends it, and leaves {name} without"
            )

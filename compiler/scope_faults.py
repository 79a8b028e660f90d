"""The steps that a scope keeps and those that it leaves out in; what goes wrong without the latter, out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..grammar.frozen import frozen
from . import rules
from .address import Address
from .configuration import Configuration, FileValue
from .device import DeviceState
from .diagnostics import Diagnostic, Label, finding
from .plan import Activate, CmpOperation, ObjectChange, Operation, Step
from .schema.catalog import Catalog
from .simulate import start_from
from .uses import is_name, named_by, uses_in


def find_faults(
    done: Sequence[Step], left_out: Sequence[Step], base: DeviceState, catalog: Catalog
) -> Iterator[Diagnostic]:
    """Find results that nothing binds any more, and references to what is not there."""
    yield from _unbound(done, left_out)
    yield from _dangling(done, left_out, base, catalog)


def _unbound(done: Sequence[Step], left_out: Sequence[Step]) -> Iterator[Diagnostic]:
    bound = {content for step in done for content in _contents(step)}
    binds = {content: step for step in left_out for content in _contents(step)}
    for step in done:
        operation = step.action
        if not isinstance(operation, CmpOperation) or operation.operation is Operation.REVOKE:
            continue
        lacking = binds.get(operation.certificate)
        if lacking is None or operation.certificate in bound:
            continue
        target = operation.target.reference
        yield finding(
            rules.SCOPE_LOSES_KEY,
            f"the certificate of {target} would be obtained and never bound",
            step.span,
            "obtained here",
            secondary=(Label(lacking.span, "bound here, which is left out"),),
            help=f"take in {_named(lacking)}, or leave out {target}, too",
        )


def _contents(step: Step) -> Iterator[str]:
    if isinstance(step.action, ObjectChange):
        for value in (step.action.after or {}).values():
            if isinstance(value, FileValue):
                yield value.content


def _named(step: Step) -> str:
    assert isinstance(step.action, ObjectChange)  # noqa: S101  (nothing else binds)
    return str(step.action.address)


@frozen
class _Loose:
    """`user` names in its `property` an object that is not there, though the device or the plan knows it."""

    user: Address
    property: str
    target: Address


def _dangling(
    done: Sequence[Step], left_out: Sequence[Step], base: DeviceState, catalog: Catalog
) -> Iterator[Diagnostic]:
    """What each activate would find, and one at the end."""
    known = _by_reference(done, left_out, base)
    before = set(_loose(base.candidate, known, catalog))
    simulation = start_from(base)
    last: dict[Address, Step] = {}
    for step in done:
        if isinstance(step.action, Activate):
            now = [
                loose
                for loose in _loose(simulation.candidate, known, catalog)
                if loose not in before
            ]
            before.update(now)
            yield from (_told(loose, last, left_out) for loose in now)
        simulation.act(step.action)
        if isinstance(step.action, ObjectChange):
            last[step.action.address] = step
    for loose in _loose(simulation.candidate, known, catalog):
        if loose not in before:
            yield _told(loose, last, left_out)


def _by_reference(
    done: Sequence[Step], left_out: Sequence[Step], base: DeviceState
) -> dict[str, list[Address]]:
    """Every object that device or plan knows, by the name that a property gives it."""
    steps = (*done, *left_out)
    changed = (s.action.address for s in steps if isinstance(s.action, ObjectChange))
    known: dict[str, list[Address]] = {}
    for address in dict.fromkeys((*base.candidate, *changed)):
        known.setdefault(address.reference, []).append(address)
    return known


def _loose(
    configuration: Configuration, known: dict[str, list[Address]], catalog: Catalog
) -> Iterator[_Loose]:
    for user, properties in configuration.items():
        kind = catalog.types.get(user.type)
        if kind is None:
            continue
        for name, reference, items in uses_in(kind, properties):
            for item in items:
                if not is_name(reference, item):
                    continue
                meant = named_by(catalog, known, reference, item)
                if meant is None:
                    continue
                there = [a for a in known[item] if a in configuration]
                types = catalog.targets(reference)
                if not any(a.type in types or a.type not in catalog.types for a in there):
                    yield _Loose(user, name, meant)


def _told(loose: _Loose, last: dict[Address, Step], left_out: Sequence[Step]) -> Diagnostic:
    gone, lacking = last.get(loose.target), _last_on(loose.user, left_out)
    step = last.get(loose.user) or gone
    missing = _last_on(loose.target, left_out)
    anchor = gone or step or lacking or missing
    assert anchor is not None  # noqa: S101  (something has changed, or nothing would dangle)
    other = lacking or missing
    is_gone = gone is not None
    return finding(
        rules.SCOPE_LEAVES_DANGLING,
        f"`{loose.property}` of {loose.user} would name {loose.target}, which would not be there",
        anchor.span,
        "deleted here" if is_gone else "names it here",
        secondary=(Label(other.span, "what goes with it is left out"),) if other else (),
        help=f"take in {loose.user}, too, or leave out {loose.target}"
        if is_gone
        else f"take in {loose.target}, too, or leave out {loose.user}",
    )


def _last_on(address: Address, steps: Sequence[Step]) -> Step | None:
    on = [s for s in steps if isinstance(s.action, ObjectChange) and s.action.address == address]
    return on[-1] if on else None

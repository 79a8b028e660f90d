"""What the script does, command by command in; the plan's steps with their dependencies out.

Changes of one object are gathered until something acts on the candidate (an operation or a barrier), so
that a step shows what changes in the end, not each line on the way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..grammar.ast import Span
from .address import Address
from .configuration import DEVICE_OWN, FileValue, Properties
from .plan import Action, Activate, Change, CmpOperation, Commit, ObjectChange, Step


def planned(step_id: str, part: str) -> str:
    """The content id of what a step will obtain; `part` is `certificate` or `key`."""
    return f"planned:{step_id}:{part}"


def producer(content: str) -> str | None:
    """The id of the step that will obtain `content`, None if it is there already."""
    prefix, _, rest = content.partition(":")
    return rest.partition(":")[0] if prefix == "planned" else None


@dataclass(slots=True)
class StepBuilder:
    """The steps so far, and the object changes that are not a step yet."""

    steps: list[Step] = field(default_factory=list[Step])
    _pending: dict[Address, tuple[Properties | None, Span]] = field(
        default_factory=dict[Address, "tuple[Properties | None, Span]"]
    )
    _last_on: dict[Address, str] = field(default_factory=dict[Address, str])
    # The last steps on what is in a container, since it was last deleted.
    _last_below: dict[Address, dict[Address, str]] = field(
        default_factory=dict[Address, dict[Address, str]]
    )
    # The steps that a certificate signs: what may end it waits for them.
    _signed: dict[Address, set[str]] = field(default_factory=dict[Address, "set[str]"])
    _barrier: str | None = None
    _since_barrier: list[str] = field(default_factory=list[str])

    def change(self, address: Address, before: Properties | None, span: Span) -> None:
        """Note that an object is about to change; `before` is what it is now."""
        first = self._pending.get(address)
        self._pending[address] = (before if first is None else first[0], span)

    def flush(self, candidate: Mapping[Address, Properties]) -> None:
        """Make steps of the changes so far; `candidate` is the configuration as it is now."""
        pending, self._pending = self._pending, {}
        for address, (before, span) in pending.items():
            after = candidate.get(address)
            if before == after:
                continue
            change = _kind(before, after)
            depends = {self._last_on.get(a) for a in _line(address)}
            if change is Change.DELETE:
                depends |= set(self._last_below.pop(address, {}).values())
            for value in (after or {}).values():
                if isinstance(value, FileValue):
                    depends.add(producer(value.content))
            step = self._add(
                ObjectChange(change, address, before, after), depends, span, _WHY[change]
            )
            self._note(address, step)

    def _note(self, address: Address, step: str) -> None:
        self._last_on[address] = step
        for container in _line(address)[1:]:
            self._last_below.setdefault(container, {})[address] = step

    def next_id(self) -> str:
        """The id that the next step gets."""
        return f"s{len(self.steps) + 1}"

    def operation(self, operation: CmpOperation, span: Span, reason: str) -> None:
        """Add a CMP operation; call `flush` before, `next_id` for the ids of what it obtains."""
        server = operation.server
        signer = () if operation.signer is None else _line(operation.signer)
        objects = (*_line(operation.target), server.address, *_line(server.ca), *signer)
        needs = {self._last_on.get(a) for a in objects}
        for content in (
            operation.old_certificate,
            operation.old_key,
            operation.signer_certificate,
            operation.signer_key,
            server.ca_certificate,
        ):
            needs.add(producer(content) if content else None)
        needs |= self._signed.pop(operation.target, set())
        step = self._add(operation, needs, span, reason)
        self._note(operation.target, step)
        if operation.signer is not None:
            self._signed.setdefault(operation.signer, set()).add(step)

    def barrier(self, action: Activate | Commit, span: Span, reason: str) -> None:
        """Add a step that waits for all before it and that all after it wait for."""
        step = self._add(action, set(self._since_barrier), span, reason)
        self._barrier = step
        self._since_barrier = [step]

    def _add(self, action: Action, depends: set[str | None], span: Span, reason: str) -> str:
        step_id = self.next_id()
        needs = [d for d in depends if d is not None]
        if self._barrier is not None:
            barrier = _number(self._barrier)
            needs = [d for d in needs if _number(d) > barrier] or [self._barrier]
        self.steps.append(Step(step_id, action, tuple(sorted(needs, key=_number)), span, reason))
        self._since_barrier.append(step_id)
        return step_id


def _kind(before: Properties | None, after: Properties | None) -> Change:
    if after is None:
        return Change.DELETE
    # What the device has of its own is new only to csc.
    return Change.ADD if before is None and DEVICE_OWN not in after else Change.UPDATE


_WHY = {
    Change.ADD: "the script adds it",
    Change.UPDATE: "the script changes it",
    Change.DELETE: "the script deletes it",
}


def _number(step_id: str) -> int:
    return int(step_id[1:])


def _line(address: Address) -> list[Address]:
    """An object and the containers above it."""
    line: list[Address] = []
    while not address.is_root:
        line.append(address)
        address = address.parent
    return line

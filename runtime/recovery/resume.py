"""What was cut off on a device in; each operation gone on with to its end, without the script, out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ...compiler.address import Address
from ...compiler.plan import CmpOperation, Plan, Span, Step
from ..cmp.errors import CMPError
from ..errors import ApplyError
from ..state import journal
from ..state.journal import OpenOperation
from ..state.store import Store
from ..surroundings import Surroundings
from . import destination
from .conduct import case_of, go_on
from .ending import end, operation_of
from .phases import WHERE, Event, Phase
from .recording import record
from .transitions import look


class End(StrEnum):
    """How an operation stands after it was gone on with."""

    DONE = "done"
    GIVEN_UP = "given up"
    CLOSED = "closed"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class LeftOpen:
    """An operation that was cut off: where it stands, and what resuming it will do, and why.

    `needs` names the sources of secrets that have to be at hand.
    """

    id: int
    address: Address
    operation: str
    phase: Phase
    started_at: datetime
    server: str
    act: str
    reason: str
    needs: tuple[str, ...]
    is_resumable: bool

    @property
    def holds(self) -> str:
        """What the state has of it."""
        return WHERE[self.phase].vault


@dataclass(frozen=True, slots=True)
class Resumed:
    """An operation, how it ended, and what to tell of it; `way_out` where it stays open."""

    left_open: OpenOperation
    end: End
    said: str
    way_out: str = ""


def left_open_on(store: Store, device: str) -> list[LeftOpen]:
    """What was cut off on a device, oldest first. Nothing is changed, and no secret is read."""
    return [_seen(each) for each in journal.open_operations(store, device) if each.ends is None]


def _seen(entry: OpenOperation) -> LeftOpen:
    from . import document

    asked = None if entry.document is None else document.read(entry.document, None)
    row = look(entry.phase, Event.RESUMED)
    assert entry.started_at is not None  # noqa: S101  (the journal has it of each)
    secrets = () if asked is None else (asked.username, asked.password)
    return LeftOpen(
        entry.id,
        Address.parse(entry.path),
        entry.operation,
        entry.phase,
        entry.started_at,
        "" if asked is None else asked.server.url,
        row.act.value,
        row.reason,
        tuple(secret.source for secret in secrets if secret and secret.source.startswith("${")),
        asked is not None,
    )


def plan_of(operations: Sequence[CmpOperation]) -> Plan:
    """The operations as a plan, for what opens the way to their CAs."""
    nowhere = Span("", 1, 1, 0)
    steps = (Step(f"s{n}", each, (), nowhere, "") for n, each in enumerate(operations, 1))
    return Plan(tuple(steps), (), "", "", "")


def resume(
    around: Surroundings,
    gives_up: Callable[[OpenOperation], bool],
    tell: Callable[[OpenOperation, str], None],
) -> list[Resumed]:
    """Go on with everything that was cut off on the device, oldest first; what `gives_up` says, is ended.

    One that fails stays open and keeps no other from being gone on with.
    """
    found = journal.open_operations(around.store, around.device)
    return [_resumed(each, around, gives_up, tell) for each in found if each.ends is None]


def _resumed(
    entry: OpenOperation,
    around: Surroundings,
    gives_up: Callable[[OpenOperation], bool],
    tell: Callable[[OpenOperation, str], None],
) -> Resumed:
    operation = operation_of(entry, around)
    if operation is None:
        return Resumed(
            entry, End.OPEN, "an older csc began it", "apply its script again, which takes it up"
        )
    case = case_of(entry, operation, around, lambda text: tell(entry, text))
    try:
        destination.check(entry, is_sandbox=around.is_sandbox)
        if gives_up(entry):
            outcome = end(case)
            if outcome is None:
                return Resumed(entry, End.GIVEN_UP, "nothing of it is left at the CA")
            return Resumed(entry, End.DONE, "revoked, which nobody can take back")
        outcome = go_on(case, is_sure_of_secret=False)
        if outcome is None:
            why = "given up earlier: nothing of it is left at the CA"
            return Resumed(entry, End.CLOSED, str(case.error) if case.error else why)
        return Resumed(entry, End.DONE, record(around, operation, outcome))
    except (CMPError, ApplyError) as error:
        return Resumed(entry, End.OPEN, str(error), str(getattr(error, "way_out", "")))

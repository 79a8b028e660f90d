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
from ..progress import StepDone, StepFailed, StepProgress, StepStarted, Watch
from ..state import journal
from ..state.journal import OpenOperation
from ..state.store import Store
from ..surroundings import Surroundings
from . import destination
from .conduct import Case, case_of, go_on
from .ending import end, operation_of
from .phases import WHERE, Event, Phase
from .recording import record
from .transitions import look

_NOWHERE = Span("", 1, 1, 0)


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
    """An operation, how it ended, and what to tell of it; `way_out` where it stays open.

    `error` is what it failed with, or what the CA refused it with.
    """

    left_open: OpenOperation
    end: End
    said: str
    way_out: str = ""
    error: Exception | None = None


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
    steps = (Step(f"s{n}", each, (), _NOWHERE, "") for n, each in enumerate(operations, 1))
    return Plan(tuple(steps), (), "", "", "")


def resume(
    around: Surroundings,
    gives_up: Callable[[OpenOperation], bool],
    tell: Callable[[OpenOperation, str], None],
    watch: Watch = lambda event: None,
) -> list[Resumed]:
    """Go on with everything that was cut off on the device, oldest first; what `gives_up` says, is ended.

    `watch` hears of each as of a step of a plan. One that fails stays open and keeps no other from being
    gone on with.
    """
    found = journal.open_operations(around.store, around.device)
    left_open = [each for each in found if each.ends is None]
    return [
        _resumed(each, _Watched(f"s{n}", tell, watch), around, gives_up)
        for n, each in enumerate(left_open, 1)
    ]


@dataclass(frozen=True, slots=True)
class _Watched:
    """Who hears of an operation; `id` is its number among them, as that of a step."""

    id: str
    tell: Callable[[OpenOperation, str], None]
    watch: Watch


def _resumed(
    entry: OpenOperation,
    watched: _Watched,
    around: Surroundings,
    gives_up: Callable[[OpenOperation], bool],
) -> Resumed:
    operation = operation_of(entry, around)
    if operation is None:
        return Resumed(
            entry, End.OPEN, "an older csc began it", "apply its script again, which takes it up"
        )
    step = Step(watched.id, operation, (), _NOWHERE, "")

    def tell(text: str) -> None:
        watched.tell(entry, text)
        watched.watch(StepProgress(step, text))

    watched.watch(StepStarted(step))
    watched.watch(StepProgress(step, "giving up" if gives_up(entry) else "going on"))
    case = case_of(entry, operation, around, tell)
    done = _ended(entry, case, gives_up)
    watched.watch(StepDone(step, done.said) if done.error is None else StepFailed(step, done.error))
    return done


def _ended(entry: OpenOperation, case: Case, gives_up: Callable[[OpenOperation], bool]) -> Resumed:
    try:
        destination.check(entry, is_sandbox=case.around.is_sandbox)
        if gives_up(entry):
            outcome = end(case)
            if outcome is None:
                return Resumed(entry, End.GIVEN_UP, "nothing of it is left at the CA")
            return Resumed(entry, End.DONE, "revoked, which nobody can take back")
        outcome = go_on(case, is_sure_of_secret=False)
        if outcome is None:
            why = "given up earlier: nothing of it is left at the CA"
            said = str(case.error) if case.error else why
            return Resumed(entry, End.CLOSED, said, error=case.error)
        return Resumed(entry, End.DONE, record(case.around, case.operation, outcome))
    except (CMPError, ApplyError) as error:
        way_out = str(getattr(error, "way_out", ""))
        return Resumed(entry, End.OPEN, str(error), way_out, error)

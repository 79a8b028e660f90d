"""A run that begins in; entries of the audit log, and observers that are told of it, out.

The audit log is durable: what cannot be told there is not begun. Observers (log file, spans) are told what
they can be told, and change nothing.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ...compiler.plan import Activate, CmpOperation, Commit, ObjectChange, Step
from ..cmp.errors import CMPError, Rejected, WrongCertificate
from ..errors import Interrupted
from ..progress import ProgressEvent, StepDone, StepFailed, StepProgress
from ..runs import ENDED, STARTED
from ..state import audit_chain
from ..state.errors import StateError
from ..state.store import Store
from .run import Act, Ended, Exchange, Failed, Observer, RunFacts, status_facts

if TYPE_CHECKING:
    from ..operation import Send, Surroundings

DONE, FAILED, INTERRUPTED = "done", "failed", "interrupted"
_ID_SIZE = 8  # bytes; enough that no two runs of a state share an id


class Observed:
    """A run that is told of."""

    def __init__(self, facts: RunFacts, store: Store, observers: Sequence[Observer]) -> None:
        self.facts = facts
        self.version: int | None = None
        """What was committed last: to be set by who carries the act out."""
        self.outcome = DONE
        """How it ends if nothing is raised: to be set by who goes on where something fails."""
        self._store = store
        self._observers = observers
        self._steps: dict[str, str] = {}
        self._failed: list[Failed] = []
        self.counts = Counter[str]()
        """What was done, by kind."""

    def watch(self, event: ProgressEvent) -> None:
        """To be called with every event of the run."""
        match event:
            case StepProgress(step=step):
                if self._observers:
                    from .exchanges import current_step

                    current_step.set(step.id)
            case StepDone(step=step):
                self.counts[kind_of(step)] += 1
            case StepFailed(step=step, error=error):
                self._failed.append(failed(step, error))
                with suppress(StateError):  # the run fails anyway, and its journal says how
                    self._append(*_failure(step, error))
            case _:
                pass
        for observer in self._observers:
            observer.step(event)

    def around(self, surroundings: Surroundings) -> Surroundings:
        """The surroundings of a run, whose messages are told of."""
        return replace(surroundings, send=self._telling(surroundings.send))

    def begin(self) -> None:
        """Write the beginning down.

        Raises:
            StateError: if that cannot be done.
        """
        act = self.facts.act
        self._append(
            STARTED,
            {
                "command": act.command,
                "scripts": act.scripts,
                "digests": act.digests,
                "steps": act.steps,
                "options": act.options,
            },
        )
        for observer in self._observers:
            observer.begin(self.facts)

    def end(self, outcome: str, error: BaseException | None) -> None:
        """Write the end down, and tell of it even if that cannot be done.

        Raises:
            StateError: if that cannot be done although the run is.
        """
        ended = Ended(
            outcome=outcome,
            ended_at=self._clock(),
            counts=dict(sorted(self.counts.items())),
            version=self.version,
            failed=tuple(self._failed),
            error="" if error is None or self._failed else type(error).__name__,
        )
        try:
            ended = replace(ended, audit_hash=self._append(ENDED, _told(ended)))
        except StateError:
            if error is None:
                raise
        finally:
            for observer in self._observers:
                observer.end(ended)

    def _telling(self, send: Send) -> Send:
        if not self._observers:
            return send
        from .exchanges import telling

        return telling(send, self._exchanged, self._clock, self._steps)

    def _exchanged(self, exchange: Exchange) -> None:
        for observer in self._observers:
            observer.exchanged(exchange)

    def _append(self, what: str, details: Mapping[str, Any]) -> str:
        return audit_chain.append(self._store, self.facts.device, what, details)

    def _clock(self) -> datetime:
        assert self._store.trail is not None  # noqa: S101  (a run has set it)
        return self._store.trail.clock()


@contextmanager
def observed(
    store: Store,
    device: str,
    act: Act,
    observers: Sequence[Observer] = (),
) -> Generator[Observed]:
    """A run for the length of the block; how the block ends is how the run ended.

    Raises:
        StateError: if the audit log cannot be written.
    """
    trail = audit_chain.trail_of(secrets.token_hex(_ID_SIZE))
    facts = RunFacts(
        id=trail.run,
        act=act,
        device=device,
        who=trail.who,
        pid=trail.pid,
        started_at=trail.clock(),
    )
    before, store.trail = store.trail, trail
    run = Observed(facts, store, observers)
    try:
        run.begin()
        try:
            yield run
        except (KeyboardInterrupt, Interrupted) as error:
            run.end(INTERRUPTED, error)
            raise
        except Exception as error:
            run.end(FAILED, error)
            raise
        run.end(run.outcome, None)
    finally:
        store.trail = before


def kind_of(step: Step) -> str:
    """What a step does, in a word of the plan: add, change, delete, initiate, update, revoke, …"""
    match step.action:
        case ObjectChange(change=change):
            return change.value
        case CmpOperation(operation=operation):
            return operation.value
        case Activate():
            return "activate"
        case Commit():
            return "commit"


def target_of(step: Step) -> str:
    """The path of the object that a step is about, empty if it is about all."""
    match step.action:
        case ObjectChange(address=address) | CmpOperation(target=address):
            return address.path
        case _:
            return ""


def failed(step: Step, error: Exception) -> Failed:
    """A failure in names."""
    fail_info = status_facts(error.status)["fail_info"] if isinstance(error, Rejected) else ()
    return Failed(step.id, type(error).__name__, tuple(fail_info))


def _failure(step: Step, error: Exception) -> tuple[str, dict[str, Any]]:
    """A failed step as an entry: `refused` if the CA said no, `rejected` if its certificate was no good."""
    told: dict[str, Any] = {
        "step": step.id,
        "kind": kind_of(step),
        "path": target_of(step),
        "error": type(error).__name__,
        "text": str(error),
    }
    if isinstance(error, CMPError) and error.transaction_id is not None:
        told["transaction"] = error.transaction_id.hex()
    match error:
        case Rejected(status=status):
            return "refused", {**told, "status": status_facts(status)}
        case WrongCertificate():
            return "rejected", told
        case _:
            return "step-failed", told


def _told(ended: Ended) -> dict[str, Any]:
    return {
        "outcome": ended.outcome,
        "counts": ended.counts,
        "version": ended.version,
        "error": ended.error,
        "failed": [
            {"step": f.step, "error": f.error, "fail_info": f.fail_info} for f in ended.failed
        ],
    }

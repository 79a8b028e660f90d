"""Barriers of a run in; the device's configurations moved on, or back to what is committed, out.

Each is one transaction, which first looks whether an activation has run out meanwhile: what is planned on top
of one that is rolled back must not be written.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from ..compiler.address import Address
from ..compiler.configuration import Configuration
from ..compiler.lifecycle import State
from ..compiler.plan import Activate, Step
from .activation import Activation, activated
from .errors import CommitTooLate
from .state import activations
from .state.audit_events import WentBack
from .state.errors import StateError
from .state.overview import overviews
from .state.store import Store
from .status import status_of

if TYPE_CHECKING:
    from .operation import Surroundings


def activate(around: Surroundings, candidate: Configuration) -> None:
    """Make the candidate active; a `commit` has to come in time.

    Raises:
        CommitTooLate: if an earlier activation has run out.
        StateError: if the state cannot be written.
    """
    store, device = around.store, around.device
    with store.transaction():
        now = _in_time(around)
        store.activate(device, candidate)
        if candidate == store.version(device).configuration:
            activations.remove(store, device)
        else:
            activations.put(store, device, activated(now, around.commit_timeout))


def commit(around: Surroundings, script: str) -> int:
    """Make what is active permanent, as a new version; its number.

    Raises:
        CommitTooLate: if the activation has run out.
        StateError: if the state cannot be written.
    """
    store, device = around.store, around.device
    with store.transaction():
        now = _in_time(around)
        activations.remove(store, device)
        return store.commit(device, script, now, around.committer)


def end_run(around: Surroundings, candidate: Configuration, inputs: str) -> None:
    """Keep the candidate at the end of a run with these inputs.

    Raises:
        CommitTooLate: if an earlier activation has run out.
        StateError: if the state cannot be written.
    """
    with around.store.transaction():
        _in_time(around)
        around.store.end_run(around.device, candidate, inputs)


def _in_time(around: Surroundings) -> datetime:
    """The time, if no activation has run out by then."""
    now = around.clock()
    activation = activations.find(around.store, around.device)
    if activation is not None and activation.is_overdue(now):
        raise CommitTooLate(
            f"the activation of {activation.activated_at:%Y-%m-%d %H:%M:%S} UTC was not committed"
            f" within {activation.timeout.total_seconds():g} s",
            "apply the script again; `--commit-timeout SECONDS` gives it more time",
        )
    return now


# -- going back ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Remains:
    """What a run that failed leaves.

    `rolled_back` is the activation that it took back, `waiting` one that could not be taken back now, or is
    an earlier run's. `version` is the committed one. `unbound` are the certificates that are obtained, and
    bound to no object.
    """

    version: int = 0
    rolled_back: Activation | None = None
    waiting: Activation | None = None
    unbound: tuple[Address, ...] = ()


def after_failure(around: Surroundings, done: Iterable[Step]) -> Remains:
    """Take back what a run has activated and not committed; `done` are the steps that it has done.

    If the state cannot be written any more, the deadline takes it back. Never raises a StateError.
    """
    store, device, now = around.store, around.device, around.clock()
    has_activated = any(isinstance(step.action, Activate) for step in done)
    remains = Remains()
    try:
        with store.transaction():
            activation = activations.find(store, device)
            if activation is not None and activation.rolled_back_at is None:
                why = WentBack.FAILURE
                if activation.is_overdue(now):
                    activation, why = activation.as_of(now), WentBack.NO_COMMIT
                elif has_activated:
                    activation = replace(activation, rolled_back_at=now)
                if activation.rolled_back_at is None:
                    remains = Remains(waiting=activation)
                else:
                    activations.roll_back(store, device, activation, why)
                    remains = Remains(rolled_back=activation)
        return _told(store, device, remains, now)
    except StateError:
        return remains


def _told(store: Store, device: str, remains: Remains, now: datetime) -> Remains:
    for overview in overviews(store, device):
        certificates = status_of(overview, now).certificates
        unbound = tuple(c.address for c in certificates if c.state is State.OBTAINED)
        return replace(remains, version=overview.version, unbound=unbound)
    return remains

"""A case in, whether everything holds after it out."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from csc.runtime.certificates import dump_certificate
from csc.runtime.doctor.examining import examine
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.state.errors import StateError

from . import invariants
from .catalogue import FAULTS
from .disk import Disk, small_disk
from .findings import DEVICE, Here, at_the_ca, in_the_state
from .invariants import Run, Shape
from .operations import SCRIPT, operation
from .points import DAY, open_up
from .runs import Hangs, run
from .site import Site, running
from .stores import State, Stores


@dataclass(frozen=True)
class Case:
    """An operation on a store, spoilt by a fault at a point (or, if it is a mishap, at a message).

    `many` certificates at once. The run that takes up what is left is killed at point `again`, if that is
    given.
    """

    operation: str
    store: str
    many: int
    fault: str
    at: int
    again: int | None = None

    def __str__(self) -> str:
        words = [self.operation, f"×{self.many}", self.store, f"{self.fault} at {self.at}"]
        if self.again is not None:
            words.append(f"killed again at {self.again}")
        return " ".join(words)


@dataclass(frozen=True)
class Result:
    """What came of a case. `point` is the kind of point that was hit, None if the run did not come to it.

    `ended` is how the spoilt run ended, `points` what a run came to that nothing was to spoil.
    """

    point: str | None
    ended: int
    broken: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    said: str = ""


@dataclass(frozen=True)
class _Stage:
    """What the cases of one operation begin with: a state that is copied, and what is to come of it."""

    state: State
    here: Here
    wanted: Shape
    points: tuple[str, ...]
    messages: int


@dataclass
class Trials:
    """Runs cases; what they begin with is made once."""

    stores: Stores
    _stages: dict[tuple[str, str, int], _Stage] = field(default_factory=dict)

    def points(self, kind: str, store: str, many: int) -> tuple[tuple[str, ...], int]:
        """The points of an operation, and how many messages it sends."""
        stage = self._stage(kind, store, many)
        return stage.points, stage.messages

    def run(self, case: Case) -> Result:
        """Do what a case says, and judge it."""
        stage = self._stage(case.operation, case.store, case.many)
        state = self.stores.new(case.store, stage.state)
        try:
            return _Trial(case, stage, state).run()
        except Hangs as hangs:
            return Result(None, -1, (str(hangs),))
        finally:
            self.stores.drop(state)

    def _stage(self, kind: str, store: str, many: int) -> _Stage:
        name = kind, store, many
        if name not in self._stages:
            self._stages[name] = self._prepare(kind, store, many)
        return self._stages[name]

    def _prepare(self, kind: str, store: str, many: int) -> _Stage:
        """Carry the operation out in peace, twice: a copy is kept of before."""
        wanted = operation(kind, many)
        state = self.stores.new(store)
        with SandboxCA.open(state.ca) as ca:
            (state.work / "root.der").write_bytes(dump_certificate(ca.root))
        for name, text in (
            ("before", wanted.before),
            ("after", wanted.after),
            (SCRIPT, wanted.script),
        ):
            (state.work / name).write_text(text)
        if wanted.before:
            with running(state.ca) as site:
                _succeeds(run(state.work, _apply(state, site, many, "before"))[0])
        copy = self.stores.new(store, state)
        with running(copy.ca, wanted.behaviour, mishap="answer lost", at=-1) as site:
            done, points = run(copy.work, _apply(copy, site, many, SCRIPT))
            messages = site.messages
        _succeeds(done)
        committed = in_the_state(copy).committed
        self.stores.drop(copy)
        return _Stage(
            state, in_the_state(state), invariants.shape(committed), tuple(points), messages
        )


def _apply(state: State, site: Site, many: int, script: str) -> list[str]:
    way = ["--state", state.url, "--connect-to", f"::127.0.0.1:{site.port}"]
    return [*way, "apply", "--yes", "--parallel", str(many), script]


def _succeeds(done: Run) -> None:
    assert done.exit == 0, done.output + done.errors


@dataclass
class _Trial:
    case: Case
    stage: _Stage
    state: State

    def run(self) -> Result:
        with ExitStack() as stack:
            disk = None
            if FAULTS[self.case.fault].pages:
                disk = stack.enter_context(small_disk(self.state.work / ".csc", self.case.at))
            return self._run(disk)

    def _run(self, disk: Disk | None) -> Result:
        case, fault = self.case, FAULTS[self.case.fault]
        state = self.state
        behaviour = operation(case.operation, case.many).behaviour
        with running(state.ca, behaviour, mishap=fault.mishap, at=case.at) as site:
            action, at = (fault.action, case.at) if fault.action else (None, None)
            first, hit = self._apply(
                site, action=action, at=at, is_fit=fault.where, meanwhile=self._meanwhile(site)
            )
            point = hit[0] if len(hit) == 1 else None
            if fault.mishap is not None:
                point = f"message {case.at}" if site.messages > case.at else None
            if disk is not None:
                point = f"{case.at} pages" if first.exit else None
                disk.make_room()
            if fault.action == "read-only":
                open_up(state.work / ".csc")
            broken = [*self._after(first)]
            if case.again is not None:
                self._apply(site, action="kill", at=case.again)
            if fault.unset:
                self._apply(site, offset=fault.unset)
            if not fault.later:
                second, third = self._finish(site, 0)
        if fault.later:
            with running(state.ca, behaviour, clock=fault.later) as site:
                second, third = self._finish(site, fault.later)
        broken += self._in_the_end(second, third)
        return Result(point, first.exit, tuple(broken), said=first.errors[-500:])

    def _apply(self, site: Site, script: str = SCRIPT, **how: Any) -> tuple[Run, list[str]]:
        arguments = _apply(self.state, site, self.case.many, script)
        return run(self.state.work, arguments, site=site, **how)

    def _finish(self, site: Site, offset: float) -> tuple[Run, Run]:
        """Once more in peace, and once more to see that nothing is left to do."""
        second, _ = self._apply(site, offset=offset)
        third, _ = self._apply(site, "after", offset=offset)
        return second, third

    def _meanwhile(self, site: Site) -> Callable[[], None]:
        """What others do while the run is stopped."""

        def act() -> None:
            for command in FAULTS[self.case.fault].meanwhile:
                if command == "unlock":
                    force = ["--state", self.state.url, "unlock", DEVICE, "--force"]
                    run(self.state.work, force, name="unlock")
                else:
                    self._apply(site, name="other")

        return act

    def _after(self, first: Run) -> Iterator[str]:
        try:
            here = in_the_state(self.state)
        except StateError as error:
            if "brings it up to date" not in error.way_out:
                yield f"the state that was left cannot be read: {error}"
            return
        for what in invariants.after_the_fault(self.stage.here, self.stage.wanted, here, first):
            yield f"after the fault: {what}"

    def _in_the_end(self, second: Run, third: Run) -> Iterator[str]:
        try:
            here = in_the_state(self.state)
        except StateError as error:
            yield f"the state cannot be read: {error}"
            return
        there = at_the_ca(self.state.ca)
        yield from invariants.in_the_end(
            self.stage.here,
            self.stage.wanted,
            here,
            there,
            second,
            third,
            ca_makes_keys=self.case.operation == "central",
        )
        # By a clock that is behind none of those of the case.
        now = datetime.now(UTC) + 3 * timedelta(seconds=DAY)
        yield from invariants.to_the_doctor(examine(self.state.location, now))

"""Steps in, all of them done that could be out: in the order of their dependencies, operations in threads.

Everything happens in the calling thread but `Work.operate`, which blocks and runs in threads of its own. It
knows steps, but neither CMP nor the state; what steps do is handed in.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Generic, TypeVar

import anyio
import anyio.lowlevel
import anyio.to_thread

from ...compiler.plan import CmpOperation, Step
from ..cmp.errors import CMPError
from ..errors import ApplyError, LeftOpen
from ..progress import ProgressEvent, StepDone, StepFailed, StepStarted, Watch
from ..state.errors import StateError
from .graph import Graph, StepState
from .limits import Admission, Limits, server_of
from .stopping import Interrupts, Stop, listen

T = TypeVar("T")

# What makes a step fail; everything else is a bug, and ends the run.
FAILURES = (CMPError, ApplyError, StateError, OSError)
# Seconds that steps without a CA may take before signals are looked for.
_SLICE = 0.1


class OnError(StrEnum):
    """What a failed step does to those that do not depend on it."""

    FINISH_INDEPENDENT = "finish-independent"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Work(Generic[T]):
    """What steps do.

    `act` does a step that needs no CA; what came of it, for people. An operation goes through two more:
    `prepare` gives what then runs in a thread, `record` takes what that gave. `upcoming` hears which
    operations are about to have their turn.
    """

    act: Callable[[Step], str]
    prepare: Callable[[Step], Callable[[], T]]
    record: Callable[[Step, T], str]
    upcoming: Callable[[Sequence[Step]], None]


@dataclass(frozen=True, slots=True)
class Terms:
    """How a plan is carried out; without `interrupts` no signal is listened to."""

    limits: Limits
    on_error: OnError
    stop: Stop
    interrupts: Interrupts | None


@dataclass(slots=True)
class Course:
    """What became of the steps."""

    graph: Graph
    failures: list[tuple[Step, Exception]]


def loop(steps: Sequence[Step], work: Work[T], terms: Terms, watch: Watch) -> Course:
    """Do the steps; what fails is noted. Exceptions that are none of FAILURES are raised as they are."""
    conductor = _Conductor(steps, work, terms, watch)
    anyio.run(conductor.conduct)
    if conductor.crash is not None:
        raise conductor.crash
    return Course(conductor.graph, conductor.failures)


class _Conductor(Generic[T]):
    def __init__(self, steps: Sequence[Step], work: Work[T], terms: Terms, watch: Watch) -> None:
        self.graph = Graph(steps)
        self.failures: list[tuple[Step, Exception]] = []
        self.crash: BaseException | None = None
        self._steps = steps
        self._work = work
        self._terms = terms
        self._watch = watch
        self._admission = Admission(terms.limits, filter(None, map(_server, steps)))
        self._ready: list[int] = []  # a heap of steps that need no CA
        self._running: set[int] = set()
        self._has_to_end = False
        self._wake = anyio.Event()

    async def conduct(self) -> None:
        threads = anyio.CapacityLimiter(self._terms.limits.parallel)
        async with anyio.create_task_group() as group:
            if self._terms.interrupts is not None:
                group.start_soon(
                    listen,
                    self._terms.interrupts,
                    self._terms.stop,
                    lambda: [self._steps[n] for n in sorted(self._running)],
                    lambda: self._wake.set(),
                )
            self._free(self.graph.ready())
            try:
                while True:
                    self._act()
                    while (n := self._next_operation()) is not None:
                        self._running.add(n)
                        group.start_soon(self._operate, n, threads)
                    if self._ready and self._goes_on():
                        await anyio.lowlevel.checkpoint()
                    elif self._running:
                        self._look_ahead()
                        await self._wake.wait()
                        self._wake = anyio.Event()
                    else:
                        break
            except anyio.get_cancelled_exc_class():
                raise
            except BaseException as bug:
                self.crash = self.crash or bug
            finally:
                group.cancel_scope.cancel()  # the listener; operations end by themselves

    def _goes_on(self) -> bool:
        """Whether steps may begin."""
        return not (self._has_to_end or self._terms.stop.is_requested or self.crash)

    def _free(self, numbers: Sequence[int]) -> None:
        for n in numbers:
            server = _server(self._steps[n])
            if server is None:
                heapq.heappush(self._ready, n)
            else:
                self._admission.wait(n, server)

    # -- steps that need no CA ------------------------------------------------------------------------

    def _act(self) -> None:
        """Do those that can be done, for a slice of time."""
        until = time.monotonic() + _SLICE
        while self._ready and self._goes_on() and time.monotonic() < until:
            n = heapq.heappop(self._ready)
            self._begin(n)
            self._attempt(n, partial(self._work.act, self._steps[n]))

    # -- operations ------------------------------------------------------------------------------------

    def _next_operation(self) -> int | None:
        return self._admission.next() if self._goes_on() else None

    def _look_ahead(self) -> None:
        if self._goes_on():
            waiting = self._admission.upcoming(self._terms.limits.parallel)
            self._work.upcoming([self._steps[n] for n in waiting])

    async def _operate(self, n: int, threads: anyio.CapacityLimiter) -> None:
        step = self._steps[n]
        server = _server(step)
        assert server is not None  # noqa: S101  (only operations come here)
        try:
            self._begin(n)
            operate = self._work.prepare(step)
            outcome = await anyio.to_thread.run_sync(operate, limiter=threads)
        except FAILURES as error:
            self._fail(n, error)
        except anyio.get_cancelled_exc_class():
            raise
        except BaseException as bug:
            self.crash = self.crash or bug
        else:
            if self.crash is None:  # else the next run takes it from the journal
                self._attempt(n, lambda: self._work.record(step, outcome))
        finally:
            self._running.discard(n)
            self._admission.leave(server)
            self._wake.set()

    # -- both ------------------------------------------------------------------------------------------

    def _begin(self, n: int) -> None:
        self.graph.begin(n)
        self._tell(StepStarted(self._steps[n]))

    def _attempt(self, n: int, act: Callable[[], str]) -> None:
        try:
            result = act()
        except FAILURES as error:
            self._fail(n, error)
        except BaseException as bug:
            self.crash = self.crash or bug
        else:
            self._tell(StepDone(self._steps[n], result))
            self._free(self.graph.done(n))

    def _fail(self, n: int, error: Exception) -> None:
        is_open = isinstance(error, LeftOpen)
        state = StepState.LEFT_OPEN if is_open else StepState.FAILED
        for blocked in self.graph.failed(n, state):
            server = _server(self._steps[blocked])
            if server is not None:
                self._admission.drop(server)
        if not is_open:
            self.failures.append((self._steps[n], error))
        # Where the state cannot be used, nothing else could be written down.
        if self._terms.on_error is OnError.STOP or isinstance(error, StateError | OSError):
            self._has_to_end = True
        self._tell(StepFailed(self._steps[n], error))

    def _tell(self, event: ProgressEvent) -> None:
        try:
            self._watch(event)
        except Exception as bug:
            self.crash = self.crash or bug


def _server(step: Step) -> str | None:
    """The server of an operation; None for all other steps."""
    return server_of(step.action) if isinstance(step.action, CmpOperation) else None

"""A plan half-way in, the same with all done that could be out: steps in the order of their dependencies.

The loop runs in the calling thread; only operations run in others.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from ...compiler.plan import CmpOperation, Step
from ..cmp.errors import CMPError
from ..errors import ApplyError
from ..operation import Outcome, carry_out
from ..progress import StepDone, StepFailed, StepProgress, StepStarted, Watch
from ..state.errors import StateError
from .local import act
from .obtained import record
from .run import Run


def loop(run: Run, pool: ThreadPoolExecutor, parallel: int, watch: Watch) -> None:
    """Do the steps of the run; what fails is noted in it. Bugs are raised."""
    steps = run.plan.steps
    number = {step.id: n for n, step in enumerate(steps)}
    missing = [len(step.depends_on) for step in steps]
    followers: list[list[int]] = [[] for _ in steps]
    for n, step in enumerate(steps):
        for needed in step.depends_on:
            followers[number[needed]].append(n)
    ready = [n for n, count in enumerate(missing) if count == 0]
    running: dict[Future[Outcome], int] = {}

    def finish(n: int) -> None:
        for follower in followers[n]:
            missing[follower] -= 1
            if missing[follower] == 0:
                heapq.heappush(ready, follower)

    while ready or running:
        while ready and not run.failures and len(running) < parallel:
            n = heapq.heappop(ready)
            step = steps[n]
            run.begun.add(step.id)
            watch(StepStarted(step))
            if isinstance(step.action, CmpOperation):
                running[_submit(run, pool, step, step.action, watch)] = n
            elif _attempt(run, step, watch, lambda step=step: act(run, step)):
                finish(n)
        if not running:
            break
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            n = running.pop(future)
            step = steps[n]
            if _attempt(
                run, step, watch, lambda step=step, n=n, f=future: _record(run, step, n, f.result())
            ):
                finish(n)


def _submit(
    run: Run, pool: ThreadPoolExecutor, step: Step, operation: CmpOperation, watch: Watch
) -> Future[Outcome]:
    needs = (
        operation.server.ca_certificate,
        operation.old_certificate,
        operation.old_key,
        operation.signer_certificate,
        operation.signer_key,
    )
    real = {content: run.resolve(content) for content in needs if content}
    return pool.submit(
        carry_out,
        operation,
        run.around,
        real.__getitem__,
        lambda text: watch(StepProgress(step, text)),
    )


def _attempt(run: Run, step: Step, watch: Watch, part: Callable[[], str]) -> bool:
    """Do a part of a step; a failure is noted, not raised. Bugs are raised."""
    try:
        result = part()
    except (CMPError, ApplyError, StateError, OSError) as error:
        run.failures.append((step, error))
        watch(StepFailed(step, error))
        return False
    watch(StepDone(step, result))
    return True


def _record(run: Run, step: Step, number: int, outcome: Outcome) -> str:
    assert isinstance(step.action, CmpOperation)  # noqa: S101  (nothing else has an outcome)
    return record(run, step.action, number, outcome)

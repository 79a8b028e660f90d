"""A plan and a state in, the device's new state out: where a run begins, and where it ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from ...compiler.plan import CmpOperation, Plan, Step
from .. import committing
from ..errors import Interrupted, StepsFailed
from ..operation import Outcome, Surroundings, carry_out
from ..progress import StepMessage, StepProgress, Watch
from ..report import Messages, NotTried, Report
from ..state import journal
from .graph import StepState
from .keys import Keys, kind_ahead
from .limits import Limits
from .local import act
from .loop import FAILURES, Course, OnError, Terms, Work, loop
from .materials import Materials
from .metering import Meter
from .obtained import record
from .run import Run
from .stopping import Interrupts, Stop


def execute(
    plan: Plan,
    around: Surroundings,
    materials: Materials,
    *,
    parallel: int,
    watch: Watch,
    per_server: int | None = None,
    on_error: OnError = OnError.FINISH_INDEPENDENT,
    stop: Stop | None = None,
    interrupts: Interrupts | None = None,
    not_kept: Callable[[Report], None] = lambda _: None,
) -> Report:
    """Carry out `plan`; what came of it, with every step done.

    At most `parallel` CMP operations run at once, and `per_server` at one server (see `limits`). Once `stop`
    is requested, or a signal of `interrupts` comes, nothing new begins; signals are heard in the main thread
    only. If a step fails, steps that do not depend on it are done nevertheless, unless `on_error` says
    otherwise: what CMP obtained stays, and so do the configurations of the last barrier. `not_kept` hears
    what came of the steps where every one is done and the state does not take the end of the run.

    Raises:
        StepsFailed: if a step failed.
        Interrupted: if the run was to end early, and is not complete.
        CommitTooLate, StateError: if the end of the run cannot be kept.
    """
    run = _begin(plan, around, materials)
    terms = Terms(Limits(parallel, per_server), on_error, stop or Stop(), interrupts)
    with Keys(around.generate_key) as keys:
        work = Work(
            act=partial(act, run),
            prepare=lambda step: _prepare(run, step, keys, watch),
            record=partial(_record, run, {step.id: n for n, step in enumerate(plan.steps)}),
            upcoming=lambda steps: _expect(keys, steps),
        )
        course = loop(plan.steps, work, terms, watch)
    return _end(run, course, not_kept, is_interrupted=terms.stop.is_requested)


def _begin(plan: Plan, around: Surroundings, materials: Materials) -> Run:
    """Where a run begins: the device is known, nothing is done yet."""
    store, device = around.store, around.device
    store.ensure_device(device)
    left_open: dict[str, dict[bytes, bytes]] = {}
    for entry in journal.open_operations(store, device):
        of_path = left_open.setdefault(entry.path, {})
        of_path[bytes.fromhex(entry.transaction_id)] = entry.request
    return Run(plan, around, materials, dict(store.load(device).candidate), left_open)


def _end(
    run: Run, course: Course, not_kept: Callable[[Report], None], *, is_interrupted: bool
) -> Report:
    """Where a run ends, well or not: nothing is under way any more. A crash does not come here."""
    report = _report(run, course, is_interrupted=is_interrupted)
    if report.is_complete:
        try:
            committing.end_run(run.around, run.candidate, run.plan.inputs)
        except FAILURES:
            unkept = frozenset(run.unkept)
            dropped = tuple(step for step in run.plan.steps if step.id in unkept)
            not_kept(replace(report, dropped=dropped))
            raise
        return report
    remains = committing.after_failure(run.around, report.done)
    raise (Interrupted if is_interrupted else StepsFailed)(report, remains)


def _prepare(run: Run, step: Step, keys: Keys, watch: Watch) -> Callable[[], Outcome]:
    """What carries out an operation, to be called in a thread of its own."""
    operation = _operation(step)
    needs = (
        operation.server.ca_certificate,
        operation.old_certificate,
        operation.old_key,
        operation.signer_certificate,
        operation.signer_key,
    )
    real = {content: run.resolve(content) for content in needs if content}
    earlier = run.left_open.get(operation.target.path, {})
    meter = Meter(operation, earlier, lambda is_sent, kind: watch(StepMessage(step, is_sent, kind)))
    around = replace(run.around, send=meter.over(run.around.send), generate_key=keys.take)

    def operate() -> Outcome:
        try:
            return carry_out(
                operation, around, real.__getitem__, lambda text: watch(StepProgress(step, text))
            )
        finally:
            run.messages[step.id] = meter.messages

    return operate


def _record(run: Run, numbers: dict[str, int], step: Step, outcome: Outcome) -> str:
    return record(run, _operation(step), numbers[step.id], outcome)


def _expect(keys: Keys, steps: Sequence[Step]) -> None:
    keys.expect(kind for step in steps if (kind := kind_ahead(_operation(step))) is not None)


def _operation(step: Step) -> CmpOperation:
    assert isinstance(step.action, CmpOperation)  # noqa: S101  (the loop asks for nothing else)
    return step.action


def _report(run: Run, course: Course, *, is_interrupted: bool) -> Report:
    graph, steps = course.graph, run.plan.steps
    planned = sum(len(s.action.messages) for s in steps if isinstance(s.action, CmpOperation))
    exchanged = sum(run.messages.values(), Messages())
    not_tried = tuple(
        NotTried(steps[n], None if n not in graph.blocked_by else steps[graph.blocked_by[n]])
        for n, state in enumerate(graph.states)
        if state in (StepState.WAITING, StepState.READY, StepState.BLOCKED)
    )
    is_complete = not (course.failures or not_tried)
    unkept = () if is_complete else frozenset(run.unkept)
    return Report(
        version=run.version,
        done=graph.having(StepState.DONE),
        failures=tuple(course.failures),
        left_open=graph.having(StepState.LEFT_OPEN),
        not_tried=not_tried,
        dropped=tuple(step for step in steps if step.id in unkept),
        messages=Messages(planned, exchanged.sent, exchanged.extra),
        is_interrupted=is_interrupted,
    )

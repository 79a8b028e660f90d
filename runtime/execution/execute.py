"""A plan and a state in, the device's new state out: where a run begins, and where it ends."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from ...compiler.plan import Plan
from ..errors import StepsFailed
from ..operation import Surroundings
from ..progress import Watch
from .loop import loop
from .materials import Materials
from .run import Run


def execute(
    plan: Plan,
    around: Surroundings,
    materials: Materials,
    *,
    parallel: int,
    watch: Watch,
) -> int | None:
    """Carry out `plan`; the number of the version it committed last, None if it commits nothing.

    At most `parallel` CMP operations run at once. If a step fails, none begins after it: what CMP obtained
    stays, and so do the configurations of the last barrier.

    Raises:
        StepsFailed: if a step failed.
    """
    run = _begin(plan, around, materials)
    with ThreadPoolExecutor(max_workers=parallel) as pool:
        loop(run, pool, parallel, watch)
    return _end(run)


def _begin(plan: Plan, around: Surroundings, materials: Materials) -> Run:
    """Where a run begins: the device is known, nothing is done yet."""
    around.store.ensure_device(around.device)
    return Run(plan, around, materials, dict(around.store.load(around.device).candidate))


def _end(run: Run) -> int | None:
    """Where a run ends, well or not: nothing is under way any more."""
    if run.failures:
        not_tried = tuple(s for s in run.plan.steps if s.id not in run.begun)
        raise StepsFailed(tuple(run.failures), not_tried)
    run.around.store.end_run(run.around.device, run.candidate, run.plan.inputs)
    return run.version

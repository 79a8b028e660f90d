"""A plan in, the device's new state out: steps in the order that their dependencies allow.

Everything that changes the state happens in the calling thread; only what talks to a CA runs in others.
The candidate is written at a barrier and at the end. If a step fails, none begins after it: what CMP
obtained stays, and so do the configurations of the last barrier, unless that was an `activate`: what is
active then goes back to what is committed (`committing`).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from ..compiler.address import Address
from ..compiler.configuration import FileValue, Properties
from ..compiler.device import CERTIFICATE_FILE, KEY_FILE
from ..compiler.plan import Activate, CmpOperation, Commit, ObjectChange, Plan, Step
from . import committing
from .cmp.errors import CMPError
from .errors import ApplyError, ContentMissing, StepsFailed
from .operation import Outcome, Surroundings, carry_out
from .progress import StepDone, StepFailed, StepProgress, StepStarted, Watch
from .state import journal
from .state.errors import StateError
from .uploads import content_id


@dataclass(frozen=True, slots=True)
class Materials:
    """Bytes that a plan relies on and that are not in the state yet.

    `uploads` finds a file by its content id; `sandbox_root` is the DER of the sandbox CA's root.
    """

    uploads: Callable[[str], bytes | None]
    sandbox_root: bytes | None = None

    def find(self, content: str) -> bytes | None:
        """The bytes of a content id, None if they are not at hand."""
        if self.sandbox_root is not None and content == content_id(self.sandbox_root):
            return self.sandbox_root
        return self.uploads(content)


def execute(
    plan: Plan,
    around: Surroundings,
    materials: Materials,
    *,
    parallel: int,
    watch: Watch,
) -> int | None:
    """Carry out `plan`; the number of the version it committed last, None if it commits nothing.

    At most `parallel` CMP operations run at once.

    Raises:
        StepsFailed: if a step failed.
    """
    around.store.ensure_device(around.device)
    run = _Run(plan, around, materials, dict(around.store.load(around.device).candidate))
    with ThreadPoolExecutor(max_workers=parallel) as pool:
        _loop(run, pool, parallel, watch)
    if run.failures:
        not_tried = tuple(s for s in plan.steps if s.id not in run.begun)
        remains = committing.after_failure(around, (s for s in plan.steps if s.id in run.begun))
        raise StepsFailed(tuple(run.failures), not_tried, remains)
    committing.end_run(around, run.candidate, plan.inputs)
    return run.version


@dataclass(slots=True)
class _Run:
    """A plan half-way: what is there of what it promised, and what went wrong."""

    plan: Plan
    around: Surroundings
    materials: Materials
    candidate: dict[Address, Properties]
    real: dict[str, str] = field(default_factory=dict[str, str])
    begun: set[str] = field(default_factory=set[str])
    failures: list[tuple[Step, Exception]] = field(default_factory=list[tuple[Step, Exception]])
    version: int | None = None
    last_files: int = -1

    def resolve(self, content: str) -> str:
        """The real content id behind a planned one."""
        if content == "sandbox:root" and content not in self.real:
            root = self.materials.sandbox_root
            if root is None:
                raise ContentMissing("the plan relies on the sandbox CA", "apply it with --sandbox")
            self.around.store.put_content(content_id(root), root)
            self.real[content] = content_id(root)
        return self.real.get(content, content)


def _loop(run: _Run, pool: ThreadPoolExecutor, parallel: int, watch: Watch) -> None:
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
            elif _attempt(run, step, watch, lambda step=step: _act(run, step)):
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
    run: _Run, pool: ThreadPoolExecutor, step: Step, operation: CmpOperation, watch: Watch
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


def _attempt(run: _Run, step: Step, watch: Watch, act: Callable[[], str]) -> bool:
    """Do a part of a step; a failure is noted, not raised. Bugs are raised."""
    try:
        result = act()
    except (CMPError, ApplyError, StateError, OSError) as error:
        run.failures.append((step, error))
        watch(StepFailed(step, error))
        return False
    watch(StepDone(step, result))
    return True


def _act(run: _Run, step: Step) -> str:
    """A step that needs no CA; what came of it."""
    store, device = run.around.store, run.around.device
    match step.action:
        case ObjectChange(address=address, after=after):
            if after is None:
                run.candidate.pop(address, None)
                if address.type == "Certificate":
                    store.give_up(device, address)
            else:
                run.candidate[address] = _take_in(run, after)
            return ""
        case Activate():
            committing.activate(run.around, run.candidate)
            return ""
        case Commit():
            run.version = committing.commit(run.around, run.plan.script)
            return f"version {run.version}"
        case CmpOperation():
            raise AssertionError("operations run elsewhere")


def _take_in(run: _Run, properties: Properties) -> Properties:
    """The properties with the real content ids; what was uploaded goes into the state."""
    taken = dict(properties)
    for name, value in properties.items():
        if isinstance(value, FileValue):
            content = run.resolve(value.content)
            _keep(run, content, sealed=value.is_secret)
            taken[name] = FileValue(value.name, content, value.is_secret)
    return taken


def _keep(run: _Run, content: str, *, sealed: bool) -> None:
    store, vault = run.around.store, run.around.vault
    if (store.secret(content) if sealed else store.content(content)) is not None:
        return
    data = run.materials.find(content)
    if data is None:
        raise ContentMissing(
            f"the file with the content {content} is gone", "it was there when the plan was made"
        )
    if sealed:
        store.put_secret(content, vault.encrypt(content, data))
    else:
        store.put_content(content, data)


def _record(run: _Run, step: Step, n: int, outcome: Outcome) -> str:
    """Make what came of an operation part of the state, in one transaction."""
    operation = step.action
    assert isinstance(operation, CmpOperation)  # noqa: S101
    store, device, at = run.around.store, run.around.device, run.around.clock()
    record = outcome.record
    with store.transaction():
        if record is None:
            store.mark_revoked(device, operation.target, operation.script, operation.operations)
            result = "revoked"
        else:
            store.add_certificate(device, operation.target, record)
            if n > run.last_files:  # the device files hold what the script's last certmgr made
                run.last_files = n
                store.put_device_file(device, CERTIFICATE_FILE, record.certificate)
                store.put_device_file(device, KEY_FILE, record.key)
            result = f"serial {record.serial_number}, valid until {record.not_after:%Y-%m-%d}"
        journal.end(store, outcome.entry, is_done=True, outcome=result, at=at)
    if record is not None:
        run.real[operation.certificate] = record.certificate
        run.real[operation.key] = record.key
    return result

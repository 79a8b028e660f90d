"""Steps that do nothing but say when they begin and end: for the order in which a run does them."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from csc.compiler.address import Address
from csc.compiler.plan import (
    Change,
    CmpOperation,
    ObjectChange,
    Operation,
    RequestType,
    Server,
    Step,
)
from csc.grammar.ast import Span
from csc.runtime.errors import ApplyError
from csc.runtime.execution.limits import Limits, server_of
from csc.runtime.execution.loop import Course, OnError, Terms, Work, loop
from csc.runtime.execution.stopping import Interrupts, Stop

NOWHERE = Span("fake.cfg", 1, 1, 1)
CACERT = Address.parse("/CertificateStore/cmp/Certificate/cacert")


def operation(host: str = "ca", **other: object) -> CmpOperation:
    server = Server(Address.parse("/CMPServer/ca"), host, 80, "", CACERT, "sha256:0")
    facts = {
        "operation": Operation.INITIATE,
        "request_type": RequestType.IR,
        "target": CACERT,
        "server": server,
        "subject": "CN=a",
        "request": "",
        "script": "",
        "operations": 1,
        "certificate": "planned:certificate",
        "key": "planned:key",
    }
    return CmpOperation(**{**facts, **other})


CHANGE = ObjectChange(Change.ADD, Address.parse("/User/ann"), None, {})


def step(number: int, needs: Iterable[int] = (), host: str | None = None) -> Step:
    """Step `s<number>`: an object change, or an operation at `host`."""
    action = CHANGE if host is None else operation(host)
    return Step(f"s{number}", action, tuple(f"s{n}" for n in needs), NOWHERE, "")


class Fails(ApplyError):
    def __init__(self) -> None:
        super().__init__("it fails", "let it not")


@dataclass
class Told:
    """What a run did, in order: (step, "begins" | "ends" | "fails"), and most operations at once."""

    failing: frozenset[str] = frozenset()
    during: Callable[[Step], None] = lambda step: None
    log: list[tuple[str, str]] = field(default_factory=list)
    most: int = 0
    most_at: dict[str, int] = field(default_factory=dict)
    upcoming: list[list[str]] = field(default_factory=list)
    _running: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def act(self, step: Step) -> str:
        self.log.append((step.id, "begins"))
        return self._end(step)

    def prepare(self, step: Step) -> Callable[[], Step]:
        def operate() -> Step:
            server = server_of(step.action)
            with self._lock:
                self.log.append((step.id, "begins"))
                self._running[step.id] = server
                at = list(self._running.values()).count(server)
                self.most = max(self.most, len(self._running))
                self.most_at[server] = max(self.most_at.get(server, 0), at)
            try:
                self.during(step)
            finally:
                with self._lock:
                    del self._running[step.id]
            return step

        return operate

    def record(self, step: Step, outcome: Step) -> str:
        assert step is outcome
        return self._end(step)

    def _end(self, step: Step) -> str:
        fails = step.id in self.failing
        self.log.append((step.id, "fails" if fails else "ends"))
        if fails:
            raise Fails
        return ""

    def run(
        self,
        steps: Sequence[Step],
        parallel: int = 4,
        per_server: int | None = None,
        on_error: OnError = OnError.FINISH_INDEPENDENT,
        stop: Stop | None = None,
        interrupts: Interrupts | None = None,
    ) -> Course:
        hear = self.upcoming.append
        work = Work(self.act, self.prepare, self.record, lambda s: hear([x.id for x in s]))
        terms = Terms(Limits(parallel, per_server), on_error, stop or Stop(), interrupts)
        return loop(steps, work, terms, lambda event: None)

    def at(self) -> Mapping[tuple[str, str], int]:
        """When each thing happened; each has happened once."""
        assert len(set(self.log)) == len(self.log)
        return {entry: n for n, entry in enumerate(self.log)}

"""A device, its state and a CA in one process: scripts applied without a command line in between."""

import os
import threading
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from csc.compiler.compile import Compilation, compile_scripts
from csc.compiler.device import DeviceState
from csc.compiler.machine import Circumstances
from csc.compiler.plan import Plan
from csc.compiler.selection import Selection
from csc.grammar.parser import parse
from csc.runtime.activation import Activation
from csc.runtime.certificates import dump_certificate
from csc.runtime.cmp.http.tls import TlsTrust
from csc.runtime.execution import Materials, execute
from csc.runtime.fingerprint import fingerprint_of
from csc.runtime.operation import Send, Surroundings
from csc.runtime.progress import ProgressEvent
from csc.runtime.report import Report
from csc.runtime.sandbox.behaviour import USUAL, Behaviour
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.snapshot_files import snapshot_files
from csc.runtime.state.activations import roll_back_run_out
from csc.runtime.state.location import Location, in_file
from csc.runtime.state.opening import load_device_as_of, open_store
from csc.runtime.state.store import Store
from csc.runtime.state.vault.opening import open_keys, open_vault, read_fingerprint_key
from csc.runtime.uploads import content_id


def utc_now() -> datetime:
    return datetime.now(UTC)


def quick_key(kind: str) -> ec.EllipticCurvePrivateKey:
    """A key that costs nothing to make, whatever kind is asked for: for tests that are not about keys."""
    del kind
    return ec.generate_private_key(ec.SECP256R1())


def prepare_vault(location: Location) -> None:
    """Make the state and its keys, as a command that writes does before it plans."""
    with closing(open_store(location)) as store:
        open_keys(store, location)


def no_pause(seconds: float) -> None:
    raise AssertionError(f"the CA decides at once, and this waits for {seconds} seconds")


@dataclass
class Device:
    """`send` goes to the CA; replace it to stand between.

    A machine may be slow: an hour is more than enough for a `commit` where that is not the point.
    """

    folder: Path
    ca: SandboxCA
    open_store: Callable[[Location], Store] = open_store
    send: Send | None = None
    clock: Callable[[], datetime] = utc_now
    pause: Callable[[float], None] = no_pause
    name: str = "default"
    reports: Callable[[Report], object] = lambda report: None  # hears what came of each run
    commit_timeout: timedelta = timedelta(hours=1)

    @property
    def location(self) -> Location:
        return in_file(self.folder / "state.db")

    def state(self) -> DeviceState:
        store = open_store(self.location)
        try:
            return store.load(self.name)
        finally:
            store.close()

    def compile(self, text: str, selection: Selection | None = None) -> Compilation:
        prepare_vault(self.location)
        state, _ = load_device_as_of(self.location, self.name, self.clock())
        circumstances = Circumstances(
            state,
            self.clock(),
            snapshot_files(state.committed).get,
            content_id(dump_certificate(self.ca.root)),
            fingerprint=fingerprint_of(lambda: read_fingerprint_key(self.location)),
            selection=selection or Selection(),
        )
        return compile_scripts([parse(text)], circumstances)

    def apply(
        self,
        text: str,
        *,
        parallel: int = 4,
        watch: Callable[[ProgressEvent], None] | None = None,
        **terms: Any,
    ) -> Compilation:
        """Compile and carry out; the script has to be free of errors. `terms` are those of `execute`."""
        self.roll_back()
        compilation = self.compile(text)
        assert compilation.plan is not None, compilation.diagnostics
        self.carry_out(compilation.plan, parallel=parallel, watch=watch, **terms)
        return compilation

    def roll_back(self) -> Activation | None:
        """Roll back what was not committed in time, as whoever holds a device does first."""
        with closing(open_store(self.location)) as store:
            return roll_back_run_out(store, self.name, self.clock())

    def carry_out(
        self,
        plan: Plan,
        *,
        parallel: int = 4,
        watch: Callable[[ProgressEvent], None] | None = None,
        **terms: Any,
    ) -> None:
        """Carry out a plan; as with `csc apply`, an empty one leaves no trace."""
        if plan.is_empty:
            return
        store = self.open_store(self.location)
        try:
            around = Surroundings(
                device=self.name,
                store=store,
                vault=open_vault(store, self.location),
                send=self.send or self.post,
                clock=self.clock,
                random=os.urandom,
                generate_key=quick_key,
                pause=self.pause,
                commit_timeout=self.commit_timeout,
            )
            root = dump_certificate(self.ca.root)
            materials = Materials(lambda content: None, root)
            report = execute(
                plan,
                around,
                materials,
                parallel=parallel,
                watch=watch or (lambda event: None),
                **terms,
            )
            self.reports(report)
        finally:
            store.close()

    def post(self, url: str, message: bytes, tls: TlsTrust | None = None) -> bytes:
        del url, tls
        return self.ca.respond(message)


@contextmanager
def new_device(
    folder: Path, behaviour: Behaviour = USUAL, clock: Callable[[], datetime] = utc_now
) -> Generator[Device]:
    with SandboxCA.open(folder / "ca", clock, behaviour) as ca:
        ca.add_secret(b"ref", b"psk")
        yield Device(folder, ca, clock=clock)


PREREQUISITES = """\
add CertificateStore cmp
cc CertificateStore cmp
add Certificate cacert Type=Remote CertificateData=file://root.der
cc
add CMPServer ca CACert=cmp/cacert FQDN=ca.example.com
"""


def certificate(name: str) -> str:
    return f"cc CertificateStore cmp\nadd Certificate {name} Type=CMPv2 CMPServer=ca\ncc\n"


def initiate(name: str) -> str:
    return (
        f"certmgr -clientcert=cmp/{name} -initiate -username=ref -password=psk"
        f' -subject="CN={name}"\n'
    )


def update(name: str) -> str:
    return f"certmgr -update -clientcert=cmp/{name}\n"


def revoke(name: str) -> str:
    return f"certmgr -revoke -clientcert=cmp/{name}\n"


def bind(name: str) -> str:
    return (
        f"cc CertificateStore cmp\nset Certificate {name} CertificateData=file://cl_newcert.der"
        " PrivateKey=file://cl_newkey.pem\ncc\n"
    )


FINISH = "activate\ncommit\n"


class Killed(BaseException):
    """The process is gone; nothing of ours may catch it."""


class Fuse:
    """Counts the points at which a process can die, and kills it at one of them."""

    def __init__(self, at: int | None) -> None:
        self.at = at
        self.passed = 0
        self._lock = threading.Lock()

    def point(self) -> None:
        with self._lock:
            self.passed += 1
            if self.passed - 1 == self.at:
                raise Killed


class FusedStore(Store):
    """A store whose every transaction can be the last: just before its commit, and just after."""

    fuse: Fuse

    @contextmanager
    def transaction(self) -> Generator:
        is_outermost = not self.database.connection.in_transaction
        with super().transaction():
            yield
            if is_outermost:
                self.fuse.point()
        if is_outermost:
            self.fuse.point()


def fuse(device: Device, at: int | None) -> Fuse:
    """Let the device's next run die at point number `at` (None: never); the points are counted."""
    the_fuse = Fuse(at)

    def open_fused(location: Location) -> Store:
        store = open_store(location)
        store.__class__ = FusedStore
        store.fuse = the_fuse  # type: ignore[attr-defined]
        return store

    def send(url: str, message: bytes, tls: object = None) -> bytes:
        the_fuse.point()
        answer = device.post(url, message)
        the_fuse.point()
        return answer

    device.open_store, device.send = open_fused, send
    return the_fuse


def mend(device: Device) -> None:
    device.open_store, device.send = open_store, None

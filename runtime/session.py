"""Where a state lies and a plan in; everything that carrying the plan out acts with, out."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from ..compiler.plan import CmpOperation, Plan
from .activation import COMMIT_TIMEOUT
from .asking import password_of
from .certificates import dump_certificate
from .execution.stopping import Stop
from .operation import Send, Surroundings
from .routing import Route, follow
from .state.holding import Held
from .state.lock import in_turn
from .state.owner import Owner, this_process
from .state.vault.opening import open_vault

if TYPE_CHECKING:
    from .cmp.transport import TlsTrust
    from .evidence.recorder import Append


@dataclass(frozen=True, slots=True)
class Session:
    """`sandbox_root` is the DER of the sandbox's root, None without a sandbox.

    `stop` ends the waits of operations for their CA's decision.
    """

    surroundings: Surroundings
    sandbox_root: bytes | None
    stop: Stop


@contextmanager
def open_session(
    held: Held,
    plan: Plan,
    routes: Sequence[Route],
    *,
    uses_sandbox: bool,
    record: Append | None = None,
    commit_timeout: timedelta = COMMIT_TIMEOUT,
) -> Generator[Session]:
    """Open the way to the CA for the length of the block, and the state of the device that is held.

    With a sandbox its CA is started on loopback, takes the secrets of the plan, and gets every message.
    What is sent and received is appended to `record`. An activation waits `commit_timeout` for its commit.

    Raises:
        StateError: if the state cannot be used.
        ApplyError: if a secret that the sandbox needs is missing.
    """
    with ExitStack() as stack:
        store, location = held.store, held.location
        vault = open_vault(store, location)
        root = None
        if uses_sandbox:
            from .sandbox.ca import SandboxCA
            from .sandbox.http.server import serve

            with in_turn(location.lock):  # runs of several devices share it
                ca = stack.enter_context(SandboxCA.open(location.sandbox))
            for step in plan.steps:
                if isinstance(step.action, CmpOperation) and step.action.username is not None:
                    credential = password_of(step.action)
                    ca.add_secret(credential.reference, credential.secret)
            server = stack.enter_context(serve(ca))
            routes = (Route("", "", server.host, str(server.port)),)
            root = dump_certificate(ca.root)
        send: Send = _never
        if any(isinstance(step.action, CmpOperation) for step in plan.steps):
            from .cmp.transport import HttpTransport

            transport = stack.enter_context(HttpTransport(connect_to=partial(follow, routes)))
            send = in_clear(transport.send) if uses_sandbox else transport.send
            if record is not None:
                from .evidence.recorder import recording

                send = recording(send, record, _now, partial(follow, routes))

        stop = Stop()
        yield Session(
            Surroundings(
                device=held.device,
                store=store,
                vault=vault,
                send=send,
                clock=_now,
                random=os.urandom,
                generate_key=_generate_key,
                pause=stop.pause,
                committer=committer_of(this_process()),
                commit_timeout=commit_timeout,
                is_sandbox=uses_sandbox,
            ),
            root,
            stop,
        )


def in_clear(send: Send) -> Send:
    """`send`, without TLS: the sandbox is on this machine, whatever port a script says."""

    def send_in_clear(url: str, message: bytes, tls: TlsTrust | None) -> bytes:
        return send(url.replace("https://", "http://", 1), message, tls)

    return send_in_clear


def _generate_key(kind: str) -> PrivateKeyTypes:
    from .cmp.keys import KeyType, generate

    return generate(KeyType.parse(kind))


def committer_of(owner: Owner) -> str:
    """Who commits a version, as the state keeps it."""
    return f"{owner.user}@{owner.host}"


def _now() -> datetime:
    return datetime.now(UTC)


def _never(url: str, message: bytes, tls: TlsTrust | None) -> bytes:
    del message, tls
    raise AssertionError(f"a plan without operations sends nothing, and this goes to {url}")

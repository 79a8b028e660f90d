"""Where a state lies and a plan in; everything that carrying the plan out acts with, out."""

from __future__ import annotations

import os
import time
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
from .operation import Send, Surroundings
from .routing import Route, follow
from .state.holding import Held
from .state.location import Location
from .state.lock import in_turn
from .state.opening import open_store
from .state.owner import Owner, this_process
from .state.vault import open_vault

if TYPE_CHECKING:
    from .cmp.transport import TlsTrust
    from .evidence.recorder import Append


@dataclass(frozen=True, slots=True)
class Session:
    """`sandbox_root` is the DER of the sandbox's root, None without a sandbox."""

    surroundings: Surroundings
    sandbox_root: bytes | None


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
        with in_turn(location.lock):
            vault = open_vault(location.vault_key, is_new=not store.has_secrets())
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

        yield Session(
            Surroundings(
                device=held.device,
                store=store,
                vault=vault,
                send=send,
                clock=_now,
                random=os.urandom,
                generate_key=_generate_key,
                pause=time.sleep,
                committer=committer_of(this_process()),
                commit_timeout=commit_timeout,
            ),
            root,
        )


def prepare_vault(location: Location) -> None:
    """Make the master key of a state that has none yet.

    Raises:
        StateError: if the state has lost its key.
    """
    if not location.vault_key.exists():
        is_new = True
        if not location.is_new:
            store = open_store(location)
            is_new = not store.has_secrets()
            store.close()
        with in_turn(location.lock):
            open_vault(location.vault_key, is_new=is_new)


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

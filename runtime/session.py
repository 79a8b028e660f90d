"""Where a state lies and a plan in; everything that carrying the plan out acts with, out."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from ..compiler.plan import CmpOperation, Plan
from .certificates import dump_certificate, generate_key
from .operation import Surroundings, credential_of
from .routing import Route, follow
from .state.location import Location
from .state.store import open_store
from .state.vault import open_vault


@dataclass(frozen=True, slots=True)
class Session:
    """`sandbox_root` is the DER of the sandbox's root, None without a sandbox."""

    surroundings: Surroundings
    sandbox_root: bytes | None


@contextmanager
def open_session(
    location: Location,
    device: str,
    plan: Plan,
    routes: Sequence[Route],
    *,
    uses_sandbox: bool,
) -> Generator[Session]:
    """Open the state and the way to the CA for the length of the block.

    With a sandbox its CA is started on loopback, takes the secrets of the plan, and gets every message.

    Raises:
        StateError: if the state cannot be used.
        ApplyError: if a secret that the sandbox needs is missing.
    """
    with ExitStack() as stack:
        store = open_store(location.database)
        stack.callback(store.close)
        vault = open_vault(location.vault_key, is_new=not store.has_secrets())
        root, in_clear = None, False
        if uses_sandbox:
            from .sandbox.ca import SandboxCA
            from .sandbox.server import serve

            ca = stack.enter_context(SandboxCA.open(location.sandbox))
            for step in plan.steps:
                if isinstance(step.action, CmpOperation) and step.action.username is not None:
                    credential = credential_of(step.action)
                    ca.add_secret(credential.reference, credential.secret)
            server = stack.enter_context(serve(ca))
            routes = (Route("", "", server.host, str(server.port)),)
            in_clear = True
            root = dump_certificate(ca.root)
        send = _never
        if any(isinstance(step.action, CmpOperation) for step in plan.steps):
            from .cmp.transport import HttpTransport

            transport = stack.enter_context(HttpTransport())
            chosen = routes

            def send(url: str, message: bytes) -> bytes:
                # The sandbox speaks HTTP, whatever the server that it stands in for does.
                there = f"http:{url.partition(':')[2]}" if in_clear else url
                return transport.send(follow(chosen, there), message)

        yield Session(
            Surroundings(
                device=device,
                store=store,
                vault=vault,
                send=send,
                clock=lambda: datetime.now(UTC),
                random=os.urandom,
                generate_key=generate_key,
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
        if location.database.exists():
            store = open_store(location.database)
            is_new = not store.has_secrets()
            store.close()
        open_vault(location.vault_key, is_new=is_new)


def _never(url: str, message: bytes) -> bytes:
    raise AssertionError(f"a plan without operations sends nothing, and this goes to {url}")

"""Where a state lies and a plan in; what asking its CAs needs out. Opens a state to read only."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from cryptography import x509

from ...compiler.plan import CmpOperation, Plan
from ..asking import Keeper, password_of
from ..certificates import dump_certificate
from ..cmp.transport import HttpTransport
from ..errors import ApplyError
from ..routing import Route, follow
from ..session import in_clear
from ..state.location import Location
from ..state.opening import open_to_read
from ..state.store import Store
from ..state.vault import Vault
from ..state.vault.opening import read_vault
from ..uploads import content_id
from .asking import Way
from .targets import AtHand

# Seconds for one message. Answers to questions are made of what a CA has at hand.
MESSAGE_TIMEOUT = 30.0
# What makes up a sandbox; the last one is there while somebody uses it.
_FILES = ("authority.pem", "root.pem", "ledger.db", "ledger.db-wal")


@contextmanager
def open_probe(
    location: Location,
    plan: Plan,
    routes: Sequence[Route],
    uploads: Callable[[str], bytes | None],
    *,
    uses_sandbox: bool,
) -> Generator[tuple[Keeper, Way]]:
    """Certificates and keys, and the way to the CAs, for the length of the block.

    With a sandbox a copy of its CA is asked, in a folder that goes with the block.

    Raises:
        StateError: if the state cannot be read.
        OSError, ValueError, sqlite3.Error: if the sandbox cannot be.
    """
    with ExitStack() as stack:
        store = open_to_read(location)
        if store is not None:
            stack.callback(store.close)
        root = None
        if uses_sandbox:
            root, server = stack.enter_context(_sandbox(location.sandbox, plan))
            routes = (server,)
        transport = stack.enter_context(
            HttpTransport(
                read_timeout=MESSAGE_TIMEOUT,
                total_timeout=MESSAGE_TIMEOUT,
                connect_to=partial(follow, routes),
            )
        )
        send = in_clear(transport.send) if uses_sandbox else transport.send
        yield _at_hand(location, store, uploads, root), Way(send, _now, os.urandom)


def _at_hand(
    location: Location,
    store: Store | None,
    uploads: Callable[[str], bytes | None],
    root: x509.Certificate | None,
) -> AtHand:
    stand_in = None if root is None else dump_certificate(root)

    def find(content: str) -> bytes | None:
        if stand_in is not None and content in ("sandbox:root", content_id(stand_in)):
            return stand_in
        kept = None if store is None else store.content(content)
        return uploads(content) if kept is None else kept

    def find_key(content: str) -> bytes | None:
        nonlocal vault
        sealed = None if store is None else store.secret(content)
        if store is None or sealed is None:
            return uploads(content)
        if vault is None:
            vault = read_vault(store, location)
        return vault.decrypt(content, sealed)

    vault: Vault | None = None
    return AtHand(find, find_key)


@contextmanager
def _sandbox(folder: Path, plan: Plan) -> Generator[tuple[x509.Certificate, Route]]:
    """A copy of the sandbox CA on loopback, which takes the secrets of the plan; a new CA without one."""
    from ..sandbox.ca import SandboxCA
    from ..sandbox.http.server import serve

    with ExitStack() as stack:
        copy = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="csc-probe-")))
        for name in _FILES:
            with suppress(FileNotFoundError):
                shutil.copy2(folder / name, copy / name)
        ca = stack.enter_context(SandboxCA.open(copy))
        for step in plan.steps:
            if isinstance(step.action, CmpOperation) and step.action.username is not None:
                with suppress(ApplyError):  # who lacks its secret is not asked, and says so
                    credential = password_of(step.action)
                    ca.add_secret(credential.reference, credential.secret)
        server = stack.enter_context(serve(ca))
        yield ca.root, Route("", "", server.host, str(server.port))


def _now() -> datetime:
    return datetime.now(UTC)

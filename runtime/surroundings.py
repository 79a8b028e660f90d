"""What an operation at a CA acts with, and what comes of it: data of `operation` and `recovery`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from ..compiler.device import CertificateRecord
from .activation import COMMIT_TIMEOUT
from .cmp.http.tls import TlsTrust
from .state.store import Store
from .state.vault import Vault

# Posts a message to a URL, trusting the server's TLS certificate as said; gives back the answer.
Send = Callable[[str, bytes, TlsTrust | None], bytes]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an operation acts with.

    `clock` gives the time in UTC, `pause` waits for seconds, `generate_key` makes a key of a type as
    `compiler.key_types` spells it. `committer` is who commits, as user@host; `commit_timeout` is how long
    an activation waits for that. With `is_sandbox` every message goes to the sandbox CA.
    """

    device: str
    store: Store
    vault: Vault
    send: Send
    clock: Callable[[], datetime]
    random: Callable[[int], bytes]
    generate_key: Callable[[str], PrivateKeyTypes]
    pause: Callable[[float], None]
    committer: str = ""
    commit_timeout: timedelta = COMMIT_TIMEOUT
    is_sandbox: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an operation. `entry` is its journal entry, still open; `record` is None for revoke."""

    entry: int
    record: CertificateRecord | None

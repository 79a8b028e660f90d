"""Kinds of keys that will be needed in, keys out: made in several threads, some before their turn.

Making a key takes a processor as long as a CA takes to answer. A key that was made ahead belongs to nobody
until an operation takes it, which writes it to the journal before it uses it; what nobody takes is dropped.
"""

from __future__ import annotations

import os
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from ...compiler.key_types import DEFAULT_KEY_TYPE
from ...compiler.plan import CmpOperation, Operation

Generate = Callable[[str], PrivateKeyTypes]
# What is dropped at the end of a run was made for nothing.
AHEAD = 8


class Keys:
    """Makes keys in as many threads as there are processors. Close it, or use it in a `with`."""

    def __init__(self, generate: Generate) -> None:
        self._generate = generate
        self._pool = ThreadPoolExecutor(
            max_workers=len(os.sched_getaffinity(0)), thread_name_prefix="key"
        )
        self._ahead: dict[str, deque[Future[PrivateKeyTypes]]] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Drop what nobody took; keys that are being made are waited for."""
        self._pool.shutdown(cancel_futures=True)

    def expect(self, kinds: Iterable[str]) -> None:
        """Begin to make keys of these kinds, up to AHEAD, as far as there are none yet."""
        with self._lock:
            for kind, wanted in Counter(kinds).items():
                made = self._ahead.setdefault(kind, deque())
                for _ in range(wanted - len(made)):
                    if sum(map(len, self._ahead.values())) >= AHEAD:
                        return
                    made.append(self._pool.submit(self._generate, kind))

    def take(self, kind: str) -> PrivateKeyTypes:
        """A key of this kind, which nobody else gets; from any thread."""
        with self._lock:
            made = self._ahead.get(kind)
            key = made.popleft() if made else self._pool.submit(self._generate, kind)
        return key.result()


def kind_ahead(operation: CmpOperation) -> str | None:
    """The kind of key that an operation will make; None if it makes none, or only its turn tells."""
    if operation.operation is Operation.REVOKE or operation.is_central:
        return None
    if operation.key_type is None and operation.operation is Operation.UPDATE:
        return None  # of the old one's kind, which an earlier step may have changed
    return operation.key_type or DEFAULT_KEY_TYPE

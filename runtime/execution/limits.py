"""Operations that may begin in, the one that does next out: so many at once, and so many at one server.

An operation that waits for its server takes no slot from others. Where no limit for one server is given, a
server may have all slots as long as no other has operations left; otherwise one is kept free for each other
server, so that a CA that takes its time never has them all.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ...compiler.plan import CmpOperation


@dataclass(frozen=True, slots=True)
class Limits:
    """At most `parallel` operations at once, and `per_server` at one server (None: see the head)."""

    parallel: int = 4
    per_server: int | None = None


def server_of(operation: CmpOperation) -> str:
    """Which server an operation talks to: its host and port."""
    return f"{operation.server.host.lower()}:{operation.server.port}"


class Admission:
    """Lets operations begin, the lowest number first. `servers` has an entry for each that there is."""

    def __init__(self, limits: Limits, servers: Iterable[str]) -> None:
        self._limits = limits
        self._left = Counter(servers)
        self._running: Counter[str] = Counter()
        self._waiting: dict[str, list[int]] = {}

    @property
    def running(self) -> int:
        """How many are under way."""
        return self._running.total()

    def wait(self, n: int, server: str) -> None:
        """An operation may begin as soon as there is room."""
        heapq.heappush(self._waiting.setdefault(server, []), n)

    def next(self) -> int | None:
        """The operation that begins now, None if there is no room."""
        if self.running >= self._limits.parallel:
            return None
        having_room = (
            (queue[0], server)
            for server, queue in self._waiting.items()
            if self._running[server] < self._room(server)
        )
        chosen = min(having_room, default=None)
        if chosen is None:
            return None
        n, server = chosen
        heapq.heappop(self._waiting[server])
        if not self._waiting[server]:
            del self._waiting[server]
        self._running[server] += 1
        return n

    def leave(self, server: str) -> None:
        """An operation at `server` has ended."""
        self._running[server] -= 1
        self.drop(server)

    def drop(self, server: str) -> None:
        """An operation at `server` is left no more: it has ended, or will never begin."""
        self._left[server] -= 1
        if not self._left[server]:
            del self._left[server]

    def upcoming(self, count: int) -> list[int]:
        """Up to `count` operations that wait for room, those first that will have it first."""
        return heapq.nsmallest(
            count, (n for queue in self._waiting.values() for n in heapq.nsmallest(count, queue))
        )

    def _room(self, server: str) -> int:
        if self._limits.per_server is not None:
            return self._limits.per_server
        others = len(self._left) - (server in self._left)
        return max(1, self._limits.parallel - others)

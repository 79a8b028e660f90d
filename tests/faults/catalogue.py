"""Everything that can go wrong: what it is called in, what happens where, and what follows, out."""

from collections.abc import Callable
from dataclasses import dataclass

from .points import DAY
from .site import MISHAPS

_WRITES = ("file write", "file mkdir", "file open", "file fsync", "file rename", "disk write")
BOTH = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Fault:
    """An `action` at a point, a `mishap` to a message, or a disk that has so many `pages` at the most.

    `where` says which points it is tried at. Before the run that has to succeed there may be another one,
    whose clock is off by `unset` seconds; or everybody's clock has gone on by `later` seconds. A run that is
    stopped goes on after the commands `meanwhile`.
    """

    action: str | None = None
    mishap: str | None = None
    pages: int = 0
    where: Callable[[str], bool] = lambda label: True
    stores: tuple[str, ...] = BOTH
    unset: float = 0
    later: float = 0
    meanwhile: tuple[str, ...] = ()


def is_store(label: str) -> bool:
    """Whether an open store is about to be asked for something."""
    is_open = not label.startswith(("store connect", "store close"))
    return label.startswith("store") and label.endswith(": before") and is_open


def is_write(label: str) -> bool:
    """Whether something is about to be written to the store or a file."""
    return is_store(label) or (label.startswith(_WRITES) and label.endswith(": before"))


def is_between(label: str) -> bool:
    """Where no transaction is open: around messages, and after what is kept of them."""
    is_kept = "COMMIT" in label and label.endswith(": after")
    return label.startswith("net") or is_kept


FAULTS: dict[str, Fault] = {
    "killed": Fault("kill"),
    "killed, goes on a day later": Fault("kill", where=is_between, later=DAY),
    "killed, clock a day back": Fault("kill", where=is_between, unset=-DAY),
    "killed, clock a day on": Fault("kill", where=is_between, unset=DAY),
    "clock jumps a day on": Fault("clock on", where=is_between),
    "clock jumps a day back": Fault("clock back", where=is_between),
    "disk full": Fault("disk full", where=is_write),
    "disk has few pages": Fault(pages=90, stores=("sqlite",)),
    "read-only": Fault("read-only", where=is_write, stores=("sqlite",)),
    "session ended": Fault("session ended", where=is_store, stores=("postgresql",)),
    "connection to the store cut": Fault("connection cut", where=is_store, stores=("postgresql",)),
    "answer of the store lost": Fault(
        "answer of the store lost", where=is_store, stores=("postgresql",)
    ),
    "stopped while another runs": Fault("stop", where=is_between, meanwhile=("apply",)),
    "stopped, and taken over": Fault("stop", where=is_between, meanwhile=("unlock", "apply")),
    **{name: Fault(mishap=name) for name in MISHAPS},
}

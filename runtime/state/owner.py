"""Who a process is, in words that another process, machine or time can compare with what runs there."""

from __future__ import annotations

import os
import pwd
import socket
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

_PROC = Path("/proc")
_BOOT = _PROC / "sys/kernel/random/boot_id"
_MACHINE = Path("/etc/machine-id")
# In what follows the name in /proc/PID/stat: proc(5) counts state as 3 and starttime as 22.
_STATE, _STARTED = 0, 19


class Life(Enum):
    """What can be known of a process from here."""

    RUNS = "runs"
    GONE = "gone"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Owner:
    """A process. `machine`, `boot`, `namespace` and `started` are empty where the system does not say."""

    user: str
    host: str
    machine: str
    boot: str
    namespace: str
    pid: int
    started: str

    def __str__(self) -> str:
        return f"{self.user} on {self.host} (process {self.pid})"


def this_process() -> Owner:
    """Who we are."""
    return Owner(
        user=_user(),
        host=socket.gethostname(),
        machine=_text(_MACHINE),
        boot=_text(_BOOT),
        namespace=_link(_PROC / "self/ns/pid"),
        pid=os.getpid(),
        started=_start_of(os.getpid()) or "",
    )


def life_of(owner: Owner, here: Owner) -> Life:
    """Whether a process runs, as far as `here` can tell: of this start of this machine, or an earlier one."""
    if has_restarted(owner, here):
        return Life.GONE
    if not runs_beside(owner, here) or not owner.namespace or owner.namespace != here.namespace:
        return Life.UNKNOWN
    started = _start_of(owner.pid)
    if started is None:
        return Life.GONE
    if not owner.started:
        return Life.UNKNOWN
    return Life.RUNS if started == owner.started else Life.GONE


def runs_beside(owner: Owner, here: Owner) -> bool:
    """Whether both are of one start of one machine, perhaps in different containers."""
    return bool(owner.boot) and owner.boot == here.boot


def has_restarted(owner: Owner, here: Owner) -> bool:
    """Whether the owner's machine is this one, and has been started anew since."""
    same = owner.machine == here.machine and owner.host == here.host
    return bool(owner.machine and owner.boot and here.boot) and same and owner.boot != here.boot


def _start_of(pid: int) -> str | None:
    """When a process started, None if there is none, or nobody but its parent remembers it."""
    stat = _text(_PROC / str(pid) / "stat")
    fields = stat.rpartition(")")[2].split()
    if len(fields) <= _STARTED or fields[_STATE] in "ZX":
        return None
    return fields[_STARTED]


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _link(path: Path) -> str:
    try:
        return str(path.readlink())
    except OSError:
        return ""

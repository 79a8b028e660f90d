"""Where a state lies in, what each check says of it out.

A check is a function from the scene to findings, and a line in `CHECKS`. It says nothing where nothing is to
be said; whatever breaks it is a finding, too, for the state may hold anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from ..state.errors import StateError
from ..state.location import Location
from . import contents, databases, keys, places, running
from .finding import Finding, Result, Verdict, fault, fine
from .scene import Scene, look_at


@dataclass(frozen=True, slots=True)
class Check:
    """`fine` is what is said where the check has nothing to say. `needs_state`: it reads the tables."""

    name: str
    fine: str
    run: Callable[[Scene], Iterator[Finding]]
    needs_state: bool = True


CHECKS = (
    Check("place", "", places.check_place, needs_state=False),
    Check("file-system", "no network file system", places.check_file_system, needs_state=False),
    Check("folder", "nothing else lies there", places.check_folder, needs_state=False),
    Check("permissions", "nobody else may read it", places.check_permissions, needs_state=False),
    Check("format", "there is no state yet", databases.check_format, needs_state=False),
    Check("integrity", "no page is damaged", databases.check_integrity, needs_state=False),
    Check("log", "all that was committed is read", databases.check_log, needs_state=False),
    Check("master-key", "nothing is encrypted yet", keys.check_master_key),
    Check("secrets", "each can be decrypted, and is what its id says", keys.check_secrets),
    Check("certificates", "each has its key, and is what is recorded", keys.check_certificates),
    Check("contents", "all are what their ids say", contents.check_contents),
    Check("configurations", "all can be read", contents.check_configurations),
    Check("versions", "none is missing", contents.check_versions),
    Check("references", "all that is referred to is there", contents.check_references),
    Check("journal", "no operation is open", running.check_journal),
    Check("leases", "no device is held", running.check_leases),
    Check("clock", "it is not behind the newest record", running.check_clock),
    Check("audit-log", "it is whole, and tells of all that is here", running.check_audit_log),
)


def examine(location: Location, now: datetime) -> tuple[Result, ...]:
    """What every check says, in their order. Nothing is changed. `now` is in UTC."""
    with look_at(location, now) as scene:
        return tuple(Result(check.name, tuple(_run(check, scene))) for check in CHECKS)


def _run(check: Check, scene: Scene) -> list[Finding]:
    if check.needs_state and scene.store is None:
        why = "the state cannot be read" if scene.trouble else "there is no state yet"
        return [Finding(Verdict.SKIPPED, why)]
    found: list[Finding] = []
    try:
        found.extend(check.run(scene))
    except StateError as error:
        found.append(fault(str(error), databases.SALVAGE))
    except Exception as error:  # what is damaged may break anything
        found.append(
            fault(f"what is stored cannot be read ({type(error).__name__})", databases.SALVAGE)
        )
    return found or [fine(check.fine)]

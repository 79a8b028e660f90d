"""What an operation brought in, a device's new certificate and files out, in one transaction."""

from __future__ import annotations

from ...compiler.plan import CmpOperation
from ..operation import Outcome
from ..recovery.recording import put_device_files, said_of
from ..state import journal
from .run import Run


def record(run: Run, operation: CmpOperation, number: int, outcome: Outcome) -> str:
    """Make what came of an operation part of the state, and close its journal entry.

    `number` is the step's place in the plan. Returns what came of it, for people.

    Raises:
        StateError: if the state cannot be written; the operation stays open in the journal.
    """
    store, device, at = run.around.store, run.around.device, run.around.clock()
    obtained = outcome.record
    with store.transaction():
        if obtained is None:
            store.mark_revoked(device, operation.target, operation.script, operation.operations)
            result = "revoked"
        else:
            store.add_certificate(device, operation.target, obtained)
            if number > run.last_files:  # the device files hold what the script's last certmgr made
                run.last_files = number
                put_device_files(store, device, obtained)
            result = said_of(obtained)
        journal.end(store, outcome.entry, is_done=True, outcome=result, at=at)
    if obtained is not None:
        run.real[operation.certificate] = obtained.certificate
        run.real[operation.key] = obtained.key
    return result

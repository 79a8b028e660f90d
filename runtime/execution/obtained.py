"""What an operation brought in, a device's new certificate and files out, in one transaction."""

from __future__ import annotations

from ...compiler.device import CERTIFICATE_FILE, KEY_FILE
from ...compiler.plan import CmpOperation
from ..operation import Outcome
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
                store.put_device_file(device, CERTIFICATE_FILE, obtained.certificate)
                store.put_device_file(device, KEY_FILE, obtained.key)
            result = f"serial {obtained.serial_number}, valid until {obtained.not_after:%Y-%m-%d}"
        journal.end(store, outcome.entry, is_done=True, outcome=result, at=at)
    if obtained is not None:
        run.real[operation.certificate] = obtained.certificate
        run.real[operation.key] = obtained.key
    return result

"""What came of an operation in; the device's state with it, as an apply would have recorded it, out."""

from __future__ import annotations

from ...compiler.device import CERTIFICATE_FILE, KEY_FILE
from ...compiler.plan import CmpOperation
from ..state import journal
from ..surroundings import Outcome, Surroundings
from .phases import Event
from .transitions import look


def record(around: Surroundings, operation: CmpOperation, outcome: Outcome) -> str:
    """Make what came of an operation part of the state, in one transaction; what to tell of it."""
    store, device, target = around.store, around.device, operation.target
    phase = journal.find(store, outcome.entry).phase
    look(phase, Event.RECORDED)
    with store.transaction():
        if outcome.record is not None:
            store.add_certificate(device, target, outcome.record)
            store.put_device_file(device, CERTIFICATE_FILE, outcome.record.certificate)
            store.put_device_file(device, KEY_FILE, outcome.record.key)
            said = (
                f"serial {outcome.record.serial_number},"
                f" valid until {outcome.record.not_after:%Y-%m-%d}"
            )
        else:
            newest = store.load(device).certificates.get(target)
            if newest is not None and newest.certificate == operation.old_certificate:
                store.mark_revoked(device, target, operation.script, operation.operations)
            said = "revoked"
        journal.end(store, outcome.entry, is_done=True, outcome=said, at=around.clock())
    return said

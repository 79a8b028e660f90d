"""What came of an operation in; the device's state with it, as an apply would have recorded it, out."""

from __future__ import annotations

from ...compiler.device import CERTIFICATE_FILE, KEY_FILE, CertificateRecord
from ...compiler.plan import CmpOperation
from ..state import journal
from ..state.store import Store
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
            put_device_files(store, device, outcome.record)
            said = said_of(outcome.record)
        else:
            newest = store.load(device).certificates.get(target)
            if newest is not None and newest.certificate == operation.old_certificate:
                store.mark_revoked(device, target, operation.script, operation.operations)
            said = "revoked"
        journal.end(store, outcome.entry, is_done=True, outcome=said, at=around.clock())
    return said


def put_device_files(store: Store, device: str, record: CertificateRecord) -> None:
    """Leave on the device what certmgr leaves there: certificate and key under their names."""
    store.put_device_file(device, CERTIFICATE_FILE, record.certificate)
    store.put_device_file(device, KEY_FILE, record.key)


def said_of(record: CertificateRecord) -> str:
    """A certificate that was obtained, in a few words."""
    return f"serial {record.serial_number}, valid until {record.not_after:%Y-%m-%d}"

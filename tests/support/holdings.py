"""What a device holds, compared with what its CA issued."""

from contextlib import closing

from cryptography import x509
from csc.runtime.certificates import key_id, load_key
from csc.runtime.sandbox.ledger.ledger import Status
from csc.runtime.state.audit import verify
from csc.runtime.state.opening import open_store
from csc.runtime.state.vault.opening import read_vault

from .device import Device


def held_certificates(device: Device) -> dict[str, bool]:
    """Serial numbers of all certificates that the state holds, and whether their keys are there."""
    store = open_store(device.location)
    vault = read_vault(store, device.location)
    held = {}
    try:
        rows = store.database.execute("SELECT serial_number, certificate, key FROM certificate")
        for serial_number, content, key in rows:
            issued = x509.load_der_x509_certificate(store.content(content) or b"")
            sealed = store.secret(key)
            private_key = load_key(vault.decrypt(key, sealed)) if sealed else None
            held[serial_number] = private_key is not None and key_id(
                private_key.public_key()
            ) == key_id(issued.public_key())
    finally:
        store.close()
    return held


def nothing_is_lost(device: Device) -> None:
    """Every certificate at the CA is held here with its key, or is of no use any more there.

    And the audit log tells of all that is here.
    """
    held = held_certificates(device)
    for entry in device.ca.ledger():
        if entry.status in (Status.ISSUED, Status.CONFIRMED):
            assert held.get(entry.serial_number), f"{entry.serial_number} is {entry.status}"
    assert all(held.values())
    with closing(open_store(device.location)) as store:
        assert verify(store) == []

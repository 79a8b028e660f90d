"""A state in; certificates that it holds and no configuration of their device ever did, out."""

from __future__ import annotations

from dataclasses import dataclass

from ...compiler.address import Address
from ..state.store import Store
from .phases import Event, Phase
from .transitions import look


@dataclass(frozen=True, slots=True)
class Unbound:
    """A certificate that was obtained by a run that ended before it was bound, and what becomes of it."""

    address: Address
    serial_number: str
    act: str
    reason: str


def unbound_on(store: Store, device: str) -> list[Unbound]:
    """The newest certificate of each path that neither is nor was in a configuration."""
    row = look(Phase.RECORDED, Event.RESUMED)
    with store.database.snapshot():
        state = store.load(device)
        found: list[Unbound] = []
        for address, record in state.certificates.items():
            # Content ids are digests: where one stands in a configuration's text, that has it.
            pattern = f"%{record.certificate}%"
            ((count,),) = store.database.execute(
                "SELECT (SELECT count(*) FROM version WHERE device = ? AND configuration LIKE ?)"
                " + (SELECT count(*) FROM device WHERE name = ?"
                " AND (candidate LIKE ? OR active LIKE ?))",
                device,
                pattern,
                device,
                pattern,
                pattern,
            )
            if count == 0 and not record.is_revoked:
                found.append(Unbound(address, record.serial_number, row.act.value, row.reason))
    return found

"""A plan's steps and the state they start from in; the state after them out, as a run leaves it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from .address import Address
from .configuration import Configuration, Properties
from .device import CERTIFICATE_FILE, KEY_FILE, CertificateRecord, DeviceState
from .plan import Action, Activate, CmpOperation, Commit, ObjectChange, Operation


@dataclass(slots=True)
class Simulation:
    """A state half-way through a plan. What CMP will obtain is in it under planned content ids."""

    committed: Configuration
    active: Configuration
    candidate: dict[Address, Properties]
    files: dict[str, str]
    certificates: dict[Address, CertificateRecord]

    def act(self, action: Action) -> None:
        """Do one step."""
        match action:
            case ObjectChange(address=address, after=after):
                if after is None:
                    self.candidate.pop(address, None)
                else:
                    self.candidate[address] = after
            case CmpOperation():
                self._operate(action)
            case Activate():
                self.active = dict(self.candidate)
            case Commit():
                self.committed = self.active

    def _operate(self, operation: CmpOperation) -> None:
        if operation.operation is Operation.REVOKE:
            self.certificates[operation.target] = replace(
                self.certificates[operation.target],
                is_revoked=True,
                script=operation.script,
                operations=operation.operations,
            )
            return
        self.certificates[operation.target] = CertificateRecord(
            operation.certificate,
            operation.key,
            operation.request,
            operation.subject,
            operation.script,
            operation.operations,
        )
        self.files[CERTIFICATE_FILE] = operation.certificate
        self.files[KEY_FILE] = operation.key

    def changes(self, barrier: Activate | Commit, among: Collection[Address]) -> bool:
        """Whether the barrier would change one of these objects."""
        if isinstance(barrier, Activate):
            return any(self.candidate.get(a) != self.active.get(a) for a in among)
        return any(self.active.get(a) != self.committed.get(a) for a in among)

    def is_like(self, state: DeviceState) -> bool:
        """Whether the three configurations are those of `state`."""
        return (
            self.candidate == state.candidate
            and self.active == state.active
            and self.committed == state.committed
        )

    def state(self, left_by: str) -> DeviceState:
        """The state; `left_by` is the digest of the inputs of the run that ends here."""
        return DeviceState(
            self.committed,
            self.active,
            dict(self.candidate),
            dict(self.files),
            dict(self.certificates),
            left_by,
        )


def start_from(base: DeviceState) -> Simulation:
    """A simulation that has done nothing yet."""
    return Simulation(
        base.committed,
        base.active,
        dict(base.candidate),
        dict(base.files),
        dict(base.certificates),
    )

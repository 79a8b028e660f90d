"""What an earlier run left open and nobody wants any more in, ended at the CA: rejected, or revoked."""

from __future__ import annotations

from collections.abc import Callable

from ...compiler.address import Address
from ...compiler.plan import CmpOperation
from ..cmp.errors import CMPError
from ..errors import ApplyError
from ..state import journal
from ..state.journal import OpenOperation
from ..surroundings import Outcome, Surroundings
from . import destination, document
from .conduct import Case, case_of, give_up, go_on
from .phases import OPEN
from .recording import record


def operation_of(left_open: OpenOperation, around: Surroundings) -> CmpOperation | None:
    """What an open operation asks for; None if an older csc began it, which did not keep that.

    Raises:
        StateError: if its secrets cannot be decrypted.
    """
    if left_open.document is None:
        return None
    name = journal.secrets_of(left_open.transaction_id)
    sealed = around.store.secret(name)
    secrets = None if sealed is None else around.vault.decrypt(name, sealed)
    return document.read(left_open.document, secrets)


def end_others(
    target: Address,
    wanted: OpenOperation | None,
    around: Surroundings,
    tell: Callable[[str], None],
) -> None:
    """End what earlier runs left open for a certificate, except for what is wanted.

    What cannot be ended now stays open, given up, and `tell` hears so: nothing waits for it.
    """
    for left_open in journal.open_operations(around.store, around.device, target.path):
        if left_open.ends is not None or (wanted is not None and left_open.id == wanted.id):
            continue
        if not destination.fits(left_open, is_sandbox=around.is_sandbox):
            where = "a real CA" if around.is_sandbox else "the sandbox CA"
            tell(f"the {left_open.operation} that an earlier run began at {where} is left open")
            continue
        began = f"{left_open.operation} that an earlier run began for {target.reference}"
        tell(f"the script means something else than the {began}: ending that first")
        try:
            operation = operation_of(left_open, around)
            if operation is None:
                tell("an older csc began it, and its script is needed: left open")
                continue
            case = case_of(left_open, operation, around, tell)
            tell(said_of(case, end(case)))
        except (CMPError, ApplyError) as error:
            tell(f"it cannot be ended now, and `csc resume` tries again: {error}")


def end(case: Case) -> Outcome | None:
    """Give an operation up, and see it ended; what came of one that has to be finished instead.

    Raises:
        CMPError: if it stays open.
        ApplyError: if it stays open, for want of a secret or a stored certificate.
    """
    assert case.phase in OPEN  # noqa: S101
    give_up(case)
    outcome = go_on(case)
    if outcome is not None:
        record(case.around, case.operation, outcome)
    return outcome


def said_of(case: Case, outcome: Outcome | None) -> str:
    """How an operation that was given up ended."""
    if outcome is not None:
        return "it was a revocation, which nobody can take back: finished"
    return "ended: nothing of it is left at the CA"

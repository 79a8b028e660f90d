"""One CMP operation of a plan in, what the CA answered out; written to the journal before each act.

What is done in which phase, and what holds if the process dies there, is the table of `recovery.transitions`;
`recovery.conduct` follows it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from ..compiler.plan import CmpOperation, RequestType
from ..compiler.serialize import asked_to_json, canonical
from .cmp.errors import Rejected
from .recovery import destination
from .recovery.conduct import begin, case_of, go_on
from .recovery.document import with_real_contents
from .recovery.ending import end_others
from .state import journal
from .surroundings import Outcome, Send, Surroundings

__all__ = ["Outcome", "Send", "Surroundings", "carry_out"]


def carry_out(
    operation: CmpOperation,
    around: Surroundings,
    resolve: Callable[[str], str],
    tell: Callable[[str], None],
) -> Outcome:
    """Do `operation` at the CA. `resolve` maps planned content ids to real ones, `tell` hears progress.

    An operation that an earlier run left open is taken up again where it stood; if the CA will not have it
    any more, it is closed and done afresh. One that meant something else for the same certificate is ended
    first: what the CA issued for it is rejected or revoked.

    Raises:
        CMPError: if the CA cannot be reached, refuses, or answers what cannot be trusted.
        ApplyError: if a secret or a stored certificate is missing.
    """
    intent = _intent(operation, resolve)
    real = with_real_contents(operation, resolve)
    left_open = journal.find_open(
        around.store,
        device=around.device,
        path=operation.target.path,
        operation=operation.operation,
        intent=intent,
    )
    end_others(operation.target, left_open, around, tell)
    if left_open is not None:
        destination.check(left_open, is_sandbox=around.is_sandbox)
        case = case_of(left_open, real, around, tell)
        outcome = go_on(case)
        if outcome is not None:
            return outcome
        # The CA's signer of a central key may have expired since; without a certConf it is the operator's.
        is_stale = real.is_central and not real.server.is_implicit
        if case.error is not None and not isinstance(case.error, Rejected) and not is_stale:
            raise case.error
        tell("the CA does not take it up: starting afresh")
    return begin(real, around, intent, tell)


def _intent(operation: CmpOperation, resolve: Callable[[str], str]) -> str:
    """A digest of all that makes two operations the same.

    What csc's own options ask for is in it only where they are given, for the sake of older states.
    """
    old, signer = operation.old_certificate, operation.signer_certificate
    own = asked_to_json(operation)
    if operation.request_type in (RequestType.CR, RequestType.P10CR):
        own["request_type"] = operation.request_type
    if operation.server.is_implicit:
        own["implicit"] = True
    if signer is not None:
        own["signer"] = resolve(signer)
    document = [
        operation.operation,
        operation.target.path,
        operation.server.url,
        resolve(operation.server.ca_certificate),
        operation.request,
        None if old is None else resolve(old),
        *([own] if own else []),
    ]
    return hashlib.sha256(canonical(document).encode()).hexdigest()

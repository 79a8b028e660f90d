"""An open operation and where messages go now in; a refusal, if it was begun at another CA, out.

With `--sandbox` every message goes to the sandbox CA, without it to the CA of the script. Bytes that one of
them has answered tell the other one nothing but secrets' MACs, and its refusal would close the operation.
"""

from __future__ import annotations

from ..errors import OtherDestination
from ..state.journal import OpenOperation
from . import document


def fits(left_open: OpenOperation, *, is_sandbox: bool) -> bool:
    """Whether an operation was begun where messages go now, as far as the journal knows."""
    return document.went_to_sandbox(left_open.document) in (None, is_sandbox)


def check(left_open: OpenOperation, *, is_sandbox: bool) -> None:
    """Refuse to go on with an operation at another CA than it was begun at.

    Raises:
        OtherDestination: if that would be so.
    """
    if fits(left_open, is_sandbox=is_sandbox):
        return
    began = f"{left_open.operation} that an earlier run began"
    if is_sandbox:
        raise OtherDestination(
            f"the {began} went to a real CA, and --sandbox goes to the sandbox CA",
            "`csc resume` without --sandbox goes on with it",
        )
    raise OtherDestination(
        f"the {began} went to the sandbox CA, and this would go to a real one",
        "`csc resume --sandbox` goes on with it, `csc resume --sandbox --give-up` ends it",
    )

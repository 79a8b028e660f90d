"""What is not committed in; what dropping it takes away, and what stays, out."""

from __future__ import annotations

from collections.abc import Sequence

from ...compiler.address import Address
from ...compiler.plan import Change, ObjectChange
from ...compiler.serialize import changed_names
from ...runtime.activation import Activation
from .activation_text import second
from .source_text import printable

_WORDS = {Change.ADD: "added", Change.UPDATE: "changed", Change.DELETE: "deleted"}


def render(changes: Sequence[ObjectChange], activation: Activation | None) -> str:
    """How the candidate differs from what is committed, by object; and what of it is active."""
    lines = ["Not committed:"]
    for item in changes:
        line = f"  {_WORDS[item.change]:<7}  {item.address}"
        if item.change is Change.UPDATE:
            line += f": {', '.join(changed_names(item))}"
        lines.append(printable(line))
    if activation is not None and activation.rolled_back_at is None:
        lines.append(f"  active since {second(activation.activated_at)}")
    elif not changes:
        lines.append("  what is active")
    return "\n".join(lines)


def unbound(certificates: Sequence[Address]) -> str:
    """What is kept of what CMP obtained."""
    names = ", ".join(address.reference for address in certificates)
    return printable(f"Obtained, not bound: {names}; a script that asks for it finds it as done.")

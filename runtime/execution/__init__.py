"""A plan in, the device's new state out.

    execute     the entrance: where a run begins and ends
    loop        the order of steps, what runs in which thread
    local       what steps do that need no CA: object changes, activate, commit
    obtained    what an operation brought, made part of the state
    run         a plan half-way
    materials   bytes that a plan relies on

Everything that changes the state happens in the calling thread, except what an operation writes down itself
(`runtime/operation.py`): that runs in threads of its own.
"""

from __future__ import annotations

from .execute import execute
from .materials import Materials

__all__ = ["Materials", "execute"]

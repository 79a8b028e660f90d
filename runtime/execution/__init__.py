"""A plan in, the device's new state out.

    execute     the entrance: where a run begins and ends
    loop        what begins when, and in which thread; failures and signals
    graph       which steps may begin, without I/O
    limits      how many operations at once, and at one server
    keys        keys, some of them made before their turn
    metering    every CMP message of an operation held against the plan
    sequence    the messages of one transaction
    stopping    signals
    local       what steps do that need no CA: object changes, activate, commit
    obtained    what an operation brought, made part of the state
    run         a plan half-way
    materials   bytes that a plan relies on

Everything that changes the state happens in the calling thread, except what an operation writes down itself
(`runtime/operation.py`): that runs in threads of its own.
"""

from __future__ import annotations

from .execute import execute
from .loop import OnError
from .materials import Materials
from .stopping import Interrupts, Stop

__all__ = ["Interrupts", "Materials", "OnError", "Stop", "execute"]

"""Seconds in, a process whose clock is off by as many out.

What csc asks for the time is `datetime.now`; clocks that only measure how long something takes do not jump.
"""

import sys
from datetime import datetime, timedelta
from typing import Any

_offset = timedelta()


class _Like(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, datetime)


class Shifted(datetime, metaclass=_Like):
    """`datetime` by another clock."""

    @classmethod
    def now(cls, tz: Any = None) -> Any:
        return datetime.now(tz) + _offset


def install(seconds: float) -> None:
    """Give all modules of csc that are loaded the other clock."""
    for name, module in list(sys.modules.items()):
        if name.startswith("csc.") and getattr(module, "datetime", None) is datetime:
            module.datetime = Shifted
    shift(seconds)


def shift(seconds: float) -> None:
    """Let the clock jump."""
    global _offset
    _offset += timedelta(seconds=seconds)

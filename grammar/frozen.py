"""Data classes that cost little to load and to make: the nodes of a script, the facts of the compiler.

`dataclass(frozen=True, slots=True)` compiles the source of seven methods for every class, which takes longer
than the rest of most modules. Of a frozen class only `__init__` is compiled; the others do without source.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from operator import attrgetter
from reprlib import recursive_repr
from typing import Any, TypeVar, dataclass_transform

_Class = TypeVar("_Class")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[_Class]) -> type[_Class]:
    """A data class with slots, of immutable instances: the type checker sees to that, not Python.

    Two are equal if they are of one class and their fields are, but for those with `field(compare=False)`.
    A method that the class has itself stays.
    """
    made: Any = dataclass(slots=True, eq=False, repr=False)(cls)
    equals, hashed = _comparison([each.name for each in fields(made) if each.compare])
    methods = {"__eq__": equals, "__hash__": hashed, "__repr__": _shown}
    for name, method in methods.items():
        if name not in vars(cls):
            setattr(made, name, method)
    return made


def _comparison(
    names: list[str],
) -> tuple[Callable[[object, object], bool], Callable[[object], int]]:
    """`__eq__` and `__hash__` over these fields."""
    values: Callable[[object], object] = attrgetter(*names) if names else lambda _: ()

    def equals(self: object, other: object) -> bool:
        return values(self) == values(other) if type(other) is type(self) else NotImplemented

    def hashed(self: object) -> int:
        return hash(values(self))

    return equals, hashed


@recursive_repr()
def _shown(self: Any) -> str:
    parts = (f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.repr)
    return f"{type(self).__qualname__}({', '.join(parts)})"

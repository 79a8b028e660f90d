"""Two configurations in; the objects that differ out, in the order in which a device holds them."""

from __future__ import annotations

from .configuration import Configuration, written
from .plan import Change, ObjectChange


def differences(before: Configuration, after: Configuration) -> list[ObjectChange]:
    """What leads from `before` to `after`: changes and additions first, then what is gone."""
    found: list[ObjectChange] = []
    for address, properties in after.items():
        old = before.get(address)
        if old is None:
            found.append(ObjectChange(Change.ADD, address, None, properties))
        elif old != properties and written(old) != written(properties):
            found.append(ObjectChange(Change.UPDATE, address, old, properties))
    found += [
        ObjectChange(Change.DELETE, address, properties, None)
        for address, properties in before.items()
        if address not in after
    ]
    return found

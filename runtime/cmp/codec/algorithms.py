# pyright: basic
# pyasn1 makes the members of its classes at run time; strict typing sees nothing in them.
"""DER of algorithm parameters in, values of pyasn1 out, and AlgorithmIdentifiers both ways."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pyasn1.codec.der.decoder import decode as der_decode

from ..errors import MalformedMessage
from ..model import AlgorithmIdentifier
from .values import LONGEST_NUMBER

_T = TypeVar("_T")


def read(der: bytes, spec, make: Callable[..., _T], name: str) -> _T:
    """What `make` makes of the one value in `der`, which is called `name` in errors.

    Raises:
        MalformedMessage: if it is no such value, or something follows it.
    """
    try:
        value, rest = der_decode(der, asn1Spec=spec)
        if rest:
            raise MalformedMessage(f"{len(rest)} bytes follow the end of a value")
        return make(value)
    except MalformedMessage:
        raise
    except Exception as error:
        # pyasn1 raises PyAsn1Error and, on some garbage, whatever its internals run into.
        raise MalformedMessage(f"no {name}: {type(error).__name__}") from error


def integer(value) -> int:
    """An INTEGER of pyasn1 as a number.

    Raises:
        MalformedMessage: if it is longer than any that means something.
    """
    found = int(value)
    if found.bit_length() > 8 * LONGEST_NUMBER:
        raise MalformedMessage(f"a number has {found.bit_length()} bits")
    return found


def algorithm(value) -> AlgorithmIdentifier:
    """An AlgorithmIdentifier of pyasn1 as the model's."""
    parameters = value["parameters"]
    return AlgorithmIdentifier(
        str(value["algorithm"]), bytes(parameters) if parameters.isValue else None
    )


def fill(value, given: AlgorithmIdentifier) -> None:
    """Write the model's AlgorithmIdentifier into one of pyasn1."""
    value["algorithm"] = given.oid
    if given.parameters is not None:
        value["parameters"] = given.parameters

"""DER of the parameters of password-based MACs in, data out, and back.

PBMParameter is RFC 9810 5.1.3.1; PBMAC1-params with PBKDF2-params is RFC 8018 A.5 and A.2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from ..errors import MalformedMessage
from ..model import AlgorithmIdentifier, PBMParameter
from . import der
from .fields import INTEGER, OCTET_STRING, SEQUENCE, Fields, read_sequence
from .values import algorithm, integer

_T = TypeVar("_T")
PBKDF2 = "1.2.840.113549.1.5.12"
# What prf is where it is left out (RFC 8018 A.2).
_DEFAULT_PRF = AlgorithmIdentifier("1.2.840.113549.2.7", b"\x05\x00")


@dataclass(frozen=True, slots=True)
class PBMAC1Parameter:
    """RFC 8018 A.5, with a key derived by PBKDF2. `key_length` counts bytes; None where it was left out."""

    salt: bytes
    iteration_count: int
    key_length: int | None
    prf: AlgorithmIdentifier
    mac: AlgorithmIdentifier


def decode_pbm_parameter(data: bytes) -> PBMParameter:
    """The parameters of a PasswordBasedMac.

    Raises:
        MalformedMessage: if they are none.
    """
    return _read(data, _pbm_parameter, "PBMParameter")


def _pbm_parameter(fields: Fields) -> PBMParameter:
    return PBMParameter(
        fields.one(OCTET_STRING),
        algorithm(fields.one(SEQUENCE)),
        integer(fields.one(INTEGER)),
        algorithm(fields.one(SEQUENCE)),
    )


def encode_pbm_parameter(parameter: PBMParameter) -> bytes:
    """The parameters of a PasswordBasedMac."""
    return der.sequence(
        der.octets(parameter.salt),
        der.algorithm(parameter.owf),
        der.integer(parameter.iteration_count),
        der.algorithm(parameter.mac),
    )


def decode_pbmac1_parameter(data: bytes) -> PBMAC1Parameter:
    """The parameters of a PBMAC1.

    Raises:
        MalformedMessage: if they are none, or the key is derived by something else than PBKDF2.
    """
    derivation, mac = _read(data, _pbmac1_parameter, "PBMAC1-params")
    if derivation.oid != PBKDF2:
        raise MalformedMessage(f"the key is derived by {derivation.oid}, and PBKDF2 is known")
    salt, iteration_count, key_length, prf = _read(
        derivation.parameters or b"", _pbkdf2_parameter, "PBKDF2-params"
    )
    return PBMAC1Parameter(salt, iteration_count, key_length, prf, mac)


def _pbmac1_parameter(fields: Fields) -> tuple[AlgorithmIdentifier, AlgorithmIdentifier]:
    return algorithm(fields.one(SEQUENCE)), algorithm(fields.one(SEQUENCE))


def _pbkdf2_parameter(fields: Fields) -> tuple[bytes, int, int | None, AlgorithmIdentifier]:
    # The salt is a CHOICE of OCTET STRING and an algorithm that makes it, which nobody has defined.
    salt, iteration_count = fields.one(OCTET_STRING), integer(fields.one(INTEGER))
    key_length, prf = fields.maybe(INTEGER), fields.maybe(SEQUENCE)
    return (
        salt,
        iteration_count,
        None if key_length is None else integer(key_length),
        _DEFAULT_PRF if prf is None else algorithm(prf),
    )


def _read(data: bytes, read: Callable[[Fields], _T], name: str) -> _T:
    try:
        return read_sequence(data, read)
    except MalformedMessage as error:
        raise MalformedMessage(f"no {name}: {error.message}") from None


def encode_pbmac1_parameter(parameter: PBMAC1Parameter) -> bytes:
    """The parameters of a PBMAC1."""
    length, prf = parameter.key_length, parameter.prf
    derivation = der.sequence(
        der.octets(parameter.salt),
        der.integer(parameter.iteration_count),
        b"" if length is None else der.integer(length),
        b"" if prf == _DEFAULT_PRF else der.algorithm(prf),  # DER leaves out what is the default
    )
    return der.sequence(
        der.algorithm(AlgorithmIdentifier(PBKDF2, derivation)), der.algorithm(parameter.mac)
    )

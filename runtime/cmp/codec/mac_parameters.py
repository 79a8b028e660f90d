# pyright: basic
# pyasn1 makes the members of its classes at run time; strict typing sees nothing in them.
"""DER of the parameters of password-based MACs in, data out, and back.

PBMParameter is RFC 9810 5.1.3.1; PBMAC1-params with PBKDF2-params is RFC 8018 A.5 and A.2.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyasn1.type import namedtype, univ
from pyasn1_modules import rfc4210, rfc5280

from ..errors import MalformedMessage
from ..model import AlgorithmIdentifier, PBMParameter
from . import der
from .algorithms import algorithm, integer, read

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


def _sequence(*fields: namedtype.NamedType):
    return univ.Sequence(componentType=namedtype.NamedTypes(*fields))


# pyasn1-modules has these types, too, with limits on numbers that say nothing when they refuse one.
_PBKDF2_PARAMS = _sequence(
    # A CHOICE of OCTET STRING and an algorithm that makes the salt, which nobody has defined.
    namedtype.NamedType("salt", univ.OctetString()),
    namedtype.NamedType("iterationCount", univ.Integer()),
    namedtype.OptionalNamedType("keyLength", univ.Integer()),
    # DEFAULT hmacWithSHA1: as an optional field, so that what stands there is what came.
    namedtype.OptionalNamedType("prf", rfc5280.AlgorithmIdentifier()),
)
_PBMAC1_PARAMS = _sequence(
    namedtype.NamedType("keyDerivationFunc", rfc5280.AlgorithmIdentifier()),
    namedtype.NamedType("messageAuthScheme", rfc5280.AlgorithmIdentifier()),
)


def decode_pbm_parameter(data: bytes) -> PBMParameter:
    """The parameters of a PasswordBasedMac.

    Raises:
        MalformedMessage: if they are none.
    """
    return read(data, rfc4210.PBMParameter(), _pbm_parameter, "PBMParameter")


def _pbm_parameter(value) -> PBMParameter:
    return PBMParameter(
        bytes(value["salt"]),
        algorithm(value["owf"]),
        integer(value["iterationCount"]),
        algorithm(value["mac"]),
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
    derivation, mac = read(
        data,
        _PBMAC1_PARAMS,
        lambda v: (algorithm(v["keyDerivationFunc"]), algorithm(v["messageAuthScheme"])),
        "PBMAC1-params",
    )
    if derivation.oid != PBKDF2:
        raise MalformedMessage(f"the key is derived by {derivation.oid}, and PBKDF2 is known")
    return read(
        derivation.parameters or b"",
        _PBKDF2_PARAMS,
        lambda v: PBMAC1Parameter(
            bytes(v["salt"]),
            integer(v["iterationCount"]),
            integer(v["keyLength"]) if v["keyLength"].isValue else None,
            algorithm(v["prf"]) if v["prf"].isValue else _DEFAULT_PRF,
            mac,
        ),
        "PBKDF2-params",
    )


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

# pyright: basic
# pyasn1 makes the members of its classes at run time; strict typing sees nothing in them.
"""DER of RSASSA-PSS-params (RFC 4055 3.1) in, data out, and back."""

from __future__ import annotations

from dataclasses import dataclass

from pyasn1.codec.der.encoder import encode as der_encode
from pyasn1.type import namedtype, tag, univ
from pyasn1_modules import rfc5280

from ..model import AlgorithmIdentifier
from .algorithms import algorithm, fill, integer, read

MGF1 = "1.2.840.113549.1.1.8"
# What each field is where it is left out (RFC 4055 3.1).
_SHA1 = AlgorithmIdentifier("1.3.14.3.2.26", b"\x05\x00")
_DEFAULT_SALT_LENGTH = 20
_DEFAULT_TRAILER = 1


@dataclass(frozen=True, slots=True)
class PSSParameter:
    """RSASSA-PSS-params. `mgf_hash` is the hash of MGF1, None if `mgf` is another function."""

    hash: AlgorithmIdentifier
    mgf: str
    mgf_hash: AlgorithmIdentifier | None
    salt_length: int
    trailer: int = _DEFAULT_TRAILER


def _field(name: str, spec, number: int):
    explicit = tag.Tag(tag.tagClassContext, tag.tagFormatConstructed, number)
    return namedtype.OptionalNamedType(name, spec.subtype(explicitTag=explicit))


# Each field has a default, which is filled in below: pyasn1's own defaults hide what came.
_PARAMS = univ.Sequence(
    componentType=namedtype.NamedTypes(
        _field("hashAlgorithm", rfc5280.AlgorithmIdentifier(), 0),
        _field("maskGenAlgorithm", rfc5280.AlgorithmIdentifier(), 1),
        _field("saltLength", univ.Integer(), 2),
        _field("trailerField", univ.Integer(), 3),
    )
)


def decode_pss_parameter(der: bytes) -> PSSParameter:
    """The parameters of an RSASSA-PSS signature.

    Raises:
        MalformedMessage: if they are none.
    """
    return read(der, _PARAMS, _parameter, "RSASSA-PSS-params")


def _parameter(value) -> PSSParameter:
    mgf = AlgorithmIdentifier(MGF1)
    mgf_hash = _SHA1
    if value["maskGenAlgorithm"].isValue:
        mgf = algorithm(value["maskGenAlgorithm"])
        mgf_hash = None
        if mgf.oid == MGF1:
            mgf_hash = read(
                mgf.parameters or b"", rfc5280.AlgorithmIdentifier(), algorithm, "hash of MGF1"
            )
    return PSSParameter(
        algorithm(value["hashAlgorithm"]) if value["hashAlgorithm"].isValue else _SHA1,
        mgf.oid,
        mgf_hash,
        integer(value["saltLength"]) if value["saltLength"].isValue else _DEFAULT_SALT_LENGTH,
        integer(value["trailerField"]) if value["trailerField"].isValue else _DEFAULT_TRAILER,
    )


def encode_pss_parameter(parameter: PSSParameter) -> bytes:
    """The parameters of an RSASSA-PSS signature with MGF1; what is the default is left out, as DER wants."""
    value = _PARAMS.clone()
    if parameter.hash != _SHA1:
        fill(value["hashAlgorithm"], parameter.hash)
    if parameter.mgf_hash is not None and parameter.mgf_hash != _SHA1:
        inner = rfc5280.AlgorithmIdentifier()
        fill(inner, parameter.mgf_hash)
        fill(value["maskGenAlgorithm"], AlgorithmIdentifier(parameter.mgf, der_encode(inner)))
    if parameter.salt_length != _DEFAULT_SALT_LENGTH:
        value["saltLength"] = parameter.salt_length
    if parameter.trailer != _DEFAULT_TRAILER:
        value["trailerField"] = parameter.trailer
    if not any(value[name].isValue for name in _PARAMS):
        value.clear()
    return der_encode(value)

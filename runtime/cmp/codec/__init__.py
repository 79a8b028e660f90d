"""PKIMessages as bytes and as `model` objects. Nothing outside this package knows pyasn1."""

from .reading import MAX_MESSAGE_SIZE, decode, decode_pbm_parameter
from .writing import (
    encode_cert_request,
    encode_message,
    encode_pbm_parameter,
    encode_profile,
    encode_protected_part,
)

__all__ = [
    "MAX_MESSAGE_SIZE",
    "decode",
    "decode_pbm_parameter",
    "encode_cert_request",
    "encode_message",
    "encode_pbm_parameter",
    "encode_profile",
    "encode_protected_part",
]

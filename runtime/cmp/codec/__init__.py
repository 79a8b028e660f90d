"""PKIMessages as bytes and as `model` objects. Nothing outside this package knows pyasn1."""

from .mac_parameters import (
    PBMAC1Parameter,
    decode_pbm_parameter,
    decode_pbmac1_parameter,
    encode_pbm_parameter,
    encode_pbmac1_parameter,
)
from .pss_parameters import MGF1, PSSParameter, decode_pss_parameter, encode_pss_parameter
from .reading import MAX_MESSAGE_SIZE, decode
from .writing import (
    encode_cert_request,
    encode_message,
    encode_profile,
    encode_protected_part,
)

__all__ = [
    "MAX_MESSAGE_SIZE",
    "MGF1",
    "PBMAC1Parameter",
    "PSSParameter",
    "decode",
    "decode_pbm_parameter",
    "decode_pbmac1_parameter",
    "decode_pss_parameter",
    "encode_cert_request",
    "encode_message",
    "encode_pbm_parameter",
    "encode_profile",
    "encode_pbmac1_parameter",
    "encode_protected_part",
    "encode_pss_parameter",
]

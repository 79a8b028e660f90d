"""A CertReqMsg and its key in, how the one who asks has proved the private key, or will, out (RFC 4211 4)."""

from __future__ import annotations

from enum import Enum, auto

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ...cmp.codec.pop import SubsequentMessage, encode_subsequent_message
from ...cmp.errors import ProtectionError
from ...cmp.model import CMP2021, CertReqMsg, PKIFailureInfo, PopoKind
from ...cmp.signatures import verify_raw
from .desk import Order
from .recipients import KEMKey
from .refusal import Refusal
from .signing_input import check_signing_input
from .subject_key import SubjectKey

_ENCR_CERT = encode_subsequent_message(SubsequentMessage.ENCR_CERT)
_CHALLENGE_RESP = encode_subsequent_message(SubsequentMessage.CHALLENGE_RESP)
# The choices of POPOPrivKey by their tags (RFC 4211 4.2); deprecated, or of no use to this CA.
_REFUSED = {
    0x80: "thisMessage is deprecated (RFC 9810 5.2.8.3.1)",
    0x82: "dhMAC is deprecated (RFC 9810 5.2.8.3)",
    0xA3: "agreeMAC needs a Diffie-Hellman certificate of the CA, which has none",
    0xA4: "encryptedKey gives the private key away, and this CA archives none",
}


class Possession(Enum):
    """How possession of a private key is proved."""

    PROVED = auto()
    """By the request's signature, or to an RA. The others are for keys that are certified to decrypt only."""
    BY_CERTIFICATE = auto()
    """By certConf, for the certificate comes encrypted (RFC 9810 5.2.8.3.2)."""
    BY_CHALLENGE = auto()
    """By decrypting a number, before the certificate is issued (RFC 9810 5.2.8.3.3)."""


def check_possession(request: CertReqMsg, key: SubjectKey, order: Order) -> Possession:
    """How the proof of possession is given; a signature is checked.

    Raises:
        Refusal: if there is none that fits the key.
    """
    match request.pop.kind:
        case PopoKind.SIGNATURE:
            _check_signature(request, key, order)
            return Possession.PROVED
        case PopoKind.KEY_ENCIPHERMENT if isinstance(key, rsa.RSAPublicKey | KEMKey):
            return _subsequent(request, key, order)
        case PopoKind.KEY_AGREEMENT if isinstance(key, ec.EllipticCurvePublicKey):
            return _subsequent(request, key, order)
        case kind:
            raise Refusal(
                PKIFailureInfo.BAD_POP, f"proof of possession of such a key is not by {kind}"
            )


def _check_signature(request: CertReqMsg, key: SubjectKey, order: Order) -> None:
    """RFC 4211 4.1: over certReq, or POPOSigningKeyInput if the template lacks subject or key."""
    pop = request.pop
    if isinstance(key, KEMKey):
        raise Refusal(PKIFailureInfo.BAD_POP, "such a key makes no signature")
    assert pop.algorithm is not None  # noqa: S101  (the codec sees to it)
    assert pop.signature is not None  # noqa: S101
    try:
        verify_raw(key, pop.algorithm, pop.signature, check_signing_input(request, order))
    except ProtectionError as error:
        raise Refusal(PKIFailureInfo.BAD_POP, error.message) from None


def _subsequent(request: CertReqMsg, key: SubjectKey, order: Order) -> Possession:
    proof = request.pop.private_key_pop or b""
    if proof not in (_ENCR_CERT, _CHALLENGE_RESP):
        why = _REFUSED.get(proof[0] if proof else 0, "POPOPrivKey is not known")
        raise Refusal(PKIFailureInfo.BAD_POP, f"proof of possession: {why}")
    if order.header.pvno != CMP2021 and not isinstance(key, rsa.RSAPublicKey):
        raise Refusal(
            PKIFailureInfo.BAD_POP, "EnvelopedData for such a key belongs to cmp2021: pvno 3"
        )
    return Possession.BY_CERTIFICATE if proof == _ENCR_CERT else Possession.BY_CHALLENGE

"""A CertReqMsg and its key in, whether the one who asks has the private key out (RFC 4211 4)."""

from __future__ import annotations

from ...cmp.errors import ProtectionError
from ...cmp.model import CertReqMsg, PKIFailureInfo, PKIHeader, PopoKind
from ...cmp.signatures import verify_raw
from .enveloped import KEMKey
from .refusal import Refusal
from .subject_key import SigningKey, SubjectKey

_ENCR_CERT = b"\x81\x01\x00"  # POPOPrivKey: subsequentMessage [1], encrCert
_CMP2021 = 3


def check_possession(request: CertReqMsg, key: SubjectKey, header: PKIHeader) -> None:
    """Check the proof of possession, or that it will be given by reading the certificate.

    Raises:
        Refusal: if there is none that fits the key.
    """
    if isinstance(key, KEMKey):
        _check_will_decrypt(request, header)
    else:
        _check_signature(request, key)


def _check_will_decrypt(request: CertReqMsg, header: PKIHeader) -> None:
    """RFC 9810 5.2.8.3.2: the certificate comes encrypted, and only its key's holder can confirm it."""
    pop = request.pop
    if pop.kind is not PopoKind.KEY_ENCIPHERMENT or pop.private_key_pop != _ENCR_CERT:
        raise Refusal(
            PKIFailureInfo.BAD_POP,
            "proof of possession of an ML-KEM key has to be by keyEncipherment with encrCert",
        )
    if header.pvno != _CMP2021:  # RFC 9810 7: EnvelopedData
        raise Refusal(PKIFailureInfo.BAD_POP, "an encrypted certificate belongs to cmp2021: pvno 3")


def _check_signature(request: CertReqMsg, key: SigningKey) -> None:
    """RFC 4211 4.1: the signature is over certReq; POPOSigningKeyInput is for templates without key."""
    pop = request.pop
    if pop.kind is not PopoKind.SIGNATURE or pop.algorithm is None or pop.signature is None:
        raise Refusal(
            PKIFailureInfo.BAD_POP, f"proof of possession has to be by signature, not {pop.kind}"
        )
    if pop.poposk_input is not None:
        raise Refusal(
            PKIFailureInfo.BAD_POP, "poposkInput has no place where the template holds the key"
        )
    try:
        verify_raw(key, pop.algorithm, pop.signature, request.cert_request)
    except ProtectionError as error:
        raise Refusal(PKIFailureInfo.BAD_POP, error.message) from None

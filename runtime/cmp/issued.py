"""What the CA encrypted for this side in, its plaintext out: certificates, keys, challenges."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from .errors import DecryptionFailed, UnexpectedAnswer, WrongCertificate
from .events import Request
from .model import CertResponse, EncryptedKey, PopChallengeContent
from .protection import PasswordCredential


def open_response(
    response: CertResponse,
    request: Request,
    chain: Sequence[x509.Certificate],
    now: datetime,
    transaction: bytes | None,
) -> tuple[bytes, PrivateKeyTypes]:
    """Check 12: the certificate (DER) of a response, and its private key, decrypted where they have to be.

    Raises:
        UnexpectedAnswer: if there is no certificate, or an encrypted one for a key that cannot decrypt.
        WrongCertificate: if a private key is missing, or comes unasked.
        DecryptionFailed, UntrustedCertificate: if what is encrypted cannot be opened or trusted.
    """
    key = request.key
    if key is None:  # RFC 9483 4.1.6
        if response.private_key is None:
            raise WrongCertificate(
                "the CA was asked to make the private key, and sent none", transaction
            )
        key = _central_key(response.private_key, request, chain, now)
    elif response.private_key is not None:
        raise WrongCertificate(
            "the CA sent a private key that it made, and the request was for another key",
            transaction,
        )
    if response.certificate is not None:
        return response.certificate, key
    if response.encrypted_cert is None or hasattr(key, "sign"):
        got = "none" if response.encrypted_cert is None else "an encrypted one"
        raise UnexpectedAnswer("certificate", "one in the clear", got, transaction)
    return _certificate(response.encrypted_cert, key, chain), key


def _certificate(
    encrypted: EncryptedKey, key: PrivateKeyTypes, chain: Sequence[x509.Certificate]
) -> bytes:
    """A certificate that only the holder of its key can read (RFC 9810 5.2.8.3.2)."""
    from .enveloped import open_encrypted_value, open_enveloped

    if not encrypted.is_enveloped:
        return open_encrypted_value(encrypted.der, key=key)
    return open_enveloped(encrypted.der, key=key, originators=chain)


def _central_key(
    encrypted: EncryptedKey,
    request: Request,
    chain: Sequence[x509.Certificate],
    now: datetime,
) -> PrivateKeyTypes:
    """The key that the CA made, out of its SignedData in EnvelopedData (RFC 9483 4.1.6)."""
    from .enveloped import SIGNED_DATA, key_package, open_enveloped

    if not encrypted.is_enveloped:
        raise DecryptionFailed("the private key comes as EncryptedValue, which nobody signs for")
    credential = request.credential
    if isinstance(credential, PasswordCredential):
        signed = open_enveloped(encrypted.der, password=credential.secret, content_type=SIGNED_DATA)
    else:
        signed = open_enveloped(
            encrypted.der,
            key=credential.private_key,
            certificate=credential.certificate,
            originators=chain,
            content_type=SIGNED_DATA,
        )
    return key_package(signed, request.anchors, chain, now).private_key


def answer_challenge(
    challenge: PopChallengeContent,
    key: PrivateKeyTypes,
    sender: x509.Name | None,
    chain: Sequence[x509.Certificate],
) -> bytes:
    """The content of popdecr for a popdecc that `sender` sent (RFC 9810 5.2.8.3.3).

    Raises:
        DecryptionFailed, MalformedMessage, UnexpectedAnswer: if the challenge cannot be opened, or is not
            this transaction's.
    """
    from .enveloped import answer_challenge as answer

    return answer(challenge.der, key=key, sender=sender, originators=chain)

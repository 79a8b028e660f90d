"""Protection of CMP messages: made over what is sent, checked over the bytes that were received.

RFC 9810 5.1.3. How a MAC is made is in `mac`, how a signature in `signatures`, with what in `credentials`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding

from .codec import encode_message, encode_protected_part
from .credentials import (
    Credential,
    MacScheme,
    PasswordCredential,
    RSAPadding,
    SignatureCredential,
)
from .errors import ProtectionError
from .mac import SALT_SIZE, MacKeys, is_mac, mac_algorithm, verify_mac
from .model import AlgorithmIdentifier, PKIBody, PKIHeader, PKIMessage
from .signatures import sign, signature_algorithm, verify_raw

__all__ = [
    "Credential",
    "MacKeys",
    "MacScheme",
    "OwnMac",
    "PasswordCredential",
    "RSAPadding",
    "SignatureCredential",
    "is_mac",
    "new_mac",
    "protect",
    "sign",
    "signature_algorithm",
    "subject_key_identifier",
    "verify_mac",
    "verify_raw",
    "verify_signature",
]


@dataclass(frozen=True, slots=True)
class OwnMac:
    """How the messages of one side of a transaction are made: one algorithm with one salt."""

    algorithm: AlgorithmIdentifier
    keys: MacKeys


def new_mac(credential: PasswordCredential, random: Callable[[int], bytes]) -> OwnMac:
    """A MAC with a new salt, for a transaction."""
    return OwnMac(
        mac_algorithm(credential.mac, random(SALT_SIZE)),
        MacKeys(credential.secret, accepts_sha1=credential.mac is MacScheme.PBM_SHA1),
    )


def protect(
    header: PKIHeader,
    body: PKIBody,
    credential: Credential,
    *,
    random: Callable[[int], bytes],
    mac: OwnMac | None = None,
    extra: Sequence[x509.Certificate] = (),
) -> bytes:
    """The finished message: protectionAlg and senderKID set, protected, with extraCerts.

    senderKID is the reference number, or the subject key identifier of the signing certificate. `mac` is the
    transaction's, if the credential is a secret; None stands for a new one.
    `extra` are more certificates for extraCerts, behind the signer's.

    Raises:
        ValueError: if the key cannot sign.
    """
    if isinstance(credential, PasswordCredential):
        mac = mac or new_mac(credential, random)
        header = replace(header, protection_alg=mac.algorithm, sender_kid=credential.reference)
        part = encode_protected_part(header, body)
        return encode_message(part, mac.keys.compute(mac.algorithm, part), _ders(extra))
    header = replace(
        header,
        protection_alg=signature_algorithm(credential.private_key, credential.padding),
        sender_kid=subject_key_identifier(credential.certificate),
    )
    part = encode_protected_part(header, body)
    certificates = (credential.certificate, *credential.chain, *extra)
    signature = sign(credential.private_key, part, credential.padding)
    return encode_message(part, signature, _ders(certificates))


def _ders(certificates: Sequence[x509.Certificate]) -> list[bytes]:
    """Each certificate once: there is no need to say it twice (RFC 9483 3.3)."""
    ders = (certificate.public_bytes(Encoding.DER) for certificate in certificates)
    return list(dict.fromkeys(ders))


def verify_signature(message: PKIMessage, public_key: PublicKeyTypes) -> None:
    """Check a signature over the bytes received.

    Raises:
        ProtectionError: if it is missing, wrong, or of an algorithm that is not accepted.
    """
    transaction = message.header.transaction_id
    algorithm = message.header.protection_alg
    if algorithm is None or message.protection is None:
        raise ProtectionError("the message has no signature", transaction)
    try:
        verify_raw(public_key, algorithm, message.protection, message.protected_part)
    except ProtectionError as error:
        error.transaction_id = transaction
        raise


def subject_key_identifier(certificate: x509.Certificate) -> bytes | None:
    """The subject key identifier of a certificate, None if it has none."""
    try:
        return certificate.extensions.get_extension_for_class(
            x509.SubjectKeyIdentifier
        ).value.digest
    except (x509.ExtensionNotFound, ValueError):
        return None

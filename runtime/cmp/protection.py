"""Protection of CMP messages: made over what is sent, checked over the bytes that were received.

Password-based MAC (RFC 9810 5.1.3.1, RFC 9481 6.1.1) and signatures (RFC 9810 5.1.3.3, RFC 9481 3).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding

from .codec import decode_pbm_parameter, encode_message, encode_pbm_parameter, encode_protected_part
from .errors import MalformedMessage, ProtectionError
from .model import AlgorithmIdentifier, PBMParameter, PKIBody, PKIHeader, PKIMessage

PASSWORD_BASED_MAC = "1.2.840.113533.7.66.13"  # noqa: S105  (an object identifier)

# What is sent. RFC 9481 6.1.1 leaves the count open; OpenSSL sends 500, guessing should cost more.
ITERATIONS = 10_000
SALT_SIZE = 16  # bytes
# What is accepted. Fewer makes the secret easy to guess from one message; more lets a message keep the
# reader busy. OpenSSL has the same upper limit.
MIN_ITERATIONS = 100
MAX_ITERATIONS = 100_000

_OWFS = {
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
_MACS = {
    "1.3.6.1.5.5.8.1.2": "sha1",  # as RFC 4210 names it
    "1.2.840.113549.2.7": "sha1",
    "1.2.840.113549.2.9": "sha256",
    "1.2.840.113549.2.10": "sha384",
    "1.2.840.113549.2.11": "sha512",
}
_SHA256 = AlgorithmIdentifier("2.16.840.1.101.3.4.2.1")
_HMAC_SHA256 = AlgorithmIdentifier("1.2.840.113549.2.9", b"\x05\x00")

_RSA = {
    "1.2.840.113549.1.1.11": hashes.SHA256(),
    "1.2.840.113549.1.1.12": hashes.SHA384(),
    "1.2.840.113549.1.1.13": hashes.SHA512(),
}
_ECDSA = {
    "1.2.840.10045.4.3.2": hashes.SHA256(),
    "1.2.840.10045.4.3.3": hashes.SHA384(),
    "1.2.840.10045.4.3.4": hashes.SHA512(),
}
_ED25519 = "1.3.101.112"
_ED448 = "1.3.101.113"
_NULL = b"\x05\x00"


@dataclass(frozen=True, slots=True)
class PasswordCredential:
    """A reference number and the secret that belongs to it, as bytes."""

    reference: bytes
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignatureCredential:
    """A certificate with its private key; `chain` travels along in extraCerts."""

    certificate: x509.Certificate
    private_key: PrivateKeyTypes = field(repr=False)
    chain: tuple[x509.Certificate, ...] = ()


Credential = PasswordCredential | SignatureCredential


def protect(
    header: PKIHeader,
    body: PKIBody,
    credential: Credential,
    *,
    random: Callable[[int], bytes],
) -> bytes:
    """The finished message: protectionAlg and senderKID set, protected, with extraCerts.

    senderKID is the reference number, or the subject key identifier of the signing certificate.
    """
    if isinstance(credential, PasswordCredential):
        parameter = PBMParameter(random(SALT_SIZE), _SHA256, ITERATIONS, _HMAC_SHA256)
        algorithm = AlgorithmIdentifier(PASSWORD_BASED_MAC, encode_pbm_parameter(parameter))
        header = replace(header, protection_alg=algorithm, sender_kid=credential.reference)
        part = encode_protected_part(header, body)
        return encode_message(part, _mac(parameter, credential.secret, part), ())
    header = replace(
        header,
        protection_alg=signature_algorithm(credential.private_key),
        sender_kid=subject_key_identifier(credential.certificate),
    )
    part = encode_protected_part(header, body)
    certificates = (credential.certificate, *credential.chain)
    return encode_message(
        part,
        sign(credential.private_key, part),
        [certificate.public_bytes(Encoding.DER) for certificate in certificates],
    )


def is_mac(message: PKIMessage) -> bool:
    """Whether the message says that a password-based MAC protects it."""
    algorithm = message.header.protection_alg
    return algorithm is not None and algorithm.oid == PASSWORD_BASED_MAC


def verify_mac(message: PKIMessage, secret: bytes) -> None:
    """Check a password-based MAC over the bytes received.

    Raises:
        ProtectionError: if it is missing, wrong, or made in a way that is not accepted.
    """
    transaction = message.header.transaction_id
    algorithm = message.header.protection_alg
    if algorithm is None or message.protection is None or algorithm.oid != PASSWORD_BASED_MAC:
        raise ProtectionError("the message has no password-based MAC", transaction)
    try:
        parameter = decode_pbm_parameter(algorithm.parameters or b"")
    except MalformedMessage as error:
        raise ProtectionError(f"the MAC's parameters are malformed: {error}", transaction) from None
    if not MIN_ITERATIONS <= parameter.iteration_count <= MAX_ITERATIONS:
        raise ProtectionError(
            f"the MAC's iteration count is {parameter.iteration_count}, and {MIN_ITERATIONS}"
            f" to {MAX_ITERATIONS} are accepted",
            transaction,
        )
    if parameter.owf.oid not in _OWFS or parameter.mac.oid not in _MACS:
        raise ProtectionError(
            f"the MAC is made with {parameter.owf.oid} and {parameter.mac.oid},"
            " which are not accepted",
            transaction,
        )
    expected = _mac(parameter, secret, message.protected_part)
    if not hmac.compare_digest(expected, message.protection):
        raise ProtectionError("the message's MAC is not made with the shared secret", transaction)


def _mac(parameter: PBMParameter, secret: bytes, data: bytes) -> bytes:
    owf = _OWFS[parameter.owf.oid]
    key = secret + parameter.salt
    for _ in range(parameter.iteration_count):
        key = hashlib.new(owf, key).digest()
    return hmac.digest(key, data, _MACS[parameter.mac.oid])


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
        raise ProtectionError(error.message, transaction) from None


def verify_raw(
    public_key: PublicKeyTypes, algorithm: AlgorithmIdentifier, signature: bytes, data: bytes
) -> None:
    """Check a signature over `data`.

    Raises:
        ProtectionError: if it is wrong, or the algorithm does not fit the key or is not accepted.
    """
    oid = algorithm.oid
    try:
        if isinstance(public_key, rsa.RSAPublicKey) and oid in _RSA:
            public_key.verify(signature, data, padding.PKCS1v15(), _RSA[oid])
        elif isinstance(public_key, ec.EllipticCurvePublicKey) and oid in _ECDSA:
            public_key.verify(signature, data, ec.ECDSA(_ECDSA[oid]))
        elif (isinstance(public_key, ed25519.Ed25519PublicKey) and oid == _ED25519) or (
            isinstance(public_key, ed448.Ed448PublicKey) and oid == _ED448
        ):
            public_key.verify(signature, data)
        else:
            raise ProtectionError(
                f"the signature algorithm {oid} is not accepted, or does not fit the key"
            )
    except InvalidSignature:
        raise ProtectionError("the signature is wrong") from None


def signature_algorithm(private_key: PrivateKeyTypes) -> AlgorithmIdentifier:
    """The algorithm that `sign` uses with this key.

    Raises:
        ValueError: if the key cannot sign, or is of a kind that is not supported.
    """
    match private_key:
        case rsa.RSAPrivateKey():
            return AlgorithmIdentifier("1.2.840.113549.1.1.11", _NULL)
        case ec.EllipticCurvePrivateKey():
            return AlgorithmIdentifier(_ecdsa_oid(private_key))
        case ed25519.Ed25519PrivateKey():
            return AlgorithmIdentifier(_ED25519)
        case ed448.Ed448PrivateKey():
            return AlgorithmIdentifier(_ED448)
        case _:
            raise ValueError(f"no signature algorithm for {type(private_key).__name__}")


def sign(private_key: PrivateKeyTypes, data: bytes) -> bytes:
    """The signature over `data` with the key's algorithm (see `signature_algorithm`).

    Raises:
        ValueError: if the key cannot sign, or is of a kind that is not supported.
    """
    match private_key:
        case rsa.RSAPrivateKey():
            return private_key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        case ec.EllipticCurvePrivateKey():
            return private_key.sign(data, ec.ECDSA(_ECDSA[_ecdsa_oid(private_key)]))
        case ed25519.Ed25519PrivateKey() | ed448.Ed448PrivateKey():
            return private_key.sign(data)
        case _:
            raise ValueError(f"no signature algorithm for {type(private_key).__name__}")


def _ecdsa_oid(private_key: ec.EllipticCurvePrivateKey) -> str:
    """The hash that is as strong as the curve (RFC 9481 3.2)."""
    size = private_key.curve.key_size
    return f"1.2.840.10045.4.3.{2 if size <= 256 else 3 if size <= 384 else 4}"


def subject_key_identifier(certificate: x509.Certificate) -> bytes | None:
    """The subject key identifier of a certificate, None if it has none."""
    try:
        return certificate.extensions.get_extension_for_class(
            x509.SubjectKeyIdentifier
        ).value.digest
    except (x509.ExtensionNotFound, ValueError):
        return None

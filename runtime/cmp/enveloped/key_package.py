"""A key package that a key generation authority signed in; the private key, checked, out.

For a key that the CA generated, CMP delivers (RFC 9810 5.3.4, RFC 9483 4.1.6), inside the EnvelopedData, a
SignedData (RFC 5652 5) around an AsymmetricKeyPackage (RFC 5958). The checks are numbered in `key_package`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
)

from ..cms_model import OneAsymmetricKey, SignedData, SignerInfo
from ..codec.cms import decode_asymmetric_key_package, decode_signed_data
from ..codec.cms_parameters import decode_octets, decode_oid
from ..codec.public_keys import public_key_bits
from ..errors import (
    AlgorithmNotSupported,
    MalformedMessage,
    ProtectionError,
    UnexpectedAnswer,
    UntrustedCertificate,
    clean,
)
from ..model import AlgorithmIdentifier
from ..protection import verify_raw
from ..trust import check_signer, verify_chain
from .algorithms import PKCS1_V15, refused
from .recipients import names

SIGNED_DATA = "1.2.840.113549.1.7.2"  # what the EnvelopedData around a key package holds
KEY_PACKAGE = "2.16.840.1.101.2.1.2.78.5"  # id-ct-KP-aKeyPackage, RFC 5958 2
KEY_GENERATION = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.32")  # id-kp-cmKGA, RFC 9810 4.5
_CONTENT_TYPE = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
# A signer, the CAs above it, and what a CA adds for old clients; each costs a decoding.
MAX_CERTIFICATES = 16

_Digest = Callable[[bytes], bytes]
_DIGESTS: dict[str, _Digest] = {
    "2.16.840.1.101.3.4.2.1": lambda data: hashlib.sha256(data).digest(),
    "2.16.840.1.101.3.4.2.2": lambda data: hashlib.sha384(data).digest(),
    "2.16.840.1.101.3.4.2.3": lambda data: hashlib.sha512(data).digest(),
    # With 512 bits, as Ed448 and ML-DSA demand it (RFC 8419 3.1, RFC 9882 3.3).
    "2.16.840.1.101.3.4.2.12": lambda data: hashlib.shake_256(data).digest(64),
    "2.16.840.1.101.3.4.2.18": lambda data: hashlib.shake_256(data).digest(64),
}
# rsaEncryption as an algorithm of a signature means PKCS #1 v1.5 with the digest (RFC 3370 3.2).
_RSA_WITH = {
    "2.16.840.1.101.3.4.2.1": "1.2.840.113549.1.1.11",
    "2.16.840.1.101.3.4.2.2": "1.2.840.113549.1.1.12",
    "2.16.840.1.101.3.4.2.3": "1.2.840.113549.1.1.13",
}
# The digests that these signatures are made with, which have to be that of the content (RFC 5754 3).
_DIGEST_OF = {signature: digest for digest, signature in _RSA_WITH.items()} | {
    "1.2.840.10045.4.3.2": "2.16.840.1.101.3.4.2.1",
    "1.2.840.10045.4.3.3": "2.16.840.1.101.3.4.2.2",
    "1.2.840.10045.4.3.4": "2.16.840.1.101.3.4.2.3",
}


class DeliveredKey(NamedTuple):
    """A private key that was generated for this end entity, who signed it, and the signer's chain."""

    private_key: PrivateKeyTypes
    signer: x509.Certificate
    chain: tuple[x509.Certificate, ...]

    def __repr__(self) -> str:
        return f"DeliveredKey(signer={self.signer!r})"


def key_package(
    der: bytes,
    anchors: Sequence[x509.Certificate],
    intermediates: Sequence[x509.Certificate],
    at: datetime,
) -> DeliveredKey:
    """The one private key in a signed key package.

    Whether the key belongs to the certificate that came with it is for the caller to check.

    Checked is, in this order:

    1. The content is an AsymmetricKeyPackage, and is there (RFC 9483 4.1.6, eContentType).
    2. Exactly one signer signed it (RFC 9483 4.1.6, signerInfos).
    3. The signer's digest is one of SHA-2 or SHAKE256, and listed for the whole (RFC 5652 5.1, 5.3).
    4. The signature is made with that digest, where its algorithm has one (RFC 5754 3).
    5. The signed attribute contentType is there once and says the same as 1 (RFC 5652 11.1).
    6. The signed attribute messageDigest is there once and is the content's digest (RFC 5652 11.2).
    7. The signer's certificate is in the package, or at hand (RFC 5652 5.3, sid).
    8. The signature over the signed attributes is the signer's (RFC 5652 5.4).
    9. The signer is a key generation authority: id-kp-cmKGA in its extendedKeyUsage, or a
       CA itself (RFC 9810 4.5); and its keyUsage lets it sign (RFC 9483 3.2).
    10. The signer leads to `anchors` at the time `at` (RFC 5280 6).
    11. The package has exactly one key (RFC 9483 4.1.6, OneAsymmetricKey).
    12. The key is whole and of a known kind, and the public key beside it its own (RFC 5958 2).

    Args:
        der: the SignedData, from its SEQUENCE on: what `open_enveloped` gives.
        anchors: trusted certificates.
        intermediates: certificates that may serve as links, as extraCerts; trusted by nothing.
        at: the time of the check.

    Raises:
        UnexpectedAnswer: if 1, 2, 5 or 11 fails.
        AlgorithmNotSupported: if an algorithm is not accepted (3, 4), or the kind of the key not known (12).
        ProtectionError: if 6 or 8 fails.
        UntrustedCertificate: if 7, 9 or 10 fails.
        MalformedMessage: if it is no SignedData, or what is in it no AsymmetricKeyPackage (12).
    """
    signed = decode_signed_data(der)
    # 1
    if signed.content_type != KEY_PACKAGE:
        raise UnexpectedAnswer("the signed content", KEY_PACKAGE, signed.content_type)
    if signed.content is None:
        raise UnexpectedAnswer("the signed content", "a key package", "nothing")
    # 2
    if len(signed.signers) != 1:
        raise UnexpectedAnswer("the signers of the key package", "1", str(len(signed.signers)))
    info = signed.signers[0]
    digest = _digest(signed, info)  # 3
    algorithm = _signature_algorithm(info)  # 4
    _check_attributes(info, digest(signed.content))  # 5, 6
    # 7
    enclosed = [one for one in _certificates(signed) if _readable(one)]
    links = [*enclosed, *filter(_readable, intermediates)]
    signer = next((one for one in [*links, *anchors] if names(info.sid, one)), None)
    if signer is None:
        raise UntrustedCertificate("the certificate of the key package's signer is not at hand")
    _check_signature(signer, algorithm, info)  # 8
    _check_authority(signer)  # 9
    verify_chain(signer, anchors, links, at)  # 10
    # 11
    keys = decode_asymmetric_key_package(signed.content)
    if len(keys) != 1:
        raise UnexpectedAnswer("the keys of the key package", "1", str(len(keys)))
    private_key = _private_key(keys[0])  # 12
    return DeliveredKey(private_key, signer, tuple(one for one in enclosed if one != signer))


def _digest(signed: SignedData, info: SignerInfo) -> _Digest:
    oid = info.digest_algorithm.oid
    if oid not in _DIGESTS:
        raise refused("the digest of the key package", oid)
    if oid not in {algorithm.oid for algorithm in signed.digest_algorithms}:
        raise AlgorithmNotSupported(
            "the digest of the key package's signer is not among its digests"
        )
    return _DIGESTS[oid]


def _signature_algorithm(info: SignerInfo) -> AlgorithmIdentifier:
    digest, algorithm = info.digest_algorithm.oid, info.signature_algorithm
    if algorithm.oid == PKCS1_V15 and digest in _RSA_WITH:
        return AlgorithmIdentifier(_RSA_WITH[digest], algorithm.parameters)
    if _DIGEST_OF.get(algorithm.oid, digest) != digest:
        raise AlgorithmNotSupported(
            f"the signature of the key package, {algorithm.oid}, is made with another digest than it says"
        )
    return algorithm


def _check_attributes(info: SignerInfo, digest: bytes) -> None:
    content_type = decode_oid(_attribute(info, _CONTENT_TYPE, "contentType"))
    if content_type != KEY_PACKAGE:
        raise UnexpectedAnswer("the signed attribute contentType", KEY_PACKAGE, content_type)
    given = decode_octets(_attribute(info, _MESSAGE_DIGEST, "messageDigest"))
    if not hmac.compare_digest(given, digest):
        raise ProtectionError("the signed digest is not that of the key package")


def _attribute(info: SignerInfo, oid: str, name: str) -> bytes:
    """The one value of an attribute that has to be there once (RFC 5652 5.3, 11)."""
    values = [one.values for one in info.attributes if one.oid == oid]
    if len(values) != 1 or len(values[0]) != 1:
        raise UnexpectedAnswer(
            f"the signed attribute {name}", "one value", f"{sum(map(len, values))}"
        )
    return values[0][0]


def _certificates(signed: SignedData) -> list[x509.Certificate]:
    """The certificates in the package that are any."""
    if len(signed.certificates) > MAX_CERTIFICATES:
        raise MalformedMessage(
            f"a key package has {len(signed.certificates)} certificates,"
            f" more than {MAX_CERTIFICATES} at most"
        )
    found: list[x509.Certificate] = []
    for der in signed.certificates:
        with suppress(ValueError, x509.InvalidVersion):
            found.append(x509.load_der_x509_certificate(der))
    return found


def _readable(certificate: x509.Certificate) -> bool:
    """Whether the parts that are looked at can be: cryptography decodes them only then."""
    try:
        _ = certificate.subject, certificate.issuer, certificate.extensions
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return False
    return True


def _check_signature(
    signer: x509.Certificate, algorithm: AlgorithmIdentifier, info: SignerInfo
) -> None:
    assert info.signed_attrs is not None  # noqa: S101  (they have the attributes of 5 and 6)
    try:
        public_key = signer.public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise UntrustedCertificate(
            "the key of the key package's signer is of no known kind"
        ) from None
    try:
        verify_raw(public_key, algorithm, info.signature, info.signed_attrs)
    except ProtectionError as error:
        raise ProtectionError(f"the key package: {error.message}") from None


def _check_authority(signer: x509.Certificate) -> None:
    name = clean(signer.subject.rfc4514_string())
    extensions = signer.extensions
    if not _is_ca(extensions) and not _generates_keys(extensions):
        raise UntrustedCertificate(
            f"the certificate {name} signed the key package, and is neither a CA's nor has it"
            f" id-kp-cmKGA ({KEY_GENERATION.dotted_string}) in its extendedKeyUsage"
        )
    check_signer(signer)


def _is_ca(extensions: x509.Extensions) -> bool:
    with suppress(x509.ExtensionNotFound):
        return extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    return False


def _generates_keys(extensions: x509.Extensions) -> bool:
    with suppress(x509.ExtensionNotFound):
        return KEY_GENERATION in extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    return False


def _private_key(key: OneAsymmetricKey) -> PrivateKeyTypes:
    try:
        private_key = load_der_private_key(key.private_key_info, password=None)
    except UnsupportedAlgorithm:
        raise AlgorithmNotSupported(
            "the delivered private key is of a kind that is not known"
        ) from None
    except (ValueError, TypeError):
        raise MalformedMessage("the delivered private key cannot be read") from None
    if key.public_key is not None:
        own = private_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        if public_key_bits(own) != key.public_key:
            raise MalformedMessage(
                "the public key beside the delivered private key is another one's"
            )
    return private_key

"""What a request says of the key that the CA is to make in, that key, and its delivery, out (RFC 9483 4.1.6).

The key leaves as a SignedData (RFC 5652 5) around an AsymmetricKeyPackage (RFC 5958), in an EnvelopedData for
who asks. It is kept nowhere but in that.
"""

from __future__ import annotations

import hashlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import (
    ec,
    ed448,
    ed25519,
    mldsa,
    mlkem,
    rsa,
    x448,
    x25519,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from ...cmp.codec import der
from ...cmp.codec.cms import public_key_bits, split_public_key
from ...cmp.codec.general import read_sequence
from ...cmp.codec.tlv import content_of, tlv
from ...cmp.errors import MalformedMessage
from ...cmp.model import AlgorithmIdentifier, EncryptedKey, PKIFailureInfo, PopoKind
from ...cmp.protection import subject_key_identifier
from ..authority.key_generation import KeyGeneration
from .desk import Desk, Order
from .enveloped import SIGNED_DATA, envelop
from .recipients import Originator, Recipient, for_key, for_password
from .refusal import Refusal
from .requester import Requester
from .subject_key import KEM_ALGORITHMS, MONTGOMERY_ALGORITHMS, RSA, SIGNING_ALGORITHMS

PrivateKey = (
    rsa.RSAPrivateKey
    | ec.EllipticCurvePrivateKey
    | ed25519.Ed25519PrivateKey
    | ed448.Ed448PrivateKey
    | mldsa.MLDSA44PrivateKey
    | mldsa.MLDSA65PrivateKey
    | mldsa.MLDSA87PrivateKey
    | x25519.X25519PrivateKey
    | x448.X448PrivateKey
    | mlkem.MLKEM768PrivateKey
    | mlkem.MLKEM1024PrivateKey
)

_CMP2021 = 3
_RSA_LENGTH = 2048  # bits; the algorithm of a template does not say how many
_KEY_PACKAGE = "2.16.840.1.101.2.1.2.78.5"  # id-ct-KP-aKeyPackage, RFC 5958 2
_CONTENT_TYPE = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
_SHA256 = AlgorithmIdentifier("2.16.840.1.101.3.4.2.1")
_ECDSA_SHA256 = AlgorithmIdentifier("1.2.840.10045.4.3.2")


def asks_for_key(spki: bytes | None) -> bool:
    """Whether a template leaves it to the CA to make the key: by none, or by one without bits (4.1.6)."""
    if spki is None:
        return True
    try:
        return public_key_bits(spki) == b""
    except MalformedMessage:
        return False


def make_key(desk: Desk, order: Order, spki: bytes | None, proof: PopoKind) -> PrivateKey:
    """A new key, of the kind that the template's algorithm says, or the CA's choice.

    Raises:
        Refusal: if this CA makes none, or not such a one.
    """
    if not desk.behaviour.makes_keys:
        raise Refusal(
            PKIFailureInfo.BAD_CERT_TEMPLATE,
            "the template has no public key, and this CA makes none",
        )
    if proof is not PopoKind.ABSENT:
        raise Refusal(PKIFailureInfo.BAD_POP, "there is no key yet that could be proved")
    if order.header.pvno != _CMP2021:  # RFC 9483 3.1: EnvelopedData
        raise Refusal(
            PKIFailureInfo.BAD_REQUEST, "a key that the CA makes belongs to cmp2021: pvno 3"
        )
    if spki is None:
        return ec.generate_private_key(ec.SECP256R1())
    wanted, _ = split_public_key(spki)
    if wanted.oid == RSA.oid:
        return rsa.generate_private_key(65537, _RSA_LENGTH)
    if wanted not in _MAKERS:
        raise Refusal(PKIFailureInfo.BAD_CERT_TEMPLATE, "no key of this kind is made here")
    return _MAKERS[wanted]()


def recipient_of(desk: Desk, requester: Requester) -> Recipient:
    """Who the key is encrypted for: by the means that protect the request (RFC 9483 4.1.6).

    Raises:
        Refusal: if the certificate that signed is good for signatures only.
    """
    if requester.secret is not None:
        return for_password(requester.secret)  # 4.1.6.3
    assert requester.certificate is not None  # noqa: S101  (it is one or the other)
    certificate = requester.certificate.certificate
    key, identifier = certificate.public_key(), subject_key_identifier(certificate)
    assert identifier is not None  # noqa: S101  (all of ours have one)
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    if isinstance(key, rsa.RSAPublicKey) and usage.key_encipherment:
        return for_key(key, identifier)  # 4.1.6.1
    if isinstance(key, ec.EllipticCurvePublicKey) and usage.key_agreement:
        return for_key(key, identifier, _originator(desk))  # 4.1.6.2
    raise Refusal(
        PKIFailureInfo.NOT_AUTHORIZED,
        "the certificate that signs is for neither keyEncipherment nor keyAgreement:"
        " no key can be encrypted for it",
    )


def _originator(desk: Desk) -> Originator | None:
    """RFC 9483 4.1.6.2: the certificate that protects the answer, if its key can agree keys."""
    identifier = subject_key_identifier(desk.authority.signer)
    return None if identifier is None else Originator(desk.authority.signer_key, identifier)


def deliver_key(key: PrivateKey, authority: KeyGeneration, recipient: Recipient) -> EncryptedKey:
    """The key, signed by the key generation authority, for `recipient` only."""
    signed = _signed(der.sequence(_one_asymmetric_key(key)), authority)
    return envelop(signed, recipient, SIGNED_DATA)


def _one_asymmetric_key(key: PrivateKey) -> bytes:
    """OneAsymmetricKey, RFC 5958 2: version 2, which has the public key in it."""
    info = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    _, algorithm, private_key = read_sequence(info)[:3]
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    public_key = tlv(0x81, b"\x00" + public_key_bits(spki))
    return der.sequence(der.integer(1), algorithm, private_key, public_key)


def _signed(package: bytes, authority: KeyGeneration) -> bytes:
    """SignedData, RFC 5652 5.1, as RFC 9483 4.1.6 wants it: version 3, one signer by its key identifier."""
    attributes = sorted(
        (
            _attribute(_CONTENT_TYPE, der.oid(_KEY_PACKAGE)),
            _attribute(_MESSAGE_DIGEST, der.octets(hashlib.sha256(package).digest())),
        )
    )  # a SET OF in DER, X.690 11.6
    signed = tlv(0x31, b"".join(attributes))
    identifier = subject_key_identifier(authority.certificate)
    assert identifier is not None  # noqa: S101  (open_key_generation)
    signer = der.sequence(
        der.integer(3),
        tlv(0x80, identifier),
        der.algorithm(_SHA256),
        der.tagged(0, content_of(signed)),
        der.algorithm(_ECDSA_SHA256),
        der.octets(authority.key.sign(signed, ec.ECDSA(hashes.SHA256()))),
    )
    certificates = (authority.certificate, *authority.chain)
    return der.sequence(
        der.integer(3),
        tlv(0x31, der.algorithm(_SHA256)),
        der.sequence(der.oid(_KEY_PACKAGE), der.tagged(0, der.octets(package))),
        der.tagged(0, b"".join(one.public_bytes(Encoding.DER) for one in certificates)),
        tlv(0x31, signer),
    )


def _attribute(oid: str, value: bytes) -> bytes:
    return der.sequence(der.oid(oid), tlv(0x31, value))


_MAKERS = dict(
    zip(
        (*SIGNING_ALGORITHMS, *MONTGOMERY_ALGORITHMS, *KEM_ALGORITHMS),
        (
            lambda: ec.generate_private_key(ec.SECP256R1()),
            lambda: ec.generate_private_key(ec.SECP384R1()),
            lambda: ec.generate_private_key(ec.SECP521R1()),
            ed25519.Ed25519PrivateKey.generate,
            ed448.Ed448PrivateKey.generate,
            mldsa.MLDSA44PrivateKey.generate,
            mldsa.MLDSA65PrivateKey.generate,
            mldsa.MLDSA87PrivateKey.generate,
            x25519.X25519PrivateKey.generate,
            x448.X448PrivateKey.generate,
            mlkem.MLKEM768PrivateKey.generate,
            mlkem.MLKEM1024PrivateKey.generate,
        ),
        strict=True,
    )
)

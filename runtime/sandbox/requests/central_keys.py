"""What a request says of the key that the CA is to make in, that key, and its delivery, out (RFC 9483 4.1.6).

The key leaves as a SignedData (RFC 5652 5) around an AsymmetricKeyPackage (RFC 5958), in an EnvelopedData for
who asks. It is kept nowhere but in that.
"""

from __future__ import annotations

import hashlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from ...cmp.codec import der
from ...cmp.codec.general import read_sequence
from ...cmp.codec.public_keys import public_key_bits, split_public_key
from ...cmp.codec.tlv import content_of, tlv
from ...cmp.errors import MalformedMessage
from ...cmp.keys import KeyType, generate
from ...cmp.model import CMP2021, AlgorithmIdentifier, EncryptedKey, PKIFailureInfo, PopoKind
from ...cmp.protection import subject_key_identifier
from ..authority.key_generation import KeyGeneration
from ..profiles.keys import KINDS, RSA, kinds_of, least_rsa_bits
from ..profiles.model import Profile
from .desk import Desk, Order
from .enveloped import SIGNED_DATA, envelop
from .recipients import Originator, Recipient, for_key, for_password
from .refusal import Refusal
from .requester import Requester

_RSA_LENGTH = 2048  # bits, unless a profile wants more: the algorithm in a template says none
_USUAL = "ec:p256"
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


def make_key(
    profile: Profile, order: Order, spki: bytes | None, proof: PopoKind
) -> PrivateKeyTypes:
    """A new key, of the kind that the template's algorithm says, or the CA's choice.

    Raises:
        Refusal: if the profile has none that the CA makes, or not such a one.
    """
    if not profile.central_keys:
        raise Refusal(
            PKIFailureInfo.BAD_CERT_TEMPLATE,
            f"the template has no public key, and for the profile {profile.name} the CA makes none",
        )
    if proof is not PopoKind.ABSENT:
        raise Refusal(PKIFailureInfo.BAD_POP, "there is no key yet that could be proved")
    if order.header.pvno != CMP2021:  # RFC 9483 3.1: EnvelopedData
        raise Refusal(
            PKIFailureInfo.BAD_REQUEST, "a key that the CA makes belongs to cmp2021: pvno 3"
        )
    kind = _kind(profile, spki)
    if kind == RSA:
        kind = f"rsa:{max(_RSA_LENGTH, least_rsa_bits(profile) or 0)}"
    return generate(KeyType(kind))


def _kind(profile: Profile, spki: bytes | None) -> str:
    kinds = kinds_of(profile)
    if spki is None:
        return _USUAL if _USUAL in kinds else kinds[0]
    wanted, _ = split_public_key(spki)
    for kind in kinds:
        known = KINDS[kind].algorithm
        if known == wanted or (kind == RSA and known.oid == wanted.oid):
            return kind
    raise Refusal(
        PKIFailureInfo.BAD_CERT_TEMPLATE, "no key of the template's algorithm is made here"
    )


def recipient_of(desk: Desk, requester: Requester) -> Recipient:
    """Who the key is encrypted for: by the means that protect the request (RFC 9483 4.1.6).

    Raises:
        Refusal: if the certificate that signed is good for signatures only.
    """
    if requester.secret is not None:
        return for_password(requester.secret)  # 4.1.6.3
    if requester.certificate is not None:  # one of ours has all that is looked at
        certificate = requester.certificate.certificate
        key, identifier = certificate.public_key(), subject_key_identifier(certificate)
        assert identifier is not None  # noqa: S101
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        if isinstance(key, rsa.RSAPublicKey) and usage.key_encipherment:
            return for_key(key, identifier)  # 4.1.6.1
        if isinstance(key, ec.EllipticCurvePublicKey) and usage.key_agreement:
            return for_key(key, identifier, _originator(desk))  # 4.1.6.2
    raise Refusal(
        PKIFailureInfo.NOT_AUTHORIZED,
        "no key can be encrypted for who signs: that takes a certificate of this CA, for"
        " keyEncipherment or keyAgreement",
    )


def _originator(desk: Desk) -> Originator | None:
    """RFC 9483 4.1.6.2: the certificate that protects the answer, if its key can agree keys."""
    signer = desk.authority.signer
    identifier = subject_key_identifier(signer.certificate)
    if identifier is None or not isinstance(signer.key, ec.EllipticCurvePrivateKey):
        return None
    return Originator(signer.key, identifier)


def deliver_key(
    key: PrivateKeyTypes, authority: KeyGeneration, recipient: Recipient
) -> EncryptedKey:
    """The key, signed by the key generation authority, for `recipient` only."""
    signed = _signed(der.sequence(_one_asymmetric_key(key)), authority)
    return envelop(signed, recipient, SIGNED_DATA)


def _one_asymmetric_key(key: PrivateKeyTypes) -> bytes:
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

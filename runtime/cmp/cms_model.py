"""The CMS structures that CMP carries, as data: what `codec.cms` makes of bytes.

Names are those of RFC 5652, 5083, 5958, 9629 and (EncryptedValue) 4211, in snake case.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography import x509

from .model import AlgorithmIdentifier


@dataclass(frozen=True, slots=True)
class IssuerAndSerialNumber:
    """RFC 5652 10.2.4."""

    issuer: x509.Name
    serial_number: int


# Who a recipient, signer or originator is: bytes are a subject key identifier (RFC 5652 6.2.1).
EntityIdentifier = IssuerAndSerialNumber | bytes


@dataclass(frozen=True, slots=True)
class OriginatorPublicKey:
    """The ephemeral key of a sender (RFC 5652 6.2.2): algorithm, and the bits as bytes."""

    algorithm: AlgorithmIdentifier
    public_key: bytes


@dataclass(frozen=True, slots=True)
class KeyTransRecipientInfo:
    """RFC 5652 6.2.1: the content key, encrypted with an RSA key."""

    rid: EntityIdentifier
    algorithm: AlgorithmIdentifier
    encrypted_key: bytes


@dataclass(frozen=True, slots=True)
class RecipientEncryptedKey:
    """RFC 5652 6.2.2: the content key, wrapped for one of the recipients."""

    rid: EntityIdentifier
    encrypted_key: bytes


@dataclass(frozen=True, slots=True)
class KeyAgreeRecipientInfo:
    """RFC 5652 6.2.2: the content key, wrapped with a key that both sides agree on."""

    originator: EntityIdentifier | OriginatorPublicKey
    ukm: bytes | None
    algorithm: AlgorithmIdentifier
    keys: tuple[RecipientEncryptedKey, ...]


@dataclass(frozen=True, slots=True)
class PasswordRecipientInfo:
    """RFC 5652 6.2.4: the content key, wrapped with a key derived from a password."""

    derivation: AlgorithmIdentifier | None
    algorithm: AlgorithmIdentifier
    encrypted_key: bytes


@dataclass(frozen=True, slots=True)
class KEMRecipientInfo:
    """RFC 9629 3: the content key, wrapped with a key derived from an encapsulated secret."""

    rid: EntityIdentifier
    kem: AlgorithmIdentifier
    ciphertext: bytes
    derivation: AlgorithmIdentifier
    kek_length: int  # bytes
    ukm: bytes | None
    wrap: AlgorithmIdentifier
    encrypted_key: bytes


@dataclass(frozen=True, slots=True)
class UnknownRecipientInfo:
    """A recipient of a kind that is not read; `name` says which."""

    name: str


RecipientInfo = (
    KeyTransRecipientInfo
    | KeyAgreeRecipientInfo
    | PasswordRecipientInfo
    | KEMRecipientInfo
    | UnknownRecipientInfo
)


@dataclass(frozen=True, slots=True)
class EnvelopedData:
    """RFC 5652 6.1; with `mac` (and `auth_attrs`, the DER of a SET) the AuthEnvelopedData of RFC 5083."""

    recipients: tuple[RecipientInfo, ...]
    content_type: str
    algorithm: AlgorithmIdentifier
    encrypted_content: bytes
    auth_attrs: bytes | None = None
    mac: bytes | None = None


@dataclass(frozen=True, slots=True)
class Attribute:
    """RFC 5652 5.3: the values are DER."""

    oid: str
    values: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class SignerInfo:
    """RFC 5652 5.3; `signed_attrs` is the DER of the SET that the signature is computed over."""

    sid: EntityIdentifier
    digest_algorithm: AlgorithmIdentifier
    signed_attrs: bytes | None
    attributes: tuple[Attribute, ...]
    signature_algorithm: AlgorithmIdentifier
    signature: bytes


@dataclass(frozen=True, slots=True)
class SignedData:
    """RFC 5652 5.1; certificates are DER, other kinds than X.509 left out."""

    digest_algorithms: tuple[AlgorithmIdentifier, ...]
    content_type: str
    content: bytes | None = field(repr=False)  # may hold a private key
    certificates: tuple[bytes, ...]
    signers: tuple[SignerInfo, ...]


@dataclass(frozen=True, slots=True)
class OneAsymmetricKey:
    """RFC 5958 2: a private key as PrivateKeyInfo (PKCS #8), and the public key's bits if they are there."""

    private_key_info: bytes = field(repr=False)
    public_key: bytes | None


@dataclass(frozen=True, slots=True)
class EncryptedValue:
    """RFC 4211 2.1, which RFC 9810 deprecates."""

    symm_alg: AlgorithmIdentifier | None
    enc_symm_key: bytes | None
    key_alg: AlgorithmIdentifier | None
    enc_value: bytes


@dataclass(frozen=True, slots=True)
class PBKDF2Parameters:
    """RFC 8018 A.2; `prf` is None where the default, HMAC with SHA-1, is meant."""

    salt: bytes
    iteration_count: int
    key_length: int | None  # bytes
    prf: AlgorithmIdentifier | None


@dataclass(frozen=True, slots=True)
class OAEPParameters:
    """RFC 4055 4.1, hashes by OID; `label` is the empty one if none is given."""

    digest: str
    mask_digest: str
    label: bytes

"""An EnvelopedData, and the key or password it is for, in; the plaintext out (RFC 5652 6, RFC 9483 4.1.6)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, mlkem, rsa, x448, x25519
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from ..cms_model import (
    EntityIdentifier,
    EnvelopedData,
    KEMRecipientInfo,
    KeyAgreeRecipientInfo,
    KeyTransRecipientInfo,
    PasswordRecipientInfo,
    RecipientInfo,
    UnknownRecipientInfo,
)
from ..codec.cms import decode_encrypted_value, decode_enveloped_data
from ..errors import AlgorithmNotSupported, DecryptionFailed, MalformedMessage, UnexpectedAnswer
from .algorithms import AES_CBC, PKCS1_V15, refused
from .content import NOT_OPENED, content_key_size, open_cbc, open_content
from .passwords import password_key
from .recipients import agreed_key, decapsulated_key, names, pkcs1_v15, transported_key

# CMP encrypts for one end entity, RFC 9483 4.1.6 demands exactly one; a CA may add itself for recovery.
MAX_RECIPIENTS = 8

_Attempt = Callable[[], bytes]


def open_enveloped(
    der: bytes,
    *,
    key: PrivateKeyTypes | None = None,
    certificate: x509.Certificate | None = None,
    password: bytes | None = None,
    originators: Sequence[x509.Certificate] = (),
    content_type: str | None = None,
) -> bytes:
    """The plaintext of an EnvelopedData or AuthEnvelopedData, from its SEQUENCE on.

    Without `certificate`, as for a certificate that is only now being issued, exactly one recipient may be
    there that the kind of `key` fits. See `content` for what a plaintext is worth before it is checked.

    Args:
        der: the EnvelopedData, DER or BER.
        key: the private key it is for.
        certificate: the certificate of `key`, by which the recipient is found.
        password: the secret it is for; tried where no recipient is for `key`.
        originators: certificates whose keys the CA may have agreed a key with, as that which
            protects its message (RFC 9483 4.1.6.2).
        content_type: OID that the content has to have, None for any.

    Raises:
        DecryptionFailed: if it is for somebody else, or does not open.
        AlgorithmNotSupported: if it is made in a way that is not accepted; the message names it.
        UnexpectedAnswer: if the content is of another type.
        MalformedMessage: if it is no EnvelopedData.
    """
    enveloped = decode_enveloped_data(der)
    if not 1 <= len(enveloped.recipients) <= MAX_RECIPIENTS:
        raise MalformedMessage(
            f"an EnvelopedData has {len(enveloped.recipients)} recipients,"
            f" and 1 to {MAX_RECIPIENTS} are read"
        )
    if content_type is not None and enveloped.content_type != content_type:
        raise UnexpectedAnswer("the encrypted content", content_type, enveloped.content_type)
    size = content_key_size(enveloped)
    attempts = _for_key(enveloped, key, certificate, originators, size) if key is not None else []
    if not attempts and password is not None:
        attempts = _for_password(enveloped, password)
    match attempts:
        case []:
            raise _not_for_us(enveloped)
        case [attempt]:
            content_key = attempt()
        case _:
            raise DecryptionFailed(
                f"{len(attempts)} recipients could be this end entity, and one is expected"
            )
    if len(content_key) != size:
        raise DecryptionFailed(NOT_OPENED)
    return open_content(enveloped, content_key)


def _for_key(
    enveloped: EnvelopedData,
    key: PrivateKeyTypes,
    certificate: x509.Certificate | None,
    originators: Sequence[x509.Certificate],
    size: int,
) -> list[_Attempt]:
    """How the content key could be found with a private key: once for each recipient that it fits."""

    def ours(identifier: EntityIdentifier) -> bool:
        return certificate is None or names(identifier, certificate)

    found: list[_Attempt] = []
    for info in enveloped.recipients:
        match info, key:
            case KeyTransRecipientInfo(rid=rid), rsa.RSAPrivateKey() if ours(rid):
                found.append(lambda info=info, key=key: transported_key(info, key, size))
            case (
                KeyAgreeRecipientInfo(keys=keys),
                ec.EllipticCurvePrivateKey() | x25519.X25519PrivateKey() | x448.X448PrivateKey(),
            ):
                found += [
                    lambda info=info, key=key, one=one: agreed_key(
                        info, one.encrypted_key, key, originators
                    )
                    for one in keys[:MAX_RECIPIENTS]
                    if ours(one.rid)
                ]
            case (
                KEMRecipientInfo(rid=rid),
                mlkem.MLKEM768PrivateKey() | mlkem.MLKEM1024PrivateKey(),
            ) if ours(rid):
                found.append(lambda info=info, key=key: decapsulated_key(info, key))
            case _:
                pass
    return found


def _for_password(enveloped: EnvelopedData, password: bytes) -> list[_Attempt]:
    return [
        lambda info=info: password_key(info, password)
        for info in enveloped.recipients
        if isinstance(info, PasswordRecipientInfo)
    ]


def _not_for_us(enveloped: EnvelopedData) -> DecryptionFailed | AlgorithmNotSupported:
    kinds = ", ".join(sorted({_kind(info) for info in enveloped.recipients}))
    if all(isinstance(info, UnknownRecipientInfo) for info in enveloped.recipients):
        return AlgorithmNotSupported(
            f"what the CA encrypted is for a recipient that is not read: {kinds}"
        )
    return DecryptionFailed(f"what the CA encrypted is not for the key at hand, but for: {kinds}")


def _kind(info: RecipientInfo) -> str:
    return info.name if isinstance(info, UnknownRecipientInfo) else type(info).__name__


def open_encrypted_value(der: bytes, *, key: PrivateKeyTypes) -> bytes:
    """The plaintext of an EncryptedValue, as servers of RFC 4210 send it instead of EnvelopedData.

    Read is what OpenSSL and Bouncy Castle make: AES-CBC, with a key transported by RSA with the padding of
    PKCS #1 v1.5.

    Raises:
        DecryptionFailed: if it does not open.
        AlgorithmNotSupported: if it is made in another way; the message says that it is the old form.
        MalformedMessage: if it is no EncryptedValue.
    """
    value = decode_encrypted_value(der)
    if value.symm_alg is None or value.enc_symm_key is None:
        raise AlgorithmNotSupported("an EncryptedValue of RFC 4210 came without a symmetric key")
    if value.symm_alg.oid not in AES_CBC:
        raise refused("an EncryptedValue of RFC 4210", value.symm_alg.oid)
    if value.key_alg is not None and value.key_alg.oid != PKCS1_V15:
        raise refused("the key in an EncryptedValue of RFC 4210", value.key_alg.oid)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise AlgorithmNotSupported("an EncryptedValue of RFC 4210 came for a key that is not RSA")
    content_key = pkcs1_v15(key, value.enc_symm_key, AES_CBC[value.symm_alg.oid])
    return open_cbc(value.symm_alg, content_key, value.enc_value)

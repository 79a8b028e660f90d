"""A certificate with its key and chain in, the bytes of files for other programs out."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import PBES, serialize_key_and_certificates

from ..errors import ApplyError
from .pair import Pair

# How often PBKDF2 hashes a password of PKCS#12; OWASP's figure for HMAC-SHA256. The MAC around it has 2048
# rounds, over which cryptography gives no say: a long password is still what counts.
_ROUNDS = 600_000


def pem(pair: Pair, password: bytes | None) -> bytes:
    """Certificate, chain and key (PKCS#8), one behind the other; the key encrypted if there is a password."""
    blocks = [c.public_bytes(Encoding.PEM) for c in (pair.certificate, *pair.chain)]
    if pair.key is not None:
        blocks.append(_key(pair.key, Encoding.PEM, password))
    return b"".join(blocks)


def der(pair: Pair, password: bytes | None) -> tuple[bytes, bytes | None]:
    """Certificate and key (PKCS#8), which DER does not put into one file."""
    key = None if pair.key is None else _key(pair.key, Encoding.DER, password)
    return pair.certificate.public_bytes(Encoding.DER), key


def pkcs12(pair: Pair, password: bytes) -> bytes:
    """All as PKCS#12 (RFC 7292), encrypted with AES-256-CBC under PBES2.

    Raises:
        ApplyError: if the key is of a kind that PKCS#12 is not written with.
    """
    encryption = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(_ROUNDS)
        .key_cert_algorithm(PBES.PBESv2SHA256AndAES256CBC)
        .hmac_hash(SHA256())
        .build(password)
    )
    try:
        return serialize_key_and_certificates(
            pair.name.encode(),
            pair.key,  # pyright: ignore[reportArgumentType]  (what does not fit is refused below)
            pair.certificate,
            pair.chain,
            encryption,
        )
    except TypeError:
        raise ApplyError(
            f"PKCS#12 is not written for the kind of key that {pair.name} has",
            "choose `--format pem`",
        ) from None


def _key(key: PrivateKeyTypes, encoding: Encoding, password: bytes | None) -> bytes:
    encryption: KeySerializationEncryption = (
        NoEncryption() if password is None else BestAvailableEncryption(password)
    )
    return key.private_bytes(encoding, PrivateFormat.PKCS8, encryption)

"""CMS made by openssl, and, from the RFCs' text, what openssl 3.0 does not make."""

import secrets
import subprocess
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, mlkem, x448, x25519
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from csc.runtime.cmp.codec import der
from csc.runtime.cmp.codec.ber import definite_lengths
from csc.runtime.cmp.codec.tlv import tlv, untag
from csc.runtime.cmp.model import AlgorithmIdentifier

DATA = "1.2.840.113549.1.7.1"
KEY_PACKAGE = "2.16.840.1.101.2.1.2.78.5"
AES128_CBC, AES256_CBC = "2.16.840.1.101.3.4.1.2", "2.16.840.1.101.3.4.1.42"
AES256_GCM = "2.16.840.1.101.3.4.1.46"
WRAPS = {
    16: "2.16.840.1.101.3.4.1.5",
    24: "2.16.840.1.101.3.4.1.25",
    32: "2.16.840.1.101.3.4.1.45",
}
HKDF_SHA256 = "1.2.840.113549.1.9.16.3.28"
PBKDF2 = "1.2.840.113549.1.5.12"
HMAC_SHA256 = "1.2.840.113549.2.9"
NULL = b"\x05\x00"


def cms(*arguments: object, given: bytes) -> bytes:
    """The content of the ContentInfo that `openssl cms` writes."""
    command = ["openssl", "cms", "-outform", "DER", "-binary", *map(str, arguments)]
    ran = subprocess.run(command, input=given, capture_output=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr.decode()
    return content_of(ran.stdout)


def content_of(content_info: bytes) -> bytes:
    """What is in a ContentInfo, whose type has an OID of fewer than 128 bytes."""
    der = definite_lengths(content_info)
    size = der[1] & 0x7F if der[1] & 0x80 else 0
    after_type = 2 + size + 2 + der[2 + size + 1]
    return untag(der[after_type:])[1]


def write(folder: Path, certificate: x509.Certificate, key: PrivateKeyTypes | None = None) -> Path:
    """The certificate as a file for openssl, and beside it its key."""
    path = folder / f"{certificate.serial_number:x}.pem"
    path.write_bytes(certificate.public_bytes(Encoding.PEM))
    if key is not None:
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.with_suffix(".key").write_bytes(pem)
    return path


def integer(number: int) -> bytes:
    return tlv(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def oid(dotted: str) -> bytes:
    return der.algorithm(AlgorithmIdentifier(dotted))[2:]


def algorithm(dotted: str, parameters: bytes | None = None) -> bytes:
    return der.algorithm(AlgorithmIdentifier(dotted, parameters))


def octets(data: bytes) -> bytes:
    return tlv(0x04, data)


def sequence(*parts: bytes) -> bytes:
    return tlv(0x30, b"".join(parts))


def identifier(certificate: x509.Certificate) -> bytes:
    """issuerAndSerialNumber, RFC 5652 10.2.4."""
    return sequence(certificate.issuer.public_bytes(), integer(certificate.serial_number))


NOBODY = sequence(x509.Name([]).public_bytes(), integer(0))


def enveloped(
    plaintext: bytes,
    recipients: Sequence[bytes],
    key: bytes,
    *,
    content_type: str = DATA,
    vector: bytes = bytes(range(16)),
    cipher: str | None = None,
) -> bytes:
    """EnvelopedData with AES-CBC (RFC 5652 6.1)."""
    padder = PKCS7(128).padder()
    encryptor = Cipher(AES(key), CBC(vector)).encryptor()
    encrypted = encryptor.update(padder.update(plaintext) + padder.finalize())
    cipher = cipher or (AES256_CBC if len(key) == 32 else AES128_CBC)
    info = sequence(oid(content_type), algorithm(cipher, octets(vector)), tlv(0x80, encrypted))
    return sequence(integer(2), tlv(0x31, b"".join(recipients)), info)


def auth_enveloped(
    plaintext: bytes, recipients: Sequence[bytes], key: bytes, attributes: bytes = b""
) -> bytes:
    """AuthEnvelopedData with AES-256-GCM (RFC 5083 2.1); `attributes` is the content of their SET."""
    nonce = secrets.token_bytes(12)
    associated = tlv(0x31, attributes) if attributes else None
    sealed = AESGCM(key).encrypt(nonce, plaintext, associated)
    parameters = sequence(octets(nonce), integer(16))
    info = sequence(oid(DATA), algorithm(AES256_GCM, parameters), tlv(0x80, sealed[:-16]))
    shown = tlv(0xA1, attributes) if attributes else b""
    return sequence(integer(0), tlv(0x31, b"".join(recipients)), info, shown, octets(sealed[-16:]))


def for_rsa(rid: bytes, encrypted_key: bytes, scheme: bytes) -> bytes:
    return sequence(integer(0), rid, scheme, octets(encrypted_key))


def for_password(
    password: bytes,
    key: bytes,
    *,
    size: int = 32,
    iterations: int = 2000,
    salt: bytes = b"0123456789abcdef",
    key_length: int | None = None,
    prf: bytes | None = None,
    derivation: bytes | None = None,
) -> bytes:
    """PBKDF2 with AES key wrap (RFC 9483 4.1.6.3)."""
    kek = PBKDF2HMAC(hashes.SHA256(), size, salt, iterations).derive(password)
    parameters = sequence(
        octets(salt),
        integer(iterations),
        integer(key_length) if key_length else b"",
        algorithm(HMAC_SHA256, NULL) if prf is None else prf,
    )
    derived = algorithm(PBKDF2, parameters)[2:] if derivation is None else derivation
    return tlv(
        0xA3,
        integer(0) + tlv(0xA0, derived) + algorithm(WRAPS[size]) + octets(aes_key_wrap(kek, key)),
    )


def shared_info(wrap: bytes, ukm: bytes | None, size: int) -> bytes:
    """ECC-CMS-SharedInfo, RFC 5753 7.2."""
    keying = tlv(0xA0, octets(ukm)) if ukm is not None else b""
    return sequence(wrap, keying, tlv(0xA2, octets((size * 8).to_bytes(4, "big"))))


def for_agreement(
    public_key: ec.EllipticCurvePublicKey | x25519.X25519PublicKey | x448.X448PublicKey,
    key: bytes,
    scheme: str,
    kdf: str,
    digest: hashes.HashAlgorithm,
    *,
    ukm: bytes | None = None,
    size: int = 32,
    rid: bytes = NOBODY,
    static: tuple[bytes, PrivateKeyTypes] | None = None,
) -> bytes:
    """ECDH with an ephemeral key, or that of `static` (identifier, key); `kdf` is x963 or hkdf."""
    match public_key:
        case x25519.X25519PublicKey():
            ephemeral = x25519.X25519PrivateKey.generate()
        case x448.X448PublicKey():
            ephemeral = x448.X448PrivateKey.generate()
        case _:
            ephemeral = ec.generate_private_key(public_key.curve)
    if static is not None:
        originator, ephemeral = static
    else:
        spki = ephemeral.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        originator = b"\xa1" + spki[1:]
    secret = (
        ephemeral.exchange(ec.ECDH(), public_key)
        if isinstance(public_key, ec.EllipticCurvePublicKey)
        else ephemeral.exchange(public_key)
    )
    wrap = algorithm(WRAPS[size])
    info = shared_info(wrap, ukm, size)
    kek = (
        X963KDF(digest, size, info).derive(secret)
        if kdf == "x963"
        else HKDF(digest, size, ukm, info).derive(secret)
    )
    return tlv(
        0xA1,
        integer(3)
        + tlv(0xA0, originator)
        + (tlv(0xA1, octets(ukm)) if ukm is not None else b"")
        + algorithm(scheme, wrap)
        + sequence(sequence(rid, octets(aes_key_wrap(kek, key)))),
    )


def for_kem(
    public_key: mlkem.MLKEM768PublicKey | mlkem.MLKEM1024PublicKey,
    key: bytes,
    *,
    rid: bytes = NOBODY,
    ukm: bytes | None = None,
    size: int = 32,
    kek_length: int | None = None,
    kdf: str = HKDF_SHA256,
    kem: str | None = None,
) -> bytes:
    """KEMRecipientInfo with ML-KEM and HKDF-SHA256 (RFC 9629 3, RFC 9936 2)."""
    secret, ciphertext = public_key.encapsulate()
    number = 2 if isinstance(public_key, mlkem.MLKEM768PublicKey) else 3
    kem = kem or f"2.16.840.1.101.3.4.4.{number}"
    wrap = algorithm(WRAPS[size])
    keying = tlv(0xA0, octets(ukm)) if ukm is not None else b""
    length = integer(kek_length or size)
    kek = HKDF(hashes.SHA256(), size, None, sequence(wrap, length, keying)).derive(secret)
    info = sequence(
        integer(0),
        rid,
        algorithm(kem),
        octets(ciphertext),
        algorithm(kdf),
        length,
        keying,
        wrap,
        octets(aes_key_wrap(kek, key)),
    )
    return tlv(0xA4, oid("1.2.840.113549.1.9.16.13.3") + info)

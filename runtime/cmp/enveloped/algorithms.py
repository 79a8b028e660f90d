"""The algorithms of CMS that are accepted, by their OIDs, and names for those that are not.

From RFC 9481 (CMP algorithms), 5753 and 8418 (key agreement), 9629 and 9936 (ML-KEM). SHA-1 is accepted where
only its one-wayness counts (key derivation, the masks of OAEP, the hash of PBKDF2): there it is the
default of the RFCs, and of OpenSSL. Nothing signed is accepted with it.
"""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes

from ..errors import AlgorithmNotSupported

PKCS1_V15 = "1.2.840.113549.1.1.1"
OAEP = "1.2.840.113549.1.1.7"
EC_PUBLIC_KEY = "1.2.840.10045.2.1"
X25519 = "1.3.101.110"
X448 = "1.3.101.111"
PBKDF2 = "1.2.840.113549.1.5.12"
PWRI_KEK = "1.2.840.113549.1.9.16.3.9"
ML_KEM_768 = "2.16.840.1.101.3.4.4.2"
ML_KEM_1024 = "2.16.840.1.101.3.4.4.3"

HASHES: dict[str, hashes.HashAlgorithm] = {
    "1.3.14.3.2.26": hashes.SHA1(),  # noqa: S303
    "2.16.840.1.101.3.4.2.4": hashes.SHA224(),
    "2.16.840.1.101.3.4.2.1": hashes.SHA256(),
    "2.16.840.1.101.3.4.2.2": hashes.SHA384(),
    "2.16.840.1.101.3.4.2.3": hashes.SHA512(),
}
HMACS: dict[str, hashes.HashAlgorithm] = {
    "1.2.840.113549.2.7": hashes.SHA1(),  # noqa: S303
    "1.2.840.113549.2.8": hashes.SHA224(),
    "1.2.840.113549.2.9": hashes.SHA256(),
    "1.2.840.113549.2.10": hashes.SHA384(),
    "1.2.840.113549.2.11": hashes.SHA512(),
}
# Sizes of the keys in bytes.
AES_CBC = {
    "2.16.840.1.101.3.4.1.2": 16,
    "2.16.840.1.101.3.4.1.22": 24,
    "2.16.840.1.101.3.4.1.42": 32,
}
AES_GCM = {
    "2.16.840.1.101.3.4.1.6": 16,
    "2.16.840.1.101.3.4.1.26": 24,
    "2.16.840.1.101.3.4.1.46": 32,
}
AES_WRAP = {
    "2.16.840.1.101.3.4.1.5": 16,
    "2.16.840.1.101.3.4.1.25": 24,
    "2.16.840.1.101.3.4.1.45": 32,
}
# ECDH with the KDF of X9.63 (RFC 5753 7.1.4). The cofactor of the curves accepted is 1, so that
# cofactor and standard ECDH are the same.
X963_SCHEMES: dict[str, hashes.HashAlgorithm] = {
    "1.3.133.16.840.63.0.2": hashes.SHA1(),  # noqa: S303
    "1.3.132.1.11.0": hashes.SHA224(),
    "1.3.132.1.11.1": hashes.SHA256(),
    "1.3.132.1.11.2": hashes.SHA384(),
    "1.3.132.1.11.3": hashes.SHA512(),
    "1.3.133.16.840.63.0.3": hashes.SHA1(),  # noqa: S303
    "1.3.132.1.14.0": hashes.SHA224(),
    "1.3.132.1.14.1": hashes.SHA256(),
    "1.3.132.1.14.2": hashes.SHA384(),
    "1.3.132.1.14.3": hashes.SHA512(),
}
# X25519 and X448 with HKDF (RFC 8418 2.2).
HKDF_SCHEMES: dict[str, hashes.HashAlgorithm] = {
    "1.2.840.113549.1.9.16.3.19": hashes.SHA256(),
    "1.2.840.113549.1.9.16.3.20": hashes.SHA384(),
    "1.2.840.113549.1.9.16.3.21": hashes.SHA512(),
}
# RFC 8619, used with KEMs (RFC 9936 2.2.1).
HKDFS: dict[str, hashes.HashAlgorithm] = {
    "1.2.840.113549.1.9.16.3.28": hashes.SHA256(),
    "1.2.840.113549.1.9.16.3.29": hashes.SHA384(),
    "1.2.840.113549.1.9.16.3.30": hashes.SHA512(),
}

_NAMES = {
    "1.2.840.113549.3.2": "rc2-cbc (RFC 3370)",
    "1.2.840.113549.3.7": "des-ede3-cbc (RFC 3370)",
    "1.3.14.3.2.7": "des-cbc",
    "2.16.840.1.101.3.4.1.6": "aes128-GCM (RFC 5084)",
    "2.16.840.1.101.3.4.1.26": "aes192-GCM (RFC 5084)",
    "2.16.840.1.101.3.4.1.46": "aes256-GCM (RFC 5084)",
    "1.2.840.113549.1.9.16.3.18": "id-alg-AEADChaCha20Poly1305 (RFC 8103)",
    "1.2.840.113549.1.9.16.3.31": "id-alg-cek-hkdf-sha256 (RFC 9709)",
    "1.2.840.113549.1.9.16.3.6": "id-alg-CMS3DESwrap (RFC 3370)",
    "2.16.840.1.101.3.4.1.8": "aes128-wrap-pad (RFC 5649)",
    "2.16.840.1.101.3.4.1.48": "aes256-wrap-pad (RFC 5649)",
    "1.2.840.113549.1.9.16.3.5": "id-alg-ESDH (RFC 3370)",
    "1.2.840.113549.1.9.16.3.14": "id-rsa-kem (RFC 9690)",
    "1.0.18033.2.2.4": "id-kem-rsa (RFC 9690)",
    "2.16.840.1.101.3.4.4.1": "id-alg-ml-kem-512 (RFC 9936)",
    ML_KEM_768: "id-alg-ml-kem-768 (RFC 9936)",
    ML_KEM_1024: "id-alg-ml-kem-1024 (RFC 9936)",
    "1.3.133.16.840.63.0.16": "mqvSinglePass-sha1kdf-scheme (RFC 5753)",
    "1.3.132.1.15.1": "mqvSinglePass-sha256kdf-scheme (RFC 5753)",
    "1.3.132.1.15.2": "mqvSinglePass-sha384kdf-scheme (RFC 5753)",
    "1.3.132.1.15.3": "mqvSinglePass-sha512kdf-scheme (RFC 5753)",
    "1.3.133.16.840.9.44.1.2": "id-kdf-kdf3 (RFC 9690)",
    "2.16.840.1.101.3.4.2.21": "id-kmac128 (RFC 8702)",
    "2.16.840.1.101.3.4.2.22": "id-kmac256 (RFC 8702)",
    "1.3.14.3.2.26": "SHA-1",
    "1.2.840.113549.2.5": "MD5",
    "2.16.840.1.101.3.4.2.4": "SHA-224",
    PKCS1_V15: "rsaEncryption (RFC 8017)",
    OAEP: "id-RSAES-OAEP (RFC 4055)",
    PBKDF2: "id-PBKDF2 (RFC 8018)",
    "1.2.840.113533.7.66.13": "password-based MAC (RFC 9810)",
}


def named(oid: str) -> str:
    """An algorithm as it is shown: the RFC's name with the OID, or the OID alone."""
    name = _NAMES.get(oid)
    return oid if name is None else f"{name}, {oid}"


def refused(use: str, oid: str) -> AlgorithmNotSupported:
    """What to raise where `oid` is not accepted for `use`."""
    return AlgorithmNotSupported(f"{use} is made with {named(oid)}, which is not accepted")

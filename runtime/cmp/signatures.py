"""Keys, bytes and signatures in; signatures made, or found right or wrong (RFC 9481 3).

RSA with PKCS #1 v1.5 and PSS (RFC 4055), ECDSA (RFC 5758), EdDSA (RFC 8410) and ML-DSA (RFC 9881). What is
not in the tables is refused, and what was once in use is refused by name.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.asymmetric import padding as pads
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

from .codec import MGF1, PSSParameter, decode_pss_parameter, encode_pss_parameter
from .credentials import RSAPadding
from .errors import MalformedMessage, ProtectionError
from .model import AlgorithmIdentifier

# Bits. Shorter keys can be broken (RFC 9481 7); longer ones let a peer keep the reader busy.
MIN_RSA = 2048
MAX_RSA = 8192
# Bits of the public exponent; OpenSSL computes with no longer one.
_MAX_EXPONENT = 64
CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}

RSASSA_PSS = "1.2.840.113549.1.1.10"
ED25519 = "1.3.101.112"
ED448 = "1.3.101.113"
ML_DSA_44 = "2.16.840.1.101.3.4.3.17"
ML_DSA_65 = "2.16.840.1.101.3.4.3.18"
ML_DSA_87 = "2.16.840.1.101.3.4.3.19"
# Bytes: RFC 4055's default, the shortest in use; and what no key of MAX_RSA bits has room for.
_MIN_PSS_SALT = 20
_MAX_PSS_SALT = MAX_RSA // 8

_NULL = b"\x05\x00"
_SHA256 = AlgorithmIdentifier("2.16.840.1.101.3.4.2.1", _NULL)


@dataclass(frozen=True, slots=True)
class _Scheme:
    """One line of the table: which kind of key, which hash (None: the key's own), which parameters."""

    name: str
    key: type[PublicKeyTypes]
    hash: hashes.HashAlgorithm | None = None
    parameters: tuple[bytes | None, ...] = (None,)


_OPTIONAL_NULL = (_NULL, None)  # RFC 4055 5: NULL is written, and both are read
_SCHEMES = {
    "1.2.840.113549.1.1.11": _Scheme(
        "sha256WithRSAEncryption", rsa.RSAPublicKey, hashes.SHA256(), _OPTIONAL_NULL
    ),
    "1.2.840.113549.1.1.12": _Scheme(
        "sha384WithRSAEncryption", rsa.RSAPublicKey, hashes.SHA384(), _OPTIONAL_NULL
    ),
    "1.2.840.113549.1.1.13": _Scheme(
        "sha512WithRSAEncryption", rsa.RSAPublicKey, hashes.SHA512(), _OPTIONAL_NULL
    ),
    RSASSA_PSS: _Scheme("RSASSA-PSS", rsa.RSAPublicKey),  # its parameters are read on their own
    "1.2.840.10045.4.3.2": _Scheme("ecdsa-with-SHA256", ec.EllipticCurvePublicKey, hashes.SHA256()),
    "1.2.840.10045.4.3.3": _Scheme("ecdsa-with-SHA384", ec.EllipticCurvePublicKey, hashes.SHA384()),
    "1.2.840.10045.4.3.4": _Scheme("ecdsa-with-SHA512", ec.EllipticCurvePublicKey, hashes.SHA512()),
    ED25519: _Scheme("Ed25519", ed25519.Ed25519PublicKey),
    ED448: _Scheme("Ed448", ed448.Ed448PublicKey),
    ML_DSA_44: _Scheme("ML-DSA-44", mldsa.MLDSA44PublicKey),
    ML_DSA_65: _Scheme("ML-DSA-65", mldsa.MLDSA65PublicKey),
    ML_DSA_87: _Scheme("ML-DSA-87", mldsa.MLDSA87PublicKey),
}
_PSS_HASHES: dict[str, hashes.HashAlgorithm] = {
    "2.16.840.1.101.3.4.2.1": hashes.SHA256(),
    "2.16.840.1.101.3.4.2.2": hashes.SHA384(),
    "2.16.840.1.101.3.4.2.3": hashes.SHA512(),
}
# Refused, with the reason.
_BROKEN = "collisions of its hash can be made"
_REFUSED = {
    "1.2.840.113549.1.1.2": ("md2WithRSAEncryption", _BROKEN),
    "1.2.840.113549.1.1.4": ("md5WithRSAEncryption", _BROKEN),
    "1.2.840.113549.1.1.5": ("sha1WithRSAEncryption", _BROKEN),
    "1.3.14.3.2.29": ("sha1WithRSASignature", _BROKEN),
    "1.2.840.10045.4.1": ("ecdsa-with-SHA1", _BROKEN),
    "1.2.840.10040.4.3": ("dsa-with-SHA1", _BROKEN),
    "1.2.840.113549.1.1.14": ("sha224WithRSAEncryption", "its hash is too short"),
    "1.2.840.10045.4.3.1": ("ecdsa-with-SHA224", "its hash is too short"),
    "2.16.840.1.101.3.4.3.2": ("dsa-with-SHA256", "DSA is out of use"),
    "2.16.840.1.101.3.4.3.32": ("HashML-DSA-44", "RFC 9881 allows pure ML-DSA only"),
    "2.16.840.1.101.3.4.3.33": ("HashML-DSA-65", "RFC 9881 allows pure ML-DSA only"),
    "2.16.840.1.101.3.4.3.34": ("HashML-DSA-87", "RFC 9881 allows pure ML-DSA only"),
}
_REFUSED_HASHES = {"1.3.14.3.2.26": "SHA-1", "1.2.840.113549.2.5": "MD5"}


def signature_algorithm(
    private_key: PrivateKeyTypes, padding: RSAPadding = RSAPadding.PKCS1
) -> AlgorithmIdentifier:
    """The algorithm that `sign` uses with this key.

    Raises:
        ValueError: if the key cannot sign, or is of a kind that is not supported.
    """
    _check_private(private_key)
    match private_key:
        case rsa.RSAPrivateKey() if padding is RSAPadding.PSS:
            parameter = PSSParameter(_SHA256, MGF1, _SHA256, hashes.SHA256().digest_size)
            return AlgorithmIdentifier(RSASSA_PSS, encode_pss_parameter(parameter))
        case rsa.RSAPrivateKey():
            return AlgorithmIdentifier("1.2.840.113549.1.1.11", _NULL)
        case ec.EllipticCurvePrivateKey():
            return AlgorithmIdentifier(_ecdsa_oid(private_key))
        case _:
            public = private_key.public_key()
            oid = next(oid for oid, scheme in _SCHEMES.items() if isinstance(public, scheme.key))
            return AlgorithmIdentifier(oid)


def sign(
    private_key: PrivateKeyTypes, data: bytes, padding: RSAPadding = RSAPadding.PKCS1
) -> bytes:
    """The signature over `data` with the key's algorithm (see `signature_algorithm`).

    Raises:
        ValueError: if the key cannot sign, or is of a kind that is not supported.
    """
    _check_private(private_key)
    match private_key:
        case rsa.RSAPrivateKey() if padding is RSAPadding.PSS:
            sha256 = hashes.SHA256()
            return private_key.sign(
                data, pads.PSS(pads.MGF1(sha256), salt_length=sha256.digest_size), sha256
            )
        case rsa.RSAPrivateKey():
            return private_key.sign(data, pads.PKCS1v15(), hashes.SHA256())
        case ec.EllipticCurvePrivateKey():
            algorithm = _SCHEMES[_ecdsa_oid(private_key)].hash
            assert algorithm is not None  # noqa: S101  (ECDSA names its hash)
            return private_key.sign(data, ec.ECDSA(algorithm))
        case (
            ed25519.Ed25519PrivateKey()
            | ed448.Ed448PrivateKey()
            | mldsa.MLDSA44PrivateKey()
            | mldsa.MLDSA65PrivateKey()
            | mldsa.MLDSA87PrivateKey()
        ):
            return private_key.sign(data)
        case _:
            raise AssertionError("checked above")


def _check_private(private_key: PrivateKeyTypes) -> None:
    problem = key_problem(private_key.public_key())
    if problem is not None:
        raise ValueError(f"no signature algorithm for {type(private_key).__name__}: {problem}")


def _ecdsa_oid(private_key: ec.EllipticCurvePrivateKey) -> str:
    """The hash that is as strong as the curve (RFC 9481 3.2)."""
    size = private_key.curve.key_size
    return f"1.2.840.10045.4.3.{2 if size <= 256 else 3 if size <= 384 else 4}"


def key_problem(public_key: PublicKeyTypes) -> str | None:
    """Why no signature of this key is made or accepted, as `it has …`; None if they are."""
    match public_key:
        case rsa.RSAPublicKey():
            if not MIN_RSA <= public_key.key_size <= MAX_RSA:
                return (
                    f"it has {public_key.key_size} bits, and RSA keys of {MIN_RSA} to {MAX_RSA}"
                    " bits are accepted"
                )
            exponent = public_key.public_numbers().e
            if exponent < 3 or exponent % 2 == 0 or exponent.bit_length() > _MAX_EXPONENT:
                return "its public exponent is not an odd number from 3 to 64 bits"
            return None
        case ec.EllipticCurvePublicKey():
            if public_key.curve.name not in CURVES:
                return f"its curve is {public_key.curve.name}, and {_listed(CURVES)} are accepted"
            return None
        case _:
            signs = any(isinstance(public_key, scheme.key) for scheme in _SCHEMES.values())
            return None if signs else "keys of this kind make no signature that is accepted"


def _listed(names: dict[str, str]) -> str:
    return ", ".join(names.values())


def algorithm_problem(oid: str) -> str | None:
    """Why signatures of this algorithm are not accepted, as `the signature algorithm …`; None if they are."""
    if oid in _SCHEMES:
        return None
    if oid in _REFUSED:
        name, reason = _REFUSED[oid]
        return f"the signature algorithm {name} ({oid}) is not accepted: {reason}"
    return f"the signature algorithm {oid} is not accepted"


def verify_raw(
    public_key: PublicKeyTypes, algorithm: AlgorithmIdentifier, signature: bytes, data: bytes
) -> None:
    """Check a signature over `data`.

    Raises:
        ProtectionError: if it is wrong, or the algorithm does not fit the key or is not accepted.
    """
    problem = algorithm_problem(algorithm.oid)
    if problem is not None:
        raise ProtectionError(problem)
    scheme = _SCHEMES[algorithm.oid]
    if not isinstance(public_key, scheme.key):
        raise ProtectionError(f"the signature algorithm {scheme.name} does not fit the key")
    problem = key_problem(public_key)
    if problem is not None:
        raise ProtectionError(f"the signer's key is not accepted: {problem}")
    is_pss = algorithm.oid == RSASSA_PSS
    if not is_pss and algorithm.parameters not in scheme.parameters:
        raise ProtectionError(f"the signature algorithm {scheme.name} has parameters of its own")
    try:
        match public_key:
            case rsa.RSAPublicKey():
                padding, digest = _padding(scheme, algorithm)
                public_key.verify(signature, data, padding, digest)
            case ec.EllipticCurvePublicKey():
                assert scheme.hash is not None  # noqa: S101  (ECDSA names its hash)
                public_key.verify(signature, data, ec.ECDSA(scheme.hash))
            case (
                ed25519.Ed25519PublicKey()
                | ed448.Ed448PublicKey()
                | mldsa.MLDSA44PublicKey()
                | mldsa.MLDSA65PublicKey()
                | mldsa.MLDSA87PublicKey()
            ):
                public_key.verify(signature, data)
            case _:
                raise AssertionError("the table has no other kind of key")
    except (InvalidSignature, ValueError):  # ValueError: a PSS salt that no key is long enough for
        raise ProtectionError("the signature is wrong") from None


def _padding(
    scheme: _Scheme, algorithm: AlgorithmIdentifier
) -> tuple[pads.PKCS1v15 | pads.PSS, hashes.HashAlgorithm]:
    if scheme.hash is not None:
        return pads.PKCS1v15(), scheme.hash
    try:
        parameter = decode_pss_parameter(algorithm.parameters or b"")
    except MalformedMessage as error:
        raise ProtectionError(
            f"the parameters of RSASSA-PSS are malformed: {error.message}"
        ) from None
    digest = _pss_hash(parameter.hash, "hash")
    if parameter.mgf != MGF1 or parameter.mgf_hash is None:
        raise ProtectionError(
            f"RSASSA-PSS with the mask generation function {parameter.mgf} is not accepted: MGF1 is"
        )
    if _pss_hash(parameter.mgf_hash, "hash of MGF1").name != digest.name:  # RFC 9481 3.1
        raise ProtectionError(
            f"RSASSA-PSS with {digest.name} is accepted with MGF1 of the same hash only,"
            f" not {parameter.mgf_hash.oid}"
        )
    if not _MIN_PSS_SALT <= parameter.salt_length <= _MAX_PSS_SALT:
        raise ProtectionError(
            f"RSASSA-PSS with a salt of {parameter.salt_length} bytes is not accepted:"
            f" {_MIN_PSS_SALT} to {_MAX_PSS_SALT} are"
        )
    if parameter.trailer != 1:
        raise ProtectionError(f"RSASSA-PSS with the trailer field {parameter.trailer} is unknown")
    return pads.PSS(pads.MGF1(digest), salt_length=parameter.salt_length), digest


def _pss_hash(algorithm: AlgorithmIdentifier, role: str) -> hashes.HashAlgorithm:
    digest = _PSS_HASHES.get(algorithm.oid)
    if digest is None or algorithm.parameters not in _OPTIONAL_NULL:
        name = _REFUSED_HASHES.get(algorithm.oid)
        shown = f"{name} ({algorithm.oid})" if name else algorithm.oid
        raise ProtectionError(f"RSASSA-PSS with the {role} {shown} is not accepted")
    return digest

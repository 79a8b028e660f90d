"""Signatures: every algorithm with the key that fits it, and no other; PSS as RFC 4055 says."""

import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from csc.runtime.cmp.codec import MGF1, PSSParameter, decode_pss_parameter, encode_pss_parameter
from csc.runtime.cmp.errors import MalformedMessage, ProtectionError
from csc.runtime.cmp.keys import KeyType, generate, key_type_of
from csc.runtime.cmp.model import AlgorithmIdentifier
from csc.runtime.cmp.protection import RSAPadding, sign, signature_algorithm, verify_raw
from csc.runtime.cmp.signatures import RSASSA_PSS, key_problem
from csc.runtime.cmp.trust import verify_chain
from hypothesis import given
from hypothesis import strategies as st
from peers.openssl import needs_openssl

NULL = b"\x05\x00"
SHA1, MD5 = "1.3.14.3.2.26", "1.2.840.113549.2.5"
SHA256, SHA384, SHA512 = (f"2.16.840.1.101.3.4.2.{n}" for n in (1, 2, 3))
# The algorithm that each kind of key signs with: RFC 9481 3, RFC 9881 2.
ALGORITHMS = {
    "rsa:2048": "1.2.840.113549.1.1.11",
    "ec:p256": "1.2.840.10045.4.3.2",
    "ec:p384": "1.2.840.10045.4.3.3",
    "ec:p521": "1.2.840.10045.4.3.4",
    "ed25519": "1.3.101.112",
    "ed448": "1.3.101.113",
    "mldsa44": "2.16.840.1.101.3.4.3.17",
    "mldsa65": "2.16.840.1.101.3.4.3.18",
    "mldsa87": "2.16.840.1.101.3.4.3.19",
}
KEYS = {kind: generate(KeyType.parse(kind)) for kind in ALGORITHMS}
RSA = KEYS["rsa:2048"]
assert isinstance(RSA, rsa.RSAPrivateKey)


def refused(
    words: str, key, algorithm: AlgorithmIdentifier, signature: bytes, data=b"data"
) -> None:
    with pytest.raises(ProtectionError, match=words):
        verify_raw(key.public_key(), algorithm, signature, data)


@pytest.mark.parametrize("kind", ALGORITHMS)
def test_what_is_signed_is_verified(kind: str) -> None:
    """Every kind of key signs with the algorithm that fits it, and only its public key accepts."""
    key = KEYS[kind]
    algorithm = signature_algorithm(key)
    # RFC 4055 wants NULL for RSA; RFC 5758, RFC 8410 and RFC 9881 want nothing.
    assert algorithm == AlgorithmIdentifier(ALGORITHMS[kind], NULL if kind == "rsa:2048" else None)
    signature = sign(key, b"data")
    verify_raw(key.public_key(), algorithm, signature, b"data")
    refused("signature is wrong", key, algorithm, signature, b"date")
    refused("signature is wrong", key, algorithm, signature[:-1] + b"\x00\x00")
    refused("signature is wrong", key, algorithm, b"")
    refused("signature is wrong", generate(KeyType(kind)), algorithm, signature)


@given(st.sampled_from(list(ALGORITHMS)), st.binary(max_size=50), st.integers(0, 2**20))
def test_no_bit_of_a_signature_may_flip(kind: str, data: bytes, at: int) -> None:
    signature = bytearray(sign(KEYS[kind], data))
    verify_raw(KEYS[kind].public_key(), signature_algorithm(KEYS[kind]), bytes(signature), data)
    at %= len(signature) * 8
    signature[at // 8] ^= 1 << at % 8
    refused(
        "signature is wrong", KEYS[kind], signature_algorithm(KEYS[kind]), bytes(signature), data
    )


@pytest.mark.parametrize("kind", ALGORITHMS)
def test_an_algorithm_fits_its_kind_of_key_only(kind: str) -> None:
    signature = sign(KEYS[kind], b"data")
    algorithm = AlgorithmIdentifier(ALGORITHMS[kind], NULL if kind == "rsa:2048" else None)
    for other, key in KEYS.items():
        if other != kind:
            both_ec = kind.startswith("ec") and other.startswith("ec")
            refused("is wrong" if both_ec else "does not fit the key", key, algorithm, signature)


@pytest.mark.parametrize(
    ("curve", "oid", "digest"),
    [
        (curve, f"1.2.840.10045.4.3.{n}", digest)
        for curve in ("ec:p256", "ec:p384", "ec:p521")
        for n, digest in ((2, hashes.SHA256()), (3, hashes.SHA384()), (4, hashes.SHA512()))
    ],
)
def test_a_curve_with_another_hash_than_ours(curve: str, oid: str, digest) -> None:
    key = KEYS[curve]
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    signature = key.sign(b"data", ec.ECDSA(digest))
    verify_raw(key.public_key(), AlgorithmIdentifier(oid), signature, b"data")


@pytest.mark.parametrize(
    ("oid", "digest"),
    [
        ("1.2.840.113549.1.1.11", hashes.SHA256()),
        ("1.2.840.113549.1.1.12", hashes.SHA384()),
        ("1.2.840.113549.1.1.13", hashes.SHA512()),
    ],
)
@pytest.mark.parametrize("parameters", [NULL, None])
def test_rsa_with_other_hashes_than_ours(oid: str, digest, parameters: bytes | None) -> None:
    signature = RSA.sign(b"data", padding.PKCS1v15(), digest)
    verify_raw(RSA.public_key(), AlgorithmIdentifier(oid, parameters), signature, b"data")


@pytest.mark.parametrize("kind", ALGORITHMS)
@pytest.mark.parametrize("parameters", [NULL, b"\x30\x00", b"\x02\x01\x05"])
def test_parameters_are_what_the_rfcs_say(kind: str, parameters: bytes) -> None:
    if (kind, parameters) != ("rsa:2048", NULL):
        algorithm = AlgorithmIdentifier(ALGORITHMS[kind], parameters)
        refused("has parameters of its own", KEYS[kind], algorithm, sign(KEYS[kind], b"data"))


@pytest.mark.parametrize(
    ("oid", "name"),
    [
        ("1.2.840.113549.1.1.5", "sha1WithRSAEncryption"),
        ("1.2.840.113549.1.1.4", "md5WithRSAEncryption"),
        ("1.2.840.10045.4.1", "ecdsa-with-SHA1"),
        ("1.2.840.113549.1.1.14", "sha224WithRSAEncryption"),
        ("2.16.840.1.101.3.4.3.32", "HashML-DSA-44"),
    ],
)
def test_weak_algorithms_are_refused_by_name(oid: str, name: str) -> None:
    for key in KEYS.values():
        words = rf"the signature algorithm {name} \({oid}\) is not accepted: "
        refused(words, key, AlgorithmIdentifier(oid, NULL), bytes(64))


def test_unknown_algorithms_are_refused() -> None:
    for key in KEYS.values():
        refused(r"1\.2\.3 is not accepted", key, AlgorithmIdentifier("1.2.3"), bytes(64))


# Keys.


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        (rsa.generate_private_key(65537, 1024), "it has 1024 bits, and RSA keys of 2048 to 8192"),
        (
            ec.generate_private_key(ec.SECP256K1()),
            "its curve is secp256k1, and P-256, P-384, P-521",
        ),
        (ec.generate_private_key(ec.SECP224R1()), "its curve is secp224r1"),
    ],
)
def test_weak_keys_are_refused(key, problem: str) -> None:
    with pytest.raises(ValueError, match=f"no signature algorithm for .*: {problem}"):
        signature_algorithm(key)
    with pytest.raises(ValueError, match=problem):
        sign(key, b"data")
    if isinstance(key, rsa.RSAPrivateKey):
        signature = key.sign(b"data", padding.PKCS1v15(), hashes.SHA256())
        oid = "1.2.840.113549.1.1.11"
    else:
        signature, oid = key.sign(b"data", ec.ECDSA(hashes.SHA256())), "1.2.840.10045.4.3.2"
    refused(f"key is not accepted: {problem}", key, AlgorithmIdentifier(oid), signature)


def test_a_long_rsa_key_is_refused_before_it_costs_anything() -> None:
    modulus = (1 << 16383) + 1
    key = rsa.RSAPublicNumbers(65537, modulus).public_key()
    assert "it has 16384 bits" in str(key_problem(key))


@pytest.mark.parametrize("exponent", [3, 65537, 2**63 + 1])
def test_public_exponents(exponent: int) -> None:
    assert (
        key_problem(
            rsa.RSAPublicNumbers(exponent, RSA.public_key().public_numbers().n).public_key()
        )
        is None
    )


def test_a_public_exponent_that_is_too_long() -> None:
    key = rsa.RSAPublicNumbers(2**64 + 1, RSA.public_key().public_numbers().n).public_key()
    assert key_problem(key) == "its public exponent is not an odd number from 3 to 64 bits"


def test_a_key_that_cannot_sign() -> None:
    key = x25519.X25519PrivateKey.generate()
    with pytest.raises(ValueError, match="X25519"):
        signature_algorithm(key)
    with pytest.raises(ValueError, match="X25519"):
        sign(key, b"data")


# RSASSA-PSS.


def pss(
    digest: str = SHA256,
    *,
    mgf: str = MGF1,
    mgf_digest: str | None = None,
    salt: int = 32,
    trailer: int = 1,
) -> AlgorithmIdentifier:
    parameter = PSSParameter(
        AlgorithmIdentifier(digest, NULL),
        mgf,
        AlgorithmIdentifier(mgf_digest or digest, NULL),
        salt,
        trailer,
    )
    return AlgorithmIdentifier(RSASSA_PSS, encode_pss_parameter(parameter))


def pss_signature(digest: hashes.HashAlgorithm, salt: int) -> bytes:
    return RSA.sign(b"data", padding.PSS(padding.MGF1(digest), salt), digest)


def test_pss_is_made_as_the_rfc_says() -> None:
    """RFC 4055 3.1: SHA-256, MGF1 with SHA-256 and a salt as long as the hash; the bytes of OpenSSL."""
    algorithm = signature_algorithm(RSA, RSAPadding.PSS)
    assert algorithm == pss()
    assert algorithm.parameters == bytes.fromhex(
        "3034a00f300d06096086480165030402010500"
        "a11c301a06092a864886f70d010108300d06096086480165030402010500"
        "a203020120"
    )
    signature = sign(RSA, b"data", RSAPadding.PSS)
    verify_raw(RSA.public_key(), algorithm, signature, b"data")
    refused("signature is wrong", RSA, algorithm, signature, b"date")
    refused("signature is wrong", RSA, algorithm, sign(RSA, b"data"))
    refused("signature is wrong", RSA, signature_algorithm(RSA), signature)


@pytest.mark.parametrize(
    ("oid", "digest"),
    [(SHA256, hashes.SHA256()), (SHA384, hashes.SHA384()), (SHA512, hashes.SHA512())],
)
@pytest.mark.parametrize("salt", [20, 32, 64, 100])
def test_pss_with_other_hashes_and_salts(oid: str, digest, salt: int) -> None:
    signature = pss_signature(digest, salt)
    verify_raw(RSA.public_key(), pss(oid, salt=salt), signature, b"data")
    refused("signature is wrong", RSA, pss(oid, salt=salt + 1), signature)


@pytest.mark.parametrize(
    ("algorithm", "words"),
    [
        (pss(SHA1), rf"with the hash SHA-1 \({SHA1}\) is not accepted"),
        (pss(MD5), rf"with the hash MD5 \({MD5}\) is not accepted"),
        (pss("2.16.840.1.101.3.4.2.4"), "with the hash 2.16.840.1.101.3.4.2.4 is not accepted"),
        (pss(mgf_digest=SHA1), r"with the hash of MGF1 SHA-1 .* is not accepted"),
        (
            pss(mgf_digest=SHA512),
            f"sha256 is accepted with MGF1 of the same hash only, not {SHA512}",
        ),
        (pss(mgf="1.2.3"), r"mask generation function 1\.2\.3 is not accepted: MGF1 is"),
        (pss(salt=19), "salt of 19 bytes is not accepted: 20 to 1024 are"),
        (pss(salt=0), "salt of 0 bytes"),
        (pss(salt=-1), "salt of -1 bytes"),
        (pss(salt=1024), "signature is wrong"),
        (pss(salt=2**70), f"salt of {2**70} bytes"),
        (pss(trailer=2), "trailer field 2"),
        # All defaults are SHA-1's.
        (AlgorithmIdentifier(RSASSA_PSS, b"\x30\x00"), "with the hash SHA-1"),
        (AlgorithmIdentifier(RSASSA_PSS), "parameters of RSASSA-PSS are malformed"),
        (AlgorithmIdentifier(RSASSA_PSS, NULL), "parameters of RSASSA-PSS are malformed"),
    ],
)
def test_pss_with_other_parameters(algorithm: AlgorithmIdentifier, words: str) -> None:
    refused(words, RSA, algorithm, pss_signature(hashes.SHA256(), 32))


def test_the_defaults_of_pss_are_left_out_and_filled_in() -> None:
    sha1 = AlgorithmIdentifier(SHA1, NULL)
    default = PSSParameter(sha1, MGF1, sha1, 20)
    assert encode_pss_parameter(default) == b"\x30\x00"
    assert decode_pss_parameter(b"\x30\x00") == default


@given(
    st.sampled_from([SHA1, SHA256, SHA512, MD5]),
    st.sampled_from([SHA1, SHA256, SHA512]),
    st.integers(0, 2**40),
    st.integers(1, 3),
)
def test_pss_parameters_that_are_written_are_read(digest, mgf_digest, salt, trailer) -> None:
    der = pss(digest, mgf_digest=mgf_digest, salt=salt, trailer=trailer).parameters
    assert der is not None
    read = decode_pss_parameter(der)
    assert read.hash.oid == digest
    assert read.mgf_hash is not None
    assert read.mgf_hash.oid == mgf_digest
    assert (read.mgf, read.salt_length, read.trailer) == (MGF1, salt, trailer)


@given(st.binary(max_size=60).filter(lambda data: data != b"\x30\x00"))
def test_garbage_is_no_pss_parameter(data: bytes) -> None:
    with pytest.raises(MalformedMessage):
        decode_pss_parameter(data)


# The opinion of others.


def test_the_certificate_of_rfc_9881() -> None:
    """C.3: another implementation's signature with ML-DSA-44."""
    pem = Path(__file__).parents[1] / "data" / "rfc9881-mldsa44.pem"
    certificate = x509.load_pem_x509_certificate(pem.read_bytes())
    key = certificate.public_key()
    algorithm = AlgorithmIdentifier(ALGORITHMS["mldsa44"])
    assert key_type_of(key) == KeyType("mldsa44")
    signed = certificate.tbs_certificate_bytes
    verify_raw(key, algorithm, certificate.signature, signed)
    with pytest.raises(ProtectionError, match="signature is wrong"):
        verify_raw(key, algorithm, certificate.signature, signed + b"\x00")
    verify_chain(certificate, [certificate], [], certificate.not_valid_before_utc)


@needs_openssl
@pytest.mark.parametrize(
    ("kind", "way", "options"),
    [
        ("rsa:2048", RSAPadding.PKCS1, ("-digest", "sha256")),
        (
            "rsa:2048",
            RSAPadding.PSS,
            (
                *("-digest", "sha256", "-pkeyopt", "rsa_padding_mode:pss"),
                *("-pkeyopt", "rsa_pss_saltlen:32", "-pkeyopt", "rsa_mgf1_md:sha256"),
            ),
        ),
        ("ec:p256", RSAPadding.PKCS1, ("-digest", "sha256")),
        ("ec:p384", RSAPadding.PKCS1, ("-digest", "sha384")),
        ("ec:p521", RSAPadding.PKCS1, ("-digest", "sha512")),
        ("ed25519", RSAPadding.PKCS1, ()),
        ("ed448", RSAPadding.PKCS1, ()),
    ],
)
def test_openssl_verifies_what_is_signed(kind, way, options, tmp_path: Path) -> None:
    key = KEYS[kind]
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "key.pem").write_bytes(pem)
    (tmp_path / "signature").write_bytes(sign(key, b"data", way))
    for text, verdict in ((b"data", 0), (b"date", 1)):
        (tmp_path / "text").write_bytes(text)
        command = "openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in text -sigfile signature"
        done = subprocess.run(
            [*command.split(), *options], cwd=tmp_path, capture_output=True, check=False
        )
        assert done.returncode == verdict, done.stderr

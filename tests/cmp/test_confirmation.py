"""certHash: the hash that the signature names; where it names none, one that hashAlg tells."""

import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding
from csc.runtime.cmp.confirmation import cert_hash
from csc.runtime.cmp.keys import KeyType, generate
from peers.certificates import NOW, name

SHA512 = "2.16.840.1.101.3.4.2.3"
SHAKE256 = "2.16.840.1.101.3.4.2.12"


def certificate_of(
    kind: str, digest: hashes.HashAlgorithm | None, pss: padding.PSS | None = None
) -> x509.Certificate:
    key = generate(KeyType(kind))
    builder = (
        x509.CertificateBuilder()
        .subject_name(name("fw1"))
        .issuer_name(name("CA"))
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW)
        .not_valid_after(NOW)
    )
    return builder.sign(key, digest, rsa_padding=pss)


@pytest.mark.parametrize("kind", ["rsa:2048", "ec:p256", "ec:p521"])
@pytest.mark.parametrize("digest", [hashes.SHA256(), hashes.SHA384(), hashes.SHA512()])
def test_the_hash_in_the_algorithm(kind: str, digest: hashes.HashAlgorithm) -> None:
    certificate = certificate_of(kind, digest)
    der = certificate.public_bytes(Encoding.DER)
    assert cert_hash(der, certificate) == (hashlib.new(digest.name, der).digest(), None)


@pytest.mark.parametrize("digest", [hashes.SHA256(), hashes.SHA512()])
def test_the_hash_in_the_parameters_of_pss(digest: hashes.HashAlgorithm) -> None:
    pss = padding.PSS(padding.MGF1(digest), padding.PSS.DIGEST_LENGTH)
    certificate = certificate_of("rsa:2048", digest, pss)
    der = certificate.public_bytes(Encoding.DER)
    assert cert_hash(der, certificate) == (hashlib.new(digest.name, der).digest(), None)


@pytest.mark.parametrize("kind", ["ed25519", "mldsa44", "mldsa65", "mldsa87"])
def test_sha_512_where_the_signature_names_no_hash(kind: str) -> None:
    certificate = certificate_of(kind, None)
    der = certificate.public_bytes(Encoding.DER)
    digest, algorithm = cert_hash(der, certificate)
    assert digest == hashlib.sha512(der).digest()
    assert algorithm is not None
    assert (algorithm.oid, algorithm.parameters) == (SHA512, None)


def test_shake256_with_512_bits_for_ed448() -> None:
    certificate = certificate_of("ed448", None)
    der = certificate.public_bytes(Encoding.DER)
    digest, algorithm = cert_hash(der, certificate)
    assert digest == hashlib.shake_256(der).digest(64)
    assert algorithm is not None
    assert (algorithm.oid, algorithm.parameters) == (SHAKE256, None)


def test_what_cannot_be_read_is_hashed_all_the_same() -> None:
    digest, algorithm = cert_hash(b"no certificate", None)
    assert digest == hashlib.sha512(b"no certificate").digest()
    assert algorithm is not None
    assert algorithm.oid == SHA512


def test_an_algorithm_that_nobody_knows() -> None:
    der = certificate_of("ed25519", None).public_bytes(Encoding.DER)
    odd = der.replace(bytes.fromhex("300506032b6570"), bytes.fromhex("300506032b657f"))
    certificate = x509.load_der_x509_certificate(odd)
    assert certificate.signature_algorithm_oid.dotted_string == "1.3.101.127"
    digest, algorithm = cert_hash(odd, certificate)
    assert digest == hashlib.sha512(odd).digest()
    assert algorithm is not None
    assert algorithm.oid == SHA512

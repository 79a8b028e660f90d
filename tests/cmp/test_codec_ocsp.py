"""OCSP requests read as `cryptography` reads them, where it can: it takes one certificate at a time."""

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import OCSPNonce
from cryptography.x509.ocsp import OCSPRequestBuilder, load_der_ocsp_request
from csc.runtime.cmp.codec.ocsp import NONCE, read_nonce, read_ocsp_request
from csc.runtime.cmp.errors import MalformedMessage
from hypothesis import example, given, settings
from hypothesis import strategies as st

HASHES = {
    hashes.SHA1: "1.3.14.3.2.26",
    hashes.SHA256: "2.16.840.1.101.3.4.2.1",
    hashes.SHA512: "2.16.840.1.101.3.4.2.3",
}
SERIALS = st.integers(1, (1 << 159) - 1)
NONCES = st.none() | st.binary(min_size=1, max_size=128)


def request(kind: type, serial: int, nonce: bytes | None) -> bytes:
    algorithm = kind()
    name_hash, key_hash = b"n" * algorithm.digest_size, b"k" * algorithm.digest_size
    builder = OCSPRequestBuilder().add_certificate_by_hash(name_hash, key_hash, serial, algorithm)
    if nonce is not None:
        builder = builder.add_extension(OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)


@given(st.sampled_from(sorted(HASHES, key=str)), SERIALS, NONCES)
def test_right_requests(kind: type, serial: int, nonce: bytes | None) -> None:
    found = read_ocsp_request(request(kind, serial, nonce))
    (cert_id,) = found.cert_ids
    assert (cert_id.serial_number, cert_id.hash_algorithm.oid) == (serial, HASHES[kind])
    assert set(cert_id.issuer_name_hash) == set(b"n")
    assert set(cert_id.issuer_key_hash) == set(b"k")
    assert [(one.oid, read_nonce(one.value)) for one in found.extensions] == (
        [] if nonce is None else [(NONCE, nonce)]
    )


@settings(max_examples=500)
@given(SERIALS, st.integers(0, 200), st.binary(max_size=3), st.integers(0, 3))
@example(5, 0, b"", 0)
def test_damaged_requests_mean_the_same(serial: int, at: int, put: bytes, cut: int) -> None:
    """What both read is about the same certificate."""
    data = bytearray(request(hashes.SHA256, serial, b"n" * 16))
    data[at : at + cut] = put
    try:
        found = read_ocsp_request(bytes(data))
    except MalformedMessage:
        return
    try:
        other = load_der_ocsp_request(bytes(data))
    except (ValueError, NotImplementedError):
        return
    (cert_id,) = found.cert_ids
    assert cert_id.serial_number == other.serial_number
    assert cert_id.issuer_name_hash == other.issuer_name_hash
    assert cert_id.issuer_key_hash == other.issuer_key_hash


@given(st.binary(max_size=300))
def test_garbage(data: bytes) -> None:
    with pytest.raises(MalformedMessage):
        read_ocsp_request(data)

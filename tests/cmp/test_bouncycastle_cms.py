"""What Bouncy Castle 1.72 wrote, with indefinite lengths wherever it streams: most CAs are made with it.

`data/bouncycastle` holds it: a signed key package of a key generation authority (`signed.ber`), the same in
EnvelopedData for each way of its recipient generators, and a certificate in an EncryptedValue of RFC 4210.
"""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import x25519
from cryptography.hazmat.primitives.serialization import load_der_private_key
from csc.runtime.cmp.codec.ber import definite_lengths
from csc.runtime.cmp.enveloped import (
    SIGNED_DATA,
    key_package,
    open_encrypted_value,
    open_enveloped,
)
from csc.runtime.cmp.errors import MalformedMessage
from hypothesis import given
from hypothesis import strategies as st

DATA = Path(__file__).parent / "data" / "bouncycastle"


def read(file: str) -> bytes:
    return (DATA / file).read_bytes()


def certificate(file: str) -> x509.Certificate:
    return x509.load_der_x509_certificate(read(file))


@pytest.mark.parametrize(("way", "owner"), [("rsa", "rsa"), ("oaep", "rsa"), ("ecdh", "ec")])
def test_it_opens_with_the_key(way: str, owner: str) -> None:
    plain = open_enveloped(
        read(f"enveloped-{way}.ber"),
        key=load_der_private_key(read(f"{owner}.p8"), None),
        certificate=certificate(f"{owner}.der"),
        content_type=SIGNED_DATA,
    )
    assert plain == read("signed.ber")


def test_it_opens_with_the_password() -> None:
    assert open_enveloped(read("enveloped-password.ber"), password=b"pw") == read("signed.ber")


def test_the_key_package() -> None:
    signer = certificate("kga.der")
    root = certificate("root.der")
    found = key_package(read("signed.ber"), [root], [], signer.not_valid_before_utc)
    assert isinstance(found.private_key, x25519.X25519PrivateKey)
    # Its PKCS #8 repeats the public key, as RFC 5958 has it; cryptography alone does not read that.
    assert found.private_key.private_bytes_raw() in read("delivered.p8")
    assert found.private_key.public_key().public_bytes_raw() in read("delivered.p8")
    assert found.signer == signer


def test_the_old_form() -> None:
    key = load_der_private_key(read("rsa.p8"), None)
    assert open_encrypted_value(read("encrypted-value.der"), key=key) == read("kga.der")


class TestDefiniteLengths:
    @pytest.mark.parametrize("file", ["signed.ber", "enveloped-rsa.ber"])
    def test_no_length_stays_indefinite(self, file: str) -> None:
        once = definite_lengths(read(file))
        assert once[1] != 0x80
        assert definite_lengths(once) == once

    def test_what_is_definite_stays_as_it_is(self) -> None:
        long = b"\x30\x81\x03\x02\x01\x07"  # a length in two octets where one would do
        for der in (read("root.der"), long, b"\x04\x00", b"\x30\x00"):
            assert definite_lengths(der) == der

    @pytest.mark.parametrize(
        ("ber", "der"),
        [
            ("3080 0000", "3000"),
            ("3080 3080 020107 0000 0000", "30053003020107"),
            ("3006 3080 0201070000", None),
            ("3007 3080 020107 0000", "30053003020107"),
            ("7f8101 80 0500 0000", "7f8101020500"),
        ],
    )
    def test_lengths(self, ber: str, der: str | None) -> None:
        if der is None:
            with pytest.raises(MalformedMessage):
                definite_lengths(bytes.fromhex(ber))
        else:
            assert definite_lengths(bytes.fromhex(ber)).hex() == der

    @pytest.mark.parametrize(
        "data",
        ["", "30", "3003", "3080", "3080020107", "0480 0000", "3003 020207", "0500 00", "1f"],
    )
    def test_no_whole_value(self, data: str) -> None:
        with pytest.raises(MalformedMessage):
            definite_lengths(bytes.fromhex(data))

    @given(st.binary(max_size=60))
    def test_garbage(self, data: bytes) -> None:
        try:
            once = definite_lengths(data)
        except MalformedMessage:
            return
        assert definite_lengths(once) == once

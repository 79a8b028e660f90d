"""Keys: every spelling makes a key of its kind, and every key is called by its spelling."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519
from csc.compiler.key_types import KEM_KEY_TYPES, KEY_TYPES, SIGNING_KEY_TYPES, is_key_type
from csc.runtime.certificates import dump_key, load_key
from csc.runtime.cmp.keys import KeyType, generate, key_type_of
from csc.runtime.cmp.protection import sign, signature_algorithm, verify_raw

# Making a longer RSA key takes a minute of a busy machine.
QUICK = [text for text in KEY_TYPES if not text.startswith("rsa") or text < "rsa:4096"]


@pytest.mark.parametrize("spelling", QUICK)
def test_what_is_asked_for_is_made(spelling: str) -> None:
    kind = KeyType.parse(spelling)
    assert str(kind) == spelling
    key = generate(kind)
    assert key_type_of(key.public_key()) == kind
    # The vault stores it, and gets it back.
    again = load_key(dump_key(key))
    assert again.public_key() == key.public_key()


@pytest.mark.parametrize("spelling", QUICK)
def test_a_key_signs_or_says_that_it_cannot(spelling: str) -> None:
    """Proof of possession by signature (RFC 4211 4.1) is for every kind but those of KEMs."""
    kind = KeyType.parse(spelling)
    key = generate(kind)
    assert kind.signs == (spelling in SIGNING_KEY_TYPES)
    if kind.signs:
        verify_raw(key.public_key(), signature_algorithm(key), sign(key, b"request"), b"request")
    else:
        with pytest.raises(ValueError, match="no signature algorithm for MLKEM"):
            signature_algorithm(key)


def test_the_spellings() -> None:
    assert KEY_TYPES == (
        "rsa:2048", "rsa:3072", "rsa:4096", "rsa:5120", "rsa:6144", "rsa:7168", "rsa:8192",
        "ec:p256", "ec:p384", "ec:p521",
        "ed25519", "ed448",
        "mldsa44", "mldsa65", "mldsa87",
        "mlkem768", "mlkem1024",
    )  # fmt: skip
    assert all(map(is_key_type, KEY_TYPES))
    assert not set(SIGNING_KEY_TYPES) & set(KEM_KEY_TYPES)


@pytest.mark.parametrize(
    "text", ["", "rsa", "rsa:1024", "rsa:2049", "rsa:9216", "RSA:2048", "ec:p224", "mldsa", "dsa"]
)
def test_other_spellings(text: str) -> None:
    assert not is_key_type(text)
    with pytest.raises(ValueError, match="is no kind of key: there are rsa:2048"):
        KeyType.parse(text)


@pytest.mark.parametrize(
    "key",
    [
        rsa.generate_private_key(65537, 1024),
        ec.generate_private_key(ec.SECP256K1()),
        x25519.X25519PrivateKey.generate(),
    ],
)
def test_keys_that_cannot_be_asked_for(key) -> None:
    with pytest.raises(ValueError, match="is no kind of key"):
        key_type_of(key.public_key())

"""Protection: what is made here is accepted here, and nothing else is; over the bytes as received."""

import secrets
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from csc.runtime.cmp.codec import decode, encode_message, encode_protected_part
from csc.runtime.cmp.codec.tlv import tlv
from csc.runtime.cmp.credentials import Credential, MacScheme, RSAPadding
from csc.runtime.cmp.errors import ProtectionError
from csc.runtime.cmp.keys import KeyType, generate
from csc.runtime.cmp.mac import compute_mac, mac_algorithm
from csc.runtime.cmp.model import (
    AlgorithmIdentifier,
    BodyType,
    PKIBody,
    PKIConfirmContent,
    PKIFailureInfo,
    PKIHeader,
    PKIMessage,
)
from csc.runtime.cmp.protection import (
    PasswordCredential,
    SignatureCredential,
    is_mac,
    protect,
    sign,
    signature_algorithm,
    verify_mac,
    verify_signature,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from peers.certificates import make_root, name, new_key

HEADER = PKIHeader(2, name("sender"), name("recipient"), transaction_id=b"0123456789abcdef")
BODY = PKIBody(BodyType.PKI_CONF, PKIConfirmContent())
SECRET = PasswordCredential(b"ref", b"open sesame")
ROOT = make_root()
KEYS = {
    spelling: generate(KeyType.parse(spelling))
    for spelling in ("rsa:2048", "ec:p256", "ed25519", "ed448", "mldsa44")
}
SIGNERS = {
    spelling: SignatureCredential(ROOT.issue(name(spelling), key.public_key()), key)
    for spelling, key in KEYS.items()
}
CREDENTIALS: list[Credential] = [
    *(PasswordCredential(b"ref", b"open sesame", scheme) for scheme in MacScheme),
    *SIGNERS.values(),
    replace(SIGNERS["rsa:2048"], padding=RSAPadding.PSS),
]


def verify(message: PKIMessage, credential: Credential) -> None:
    if isinstance(credential, PasswordCredential):
        assert is_mac(message)
        accepts = credential.mac is MacScheme.PBM_SHA1
        verify_mac(message, credential.secret, accepts_sha1=accepts)
    else:
        assert not is_mac(message)
        verify_signature(message, credential.certificate.public_key())


@given(
    st.sampled_from(CREDENTIALS),
    st.binary(max_size=20),
    st.sampled_from(["protected_part", "protection"]),
    st.integers(0, 2**20),
    st.integers(0, 7),
)
@settings(max_examples=60)
def test_what_is_protected_is_verified_and_no_bit_may_flip(
    credential: Credential, nonce: bytes, field: str, at: int, bit: int
) -> None:
    header = replace(HEADER, sender_nonce=nonce)
    message = decode(protect(header, BODY, credential, random=secrets.token_bytes))
    verify(message, credential)
    octets = bytearray(getattr(message, field))
    octets[at % len(octets)] ^= 1 << bit
    with pytest.raises(ProtectionError, match=r"is wrong|not made with the shared secret"):
        verify(replace(message, **{field: bytes(octets)}), credential)


def test_the_way_of_signing_is_the_credentials() -> None:
    for padding, oid in (
        (RSAPadding.PKCS1, "1.2.840.113549.1.1.11"),
        (RSAPadding.PSS, "1.2.840.113549.1.1.10"),
    ):
        credential = replace(SIGNERS["rsa:2048"], padding=padding)
        message = decode(protect(HEADER, BODY, credential, random=secrets.token_bytes))
        assert message.header.protection_alg is not None
        assert message.header.protection_alg.oid == oid


def test_a_signature_is_no_mac() -> None:
    message = decode(protect(HEADER, BODY, SIGNERS["ec:p256"], random=secrets.token_bytes))
    with pytest.raises(ProtectionError, match="no password-based MAC"):
        verify_mac(message, b"s")


def test_a_mac_is_no_signature() -> None:
    message = decode(protect(HEADER, BODY, SECRET, random=secrets.token_bytes))
    with pytest.raises(ProtectionError, match="is not accepted"):
        verify_signature(message, new_key().public_key())


def _not_canonical(algorithm: AlgorithmIdentifier) -> bytes:
    """A ProtectedPart with failInfo in a form that a re-encoding would change: trailing zero bits."""
    header = replace(HEADER, protection_alg=algorithm)
    status = tlv(0x30, b"\x02\x01\x02" + b"\x03\x05\x00\x20\x00\x00\x00")
    body = tlv(0xB7, tlv(0x30, status))
    conf = encode_protected_part(header, BODY)
    der = conf[2 if conf[1] < 0x80 else 2 + (conf[1] & 0x7F) :]
    return tlv(0x30, der[: -len(b"\xb3\x02\x05\x00")] + body)


def test_mac_and_signature_cover_the_bytes_received() -> None:
    """Bytes that a re-encoding would change are verified as they came."""
    key = new_key()
    with_secret = mac_algorithm(MacScheme.PBM, bytes(16))
    for algorithm, protection in (
        (with_secret, lambda part: compute_mac(with_secret, b"s", part)),
        (signature_algorithm(key), lambda part: sign(key, part)),
    ):
        part = _not_canonical(algorithm)
        message = decode(encode_message(part, protection(part), ()))
        assert message.protected_part == part
        assert message.body.content.status.fail_info == {PKIFailureInfo.BAD_REQUEST}
        assert encode_protected_part(message.header, message.body) != part
        if is_mac(message):
            verify_mac(message, b"s")
        else:
            verify_signature(message, key.public_key())


def test_a_signed_message_names_its_signer_and_brings_the_chain() -> None:
    root, key = make_root(), new_key()
    certificate = root.issue(name("fw1"), key.public_key())
    credential = SignatureCredential(certificate, key, (root.certificate,))
    message = decode(protect(HEADER, BODY, credential, random=secrets.token_bytes))
    kid = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    assert message.header.sender_kid == kid
    assert message.extra_certs == (
        certificate.public_bytes(Encoding.DER),
        root.certificate.public_bytes(Encoding.DER),
    )
    verify_signature(message, key.public_key())
    with pytest.raises(ProtectionError, match=rf"signature is wrong.*{b'0123'.hex()}"):
        verify_signature(message, root.key.public_key())


def test_no_signature_at_all() -> None:
    message = decode(encode_message(encode_protected_part(HEADER, BODY), bytes(64), ()))
    with pytest.raises(ProtectionError, match="no signature"):
        verify_signature(message, new_key().public_key())


def test_secrets_do_not_show() -> None:
    assert "sesame" not in repr(SECRET)
    assert "key" not in repr(SIGNERS["ec:p256"]).lower()

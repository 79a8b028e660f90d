"""Protection: what is made here is accepted here, and nothing else is; over the bytes as received."""

import hashlib
import hmac
import secrets
from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding
from csc.runtime.cmp.codec import (
    decode,
    decode_pbm_parameter,
    encode_message,
    encode_pbm_parameter,
    encode_protected_part,
)
from csc.runtime.cmp.codec.tlv import tlv
from csc.runtime.cmp.errors import ProtectionError
from csc.runtime.cmp.model import (
    AlgorithmIdentifier,
    BodyType,
    PBMParameter,
    PKIBody,
    PKIConfirmContent,
    PKIFailureInfo,
    PKIHeader,
    PKIMessage,
)
from csc.runtime.cmp.protection import (
    ITERATIONS,
    MAX_ITERATIONS,
    MIN_ITERATIONS,
    PASSWORD_BASED_MAC,
    PasswordCredential,
    SignatureCredential,
    is_mac,
    protect,
    sign,
    signature_algorithm,
    verify_mac,
    verify_raw,
    verify_signature,
)
from hypothesis import given
from hypothesis import strategies as st
from peers.certificates import make_root, name, new_key

HEADER = PKIHeader(2, name("sender"), name("recipient"), transaction_id=b"0123456789abcdef")
BODY = PKIBody(BodyType.PKI_CONF, PKIConfirmContent())
SECRET = PasswordCredential(b"ref", b"open sesame")
OWFS = {
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
MACS = {
    "1.3.6.1.5.5.8.1.2": "sha1",
    "1.2.840.113549.2.7": "sha1",
    "1.2.840.113549.2.9": "sha256",
    "1.2.840.113549.2.10": "sha384",
    "1.2.840.113549.2.11": "sha512",
}
SHA256 = "2.16.840.1.101.3.4.2.1"
HMAC_SHA256 = "1.2.840.113549.2.9"


def mac_message(
    parameter: PBMParameter | bytes, mac: bytes | Callable[[bytes], bytes] | None
) -> PKIMessage:
    """A message with these PBM parameters, and a MAC over its bytes."""
    der = parameter if isinstance(parameter, bytes) else encode_pbm_parameter(parameter)
    header = PKIHeader(
        2,
        HEADER.sender,
        HEADER.recipient,
        protection_alg=AlgorithmIdentifier(PASSWORD_BASED_MAC, der),
        transaction_id=HEADER.transaction_id,
    )
    part = encode_protected_part(header, BODY)
    return decode(encode_message(part, mac(part) if callable(mac) else mac, ()))


def pbm(secret: bytes, parameter: PBMParameter, data: bytes) -> bytes:
    """The MAC as RFC 9810 5.1.3.1 tells it, written once more and independently."""
    key = hashlib.new(OWFS[parameter.owf.oid], secret + parameter.salt)
    for _ in range(parameter.iteration_count - 1):
        key = hashlib.new(OWFS[parameter.owf.oid], key.digest())
    return hmac.new(key.digest(), data, MACS[parameter.mac.oid]).digest()


def parameter(
    count: int = 500, *, owf: str = SHA256, mac: str = HMAC_SHA256, salt: bytes = b"salt"
) -> PBMParameter:
    return PBMParameter(salt, AlgorithmIdentifier(owf), count, AlgorithmIdentifier(mac))


# Password-based MAC.


def test_a_mac_is_made_as_the_rfc_says() -> None:
    message = decode(protect(HEADER, BODY, SECRET, random=lambda size: bytes(range(size))))
    assert is_mac(message)
    assert message.header.sender_kid == b"ref"
    assert message.extra_certs == ()
    algorithm = message.header.protection_alg
    assert algorithm is not None
    sent = decode_pbm_parameter(algorithm.parameters or b"")
    assert sent.salt == bytes(range(16))
    assert sent.iteration_count == ITERATIONS >= 500
    assert (sent.owf.oid, sent.mac.oid) == (SHA256, HMAC_SHA256)
    assert message.protection == pbm(SECRET.secret, sent, message.protected_part)
    verify_mac(message, SECRET.secret)


@pytest.mark.parametrize("owf", OWFS)
@pytest.mark.parametrize("mac", MACS)
def test_all_macs_of_rfc_9481_are_accepted(owf: str, mac: str) -> None:
    made = parameter(owf=owf, mac=mac)
    message = mac_message(made, lambda part: pbm(SECRET.secret, made, part))
    verify_mac(message, SECRET.secret)
    with pytest.raises(ProtectionError, match="not made with the shared secret"):
        verify_mac(message, b"open barley")


@given(st.binary(max_size=30), st.binary(max_size=30))
def test_a_mac_needs_the_secret(secret: bytes, other: bytes) -> None:
    made = parameter(MIN_ITERATIONS)
    message = mac_message(made, lambda part: pbm(secret, made, part))
    verify_mac(message, secret)
    if other != secret:
        with pytest.raises(ProtectionError):
            verify_mac(message, other)


@pytest.mark.parametrize("count", [MIN_ITERATIONS, MAX_ITERATIONS])
def test_iteration_counts_within_the_limits(count: int) -> None:
    made = parameter(count)
    verify_mac(mac_message(made, lambda part: pbm(b"s", made, part)), b"s")


@pytest.mark.parametrize("count", [-1, 0, 1, MIN_ITERATIONS - 1, MAX_ITERATIONS + 1, 2**62])
def test_iteration_counts_beyond_the_limits(count: int) -> None:
    """Too few are weak; too many would keep the reader busy, so they are refused before counting."""
    with pytest.raises(ProtectionError, match=rf"iteration count is {count}, and 100 to 100000"):
        verify_mac(mac_message(parameter(count), bytes(32)), b"s")


@pytest.mark.parametrize(
    "made", [parameter(owf="1.2.840.113549.2.5"), parameter(mac="1.3.6.1.5.5.8.1.1")]
)
def test_other_algorithms_are_not_accepted(made: PBMParameter) -> None:
    with pytest.raises(ProtectionError, match="which are not accepted"):
        verify_mac(mac_message(made, bytes(32)), b"s")


@pytest.mark.parametrize("der", [b"\x05\x00", b"\x30\x00", b"\x30\x03\x02\x01\x05"])
def test_malformed_parameters(der: bytes) -> None:
    with pytest.raises(ProtectionError, match="parameters are malformed"):
        verify_mac(mac_message(der, bytes(32)), b"s")


@pytest.mark.parametrize("cut", [0, 1, 31])
def test_a_shortened_mac_is_wrong(cut: int) -> None:
    made = parameter()
    message = mac_message(made, lambda part: pbm(b"s", made, part)[:cut])
    with pytest.raises(ProtectionError, match="not made with"):
        verify_mac(message, b"s")


def test_no_mac_at_all() -> None:
    with pytest.raises(ProtectionError, match="no password-based MAC"):
        verify_mac(mac_message(parameter(), None), b"s")
    plain = decode(encode_message(encode_protected_part(HEADER, BODY), bytes(32), ()))
    with pytest.raises(ProtectionError, match=rf"no password-based MAC.*{b'0123'.hex()}"):
        verify_mac(plain, b"s")


def test_a_signature_is_no_mac() -> None:
    root = make_root()
    credential = SignatureCredential(root.certificate, root.key)
    message = decode(protect(HEADER, BODY, credential, random=secrets.token_bytes))
    assert not is_mac(message)
    with pytest.raises(ProtectionError, match="no password-based MAC"):
        verify_mac(message, b"s")


def _not_canonical(algorithm: AlgorithmIdentifier) -> bytes:
    """A ProtectedPart with failInfo in a form that a re-encoding would change: trailing zero bits."""
    header = PKIHeader(
        2,
        HEADER.sender,
        HEADER.recipient,
        protection_alg=algorithm,
        transaction_id=HEADER.transaction_id,
    )
    status = tlv(0x30, b"\x02\x01\x02" + b"\x03\x05\x00\x20\x00\x00\x00")
    body = tlv(0xB7, tlv(0x30, status))
    conf = encode_protected_part(header, BODY)
    der = conf[2 if conf[1] < 0x80 else 2 + (conf[1] & 0x7F) :]
    return tlv(0x30, der[: -len(b"\xb3\x02\x05\x00")] + body)


def test_mac_and_signature_cover_the_bytes_received() -> None:
    """Bytes that a re-encoding would change are verified as they came."""
    made = parameter()
    key = new_key()
    for algorithm, protection in (
        (
            AlgorithmIdentifier(PASSWORD_BASED_MAC, encode_pbm_parameter(made)),
            lambda part: pbm(b"s", made, part),
        ),
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


# Signatures.


@pytest.fixture(scope="module")
def keys(rsa_key: rsa.RSAPrivateKey) -> dict[str, object]:
    return {
        "1.2.840.113549.1.1.11": rsa_key,
        "1.2.840.10045.4.3.2": ec.generate_private_key(ec.SECP256R1()),
        "1.2.840.10045.4.3.3": ec.generate_private_key(ec.SECP384R1()),
        "1.2.840.10045.4.3.4": ec.generate_private_key(ec.SECP521R1()),
        "1.3.101.112": ed25519.Ed25519PrivateKey.generate(),
        "1.3.101.113": ed448.Ed448PrivateKey.generate(),
    }


ALGORITHMS = [
    "1.2.840.113549.1.1.11",
    "1.2.840.10045.4.3.2",
    "1.2.840.10045.4.3.3",
    "1.2.840.10045.4.3.4",
    "1.3.101.112",
    "1.3.101.113",
]


@pytest.mark.parametrize("oid", ALGORITHMS)
def test_what_is_signed_is_verified(keys, oid: str) -> None:
    """Every kind of key signs with the algorithm that fits it, and only its public key accepts."""
    key = keys[oid]
    algorithm = signature_algorithm(key)
    assert algorithm.oid == oid
    # RFC 4055 wants NULL for RSA, RFC 5758 and RFC 8410 want nothing.
    assert algorithm.parameters == (b"\x05\x00" if isinstance(key, rsa.RSAPrivateKey) else None)
    signature = sign(key, b"data")
    verify_raw(key.public_key(), algorithm, signature, b"data")
    with pytest.raises(ProtectionError, match="signature is wrong"):
        verify_raw(key.public_key(), algorithm, signature, b"date")
    with pytest.raises(ProtectionError, match="signature is wrong"):
        verify_raw(key.public_key(), algorithm, signature[:-1] + b"\x00\x00", b"data")
    with pytest.raises(ProtectionError, match="signature is wrong"):
        verify_raw(key.public_key(), algorithm, b"", b"data")


@pytest.mark.parametrize("oid", ALGORITHMS)
def test_an_algorithm_fits_its_kind_of_key_only(keys, oid: str) -> None:
    signature = sign(keys[oid], b"data")
    for other, key in keys.items():
        if other != oid:
            with pytest.raises(ProtectionError, match=r"does not fit|is wrong"):
                verify_raw(key.public_key(), AlgorithmIdentifier(oid), signature, b"data")


@pytest.mark.parametrize(
    "oid", ["1.2.840.113549.1.1.5", "1.2.840.113549.1.1.4", "1.2.840.10045.4.1", "1.2.3"]
)
def test_weak_and_unknown_algorithms_are_not_accepted(keys, oid: str) -> None:
    for key in keys.values():
        with pytest.raises(ProtectionError, match=f"{oid} is not accepted"):
            verify_raw(key.public_key(), AlgorithmIdentifier(oid), bytes(64), b"data")


def test_a_key_that_cannot_sign() -> None:
    key = x25519.X25519PrivateKey.generate()
    with pytest.raises(ValueError, match="X25519"):
        signature_algorithm(key)
    with pytest.raises(ValueError, match="X25519"):
        sign(key, b"data")


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


def test_a_mac_is_no_signature() -> None:
    message = decode(protect(HEADER, BODY, SECRET, random=secrets.token_bytes))
    with pytest.raises(ProtectionError, match="is not accepted"):
        verify_signature(message, new_key().public_key())


def test_secrets_do_not_show() -> None:
    root = make_root()
    assert "sesame" not in repr(SECRET)
    assert "key" not in repr(SignatureCredential(root.certificate, root.key)).lower()

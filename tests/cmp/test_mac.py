"""MACs of a shared secret: made as the RFCs say, checked over the bytes as received, within limits."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from csc.runtime.cmp.codec import (
    PBMAC1Parameter,
    decode,
    decode_pbm_parameter,
    decode_pbmac1_parameter,
    encode_message,
    encode_pbm_parameter,
    encode_pbmac1_parameter,
    encode_protected_part,
)
from csc.runtime.cmp.codec.tlv import tlv
from csc.runtime.cmp.errors import MalformedMessage, ProtectionError
from csc.runtime.cmp.mac import (
    ITERATIONS,
    MAX_ITERATIONS,
    MAX_KEY_LENGTH,
    MAX_PBKDF2_ITERATIONS,
    MIN_ITERATIONS,
    MIN_KEY_LENGTH,
    MIN_PBKDF2_ITERATIONS,
    MIN_SALT_SIZE,
    PASSWORD_BASED_MAC,
    PBKDF2_ITERATIONS,
    PBMAC1,
    compute_mac,
    is_mac,
    verify_mac,
)
from csc.runtime.cmp.model import (
    AlgorithmIdentifier,
    BodyType,
    PBMParameter,
    PKIBody,
    PKIConfirmContent,
    PKIHeader,
    PKIMessage,
)
from csc.runtime.cmp.protection import MacScheme, PasswordCredential, protect
from hypothesis import given, settings
from hypothesis import strategies as st
from peers.certificates import name
from pyasn1.codec.der.decoder import decode as der_decode
from pyasn1_modules import rfc7292

HEADER = PKIHeader(2, name("sender"), name("recipient"), transaction_id=b"0123456789abcdef")
BODY = PKIBody(BodyType.PKI_CONF, PKIConfirmContent())
SECRET = b"open sesame"
SALT = b"8 octets"
NULL = b"\x05\x00"
SHA1, SHA256 = "1.3.14.3.2.26", "2.16.840.1.101.3.4.2.1"
HMAC_SHA256 = "1.2.840.113549.2.9"
HMACS_SHA1 = ("1.3.6.1.5.5.8.1.2", "1.2.840.113549.2.7")
OWFS = {
    SHA1: "sha1",
    "2.16.840.1.101.3.4.2.4": "sha224",
    SHA256: "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
HMACS = {
    "1.3.6.1.5.5.8.1.2": "sha1",
    "1.2.840.113549.2.7": "sha1",
    "1.2.840.113549.2.8": "sha224",
    HMAC_SHA256: "sha256",
    "1.2.840.113549.2.10": "sha384",
    "1.2.840.113549.2.11": "sha512",
}


def message_with(
    algorithm: AlgorithmIdentifier, mac: bytes | Callable[[bytes], bytes] | None
) -> PKIMessage:
    """A message with this protectionAlg, and a MAC over its bytes."""
    header = PKIHeader(
        2,
        HEADER.sender,
        HEADER.recipient,
        protection_alg=algorithm,
        transaction_id=HEADER.transaction_id,
    )
    part = encode_protected_part(header, BODY)
    return decode(encode_message(part, mac(part) if callable(mac) else mac, ()))


def pbm_message(parameter: PBMParameter, mac=bytes(32)) -> PKIMessage:
    return message_with(
        AlgorithmIdentifier(PASSWORD_BASED_MAC, encode_pbm_parameter(parameter)), mac
    )


def pbmac1_message(parameter: PBMAC1Parameter, mac=bytes(32)) -> PKIMessage:
    return message_with(AlgorithmIdentifier(PBMAC1, encode_pbmac1_parameter(parameter)), mac)


def pbm(secret: bytes, parameter: PBMParameter, data: bytes) -> bytes:
    """The MAC as RFC 9810 5.1.3.1 tells it, written once more and independently."""
    key = hashlib.new(OWFS[parameter.owf.oid], secret + parameter.salt)
    for _ in range(parameter.iteration_count - 1):
        key = hashlib.new(OWFS[parameter.owf.oid], key.digest())
    return hmac.new(key.digest(), data, HMACS[parameter.mac.oid]).digest()


def pbmac1(secret: bytes, parameter: PBMAC1Parameter, data: bytes) -> bytes:
    """The MAC as RFC 8018 5.2 and 7.1 tell it, for one block of PBKDF2, without hashlib's."""
    prf = HMACS[parameter.prf.oid]
    block = last = hmac.digest(secret, parameter.salt + bytes([0, 0, 0, 1]), prf)
    for _ in range(parameter.iteration_count - 1):
        last = hmac.digest(secret, last, prf)
        block = bytes(a ^ b for a, b in zip(block, last, strict=True))
    assert parameter.key_length is not None
    assert parameter.key_length <= len(block)
    return hmac.digest(block[: parameter.key_length], data, HMACS[parameter.mac.oid])


def pbm_of(
    count: int = 500, *, owf: str = SHA256, mac: str = HMAC_SHA256, salt: bytes = SALT
) -> PBMParameter:
    return PBMParameter(salt, AlgorithmIdentifier(owf), count, AlgorithmIdentifier(mac))


def pbmac1_of(
    count: int = MIN_PBKDF2_ITERATIONS,
    *,
    key_length: int | None = 20,
    prf: str = HMAC_SHA256,
    mac: str = HMAC_SHA256,
    salt: bytes = SALT,
) -> PBMAC1Parameter:
    return PBMAC1Parameter(
        salt, count, key_length, AlgorithmIdentifier(prf, NULL), AlgorithmIdentifier(mac, NULL)
    )


def refused(message: PKIMessage, words: str, **options) -> ProtectionError:
    with pytest.raises(ProtectionError, match=words) as caught:
        verify_mac(message, SECRET, **options)
    assert caught.value.transaction_id == HEADER.transaction_id
    assert "sesame" not in str(caught.value)
    return caught.value


# What is made.


def made(scheme: MacScheme) -> tuple[PKIMessage, AlgorithmIdentifier]:
    credential = PasswordCredential(b"ref", SECRET, scheme)
    message = decode(protect(HEADER, BODY, credential, random=lambda size: bytes(range(size))))
    assert is_mac(message)
    assert message.header.sender_kid == b"ref"
    assert message.extra_certs == ()
    algorithm = message.header.protection_alg
    assert algorithm is not None
    return message, algorithm


def test_pbm_is_made_as_the_rfc_says() -> None:
    message, algorithm = made(MacScheme.PBM)
    assert algorithm.oid == PASSWORD_BASED_MAC
    sent = decode_pbm_parameter(algorithm.parameters or b"")
    assert sent.salt == bytes(range(16))
    assert sent.iteration_count == ITERATIONS >= 500
    assert (sent.owf.oid, sent.mac.oid) == (SHA256, HMAC_SHA256)
    assert message.protection == pbm(SECRET, sent, message.protected_part)
    verify_mac(message, SECRET)


def test_pbmac1_is_made_as_the_rfc_says() -> None:
    message, algorithm = made(MacScheme.PBMAC1)
    assert algorithm.oid == PBMAC1
    sent = decode_pbmac1_parameter(algorithm.parameters or b"")
    hmac_sha256 = AlgorithmIdentifier(HMAC_SHA256, NULL)
    assert sent == PBMAC1Parameter(
        bytes(range(16)), PBKDF2_ITERATIONS, 32, hmac_sha256, hmac_sha256
    )
    key = hashlib.pbkdf2_hmac("sha256", SECRET, sent.salt, sent.iteration_count, 32)
    assert message.protection == hmac.digest(key, message.protected_part, "sha256")
    verify_mac(message, SECRET)


def test_pbm_sha1_is_what_rfc_4210_made_mandatory() -> None:
    message, algorithm = made(MacScheme.PBM_SHA1)
    sent = decode_pbm_parameter(algorithm.parameters or b"")
    assert (sent.owf.oid, sent.mac.oid) == (SHA1, "1.3.6.1.5.5.8.1.2")
    assert message.protection == pbm(SECRET, sent, message.protected_part)
    verify_mac(message, SECRET, accepts_sha1=True)


@pytest.mark.parametrize("scheme", MacScheme)
def test_each_message_has_a_salt_of_its_own(scheme: MacScheme) -> None:
    credential = PasswordCredential(b"ref", SECRET, scheme)
    one, other = (
        decode(protect(HEADER, BODY, credential, random=secrets.token_bytes)) for _ in range(2)
    )
    assert one.header.protection_alg != other.header.protection_alg
    assert one.protection != other.protection


# What is accepted.


@pytest.mark.parametrize("owf", OWFS)
@pytest.mark.parametrize("mac", HMACS)
def test_all_pbm_of_rfc_9481(owf: str, mac: str) -> None:
    parameter = pbm_of(owf=owf, mac=mac)
    message = pbm_message(parameter, lambda part: pbm(SECRET, parameter, part))
    verify_mac(message, SECRET, accepts_sha1=True)
    with pytest.raises(ProtectionError, match="not made with the shared secret"):
        verify_mac(message, b"open barley", accepts_sha1=True)


@pytest.mark.parametrize("prf", HMACS)
@pytest.mark.parametrize("mac", HMACS)
def test_all_pbmac1_of_rfc_9481(prf: str, mac: str) -> None:
    parameter = pbmac1_of(prf=prf, mac=mac)
    message = pbmac1_message(parameter, lambda part: pbmac1(SECRET, parameter, part))
    verify_mac(message, SECRET, accepts_sha1=True)
    with pytest.raises(ProtectionError, match="not made with the shared secret"):
        verify_mac(message, b"open barley", accepts_sha1=True)


def test_the_vector_of_rfc_9579() -> None:
    """A.1: the MAC of a PKCS #12 file, whose password is 1234."""
    text = Path(__file__).parents[1] / "data" / "rfc9579-a1.p12.b64"
    file, rest = der_decode(base64.b64decode(text.read_text()), asn1Spec=rfc7292.PFX())
    assert not rest
    content, _ = der_decode(file["authSafe"]["content"])
    stored = file["macData"]["mac"]
    algorithm = AlgorithmIdentifier(
        str(stored["digestAlgorithm"]["algorithm"]), bytes(stored["digestAlgorithm"]["parameters"])
    )
    assert algorithm.oid == PBMAC1
    assert compute_mac(algorithm, b"1234", bytes(content)) == bytes(stored["digest"])
    assert compute_mac(algorithm, b"1235", bytes(content)) != bytes(stored["digest"])


@given(st.binary(max_size=30), st.binary(max_size=30))
def test_a_mac_needs_the_secret(secret: bytes, other: bytes) -> None:
    parameter = pbm_of(MIN_ITERATIONS)
    message = pbm_message(parameter, lambda part: pbm(secret, parameter, part))
    verify_mac(message, secret)
    if other != secret:
        with pytest.raises(ProtectionError):
            verify_mac(message, other)


@given(st.sampled_from(["protected_part", "protection"]), st.integers(0, 10_000), st.integers(0, 7))
@settings(max_examples=60)
def test_any_bit_that_flips_is_noticed(field: str, at: int, bit: int) -> None:
    parameter = pbm_of(MIN_ITERATIONS)
    message = pbm_message(parameter, lambda part: pbm(SECRET, parameter, part))
    octets = bytearray(getattr(message, field))
    octets[at % len(octets)] ^= 1 << bit
    refused(replace(message, **{field: bytes(octets)}), "not made with the shared secret")


# What is not.


@pytest.mark.parametrize(
    ("message", "role"),
    [
        (pbm_message(pbm_of(owf=SHA1)), f"hash is {SHA1}"),
        *((pbm_message(pbm_of(mac=mac)), f"HMAC is {mac}") for mac in HMACS_SHA1),
        *((pbmac1_message(pbmac1_of(mac=mac)), f"HMAC is {mac}") for mac in HMACS_SHA1),
        *((pbmac1_message(pbmac1_of(prf=prf)), f"prf is {prf}") for prf in HMACS_SHA1),
    ],
)
def test_sha_1_is_accepted_only_where_that_was_asked_for(message: PKIMessage, role: str) -> None:
    error = refused(message, rf"made with SHA-1 \(the {role}\), which is not accepted")
    assert "MAC=PBM-SHA1 at the CMPServer" in error.way_out
    refused(message, "not made with the shared secret", accepts_sha1=True)


def test_a_prf_that_is_left_out_is_hmac_sha1() -> None:
    """RFC 8018 A.2: the default."""
    parameter = pbmac1_of(prf="1.2.840.113549.2.7")
    der = encode_pbmac1_parameter(parameter)
    assert b"\x2a\x86\x48\x86\xf7\x0d\x02\x07" not in der
    assert decode_pbmac1_parameter(der) == parameter


@pytest.mark.parametrize("count", [MIN_ITERATIONS, MAX_ITERATIONS])
def test_iteration_counts_within_the_limits(count: int) -> None:
    parameter = pbm_of(count)
    verify_mac(pbm_message(parameter, lambda part: pbm(SECRET, parameter, part)), SECRET)


@pytest.mark.parametrize("count", [-1, 0, 1, MIN_ITERATIONS - 1, MAX_ITERATIONS + 1, 2**31, 2**62])
def test_iteration_counts_beyond_the_limits(count: int) -> None:
    """Too few are weak; too many would keep the reader busy, so they are refused before counting."""
    refused(pbm_message(pbm_of(count)), rf"iteration count is {count}, and 100 to 100000")


def test_pbkdf2_counts_up_to_the_limit() -> None:
    refused(pbmac1_message(pbmac1_of(MAX_PBKDF2_ITERATIONS)), "not made with")


@pytest.mark.parametrize(
    "count",
    [-1, 0, 1, MIN_PBKDF2_ITERATIONS - 1, MAX_PBKDF2_ITERATIONS + 1, 2**31, 2**62],
)
def test_pbkdf2_counts_beyond_the_limits(count: int) -> None:
    message = pbmac1_message(pbmac1_of(count))
    refused(message, rf"iteration count is {count}, and 1000 to 1000000")


@pytest.mark.parametrize("salt", [b"", bytes(MIN_SALT_SIZE - 1)])
def test_a_short_salt(salt: bytes) -> None:
    for message in (pbm_message(pbm_of(salt=salt)), pbmac1_message(pbmac1_of(salt=salt))):
        refused(message, rf"salt has {len(salt)} bytes, and 8 are the least")


@pytest.mark.parametrize("length", [MIN_KEY_LENGTH, 32, 64, MAX_KEY_LENGTH])
def test_key_lengths_within_the_limits(length: int) -> None:
    refused(pbmac1_message(pbmac1_of(key_length=length)), "not made with")


@pytest.mark.parametrize("length", [-1, 0, MIN_KEY_LENGTH - 1, MAX_KEY_LENGTH + 1, 2**40])
def test_key_lengths_beyond_the_limits(length: int) -> None:
    message = pbmac1_message(pbmac1_of(key_length=length))
    refused(message, rf"keyLength is {length}, and 20 to 128 are accepted")


def test_a_key_length_has_to_be_there() -> None:
    refused(pbmac1_message(pbmac1_of(key_length=None)), "keyLength is left out")


@pytest.mark.parametrize(
    "message",
    [
        pbm_message(pbm_of(owf="1.2.840.113549.2.5")),
        pbm_message(pbm_of(mac="1.3.6.1.5.5.8.1.1")),
        pbmac1_message(pbmac1_of(prf="1.3.6.1.5.5.8.1.1")),
        pbmac1_message(pbmac1_of(mac="1.3.6.1.5.5.8.1.1")),
    ],
)
def test_other_hashes_are_not_accepted(message: PKIMessage) -> None:
    refused(message, r"with the \w+ 1\.[\d.]+, which is not accepted", accepts_sha1=True)


def test_parameters_of_a_hash_are_none_or_null() -> None:
    odd = PBMParameter(
        SALT, AlgorithmIdentifier(SHA256, b"\x02\x01\x05"), 500, AlgorithmIdentifier(HMAC_SHA256)
    )
    refused(pbm_message(odd), "hash .* with parameters, which is not accepted")


@pytest.mark.parametrize(
    ("oid", "named"),
    [
        ("1.2.840.113533.7.66.30", "DHBasedMac (1.2.840.113533.7.66.30)"),
        ("1.2.840.113533.7.66.16", "KemBasedMac (1.2.840.113533.7.66.16)"),
    ],
)
def test_other_macs_are_named(oid: str, named: str) -> None:
    message = message_with(AlgorithmIdentifier(oid, NULL), bytes(32))
    assert is_mac(message)
    error = refused(message, "PasswordBasedMac and PBMAC1 are")
    assert f"the MAC algorithm {named} is not accepted" in str(error)


def test_an_unknown_algorithm_is_no_mac() -> None:
    message = message_with(AlgorithmIdentifier("1.2.3", NULL), bytes(32))
    assert not is_mac(message)
    refused(message, "no password-based MAC")
    with pytest.raises(ProtectionError, match=r"1\.2\.3 is not accepted"):
        compute_mac(AlgorithmIdentifier("1.2.3"), SECRET, b"")


@pytest.mark.parametrize("oid", [PASSWORD_BASED_MAC, PBMAC1])
@pytest.mark.parametrize("der", [None, NULL, b"\x30\x00", b"\x30\x03\x02\x01\x05"])
def test_malformed_parameters(oid: str, der: bytes | None) -> None:
    message = message_with(AlgorithmIdentifier(oid, der), bytes(32))
    refused(message, "parameters are malformed")


def test_a_key_that_pbkdf2_does_not_derive() -> None:
    inner = bytes.fromhex("06092a864886f70d01050d")  # PBES2
    hmac_sha256 = bytes.fromhex("300c06082a864886f70d02090500")
    der = tlv(0x30, tlv(0x30, inner) + hmac_sha256)
    with pytest.raises(MalformedMessage, match="and PBKDF2 is known"):
        decode_pbmac1_parameter(der)


@given(st.binary(max_size=60))
def test_garbage_is_no_pbmac1_parameter(data: bytes) -> None:
    with pytest.raises(MalformedMessage):
        decode_pbmac1_parameter(data)


@given(
    st.binary(max_size=40),
    st.integers(0, 2**40),
    st.none() | st.integers(0, 2**40),
    st.sampled_from(list(HMACS)),
    st.sampled_from(list(HMACS)),
)
def test_pbmac1_parameters_that_are_written_are_read(salt, count, length, prf, mac) -> None:
    parameter = pbmac1_of(count, key_length=length, prf=prf, mac=mac, salt=salt)
    assert decode_pbmac1_parameter(encode_pbmac1_parameter(parameter)) == parameter


@pytest.mark.parametrize("cut", [0, 1, 31])
def test_a_shortened_mac_is_wrong(cut: int) -> None:
    parameter = pbm_of()
    refused(
        pbm_message(parameter, lambda part: pbm(SECRET, parameter, part)[:cut]), "not made with"
    )


def test_no_mac_at_all() -> None:
    refused(pbm_message(pbm_of(), None), "no password-based MAC")
    plain = decode(encode_message(encode_protected_part(HEADER, BODY), bytes(32), ()))
    refused(plain, "no password-based MAC")

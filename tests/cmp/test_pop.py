"""Proof of possession by challenge: the codec's laws, and each check of `answer_challenge` violated."""

from dataclasses import replace
from hashlib import sha1, sha256

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, mlkem, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from csc.runtime.cmp.codec.pop import (
    MAX_CHALLENGES,
    MAX_RAND_SIZE,
    Challenge,
    Rand,
    SubsequentMessage,
    decode_challenges,
    decode_rand,
    decode_responses,
    encode_challenges,
    encode_integer,
    encode_rand,
    encode_responses,
    encode_subsequent_message,
)
from csc.runtime.cmp.enveloped import answer_challenge
from csc.runtime.cmp.errors import (
    AlgorithmNotSupported,
    CMPError,
    DecryptionFailed,
    MalformedMessage,
    ProtectionError,
    UnexpectedAnswer,
)
from csc.runtime.cmp.model import AlgorithmIdentifier
from hypothesis import given, settings
from hypothesis import strategies as st
from peers import cms
from peers.certificates import name

CA = name("Test CA")
KEY = bytes(range(32))
NUMBER = 0x80FF_0102_0304_0506
SHA256 = AlgorithmIdentifier("2.16.840.1.101.3.4.2.1")


def recipient_info(key: PrivateKeyTypes) -> bytes:
    match key:
        case rsa.RSAPrivateKey():
            scheme = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
            encrypted = key.public_key().encrypt(KEY, scheme)
            oaep = cms.algorithm("1.2.840.113549.1.1.7", b"\x30\x00")
            return cms.for_rsa(cms.NOBODY, encrypted, oaep)
        case ec.EllipticCurvePrivateKey():
            return cms.for_agreement(
                *(key.public_key(), KEY, "1.3.132.1.11.1", "x963", hashes.SHA256())
            )
        case _:
            assert isinstance(key, mlkem.MLKEM768PrivateKey)
            return cms.for_kem(key.public_key(), KEY)


def challenge(key: PrivateKeyTypes, plain: bytes | None = None) -> Challenge:
    """As a CA of RFC 9810 makes it: for a recipient that has no name yet."""
    plain = encode_rand(Rand(NUMBER, CA)) if plain is None else plain
    der = cms.enveloped(plain, [recipient_info(key)], KEY)
    return Challenge(None, b"", b"", der)


KEYS = {
    "rsa": rsa.generate_private_key(65537, 2048),
    "ec": ec.generate_private_key(ec.SECP256R1()),
    "kem": mlkem.MLKEM768PrivateKey.generate(),
}


class TestAnswers:
    @pytest.mark.parametrize("kind", KEYS)
    def test_the_number_is_sent_back(self, kind: str) -> None:
        content = encode_challenges([challenge(KEYS[kind])])
        answer = answer_challenge(content, key=KEYS[kind], sender=CA)
        assert answer == cms.sequence(cms.integer(NUMBER))
        assert decode_responses(answer) == (NUMBER,)

    @pytest.mark.parametrize("of", [encode_integer(NUMBER), encode_integer(NUMBER)[2:]])
    def test_with_a_witness(self, of: bytes) -> None:
        for owf, witness in (
            (SHA256, sha256(of).digest()),
            (AlgorithmIdentifier("1.3.14.3.2.26"), sha1(of).digest()),
        ):
            made = replace(challenge(KEYS["ec"]), owf=owf, witness=witness)
            answer = answer_challenge(encode_challenges([made]), key=KEYS["ec"], sender=CA)
            assert decode_responses(answer) == (NUMBER,)

    def test_a_sender_without_a_name(self) -> None:
        made = challenge(KEYS["ec"], encode_rand(Rand(1, None)))
        answer = answer_challenge(encode_challenges([made]), key=KEYS["ec"], sender=None)
        assert decode_responses(answer) == (1,)


class TestViolated:
    @pytest.mark.parametrize("count", [0, 2])
    def test_1_number_of_challenges(self, count: int) -> None:
        content = encode_challenges([challenge(KEYS["ec"])] * count)
        with pytest.raises(UnexpectedAnswer, match=f"expected 1, got {count}"):
            answer_challenge(content, key=KEYS["ec"], sender=CA)

    def test_2_the_old_form(self) -> None:
        key = KEYS["rsa"]
        old = key.public_key().encrypt(encode_rand(Rand(NUMBER, CA)), padding.PKCS1v15())
        content = encode_challenges([Challenge(SHA256, sha256(b"").digest(), old, None)])
        with pytest.raises(AlgorithmNotSupported, match="in the form of RFC 4210"):
            answer_challenge(content, key=key, sender=CA)

    @pytest.mark.parametrize("sender", [name("Other"), None])
    def test_3_another_sender(self, sender: x509.Name | None) -> None:
        content = encode_challenges([challenge(KEYS["ec"])])
        with pytest.raises(UnexpectedAnswer, match="the sender's name"):
            answer_challenge(content, key=KEYS["ec"], sender=sender)

    def test_3_a_sender_that_is_no_distinguished_name(self) -> None:
        plain = cms.sequence(cms.integer(1), cms.tlv(0x82, b"ca.example"))
        content = encode_challenges([challenge(KEYS["ec"], plain)])
        with pytest.raises(UnexpectedAnswer, match="got no name"):
            answer_challenge(content, key=KEYS["ec"], sender=None)

    def test_4_a_witness_of_another_number(self) -> None:
        witness = sha256(encode_integer(NUMBER + 1)).digest()
        made = replace(challenge(KEYS["ec"]), owf=SHA256, witness=witness)
        with pytest.raises(ProtectionError, match="witness"):
            answer_challenge(encode_challenges([made]), key=KEYS["ec"], sender=CA)

    def test_4_a_witness_of_an_unknown_function(self) -> None:
        md5 = AlgorithmIdentifier("1.2.840.113549.2.5")
        made = replace(challenge(KEYS["ec"]), owf=md5, witness=b"")
        with pytest.raises(AlgorithmNotSupported, match="MD5"):
            answer_challenge(encode_challenges([made]), key=KEYS["ec"], sender=CA)

    def test_another_key(self) -> None:
        content = encode_challenges([challenge(KEYS["ec"])])
        other = ec.generate_private_key(ec.SECP256R1())
        with pytest.raises(DecryptionFailed):
            answer_challenge(content, key=other, sender=CA)

    @pytest.mark.parametrize(
        "plain",
        [
            b"",
            b"no Rand",
            cms.sequence(cms.integer(1)),
            cms.sequence(cms.integer(1 << 8 * MAX_RAND_SIZE), cms.tlv(0xA4, CA.public_bytes())),
        ],
    )
    def test_no_rand(self, plain: bytes) -> None:
        content = encode_challenges([challenge(KEYS["ec"], plain)])
        with pytest.raises(MalformedMessage):
            answer_challenge(content, key=KEYS["ec"], sender=CA)

    def test_too_many(self) -> None:
        content = encode_challenges([challenge(KEYS["ec"])] * (MAX_CHALLENGES + 1))
        with pytest.raises(MalformedMessage, match="more than 16"):
            answer_challenge(content, key=KEYS["ec"], sender=CA)


class TestCodec:
    def test_subsequent_message(self) -> None:
        """RFC 4211 4.2: [1] IMPLICIT INTEGER."""
        assert encode_subsequent_message(SubsequentMessage.ENCR_CERT).hex() == "810100"
        assert encode_subsequent_message(SubsequentMessage.CHALLENGE_RESP).hex() == "810101"

    @given(st.lists(st.integers(-(2**600), 2**600), max_size=5))
    def test_responses(self, numbers: list[int]) -> None:
        assert decode_responses(encode_responses(numbers)) == tuple(numbers)

    @given(st.integers(-(2**600), 2**600), st.sampled_from([CA, x509.Name([])]))
    def test_rand(self, number: int, sender: x509.Name) -> None:
        assert decode_rand(encode_rand(Rand(number, sender))) == Rand(number, sender)

    @given(
        st.lists(
            st.builds(
                Challenge,
                st.none() | st.just(SHA256) | st.just(replace(SHA256, parameters=b"\x05\x00")),
                st.binary(max_size=40),
                st.binary(max_size=40),
                st.none() | st.binary(max_size=40).map(cms.sequence),
            ),
            max_size=4,
        )
    )
    def test_challenges(self, challenges: list[Challenge]) -> None:
        assert decode_challenges(encode_challenges(challenges)) == tuple(challenges)

    def test_the_number_is_not_shown(self) -> None:
        assert str(NUMBER) not in repr(Rand(NUMBER, CA))


CONTENT = encode_challenges(
    [replace(challenge(KEYS["ec"]), owf=SHA256, witness=sha256(encode_integer(NUMBER)).digest())]
)


@given(share=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
@settings(max_examples=300)
def test_a_changed_bit_never_gives_another_answer(share: float, bit: int) -> None:
    """The witness finds what AES-CBC does not."""
    content = bytearray(CONTENT)
    content[int(share * len(content))] ^= 1 << bit
    try:
        answer = answer_challenge(bytes(content), key=KEYS["ec"], sender=CA)
    except CMPError:
        return
    assert decode_responses(answer) == (NUMBER,)


@given(share=st.floats(0, 1, exclude_max=True))
def test_what_is_cut_is_malformed(share: float) -> None:
    with pytest.raises(MalformedMessage):
        answer_challenge(CONTENT[: int(share * len(CONTENT))], key=KEYS["ec"], sender=CA)


@given(st.binary(max_size=100))
def test_garbage(data: bytes) -> None:
    for read in (decode_challenges, decode_rand, decode_responses):
        try:
            read(data)
        except CMPError:
            continue

# pyright: basic
# pyasn1 makes the members of its classes at run time; strict typing sees nothing in them.
"""Proof of possession for keys that cannot sign, as bytes and as data (RFC 9810 5.2.8.3, RFC 4211 4.2).

All contents are those inside the tags of PKIBody and ProofOfPossession.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from cryptography import x509
from pyasn1.codec.der.encoder import encode as der_encode
from pyasn1.type import univ
from pyasn1_modules import rfc5280

from ..errors import MalformedMessage
from ..model import AlgorithmIdentifier
from .algorithms import algorithm
from .cms_parameters import reading, whole
from .der import algorithm as encode_algorithm
from .schema import _explicit, _maybe, _one, _sequence, _Tagged, list_of
from .tlv import tlv, untag
from .values import DIRECTORY_NAME

# One challenge for each request in a message; csc asks for one certificate in each.
MAX_CHALLENGES = 16
# A random number that is to be sent back (RFC 9810 5.2.8.3.3); Rand had to fit an RSA block once.
MAX_RAND_SIZE = 512  # bytes


class SubsequentMessage(IntEnum):
    """How possession will be proved (RFC 4211 4.2): by reading the certificate, or a challenge."""

    ENCR_CERT = 0
    CHALLENGE_RESP = 1


@dataclass(frozen=True, slots=True)
class Challenge:
    """RFC 9810 5.2.8.3.3: `encrypted_rand` is an EnvelopedData, `challenge` the form of RFC 4210."""

    owf: AlgorithmIdentifier | None
    witness: bytes
    challenge: bytes
    encrypted_rand: bytes | None


@dataclass(frozen=True, slots=True)
class Rand:
    """RFC 9810 5.2.8.3.3: the number to send back, and the sender's name; None is none that is a DN."""

    number: int = field(repr=False)
    sender: x509.Name | None


_CHALLENGE = _sequence(
    _maybe("owf", rfc5280.AlgorithmIdentifier()),
    _one("witness", univ.OctetString()),
    _one("challenge", univ.OctetString()),
    _maybe("encryptedRand", _explicit(_Tagged(), 0)),
)
_RAND = _sequence(_one("int", univ.Integer()), _one("sender", univ.Any()))


def encode_subsequent_message(how: SubsequentMessage) -> bytes:
    """The POPOPrivKey `subsequentMessage`: the content of keyEncipherment [2] and keyAgreement [3]."""
    return tlv(0x81, bytes([how]))


def encode_challenges(challenges: Sequence[Challenge]) -> bytes:
    """A POPODecKeyChallContent: the content of popdecc."""
    return tlv(0x30, b"".join(map(_challenge, challenges)))


def decode_challenges(der: bytes) -> tuple[Challenge, ...]:
    """The challenges in a POPODecKeyChallContent: the content of popdecc.

    Raises:
        MalformedMessage: if it is none.
    """
    with reading("POPODecKeyChallContent"):
        values = whole(der, list_of(_CHALLENGE))
        if len(values) > MAX_CHALLENGES:
            raise MalformedMessage(f"{len(values)} challenges came, more than {MAX_CHALLENGES}")
        return tuple(
            Challenge(
                owf=algorithm(one["owf"]) if one["owf"].isValue else None,
                witness=bytes(one["witness"]),
                challenge=bytes(one["challenge"]),
                encrypted_rand=bytes(one["encryptedRand"])
                if one["encryptedRand"].isValue
                else None,
            )
            for one in values
        )


def encode_rand(rand: Rand) -> bytes:
    """A Rand: what a challenge encrypts."""
    name = x509.Name([]) if rand.sender is None else rand.sender
    return tlv(0x30, encode_integer(rand.number) + tlv(0xA4, name.public_bytes()))


def decode_rand(der: bytes) -> Rand:
    """What a challenge encrypts.

    Raises:
        MalformedMessage: if it is no Rand, or its number is longer than MAX_RAND_SIZE.
    """
    with reading("Rand"):
        value = whole(der, _RAND)
        number = int(value["int"])
        if number.bit_length() > 8 * MAX_RAND_SIZE:
            raise MalformedMessage(f"the number of a challenge has more than {MAX_RAND_SIZE} bytes")
        tag, name = untag(bytes(value["sender"]))
        return Rand(number, x509.Name.from_bytes(name) if tag == DIRECTORY_NAME else None)


def encode_responses(numbers: Sequence[int]) -> bytes:
    """A POPODecKeyRespContent: the content of popdecr."""
    return tlv(0x30, b"".join(map(encode_integer, numbers)))


def decode_responses(der: bytes) -> tuple[int, ...]:
    """The numbers in a POPODecKeyRespContent: the content of popdecr.

    Raises:
        MalformedMessage: if it is none.
    """
    with reading("POPODecKeyRespContent"):
        return tuple(int(number) for number in whole(der, list_of(univ.Integer())))


def encode_integer(number: int) -> bytes:
    """The DER of an INTEGER: what a challenge's witness is the hash of."""
    return der_encode(univ.Integer(number))


def _challenge(challenge: Challenge) -> bytes:
    owf = b"" if challenge.owf is None else encode_algorithm(challenge.owf)
    rand = b"" if challenge.encrypted_rand is None else tlv(0xA0, challenge.encrypted_rand)
    return tlv(0x30, owf + tlv(0x04, challenge.witness) + tlv(0x04, challenge.challenge) + rand)

"""A CA's challenge in, the response that proves possession of the key out (RFC 9810 5.2.8.3.3)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from ..codec.pop import (
    Challenge,
    decode_challenges,
    decode_rand,
    encode_integer,
    encode_responses,
)
from ..errors import AlgorithmNotSupported, ProtectionError, UnexpectedAnswer
from .algorithms import HASHES, refused
from .opening import open_enveloped


def answer_challenge(
    content: bytes,
    *,
    key: PrivateKeyTypes,
    sender: x509.Name | None,
    originators: Sequence[x509.Certificate] = (),
) -> bytes:
    """The content of popdecr that answers the content of popdecc, for a request of one certificate.

    The recipient of the challenge has no certificate yet: that the challenge is for `key` shows as it opens.

    Checked is:

    1. There is one challenge, for one was asked (RFC 9810 5.2.8.3.3).
    2. It is an EnvelopedData; the bare RSA encryption of RFC 4210 would make this end entity
       decrypt what anybody likes, and is refused.
    3. The sender's name in it is `sender`, so that it is not another one's challenge passed on.
    4. The witness, if a one-way function is named, is made of the number: who asks knows it.

    Args:
        content: the POPODecKeyChallContent.
        key: the private key that is asked for.
        sender: the sender in the header of the message that has the challenge.
        originators: as for `open_enveloped`.

    Raises:
        DecryptionFailed: if the challenge is for another key, or does not open.
        UnexpectedAnswer: if 1 or 3 fails.
        AlgorithmNotSupported: if 2 fails, or an algorithm is not accepted.
        ProtectionError: if 4 fails.
        MalformedMessage: if it is no challenge.
    """
    challenges = decode_challenges(content)
    # 1
    if len(challenges) != 1:
        raise UnexpectedAnswer("the challenges", "1", str(len(challenges)))
    challenge = challenges[0]
    # 2
    if challenge.encrypted_rand is None:
        raise AlgorithmNotSupported(
            "a challenge in the form of RFC 4210 came, which is not accepted: EnvelopedData is"
        )
    rand = decode_rand(open_enveloped(challenge.encrypted_rand, key=key, originators=originators))
    # 3
    if rand.sender != (x509.Name([]) if sender is None else sender):
        raise UnexpectedAnswer(
            "the sender's name in the challenge", _shown(sender), _shown(rand.sender)
        )
    _check_witness(challenge, rand.number)  # 4
    return encode_responses([rand.number])


def _check_witness(challenge: Challenge, number: int) -> None:
    if challenge.owf is None:
        return
    function = HASHES.get(challenge.owf.oid)
    if function is None:
        raise refused("the witness of the challenge", challenge.owf.oid)
    # RFC 9810 applies the function "to a randomly generated INTEGER", and does not say to which bytes
    # of it: Bouncy Castle takes its DER, others the content of that.
    der = encode_integer(number)
    witnesses = [hashlib.new(function.name, data).digest() for data in (der, der[_header(der) :])]
    if not any(hmac.compare_digest(one, challenge.witness) for one in witnesses):
        raise ProtectionError("the challenge's witness is not made of its number")


def _header(der: bytes) -> int:
    """The size of tag and length."""
    return 2 if der[1] < 0x80 else 2 + (der[1] & 0x7F)


def _shown(name: x509.Name | None) -> str:
    return "no name" if name is None else name.rfc4514_string() or "the NULL-DN"

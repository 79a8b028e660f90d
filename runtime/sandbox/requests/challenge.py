"""A request whose key has to decrypt a number in, the challenge (popdecc) out (RFC 9810 5.2.8.3.3).

The request waits in the ledger until popdecr comes. Only the number's digest is kept.
"""

from __future__ import annotations

import hashlib
import secrets

from cryptography.hazmat.primitives.asymmetric import padding, rsa

from ...cmp.codec.pop import Challenge, Rand, encode_challenges, encode_integer, encode_rand
from ...cmp.codec.writing import encode_message, encode_protected_part
from ...cmp.model import CMP2021, AlgorithmIdentifier, BodyType, PKIBody, PopChallengeContent
from ..ledger.memory import Challenged
from .desk import Desk, Order, Response
from .enveloped import envelop
from .recipients import EncryptionKey, for_key

_SHA256 = AlgorithmIdentifier("2.16.840.1.101.3.4.2.1")
_NUMBER_SIZE = 16  # bytes


def challenge(desk: Desk, order: Order, key: EncryptionKey, cert_req_id: int) -> Response:
    """The challenge for the holder of `key`: popdecc, as EnvelopedData, or encrypted by RSA for cmp2000."""
    number = int.from_bytes(secrets.token_bytes(_NUMBER_SIZE), "big")
    witness = witness_of(number)
    # The sender in the header of the answer, which is signed unless a secret asks.
    signs = order.requester.secret is None
    sender = desk.authority.signer.name if signs else desk.authority.name
    rand = encode_rand(Rand(number, sender))
    if order.header.pvno == CMP2021:
        enveloped = envelop(rand, for_key(key, cert_req_id)).der
        asked = Challenge(_SHA256, witness, b"", enveloped)
    else:
        assert isinstance(key, rsa.RSAPublicKey)  # noqa: S101  (check_possession)
        asked = Challenge(_SHA256, witness, key.encrypt(rand, padding.PKCS1v15()), None)
    request = encode_message(encode_protected_part(order.header, order.body), None, ())
    desk.ledger.memory.keep_challenge(
        order.transaction_id,
        Challenged(request, str(order.requester), witness, order.vouched, desk.profile),
    )
    content = PopChallengeContent(encode_challenges([asked]))
    return Response(PKIBody(BodyType.POP_DEC_CHALL, content), BodyType.POP_DEC_RESP)


def witness_of(number: int) -> bytes:
    """The digest of a number's DER, by which it is known again."""
    return hashlib.sha256(encode_integer(number)).digest()

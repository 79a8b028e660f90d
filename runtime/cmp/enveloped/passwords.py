"""A PasswordRecipientInfo and the password in, the content key out (RFC 5652 6.2.4, RFC 9483 4.1.6.3)."""

from __future__ import annotations

import hmac

from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from ..cms_model import PasswordRecipientInfo
from ..codec.cms_parameters import decode_algorithm, decode_octets, decode_pbkdf2_parameters
from ..errors import AlgorithmNotSupported, DecryptionFailed, MalformedMessage
from .algorithms import AES_CBC, AES_WRAP, HMACS, PBKDF2, PWRI_KEK, refused
from .content import BLOCK_SIZE, NOT_OPENED, cbc
from .recipients import unwrapped

# Fewer make the password easy to guess from one message (RFC 8018 4.2 asks for 1000 at least; OpenSSL's
# default is 2048). A million keep the reader busy for about a second, more would be for that.
MIN_ITERATIONS = 1000
MAX_ITERATIONS = 1_000_000
MIN_SALT_SIZE = 8  # bytes, RFC 8018 4.1
_HMAC_SHA1 = "1.2.840.113549.2.7"  # the default of RFC 8018 A.2
_CHECK_SIZE = 3  # bytes, RFC 3211 2.3.1


def password_key(info: PasswordRecipientInfo, password: bytes) -> bytes:
    """The content key, wrapped with a key derived from `password`.

    Raises:
        DecryptionFailed: if it does not come out.
        AlgorithmNotSupported: if it is made in a way that is not accepted.
        MalformedMessage: if an algorithm's parameters are none.
    """
    oid = info.algorithm.oid
    if oid in AES_WRAP:
        return unwrapped(_derived(info, password, AES_WRAP[oid]), info.encrypted_key)
    if oid != PWRI_KEK:
        raise refused("the wrapped content key", oid)
    cipher = decode_algorithm(info.algorithm.parameters)
    if cipher.oid not in AES_CBC:
        raise refused("the wrapped content key", cipher.oid)
    kek = _derived(info, password, AES_CBC[cipher.oid])
    return _pwri_unwrapped(kek, decode_octets(cipher.parameters), info.encrypted_key)


def _derived(info: PasswordRecipientInfo, password: bytes, size: int) -> bytes:
    """The key encryption key of `size` bytes."""
    if info.derivation is None:
        raise AlgorithmNotSupported("a key for a password does not say how it is derived")
    if info.derivation.oid != PBKDF2:
        raise refused("the key derived from the password", info.derivation.oid)
    parameters = decode_pbkdf2_parameters(info.derivation.parameters)
    count = parameters.iteration_count
    if not MIN_ITERATIONS <= count <= MAX_ITERATIONS:
        raise AlgorithmNotSupported(
            f"PBKDF2 has {count} iterations, and {MIN_ITERATIONS} to {MAX_ITERATIONS} are accepted"
        )
    if len(parameters.salt) < MIN_SALT_SIZE:
        raise AlgorithmNotSupported(
            f"PBKDF2 has a salt of {len(parameters.salt)} bytes, and {MIN_SALT_SIZE} are the least"
        )
    if parameters.key_length not in (None, size):
        raise MalformedMessage(f"PBKDF2 gives {parameters.key_length} bytes for a key of {size}")
    prf = _HMAC_SHA1 if parameters.prf is None else parameters.prf.oid
    if prf not in HMACS:
        raise refused("PBKDF2", prf)
    return PBKDF2HMAC(HMACS[prf], size, parameters.salt, count).derive(password)


def _pwri_unwrapped(kek: bytes, vector: bytes, wrapped: bytes) -> bytes:
    """What id-alg-PWRI-KEK wrapped (RFC 3211 2.3.2): two passes of CBC, and three bytes to check.

    A wrong password is taken for the right one once in about 16 million times; the content then does
    not open, or is garbage.
    """
    if len(vector) != BLOCK_SIZE:
        raise MalformedMessage(f"AES-CBC has an initialisation vector of {len(vector)} bytes")
    if len(wrapped) < 2 * BLOCK_SIZE or len(wrapped) % BLOCK_SIZE:
        raise MalformedMessage(
            "a key wrapped for a password is not made of two whole blocks or more"
        )
    last = cbc(kek, wrapped[-2 * BLOCK_SIZE : -BLOCK_SIZE], wrapped[-BLOCK_SIZE:])
    inner = cbc(kek, last, wrapped[:-BLOCK_SIZE]) + last
    plain = cbc(kek, vector, inner)
    size, check = plain[0], plain[1 : 1 + _CHECK_SIZE]
    key = plain[1 + _CHECK_SIZE : 1 + _CHECK_SIZE + size]
    inverted = bytes(octet ^ 0xFF for octet in key[:_CHECK_SIZE])
    if not hmac.compare_digest(check, inverted) or len(key) != size:
        raise DecryptionFailed(NOT_OPENED)
    return key

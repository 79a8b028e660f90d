"""A shared secret and the bytes of a message in, their MAC made or checked (RFC 9481 6.1).

PasswordBasedMac (RFC 9810 5.1.3.1, RFC 4211 4.4) and PBMAC1 (RFC 8018 7.1, RFC 9579). What is made here
passes the same checks as what comes in.
"""

from __future__ import annotations

import hashlib
import hmac

from .codec import (
    PBMAC1Parameter,
    decode_pbm_parameter,
    decode_pbmac1_parameter,
    encode_pbm_parameter,
    encode_pbmac1_parameter,
)
from .credentials import MacScheme
from .errors import MalformedMessage, ProtectionError, WrongMac
from .model import AlgorithmIdentifier, PBMParameter, PKIMessage

PASSWORD_BASED_MAC = "1.2.840.113533.7.66.13"  # noqa: S105  (an object identifier)
PBMAC1 = "1.2.840.113549.1.5.14"
# MACs that need no shared secret, known by name to be refused by it (RFC 9810 5.1.3.2 and 5.1.3.4).
_OTHER_MACS = {
    "1.2.840.113533.7.66.30": "DHBasedMac",
    "1.2.840.113533.7.66.16": "KemBasedMac",
}

SALT_SIZE = 16  # bytes, sent: 128 bits
# Bytes, accepted: RFC 4211 4.4 and RFC 8018 4.1 ask for 64 bits; with fewer, tables made ahead pay off.
MIN_SALT_SIZE = 8

# PasswordBasedMac. Sent: RFC 9481 leaves the count open; OpenSSL sends 500, guessing should cost more.
ITERATIONS = 10_000
# Accepted. Fewer makes the secret easy to guess from one message (RFC 4211 4.4 has the same number); more
# lets a message keep the reader busy (OpenSSL has the same number).
MIN_ITERATIONS = 100
MAX_ITERATIONS = 100_000

# PBMAC1. Sent: a round of PBKDF2 costs about as much as one of PasswordBasedMac; each message pays it twice.
PBKDF2_ITERATIONS = 100_000
# Accepted. RFC 8018 4.2 has the lower number; the upper keeps the reader busy for less than a second or two.
MIN_PBKDF2_ITERATIONS = 1_000
MAX_PBKDF2_ITERATIONS = 1_000_000
# Bytes of derived key: as many as the hash makes. A shorter key than SHA-1's is weak (RFC 9579 5), one
# longer than a block of SHA-512 is hashed down by HMAC.
KEY_LENGTH = 32
MIN_KEY_LENGTH = 20
MAX_KEY_LENGTH = 128

_SHA1 = "sha1"
_OWFS = {
    "1.3.14.3.2.26": _SHA1,
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
_HMACS = {
    "1.3.6.1.5.5.8.1.2": _SHA1,  # as RFC 4210 names it
    "1.2.840.113549.2.7": _SHA1,
    "1.2.840.113549.2.8": "sha224",
    "1.2.840.113549.2.9": "sha256",
    "1.2.840.113549.2.10": "sha384",
    "1.2.840.113549.2.11": "sha512",
}
_NULL = b"\x05\x00"
_NO_PARAMETERS = (None, _NULL)
_SHA256 = AlgorithmIdentifier("2.16.840.1.101.3.4.2.1")
_HMAC_SHA256 = AlgorithmIdentifier("1.2.840.113549.2.9", _NULL)
# RFC 4210 D.2: mandatory there.
_OWF_SHA1 = AlgorithmIdentifier("1.3.14.3.2.26", _NULL)
_HMAC_SHA1 = AlgorithmIdentifier("1.3.6.1.5.5.8.1.2", _NULL)


class MacKeys:
    """A shared secret and the keys derived from it, each once. Made for one transaction, and gone with it.

    RFC 9810 5.1.3.1 recommends that the messages of a transaction share their parameters, so that there is
    one key to derive. What `accepts_sha1` says is in `verify_mac`.
    """

    __slots__ = ("_accepts_sha1", "_derived", "_secret")

    def __init__(self, secret: bytes, *, accepts_sha1: bool = False) -> None:
        self._secret = secret
        self._accepts_sha1 = accepts_sha1
        self._derived: dict[AlgorithmIdentifier, tuple[bytes, str]] = {}

    def compute(self, algorithm: AlgorithmIdentifier, data: bytes) -> bytes:
        """As `compute_mac`."""
        if algorithm not in self._derived:
            self._derived[algorithm] = _derive(algorithm, self._secret, self._accepts_sha1)
        key, digest = self._derived[algorithm]
        return hmac.digest(key, data, digest)

    def verify(self, message: PKIMessage) -> None:
        """As `verify_mac`."""
        transaction = message.header.transaction_id
        algorithm = message.header.protection_alg
        if algorithm is None or message.protection is None or not is_mac(message):
            raise ProtectionError("the message has no password-based MAC", transaction)
        try:
            expected = self.compute(algorithm, message.protected_part)
        except ProtectionError as error:
            error.transaction_id = transaction
            raise
        if not hmac.compare_digest(expected, message.protection):
            raise WrongMac("the message's MAC is not made with the shared secret", transaction)


def mac_algorithm(scheme: MacScheme, salt: bytes) -> AlgorithmIdentifier:
    """The protectionAlg of `scheme` with `salt`: SALT_SIZE random bytes, new for each transaction."""
    if scheme is MacScheme.PBMAC1:
        parameter = PBMAC1Parameter(salt, PBKDF2_ITERATIONS, KEY_LENGTH, _HMAC_SHA256, _HMAC_SHA256)
        return AlgorithmIdentifier(PBMAC1, encode_pbmac1_parameter(parameter))
    owf, mac = (_OWF_SHA1, _HMAC_SHA1) if scheme is MacScheme.PBM_SHA1 else (_SHA256, _HMAC_SHA256)
    parameter = PBMParameter(salt, owf, ITERATIONS, mac)
    return AlgorithmIdentifier(PASSWORD_BASED_MAC, encode_pbm_parameter(parameter))


def is_mac(message: PKIMessage) -> bool:
    """Whether the message says that a MAC protects it; perhaps one that `verify_mac` refuses by name."""
    algorithm = message.header.protection_alg
    return algorithm is not None and (algorithm.oid in _MACS or algorithm.oid in _OTHER_MACS)


def verify_mac(message: PKIMessage, secret: bytes, *, accepts_sha1: bool = False) -> None:
    """Check the MAC of a shared secret over the bytes received.

    `accepts_sha1` is for servers that know nothing newer: SHA-1 as hash or in an HMAC.

    Raises:
        ProtectionError: if it is missing, wrong, or made in a way that is not accepted.
    """
    MacKeys(secret, accepts_sha1=accepts_sha1).verify(message)


def compute_mac(
    algorithm: AlgorithmIdentifier, secret: bytes, data: bytes, *, accepts_sha1: bool = False
) -> bytes:
    """The MAC over `data` that `algorithm` describes. Nothing is computed before all of it is accepted.

    Raises:
        ProtectionError: if the algorithm is none of the two, or its parameters are not accepted.
    """
    return MacKeys(secret, accepts_sha1=accepts_sha1).compute(algorithm, data)


def _derive(algorithm: AlgorithmIdentifier, secret: bytes, accepts_sha1: bool) -> tuple[bytes, str]:
    """The key of the HMAC, and its hash by hashlib's name."""
    derive = _MACS.get(algorithm.oid)
    if derive is None:
        name = _OTHER_MACS.get(algorithm.oid)
        shown = f"{name} ({algorithm.oid})" if name else algorithm.oid
        raise ProtectionError(
            f"the MAC algorithm {shown} is not accepted: PasswordBasedMac and PBMAC1 are"
        )
    try:
        return derive(algorithm.parameters or b"", secret, accepts_sha1)
    except MalformedMessage as error:
        raise ProtectionError(f"the MAC's parameters are malformed: {error.message}") from None


def _password_based_mac(der: bytes, secret: bytes, accepts_sha1: bool) -> tuple[bytes, str]:
    """RFC 9810 5.1.3.1: the hash, iterated over secret and salt, is the key of the HMAC."""
    parameter = decode_pbm_parameter(der)
    _check_count(parameter.iteration_count, MIN_ITERATIONS, MAX_ITERATIONS)
    _check_salt(parameter.salt)
    owf = _known(_OWFS, parameter.owf, "hash", accepts_sha1)
    mac = _known(_HMACS, parameter.mac, "HMAC", accepts_sha1)
    one_way = getattr(hashlib, owf)  # half as much work as hashlib.new
    key = secret + parameter.salt
    for _ in range(parameter.iteration_count):
        key = one_way(key).digest()
    return key, mac


def _pbmac1(der: bytes, secret: bytes, accepts_sha1: bool) -> tuple[bytes, str]:
    """RFC 8018 7.1.1: PBKDF2 derives the key of the HMAC."""
    parameter = decode_pbmac1_parameter(der)
    _check_count(parameter.iteration_count, MIN_PBKDF2_ITERATIONS, MAX_PBKDF2_ITERATIONS)
    _check_salt(parameter.salt)
    length = parameter.key_length
    if length is None or not MIN_KEY_LENGTH <= length <= MAX_KEY_LENGTH:  # RFC 9579 5
        said = "left out" if length is None else str(length)
        raise ProtectionError(
            f"the MAC's keyLength is {said}, and {MIN_KEY_LENGTH} to {MAX_KEY_LENGTH} are accepted"
        )
    prf = _known(_HMACS, parameter.prf, "prf", accepts_sha1)
    mac = _known(_HMACS, parameter.mac, "HMAC", accepts_sha1)
    key = hashlib.pbkdf2_hmac(prf, secret, parameter.salt, parameter.iteration_count, length)
    return key, mac


_MACS = {PASSWORD_BASED_MAC: _password_based_mac, PBMAC1: _pbmac1}


def _check_count(count: int, least: int, most: int) -> None:
    if not least <= count <= most:
        raise ProtectionError(
            f"the MAC's iteration count is {count}, and {least} to {most} are accepted"
        )


def _check_salt(salt: bytes) -> None:
    if len(salt) < MIN_SALT_SIZE:
        raise ProtectionError(
            f"the MAC's salt has {len(salt)} bytes, and {MIN_SALT_SIZE} are the least accepted"
        )


def _known(
    table: dict[str, str], algorithm: AlgorithmIdentifier, role: str, accepts_sha1: bool
) -> str:
    """The hash that stands behind an algorithm, by hashlib's name."""
    name = table.get(algorithm.oid)
    if name is None or algorithm.parameters not in _NO_PARAMETERS:
        what = "" if name is None else " with parameters"
        raise ProtectionError(
            f"the MAC is made with the {role} {algorithm.oid}{what}, which is not accepted"
        )
    if name == _SHA1 and not accepts_sha1:
        error = ProtectionError(
            f"the MAC is made with SHA-1 (the {role} is {algorithm.oid}), which is not accepted"
        )
        error.way_out = (
            "have the CA make its MACs with SHA-256; if it cannot, MAC=PBM-SHA1 at the CMPServer"
            " accepts SHA-1"
        )
        raise error
    return name

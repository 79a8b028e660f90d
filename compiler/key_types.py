"""The kinds of keys to ask certificates for, as scripts spell them; whether a text is one."""

from __future__ import annotations

import re

# RFC 8017, RFC 5480, RFC 8032, FIPS 204 and FIPS 203; of RSA the sizes in use, see `is_key_type`.
KEY_TYPES: tuple[str, ...] = (
    "rsa:2048",
    "rsa:3072",
    "rsa:4096",
    "rsa:8192",
    "ec:p256",
    "ec:p384",
    "ec:p521",
    "ed25519",
    "ed448",
    "mldsa44",
    "mldsa65",
    "mldsa87",
    "mlkem768",
    "mlkem1024",
)

DEFAULT_KEY_TYPE = "rsa:2048"

_RSA = re.compile(r"rsa:([1-9][0-9]{3})")


def is_key_type(text: str) -> bool:
    """Whether `text` names a kind of key; RSA keys have any multiple of 1024 bits from 2048 to 8192."""
    rsa = _RSA.fullmatch(text)
    if rsa is not None:
        return int(rsa[1]) % 1024 == 0 and 2048 <= int(rsa[1]) <= 8192
    return text in KEY_TYPES

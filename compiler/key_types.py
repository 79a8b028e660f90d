"""The kinds of key that can be asked for, as they are spelled; nothing here can make one.

`runtime/cmp/keys.py` makes them, and has one function for each line here.
"""

from __future__ import annotations

# An RSA key's bits: what CAs and devices offer lies on these steps. Below 2048 it can be broken, and above
# 8192 making one takes minutes.
_RSA = tuple(f"rsa:{bits}" for bits in range(2048, 8192 + 1, 1024))

SIGNING_KEY_TYPES = (
    *_RSA,
    "ec:p256",
    "ec:p384",
    "ec:p521",
    "ed25519",
    "ed448",
    "mldsa44",
    "mldsa65",
    "mldsa87",
)
# Keys that cannot sign: possession of one is proved in another way (RFC 9810 5.2.8.3).
KEM_KEY_TYPES = ("mlkem768", "mlkem1024")
KEY_TYPES = (*SIGNING_KEY_TYPES, *KEM_KEY_TYPES)
# The device's keys are RSA (Administration Guide 16.5); 2048 bits is what CAs ask for at the least.
DEFAULT_KEY_TYPE = "rsa:2048"


def is_key_type(text: str) -> bool:
    """Whether `text` spells a kind of key: `rsa:3072`, `ec:p256`, `ed25519`, …"""
    return text in KEY_TYPES

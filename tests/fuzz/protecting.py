"""The parts of a CMP message, right or mutated, in; the message with a protection that is right out."""

from __future__ import annotations

from csc.runtime.cmp.codec.tlv import tlv
from csc.runtime.cmp.mac import MacKeys
from csc.runtime.cmp.model import AlgorithmIdentifier
from csc.runtime.cmp.protection import Credential, PasswordCredential, sign
from fuzz.mutation import parse

_EXTRA_CERTS = 0xA1
# Deriving a key anew for each message would take most of the time.
_KEYS: dict[bytes, MacKeys] = {}


def put_together(
    parts: bytes, extra: bytes, credential: Credential, algorithm: AlgorithmIdentifier
) -> bytes:
    """The message with these header and body, and extraCerts; `algorithm` is that of a MAC."""
    part = tlv(0x30, parts)
    if isinstance(credential, PasswordCredential):
        keys = _KEYS.setdefault(credential.secret, MacKeys(credential.secret, accepts_sha1=True))
        protection = keys.compute(algorithm, part)
    else:
        protection = sign(credential.private_key, part, credential.padding)
    return tlv(0x30, parts + tlv(0xA0, tlv(0x03, b"\x00" + protection)) + extra)


def protected_anew(data: bytes, credential: Credential, algorithm: AlgorithmIdentifier) -> bytes:
    """A message, protected anew; as it is, if it has no two parts."""
    top = parse(data)
    if not top or len(top) != 1 or len(top[0].inner or ()) < 2:
        return data
    header, body, *rest = top[0].inner or ()
    extra = b"".join(tree.der() for tree in rest if tree.tag == _EXTRA_CERTS)
    return put_together(header.der() + body.der(), extra, credential, algorithm)

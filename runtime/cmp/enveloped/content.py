"""An encrypted content and its key in, the plaintext out.

AES-CBC has no integrity of its own: a changed content, or a wrong content key of the right size, gives
another plaintext instead of an error once in about 256 times, where the padding happens to be right.
Whoever reads the plaintext has to check it: a key package is signed, a certificate has to fit the
request, a challenge holds its sender's name. Keys that are wrapped (all but RSA) are never wrong unnoticed.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, GCM
from cryptography.hazmat.primitives.padding import PKCS7

from ..cms_model import EnvelopedData
from ..codec.cms_parameters import decode_gcm_parameters, decode_octets
from ..errors import DecryptionFailed, MalformedMessage
from ..model import AlgorithmIdentifier
from .algorithms import AES_CBC, AES_GCM, refused

BLOCK_SIZE = 16  # bytes
# One message for everything that can fail once a key is tried: which step it was would help
# whoever sends one guess after the other (RFC 3218 2.3).
NOT_OPENED = "what the CA encrypted does not open with the key at hand"
_GCM_TAG_SIZES = range(12, 17)  # bytes, RFC 5084 3.2
_GCM_NONCE_SIZES = range(8, 65)  # bytes; 12 are recommended, and what the cipher takes begins at 8


def content_key_size(enveloped: EnvelopedData) -> int:
    """The size of the content key in bytes.

    Raises:
        AlgorithmNotSupported: if the content is not encrypted with AES-CBC, or with AES-GCM and a MAC.
    """
    oid = enveloped.algorithm.oid
    # GCM belongs to AuthEnvelopedData, CBC to EnvelopedData (RFC 5084 1.1): with the one taken for the
    # other, a content could be opened without its integrity.
    sizes = AES_CBC if enveloped.mac is None else AES_GCM
    if oid not in sizes:
        raise refused("the encrypted content", oid)
    return sizes[oid]


def open_content(enveloped: EnvelopedData, key: bytes) -> bytes:
    """The plaintext, with a key of the size that `content_key_size` gives.

    Raises:
        DecryptionFailed: if it does not open.
        MalformedMessage: if the algorithm's parameters are wrong.
    """
    if enveloped.mac is None:
        return open_cbc(enveloped.algorithm, key, enveloped.encrypted_content)
    nonce, tag_size = decode_gcm_parameters(enveloped.algorithm.parameters)
    if tag_size not in _GCM_TAG_SIZES or len(enveloped.mac) != tag_size:
        raise MalformedMessage(f"AES-GCM has a tag of {len(enveloped.mac)} bytes")
    if len(nonce) not in _GCM_NONCE_SIZES:
        raise MalformedMessage(f"AES-GCM has a nonce of {len(nonce)} bytes")
    mode = GCM(nonce, enveloped.mac, min_tag_length=tag_size)
    decryptor = Cipher(AES(key), mode).decryptor()
    decryptor.authenticate_additional_data(enveloped.auth_attrs or b"")  # RFC 5083 2.2
    try:
        return decryptor.update(enveloped.encrypted_content) + decryptor.finalize()
    except InvalidTag:
        raise DecryptionFailed(NOT_OPENED) from None


def open_cbc(algorithm: AlgorithmIdentifier, key: bytes, encrypted: bytes) -> bytes:
    """The plaintext of AES-CBC with the padding of RFC 5652 6.3.

    Raises:
        DecryptionFailed: if the padding is wrong.
        MalformedMessage: if the initialisation vector is no block.
    """
    vector = decode_octets(algorithm.parameters)
    if len(vector) != BLOCK_SIZE:
        raise MalformedMessage(f"AES-CBC has an initialisation vector of {len(vector)} bytes")
    if not encrypted or len(encrypted) % BLOCK_SIZE:
        raise MalformedMessage("a content encrypted with AES-CBC is not made of whole blocks")
    unpadder = PKCS7(8 * BLOCK_SIZE).unpadder()
    try:
        return unpadder.update(cbc(key, vector, encrypted)) + unpadder.finalize()
    except ValueError:
        raise DecryptionFailed(NOT_OPENED) from None


def cbc(key: bytes, vector: bytes, encrypted: bytes) -> bytes:
    """Whole blocks of AES-CBC, decrypted, with their padding."""
    decryptor = Cipher(AES(key), CBC(vector)).decryptor()
    return decryptor.update(encrypted) + decryptor.finalize()

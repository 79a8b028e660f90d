"""Requested extensions in, each by its identifier, read, out (RFC 5280 4.2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from cryptography import x509

from ...cmp.codec import der
from ...cmp.codec.tlv import tlv
from ...cmp.model import AlgorithmIdentifier, Extension, PKIFailureInfo
from ..requests.refusal import Refusal

T = TypeVar("T", bound=x509.ExtensionType)

_EXTENSION_REQUEST = "1.2.840.113549.1.9.14"  # RFC 2985 5.4.2
_ED25519 = AlgorithmIdentifier("1.3.101.112")


def by_identifier(requested: Sequence[Extension]) -> dict[str, Extension]:
    """The extensions by their dotted OIDs.

    Raises:
        Refusal: if one is there twice (RFC 5280 4.2).
    """
    found: dict[str, Extension] = {}
    for extension in requested:
        if extension.oid in found:
            raise _refused(f"the extension {extension.oid} is requested twice")
        found[extension.oid] = extension
    return found


def read_extension(extension: Extension, kind: type[T]) -> T:
    """The value of an extension that is known to be of a kind.

    cryptography reads extensions where they stand, not by themselves: this one is put into a PKCS #10
    request (RFC 2986) that is never signed.

    Raises:
        Refusal: if it cannot be read.
    """
    flag = b"\x01\x01\xff" if extension.critical else b""
    value = der.sequence(der.oid(extension.oid), flag, der.octets(extension.value))
    attribute = der.sequence(der.oid(_EXTENSION_REQUEST), tlv(0x31, der.sequence(value)))
    key = der.sequence(der.algorithm(_ED25519), der.bits(bytes(32)))
    info = der.sequence(der.integer(0), der.sequence(), key, der.tagged(0, attribute))
    request = der.sequence(info, der.algorithm(_ED25519), der.bits(bytes(64)))
    try:
        return x509.load_der_x509_csr(request).extensions.get_extension_for_class(kind).value
    except (ValueError, x509.UnsupportedGeneralNameType, x509.ExtensionNotFound):
        raise _refused(f"the requested extension {extension.oid} cannot be read") from None


def _refused(text: str) -> Refusal:
    return Refusal(PKIFailureInfo.BAD_CERT_TEMPLATE, text)

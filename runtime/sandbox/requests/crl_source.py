"""A CRLSource in, the CAs whose CRL it means out (RFC 9810 5.3.19.15, RFC 9483 4.3.4).

A distribution point is a name of a list here, not a place to fetch one from.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from ...cmp.codec.general import read_sequence
from ...cmp.codec.tlv import tlv, untag
from ...cmp.codec.values import general_name
from ...cmp.errors import MalformedMessage
from ..authority.certified_key import CertifiedKey
from ..authority.places import crl_url

_URI = 6  # GeneralName, RFC 5280 4.2.1.6


def cas_meant(source: bytes, cas: Sequence[CertifiedKey]) -> tuple[CertifiedKey, ...]:
    """Which of `cas` a CRLSource means.

    Raises:
        MalformedMessage: if it is none.
    """
    number, content = untag(source)  # its tags are explicit
    match number:
        case 0:  # DistributionPointName: [0] fullName or [1] nameRelativeToCRLIssuer
            kind, names = untag(content)
            if kind > 1:
                raise MalformedMessage("a DistributionPointName is a name")
            paths = [] if kind == 1 else _paths(tlv(0x30, names))
            return tuple(ca for ca in cas if any(_is_of(path, ca) for path in paths))
        case 1:
            issuers = [general_name(name) for name in _general_names(content)]
            return tuple(ca for ca in cas if ca.name in issuers)
        case _:
            raise MalformedMessage("a CRLSource is a distribution point or an issuer")


def _general_names(der: bytes) -> tuple[bytes, ...]:
    names = read_sequence(der)
    if not names:
        raise MalformedMessage("GeneralNames are one at least")
    return names


def _paths(general_names: bytes) -> list[str]:
    """The paths of all URIs."""
    found: list[str] = []
    for number, content in map(untag, _general_names(general_names)):
        if number == _URI:
            try:
                found.append(urlsplit(content.decode("ascii")).path)
            except ValueError:
                raise MalformedMessage("a URI cannot be read") from None
    return found


def _is_of(path: str, ca: CertifiedKey) -> bool:
    """The path names the CA by its key, so that the list is known wherever the server was and is."""
    return path.endswith(crl_url("", ca.identifier))

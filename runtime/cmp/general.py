"""Questions to a CA in (genm), what its answers say out (genp): RFC 9483 4.3, RFC 9810 5.3.19.

A question is an InfoTypeAndValue for `requests.ask`; the `read_` function beside it finds the answer among
the infos of an `Answered`, None where the CA left it out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from .checks import load_certificate
from .codec.general import (
    TemplateContent,
    encode_crl_status,
    read_algorithms,
    read_root_update,
    read_sequence,
    read_template,
)
from .errors import MalformedMessage, UntrustedCertificate, clean
from .model import AlgorithmIdentifier, InfoTypeAndValue
from .trust import verify_chain

_ID_IT = "1.3.6.1.5.5.7.4."
_SIGN_KEY_PAIR_TYPES = f"{_ID_IT}2"
_ENC_KEY_PAIR_TYPES = f"{_ID_IT}3"
_CURRENT_CRL = f"{_ID_IT}6"
_CA_CERTS = f"{_ID_IT}17"
_ROOT_CA_KEY_UPDATE = f"{_ID_IT}18"
_CERT_REQ_TEMPLATE = f"{_ID_IT}19"
_ROOT_CA_CERT = f"{_ID_IT}20"
_CRL_STATUS_LIST = f"{_ID_IT}22"
_CRLS = f"{_ID_IT}23"


@dataclass(frozen=True, slots=True)
class RootUpdate:
    """A CA's new root, which its old one vouches for (RFC 9483 4.3.2)."""

    new_with_new: x509.Certificate
    new_with_old: x509.Certificate
    old_with_new: x509.Certificate | None


# -- questions ------------------------------------------------------------------------------------------


def ca_certs() -> InfoTypeAndValue:
    """The CA's certificates (RFC 9483 4.3.1)."""
    return InfoTypeAndValue(_CA_CERTS)


def root_update(root: x509.Certificate | None = None) -> InfoTypeAndValue:
    """Whether there is a new root, in place of `root` (RFC 9483 4.3.2)."""
    value = None if root is None else root.public_bytes(Encoding.DER)
    return InfoTypeAndValue(_ROOT_CA_CERT, value)


def template() -> InfoTypeAndValue:
    """What the CA wants in requests (RFC 9483 4.3.3)."""
    return InfoTypeAndValue(_CERT_REQ_TEMPLATE)


def crls(issuer: x509.Name, newer_than: datetime | None = None) -> InfoTypeAndValue:
    """The CRL of an issuer, if there is one newer than the one held (RFC 9483 4.3.4)."""
    return InfoTypeAndValue(_CRL_STATUS_LIST, encode_crl_status(issuer, newer_than))


def current_crl() -> InfoTypeAndValue:
    """The current CRL, as RFC 4210 asks for it (RFC 9810 5.3.19.6)."""
    return InfoTypeAndValue(_CURRENT_CRL)


def signing_keys() -> InfoTypeAndValue:
    """Which signature keys the CA takes (RFC 9810 5.3.19.2)."""
    return InfoTypeAndValue(_SIGN_KEY_PAIR_TYPES)


def encryption_keys() -> InfoTypeAndValue:
    """Which encryption keys the CA takes (RFC 9810 5.3.19.3)."""
    return InfoTypeAndValue(_ENC_KEY_PAIR_TYPES)


# -- answers --------------------------------------------------------------------------------------------


def read_ca_certs(infos: Sequence[InfoTypeAndValue]) -> tuple[x509.Certificate, ...] | None:
    """The CA's certificates; none of them is trusted because it is there.

    Raises:
        MalformedMessage: here and below, if the answer cannot be read.
    """
    value = _find(infos, _CA_CERTS)
    return None if value is None else tuple(load_certificate(c) for c in read_sequence(value))


def read_root_update_answer(
    infos: Sequence[InfoTypeAndValue], old: x509.Certificate, now: datetime
) -> RootUpdate | None:
    """The CA's new root, checked: the old root has signed for it, and it leads to itself.

    oldWithNew, if it is there, is the old root's key, and the new root has signed for it (RFC 9810 4.4).

    Raises:
        UntrustedCertificate: if one of these does not hold.
    """
    value = _find(infos, _ROOT_CA_KEY_UPDATE)
    if value is None:
        return None
    new_der, vouched_der, back_der = read_root_update(value)
    if vouched_der is None:
        raise UntrustedCertificate(
            "the CA's new root comes without newWithOld: nobody vouches for it"
        )
    new, vouched = load_certificate(new_der), load_certificate(vouched_der)
    if vouched.public_key() != new.public_key() or vouched.subject != new.subject:
        raise UntrustedCertificate("newWithOld vouches for another root than newWithNew")
    verify_chain(vouched, [old], [], now)
    _check_self_signed(new)
    verify_chain(new, [new], [], now)
    back = None if back_der is None else load_certificate(back_der)
    if back is not None:
        if back.public_key() != old.public_key() or back.subject != old.subject:
            raise UntrustedCertificate("oldWithNew vouches for another root than the old one")
        verify_chain(back, [new], [], now)
    return RootUpdate(new, vouched, back)


def read_template_answer(infos: Sequence[InfoTypeAndValue]) -> TemplateContent | None:
    """What the CA wants in requests."""
    value = _find(infos, _CERT_REQ_TEMPLATE)
    return None if value is None else read_template(value)


def read_crls(
    infos: Sequence[InfoTypeAndValue],
) -> tuple[x509.CertificateRevocationList, ...] | None:
    """The CRLs of a `crls` or `current_crl`; who signed them is for the caller to check."""
    value = _find(infos, _CRLS)
    lists = None if value is None else read_sequence(value)
    if lists is None:
        single = _find(infos, _CURRENT_CRL)
        lists = None if single is None else (single,)
    return None if lists is None else tuple(map(_load_crl, lists))


def read_signing_keys(
    infos: Sequence[InfoTypeAndValue],
) -> tuple[AlgorithmIdentifier, ...] | None:
    """The signature keys that the CA takes."""
    value = _find(infos, _SIGN_KEY_PAIR_TYPES)
    return None if value is None else read_algorithms(value)


def read_encryption_keys(
    infos: Sequence[InfoTypeAndValue],
) -> tuple[AlgorithmIdentifier, ...] | None:
    """The encryption keys that the CA takes."""
    value = _find(infos, _ENC_KEY_PAIR_TYPES)
    return None if value is None else read_algorithms(value)


def _find(infos: Sequence[InfoTypeAndValue], oid: str) -> bytes | None:
    return next((info.value for info in infos if info.oid == oid), None)


def _check_self_signed(root: x509.Certificate) -> None:
    try:
        root.verify_directly_issued_by(root)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        raise UntrustedCertificate("the CA's new root is not signed by itself") from None


def _load_crl(der: bytes) -> x509.CertificateRevocationList:
    try:
        found = x509.load_der_x509_crl(der)
        _ = (found.issuer, found.extensions, found.next_update_utc)
    except Exception as error:
        raise MalformedMessage(f"a CRL cannot be read: {clean(str(error))}") from None
    return found

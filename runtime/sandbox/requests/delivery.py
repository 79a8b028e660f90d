"""A certificate that was issued, and how its key is proved, in; the CertResponse out (RFC 9810 5.3.4)."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding

from ...cmp.model import CMP2021, CertResponse, EncryptedKey, PKIStatusInfo
from ...cmp.protection import subject_key_identifier
from ..authority.key_generation import open_key_generation
from .central_keys import deliver_key
from .desk import Desk, Order
from .enveloped import encrypt_value, envelop
from .possession import Possession
from .recipients import EncryptionKey, Recipient, for_key


@dataclass(frozen=True, slots=True)
class Made:
    """A key that the CA made, and whom it is for."""

    key: PrivateKeyTypes = field(repr=False)
    recipient: Recipient = field(repr=False)


def deliver(
    desk: Desk,
    order: Order,
    cert_req_id: int,
    status: PKIStatusInfo,
    certificate: x509.Certificate,
    proof: Possession | Made,
) -> CertResponse:
    """With the certificate in the clear, or encrypted for its key; with the key, if the CA made that."""
    data = certificate.public_bytes(Encoding.DER)
    if isinstance(proof, Made):
        authority = open_key_generation(desk.authority, desk.now)
        private_key = deliver_key(proof.key, authority, proof.recipient)
        return CertResponse(cert_req_id, status, data, private_key=private_key)
    if proof is not Possession.BY_CERTIFICATE:
        return CertResponse(cert_req_id, status, data)
    key = certificate.public_key()
    assert isinstance(key, EncryptionKey)  # noqa: S101  (check_possession)
    encrypted = _encrypted(certificate, data, key, is_newer=order.header.pvno == CMP2021)
    return CertResponse(cert_req_id, status, encrypted_cert=encrypted)


def _encrypted(
    certificate: x509.Certificate, data: bytes, key: EncryptionKey, *, is_newer: bool
) -> EncryptedKey:
    """RFC 9810 5.2.8.3.2: for who holds the key that is certified; before cmp2021 as EncryptedValue."""
    if not is_newer:
        assert isinstance(key, rsa.RSAPublicKey)  # noqa: S101  (check_possession)
        return encrypt_value(data, key)
    identifier = subject_key_identifier(certificate)
    assert identifier is not None  # noqa: S101  (all of ours have one)
    return envelop(data, for_key(key, identifier))

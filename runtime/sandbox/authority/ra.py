"""A name and a key in, the certificate of an RA of this CA out (RFC 9810 4.5, RFC 6402 2.10).

No request gets one: whoever has it may ask for anything in anybody's name.
"""

from __future__ import annotations

import os
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ..ledger.ledger import Status
from ..requests.desk import Desk
from ..requests.outsiders import RA_USAGE
from ..requests.requester import TRANSACTION_ID_SIZE
from .authority import issue
from .extensions import of_signer
from .places import status_extensions
from .signing import BACKDATED

_BY_HAND = "operator"
_VALIDITY = timedelta(days=90)


def issue_ra(desk: Desk, subject: x509.Name, key: CertificatePublicKeyTypes) -> x509.Certificate:
    """Issue it and enter it in the ledger. id-kp-cmcRA is its only extended key usage."""
    certificate = issue(
        desk.authority,
        subject=subject,
        key=key,
        extensions=[
            *of_signer(RA_USAGE),
            *status_extensions(desk.base_url, desk.authority.issuing),
        ],
        begins=desk.now - BACKDATED,
        ends=desk.now + _VALIDITY,
    )
    desk.ledger.add(
        certificate,
        transaction_id=os.urandom(TRANSACTION_ID_SIZE),
        requested_with=_BY_HAND,
        authenticated_by=_BY_HAND,
        now=desk.now,
    )
    desk.ledger.memory.keep_key(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    desk.ledger.change(f"{certificate.serial_number:x}", Status.CONFIRMED, "", desk.now)
    return certificate

"""The ledger or the list of a CA in; the certificates that it has issued, and how they stand there, out."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from cryptography import x509

from ..certificates import load_certificate
from ..sandbox.ledger.ledger import Status
from ..sandbox.ledger.reading import read_ledger

_PEM = b"-----BEGIN CERTIFICATE-----"


class Standing(StrEnum):
    """What a certificate is at its CA."""

    GOOD = "good"
    UNCONFIRMED = "unconfirmed"
    ENDED = "revoked"


_STANDINGS = {
    Status.ISSUED: Standing.UNCONFIRMED,
    Status.CONFIRMED: Standing.GOOD,
    Status.REJECTED: Standing.ENDED,
    Status.REVOKED: Standing.ENDED,
}


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate of the CA's."""

    certificate: x509.Certificate
    standing: Standing


def of_sandbox(folder: Path) -> list[Issued]:
    """What the sandbox CA in a folder has issued, also while it runs.

    Raises:
        OSError, sqlite3.Error: if there is no ledger, or it cannot be read.
    """
    return [
        Issued(entry.certificate, _STANDINGS[entry.status])
        for entry in read_ledger(folder).certificates
    ]


def of_list(data: bytes) -> list[Issued]:
    """What a file lists: certificates in PEM; or JSON, as `csc sandbox ledger --json` prints it.

    In JSON each of `certificates` has a `pem`, and may have a `status`: issued, confirmed, rejected, revoked.

    Raises:
        ValueError: if it is neither.
    """
    if data.lstrip().startswith(b"{"):
        try:
            document: Any = json.loads(data)
            return [_listed(entry) for entry in document["certificates"]]
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{error} is missing or wrong") from None
    if _PEM not in data:
        raise ValueError("there is neither PEM nor JSON")
    return [Issued(c, Standing.GOOD) for c in x509.load_pem_x509_certificates(data)]


def _listed(entry: dict[str, Any]) -> Issued:
    status = Status(entry.get("status", Status.CONFIRMED))
    return Issued(load_certificate(str(entry["pem"]).encode()), _STANDINGS[status])


def with_crl(issued: Iterable[Issued], data: bytes) -> list[Issued]:
    """The same, as a CRL (PEM or DER) of their issuer has them.

    Raises:
        ValueError: if it is none.
    """
    is_pem = b"-----BEGIN" in data
    crl = x509.load_pem_x509_crl(data) if is_pem else x509.load_der_x509_crl(data)
    return [
        replace(one, standing=Standing.ENDED)
        if one.certificate.issuer == crl.issuer
        and crl.get_revoked_certificate_by_serial_number(one.certificate.serial_number)
        else one
        for one in issued
    ]

"""The state of a device that a script starts from, as the compiler sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime

from ..grammar.frozen import frozen
from .address import Address
from .configuration import Configuration, empty_device

# The names that certmgr gives its results, whatever the object (Administration Guide 16.5, 16.6).
CERTIFICATE_FILE = "cl_newcert.der"
KEY_FILE = "cl_newkey.pem"


@frozen
class CertificateRecord:
    """The newest certificate that CMP obtained for one Certificate object.

    `certificate` and `key` are content ids (see `FileValue`). `request` says what -initiate asked for, so
    that asking for the same again is recognised. `script` is the digest of the script that acted on the
    certificate last, and `operations` how far that was: up to which of its -initiate and -revoke of the
    certificate, counted from 1. The same script, applied again, does not repeat what lies behind it. The
    validity is None while the certificate is planned.
    """

    certificate: str
    key: str
    request: str
    subject: str
    script: str
    operations: int
    is_revoked: bool = False
    not_before: datetime | None = None
    not_after: datetime | None = None
    issuer: str = ""
    serial_number: str = ""

    def is_expired(self, now: datetime) -> bool:
        """Whether its validity has ended."""
        return self.not_after is not None and self.not_after < now


@frozen
class DeviceState:
    """Everything of a device that outlives a run.

    `files` maps device files to content ids. `left_by` is the digest of the inputs (script and uploads) whose
    run ended with exactly this state; empty if something else has touched it since.
    """

    committed: Configuration = field(default_factory=empty_device)
    active: Configuration = field(default_factory=empty_device)
    candidate: Configuration = field(default_factory=empty_device)
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    certificates: Mapping[Address, CertificateRecord] = field(
        default_factory=dict[Address, CertificateRecord]
    )
    left_by: str = ""

"""What a request wants certified, whatever message it came in; and what of it a profile grants."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from ...cmp.model import Extension
from ..requests.subject_key import SubjectKey


@dataclass(frozen=True, slots=True)
class Wish:
    """A certificate that is asked for. The key is one that is certified here; the rest is not checked."""

    subject: x509.Name
    key: SubjectKey
    extensions: tuple[Extension, ...] = ()
    not_before: datetime | None = None
    not_after: datetime | None = None
    issuer: x509.Name | None = None
    signs: bool = True
    """False if possession was proved in a way that gives no certificate to sign with (RFC 4211 4.2)."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A certificate that may be issued.

    `extensions` are all that the profile and the request decide on: the identifiers of keys are the CA's to
    add. `changes` says in which ways this is not what was asked for.
    """

    subject: x509.Name
    key: SubjectKey
    extensions: tuple[x509.Extension[x509.ExtensionType], ...]
    not_before: datetime
    not_after: datetime
    changes: tuple[str, ...] = ()

"""What a CA has told of itself, as data: nothing here asks, and nothing judges."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography import x509

from ..cmp.codec.general import TemplateContent
from ..cmp.general import RootUpdate
from ..cmp.model import AlgorithmIdentifier


@dataclass(frozen=True, slots=True)
class Facts:
    """The answers of one CA to one credential. What is None or empty it did not tell.

    `template` is for the profile that was asked for. `crls` have been checked: signed by this CA, and in
    date; `root_update`, too: the old root vouches for it. `open` names the questions without an answer,
    `unusable` says in words what was answered and cannot be relied on.
    """

    anchor: x509.Certificate
    template: TemplateContent | None = None
    signing_keys: tuple[AlgorithmIdentifier, ...] | None = None
    ca_certs: tuple[x509.Certificate, ...] = ()
    crls: tuple[x509.CertificateRevocationList, ...] = field(default=(), repr=False)
    root_update: RootUpdate | None = None
    open: tuple[str, ...] = ()
    unusable: tuple[str, ...] = ()

"""The CA as the parts of the sandbox see it: who it is, what it issues with, and how that is verified.

A root signs the issuing CA and links to other roots. The issuing CA signs end entities and the CMP signer,
which speaks for the CA. The two are a generation; when the root is rolled over, a new one comes before those
that were, whose certificates stay valid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

from .certified_key import CertifiedKey
from .signing import certify


@dataclass(frozen=True, slots=True)
class Generation:
    """A root, and the CA that issues under it. A root of earlier versions has issued itself as well."""

    root: CertifiedKey
    issuing: CertifiedKey


@dataclass(frozen=True, slots=True)
class Links:
    """How the root of now and a former one vouch for each other (RFC 9810 4.4)."""

    new_with_old: x509.Certificate
    old_with_new: x509.Certificate


@dataclass(frozen=True, slots=True)
class Authority:
    """The CA. `generations` begin with the one in use.

    `links` are between its root and those of the others, in their order. `steps` lead from it to each of them
    in turn: a root's key, certified by the root before it.
    """

    generations: tuple[Generation, ...]
    links: tuple[Links, ...]
    steps: tuple[x509.Certificate, ...]
    signer: CertifiedKey

    @property
    def root(self) -> CertifiedKey:
        """What end entities are to trust."""
        return self.generations[0].root

    @property
    def issuing(self) -> CertifiedKey:
        """What signs certificates now."""
        return self.generations[0].issuing

    @property
    def cas(self) -> tuple[CertifiedKey, ...]:
        """Everything that has a CRL: the CA that issues now first, then its root, then those before them."""
        return tuple(ca for each in self.generations for ca in (each.issuing, each.root))

    @property
    def name(self) -> x509.Name:
        """What the CA calls itself where no certificate speaks for it."""
        return self.root.name

    @property
    def issuers(self) -> tuple[x509.Name, ...]:
        """The names of its CAs."""
        return tuple(dict.fromkeys(ca.name for ca in self.cas))

    @property
    def names(self) -> tuple[x509.Name, ...]:
        """Under which names requests are sent to it."""
        return (*self.issuers, self.signer.name)

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """What lies between what is issued now and any of its roots, without these.

        Each certifies the one before it (RFC 9483 3.3), and no key is certified twice: OpenSSL follows one of
        two ways only, which may be the wrong one.
        """
        return (self.issuing.certificate, *self.steps)

    @property
    def certificates(self) -> tuple[x509.Certificate, ...]:
        """All that chains of certificates of this CA can need, with the root of now (RFC 9483 4.3.1)."""
        return (
            self.issuing.certificate,
            self.root.certificate,
            *self.steps,
            *(link.old_with_new for link in self.links),
            *(each.issuing.certificate for each in self.generations[1:]),
        )

    def links_of(self, root: x509.Certificate) -> Links | None:
        """How a former root and the one of now vouch for each other; None if it is no former one."""
        former = (each.root.certificate for each in self.generations[1:])
        return dict(zip(former, self.links, strict=True)).get(root)


def issue(
    authority: Authority,
    *,
    subject: x509.Name,
    key: CertificatePublicKeyTypes,
    extensions: Sequence[x509.Extension[x509.ExtensionType]],
    begins: datetime,
    ends: datetime,
) -> x509.Certificate:
    """An end entity's certificate.

    `extensions` are taken over as they are, and are all but the key identifiers: BasicConstraints and
    KeyUsage are the caller's to give, too. It is not valid for longer than the issuing CA's.
    """
    return certify(
        authority.issuing,
        subject=subject,
        key=key,
        extensions=extensions,
        period=(begins, ends),
    )

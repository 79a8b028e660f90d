"""A certificate, anchors and links in; a path of signatures from one to the other out (RFC 5280 6.1).

This is for what `cryptography.x509.verification` refuses because of its algorithm: issuers with Ed25519 or
Ed448 keys, before version 50 with ML-DSA keys, and signatures by RSASSA-PSS whose salt is not as long as the
hash. It is strict and small. On the way from the certificate to the anchor,

 1. every certificate is valid at the time asked for, the anchor too (6.1.3 a 2);
 2. names of issuers chain, and signatures hold, by algorithms and keys that `signatures` accepts (6.1.3 a);
 3. every issuer is X.509v3 with basicConstraints cA (6.1.4 k);
 4. no more issuers lie below one than its pathLenConstraint allows (6.1.4 l, m);
 5. every issuer with a keyUsage has keyCertSign (6.1.4 n);
 6. no extension is critical but those that are looked at (6.1.4 o, 6.1.5 f), and no issuer has
    nameConstraints, which are not computed here;
 7. no certificate stands twice, and there are no more than LONGEST_CHAIN issuers between the ends.

Policies are not computed, as nothing here asks for one. Work is bounded: of what comes along, MOST_LINKS are
looked at, and after MOST_SIGNATURES signatures the search gives up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509.oid import ExtensionOID

from .errors import UntrustedCertificate, clean
from .signatures import (
    ED448,
    ED25519,
    ML_DSA_44,
    ML_DSA_65,
    ML_DSA_87,
    RSASSA_PSS,
    algorithm_problem,
    key_problem,
)

_E = TypeVar("_E", bound=x509.ExtensionType)

# A chain of a private CA has a root, one or two issuing CAs, and the certificate itself.
LONGEST_CHAIN = 8
# What an extraCerts field may hold before searching it becomes work for an attacker.
MOST_LINKS = 32
# Signatures that are checked for one certificate; a chain needs one for each of its certificates.
MOST_SIGNATURES = 64

# Of keys and of signatures. The library knows ML-DSA since its version 50.
_NOT_THE_LIBRARYS = (ED25519, ED448, RSASSA_PSS, ML_DSA_44, ML_DSA_65, ML_DSA_87)
_HASHES = ("sha256", "sha384", "sha512")
# What is looked at here or says nothing about the path: a critical one of these is understood.
_UNDERSTOOD = {
    ExtensionOID.BASIC_CONSTRAINTS,
    ExtensionOID.KEY_USAGE,
    ExtensionOID.EXTENDED_KEY_USAGE,
    ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
}
NO_ISSUER = "no certificate of its issuer is at hand"
NOT_VALID = "a certificate on the way is not valid now"


def needs_own_search(certificates: Sequence[x509.Certificate]) -> bool:
    """Whether one of these is of an algorithm for which the library's path validation has no use."""
    return any(
        certificate.signature_algorithm_oid.dotted_string in _NOT_THE_LIBRARYS
        or certificate.public_key_algorithm_oid.dotted_string in _NOT_THE_LIBRARYS
        for certificate in certificates
    )


def find_path(
    leaf: x509.Certificate,
    anchors: Sequence[x509.Certificate],
    untrusted: Sequence[x509.Certificate],
    at: datetime,
) -> tuple[x509.Certificate, ...]:
    """The path from `leaf` to one of `anchors` that holds at the time `at`, both included.

    Raises:
        UntrustedCertificate: if there is none; the message is the last obstacle.
    """
    problem = _extension_problem(leaf)
    if problem is not None:
        raise UntrustedCertificate(problem)
    if not leaf.not_valid_before_utc <= at <= leaf.not_valid_after_utc:  # 1
        raise UntrustedCertificate(NOT_VALID)
    search = _Search(tuple(anchors), tuple(untrusted[:MOST_LINKS]), at)
    path = search.extend((leaf,))
    if path is None:
        raise UntrustedCertificate(search.obstacle)
    return path


@dataclass(slots=True)
class _Search:
    """A depth-first search: what is at hand, how much work was done, and what stood in the way last."""

    anchors: tuple[x509.Certificate, ...]
    links: tuple[x509.Certificate, ...]
    at: datetime
    signatures: int = 0
    obstacle: str = NO_ISSUER

    def extend(self, path: tuple[x509.Certificate, ...]) -> tuple[x509.Certificate, ...] | None:
        """The path prolonged to an anchor, None if it does not lead to one."""
        for issuer in (*self.anchors, *self.links):
            if issuer.subject != path[-1].issuer or issuer in path:  # 2, 7
                continue
            obstacle = _issuer_problem(issuer, path, self.at) or self._signature_problem(
                path[-1], issuer
            )
            if obstacle is not None:
                self.obstacle = obstacle
                continue
            if issuer in self.anchors:
                return (*path, issuer)
            if len(path) > LONGEST_CHAIN:  # 7
                self.obstacle = f"more than {LONGEST_CHAIN} certificates lie between the two"
                continue
            found = self.extend((*path, issuer))
            if found is not None:
                return found
        return None

    def _signature_problem(
        self, certificate: x509.Certificate, issuer: x509.Certificate
    ) -> str | None:
        """Rule 2."""
        problem = algorithm_problem(certificate.signature_algorithm_oid.dotted_string)
        if problem is not None:
            return f"{problem}, and {_dn(certificate)} is signed by it"
        self.signatures += 1
        if self.signatures > MOST_SIGNATURES:
            raise UntrustedCertificate(
                f"{MOST_SIGNATURES} signatures were checked on the way, and no path was found"
            )
        try:
            # PSS names its hash in parameters, which the algorithm above does not tell.
            digest = certificate.signature_hash_algorithm
            if digest is not None and digest.name not in _HASHES:
                return f"{_dn(certificate)} is signed with {digest.name}, which is not accepted"
            certificate.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
            return f"the signature of {_dn(certificate)} is not {_dn(issuer)}'s"
        return None


def _issuer_problem(
    issuer: x509.Certificate, path: tuple[x509.Certificate, ...], at: datetime
) -> str | None:
    """Rules 1 and 3 to 6, for what issued the last of `path`."""
    if not issuer.not_valid_before_utc <= at <= issuer.not_valid_after_utc:  # 1
        return NOT_VALID
    problem = key_problem(issuer.public_key())  # 2
    if problem is not None:
        return f"the key of {_dn(issuer)} is not accepted: {problem}"
    if issuer.version is not x509.Version.v3:  # 3
        return f"{_dn(issuer)} is not X.509v3, so it is no CA's"
    problem = _extension_problem(issuer)
    if problem is not None:
        return problem
    constraints = _extension(issuer, x509.BasicConstraints)
    if constraints is None or not constraints.ca:  # 3
        return f"{_dn(issuer)} has no basicConstraints.cA, so it is no CA's"
    # 4: certificates that a CA issued to itself, for a new key, do not count.
    below = sum(certificate.subject != certificate.issuer for certificate in path[1:])
    if constraints.path_length is not None and below > constraints.path_length:
        return f"the path length that {_dn(issuer)} allows is exceeded"
    usage = _extension(issuer, x509.KeyUsage)
    if usage is not None and not usage.key_cert_sign:  # 5
        return f"the keyUsage of {_dn(issuer)} does not let it issue certificates"
    if _extension(issuer, x509.NameConstraints) is not None:  # 6
        return f"{_dn(issuer)} has nameConstraints, which are not supported with its algorithms"
    return None


def _extension_problem(certificate: x509.Certificate) -> str | None:
    """Rule 6, first half."""
    try:
        extensions = certificate.extensions
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return f"{_dn(certificate)} has extensions that cannot be read"
    for extension in extensions:
        if extension.critical and extension.oid not in _UNDERSTOOD:
            return (
                f"{_dn(certificate)} has the critical extension {extension.oid.dotted_string},"
                " which is not understood"
            )
    return None


def _extension(certificate: x509.Certificate, kind: type[_E]) -> _E | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _dn(certificate: x509.Certificate) -> str:
    """A peer's name, fit to be shown."""
    return clean(certificate.subject.rfc4514_string()) or "a certificate without a subject"

"""A CertTemplate, or a PKCS #10 request, in; checked in what no profile decides on, and what it wants out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from cryptography import x509

from ...cmp.model import CertTemplate, Extension, PKIFailureInfo
from ..requests.refusal import Refusal
from .extension import read_extension

_V3 = 2  # RFC 5280 4.1: Version ::= INTEGER { v1(0), v2(1), v3(2) }
_NAMES = x509.SubjectAlternativeName.oid


def check_template(template: CertTemplate, issuers: Collection[x509.Name]) -> None:
    """Check the fields that are the CA's to fill (RFC 4211 5). `issuers` are the names of this CA.

    Raises:
        Refusal: if one is there that has to be left out, or says what this CA does not do.
    """
    if template.version not in (None, _V3):
        raise _refused(f"the template's version is {template.version}, and has to be 2")
    for name, value in (
        ("serialNumber", template.serial_number),
        ("signingAlg", template.signing_alg),
        ("issuerUID", template.issuer_uid),
        ("subjectUID", template.subject_uid),
    ):
        if value is not None:
            raise _refused(f"the template has a {name}, which has to be left out")
    if template.issuer not in (None, x509.Name([]), *issuers):
        raise _refused("the template names another issuer")


def subject_of(template: CertTemplate) -> x509.Name:
    """The subject, which is there even if it is empty (RFC 9483 4.1.1: NULL-DN).

    Raises:
        Refusal: if it is missing.
    """
    if template.subject is None:
        raise _refused("the template has no subject, not even an empty one")
    return template.subject


def renewed(template: CertTemplate, old: x509.Certificate) -> CertTemplate:
    """The template of a kur, with the names of the certificate that it renews (RFC 9483 4.1.3).

    Names that are left out are the old ones. The subject stays as it is, and so do the alternative names
    that stand in for it.

    Raises:
        Refusal: if the certificate would be somebody else's.
    """
    if template.subject not in (None, x509.Name([]), old.subject):
        raise _refused("a key update cannot change the subject")
    template = replace(template, subject=old.subject)
    try:
        old_names = old.extensions.get_extension_for_oid(_NAMES)
    except x509.ExtensionNotFound:
        return template
    for requested in template.extensions:
        if requested.oid == _NAMES.dotted_string:
            names = read_extension(requested, x509.SubjectAlternativeName)
            if not old.subject.rdns and names != old_names.value:
                raise _refused("a key update cannot change the names that stand for the subject")
            return template
    return replace(template, extensions=(*template.extensions, _extension(old_names)))


def extensions_of(request: x509.CertificateSigningRequest) -> tuple[Extension, ...]:
    """What a PKCS #10 request asks for with extensionRequest (RFC 2985 5.4.2).

    Raises:
        Refusal: if it cannot be read.
    """
    try:
        return tuple(map(_extension, request.extensions))
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        raise _refused("a requested extension cannot be read") from None


def _extension(extension: x509.Extension[x509.ExtensionType]) -> Extension:
    value = extension.value.public_bytes()
    return Extension(extension.oid.dotted_string, extension.critical, value)


def _refused(text: str) -> Refusal:
    return Refusal(PKIFailureInfo.BAD_CERT_TEMPLATE, text)

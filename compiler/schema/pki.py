"""Certificates, the servers they come from, and revocation lists (Administration Guide, chapter 16).

What the public manual does not say is read from its examples; a correction is one line here.
"""

from __future__ import annotations

from .model import (
    Choice,
    DeviceFile,
    Host,
    Integer,
    ListOf,
    Naming,
    ObjectType,
    PropertyType,
    Reference,
    Text,
)

_COMMENTS = PropertyType("Comments", Text())

# How csc speaks with a server, where that is not the usual way. See docs/language.md.
_EXTENSIONS = (
    PropertyType("TLS", Choice(("No", "CACert", "System")), is_extension=True),
    PropertyType("MAC", Choice(("PBM", "PBMAC1", "PBM-SHA1")), default="PBM", is_extension=True),
    PropertyType("RSAPadding", Choice(("PKCS1", "PSS")), default="PKCS1", is_extension=True),
    PropertyType(
        "Confirmation", Choice(("Explicit", "Implicit")), default="Explicit", is_extension=True
    ),
    PropertyType(
        "Tolerate",
        ListOf(
            Choice(("unprotected-error", "unprotected-pkiconf", "unprotected-rp", "any-signer"))
        ),
        is_extension=True,
    ),
    PropertyType("PollLimit", Integer(0, 604800), default="600", is_extension=True),
)

TYPES = (
    ObjectType(
        name="CertificateStore",
        is_container=True,
        predefined=("ipsec",),
        properties=(_COMMENTS,),
    ),
    ObjectType(
        name="Certificate",
        parents=("CertificateStore",),
        discriminator="Type",
        properties=(
            PropertyType("Type", Choice(("Local", "Remote", "CMPv2")), mandatory=True),
            PropertyType(
                "CMPServer",
                Reference(("CMPServer",)),
                only_with=("CMPv2",),
                mandatory_with=("CMPv2",),
            ),
            PropertyType("CertificateData", DeviceFile(), mandatory_with=("Local", "Remote")),
            PropertyType(
                "PrivateKey",
                DeviceFile(secret=True),
                only_with=("Local", "CMPv2"),
                mandatory_with=("Local",),
            ),
            PropertyType("CRLDistPointList", Reference(("CRLDistPointList",))),
            _COMMENTS,
        ),
    ),
    ObjectType(
        name="CMPServer",
        properties=(
            PropertyType(
                "CACert", Reference(("Certificate",), (("Type", "Remote"),)), mandatory=True
            ),
            PropertyType("FQDN", Host(), mandatory=True),
            PropertyType("Port", Integer(1, 65535), default="80"),
            PropertyType("Path", Text(), default=""),
            *_EXTENSIONS,
            _COMMENTS,
        ),
    ),
    ObjectType(
        name="CRLDistPointList",
        is_container=True,
        properties=(_COMMENTS,),
    ),
    ObjectType(
        name="CRLDistPoint",
        parents=("CRLDistPointList",),
        naming=Naming.INDEX,
        properties=(PropertyType("URL", Text(), mandatory=True), _COMMENTS),
    ),
)

"""The certificate types of cOS Stream 4.00 (Administration Guide, chapter 16).

What the public manual does not say is read from its examples; a correction is one line here.
"""

from __future__ import annotations

from .model import Choice, DeviceFile, Host, Integer, ObjectType, PropertyType, Reference, Text

_COMMENTS = PropertyType("Comments", Text())

CERTIFICATE_STORE = ObjectType(
    name="CertificateStore",
    parent=None,
    is_container=True,
    predefined=("ipsec",),
    properties=(_COMMENTS,),
)

CERTIFICATE = ObjectType(
    name="Certificate",
    parent="CertificateStore",
    discriminator="Type",
    properties=(
        PropertyType("Type", Choice(("Local", "Remote", "CMPv2")), mandatory=True),
        PropertyType(
            "CMPServer", Reference("CMPServer"), only_with=("CMPv2",), mandatory_with=("CMPv2",)
        ),
        PropertyType("CertificateData", DeviceFile(), mandatory_with=("Local", "Remote")),
        PropertyType(
            "PrivateKey",
            DeviceFile(secret=True),
            only_with=("Local", "CMPv2"),
            mandatory_with=("Local",),
        ),
        _COMMENTS,
    ),
)

CMP_SERVER = ObjectType(
    name="CMPServer",
    parent=None,
    properties=(
        PropertyType("CACert", Reference("Certificate", (("Type", "Remote"),)), mandatory=True),
        PropertyType("FQDN", Host(), mandatory=True),
        PropertyType("Port", Integer(1, 65535), default="80"),
        PropertyType("Path", Text(), default=""),
        _COMMENTS,
    ),
)

TYPES = (CERTIFICATE_STORE, CERTIFICATE, CMP_SERVER)

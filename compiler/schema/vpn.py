"""IPsec and IKE. What names certificates here is checked against the stores.

A Stream device finds a tunnel's certificate by `LocalID`; the properties that name one are cOS Core's.
"""

from __future__ import annotations

from .model import (
    Address,
    Boolean,
    Choice,
    Integer,
    ListOf,
    ObjectType,
    PropertyType,
    Reference,
    SecretText,
    Text,
)

_COMMENTS = PropertyType("Comments", Text())
_OWN_CERTIFICATE = Reference(("Certificate",))
_ROOTS = ListOf(Reference(("Certificate",), (("Type", "Remote"),)))
_METHOD = Choice(("PSK", "Certificate", "EAP"))
_KEY_SIZE = Integer(128, 256)

_ALGORITHMS = (
    PropertyType("AESEnabled", Boolean()),
    PropertyType("AESMinKeySize", _KEY_SIZE),
    PropertyType("AESKeySize", _KEY_SIZE),
    PropertyType("AESMaxKeySize", _KEY_SIZE),
    PropertyType("SHA1Enabled", Boolean()),
    PropertyType("SHA256Enabled", Boolean()),
    PropertyType("SHA512Enabled", Boolean()),
    _COMMENTS,
)

TYPES = (
    ObjectType(name="IKEAlgorithms", has_own=True, properties=_ALGORITHMS),
    ObjectType(name="IPsecAlgorithms", has_own=True, properties=_ALGORITHMS),
    ObjectType(
        name="PSK",
        discriminator="Type",
        properties=(
            PropertyType("Type", Choice(("ASCII", "HEX")), mandatory=True),
            PropertyType("PSKAscii", SecretText(), only_with=("ASCII",)),
            PropertyType("PSKHex", SecretText(), only_with=("HEX",)),
            _COMMENTS,
        ),
    ),
    ObjectType(
        name="IPsecTunnel",
        category="Interface",
        properties=(
            PropertyType("LocalNetwork", ListOf(Address())),
            PropertyType("RemoteNetwork", ListOf(Address())),
            PropertyType("RemoteEndpoint", Address()),
            PropertyType("LocalID", Text()),
            PropertyType("RemoteID", Text()),
            PropertyType("LocalAuthMethod", _METHOD),
            PropertyType("RemoteAuthMethod", _METHOD),
            PropertyType("AuthMethod", _METHOD),
            PropertyType("PSK", Reference(("PSK",))),
            PropertyType("GatewayCertificate", _OWN_CERTIFICATE),
            PropertyType("RootCertificates", _ROOTS),
            PropertyType("IKEAlgorithms", Reference(("IKEAlgorithms",), is_open=True)),
            PropertyType("IPsecAlgorithms", Reference(("IPsecAlgorithms",), is_open=True)),
            PropertyType("IKELifeTimeSeconds", Integer(0, 2**31 - 1)),
            PropertyType("IPsecLifeTimeSeconds", Integer(0, 2**31 - 1)),
            PropertyType("IKEVersion", Text()),
            PropertyType("DHGroup", Text()),
            PropertyType("PFSDHGroup", Text()),
            PropertyType("AutoInterfaceNetworkRoute", Boolean()),
            PropertyType("ProxyARPInterfaces", ListOf(Reference(("Interface",), is_open=True))),
            _COMMENTS,
        ),
    ),
    ObjectType(
        name="RoamingVPN",
        category="Interface",
        properties=(
            PropertyType("IPPoolAddress", Address()),
            PropertyType("AuthSource", Text()),
            PropertyType("LocalUserDB", Reference(("LocalUserDatabase",), is_open=True)),
            PropertyType("GatewayCertificate", _OWN_CERTIFICATE),
            PropertyType("RootCertificates", _ROOTS),
            PropertyType("DNS", Address()),
            _COMMENTS,
        ),
    ),
)

# pyright: basic
# pyasn1 makes the members of its classes at run time; strict typing sees nothing in them.
"""The ASN.1 types of CMP, declared for pyasn1.

The types of pyasn1-modules are used where they are right. It stops at RFC 4210 and RFC 2511, and tags some
fields wrongly (explicit tags as primitive ones, CHOICEs implicitly), so those types, and what RFC 9480 and
9810 added, are declared here. What `cryptography` decodes (names, certificates, keys) stays opaque: it is
carried as the bytes that came.
"""

from __future__ import annotations

from pyasn1.type import namedtype, tag, tagmap, univ, useful
from pyasn1_modules import rfc4210, rfc5280

from ..model import BodyType


class _Tagged(univ.Any):
    """Opaque content under a context tag. pyasn1 lets an `Any` match every tag, so it bears only one."""

    @property
    def tagMap(self):  # noqa: N802  (pyasn1's name)
        return tagmap.TagMap({self.tagSet: self})  # pyright: ignore[reportArgumentType]


def _tag(number: int, *, constructed: bool = True) -> tag.Tag:
    form = tag.tagFormatConstructed if constructed else tag.tagFormatSimple
    return tag.Tag(tag.tagClassContext, form, number)


def _explicit(spec, number: int):
    return spec.subtype(explicitTag=_tag(number))


def explicit_any(number: int):
    """Something opaque under the context tag `number`."""
    return _explicit(_Tagged(), number)


def _implicit(spec, number: int, *, constructed: bool = True):
    return spec.subtype(implicitTag=_tag(number, constructed=constructed))


def _sequence(*fields: namedtype.NamedType):
    return univ.Sequence(componentType=namedtype.NamedTypes(*fields))


def list_of(component):
    """SEQUENCE OF `component`."""
    return univ.SequenceOf(componentType=component)


_one = namedtype.NamedType
_maybe = namedtype.OptionalNamedType

INFO = _sequence(_one("infoType", univ.ObjectIdentifier()), _maybe("infoValue", univ.Any()))
CERT_ID = _sequence(_one("issuer", univ.Any()), _one("serialNumber", univ.Integer()))

HEADER = _sequence(
    _one("pvno", univ.Integer()),
    _one("sender", univ.Any()),
    _one("recipient", univ.Any()),
    _maybe("messageTime", _explicit(useful.GeneralizedTime(), 0)),
    _maybe("protectionAlg", _explicit(rfc5280.AlgorithmIdentifier(), 1)),
    _maybe("senderKID", _explicit(univ.OctetString(), 2)),
    _maybe("recipKID", _explicit(univ.OctetString(), 3)),
    _maybe("transactionID", _explicit(univ.OctetString(), 4)),
    _maybe("senderNonce", _explicit(univ.OctetString(), 5)),
    _maybe("recipNonce", _explicit(univ.OctetString(), 6)),
    _maybe("freeText", _explicit(rfc4210.PKIFreeText(), 7)),
    _maybe("generalInfo", _explicit(list_of(INFO), 8)),
)
PROTECTED_PART = _sequence(_one("header", univ.Any()), _one("body", univ.Any()))
MESSAGE = _sequence(
    _one("header", univ.Any()),
    _one("body", univ.Any()),
    _maybe("protection", _explicit(univ.BitString(), 0)),
    _maybe("extraCerts", _explicit(list_of(univ.Any()), 1)),
)

VALIDITY = _sequence(
    _maybe("notBefore", _explicit(rfc5280.Time(), 0)),
    _maybe("notAfter", _explicit(rfc5280.Time(), 1)),
)
TEMPLATE = _sequence(
    _maybe("version", _implicit(univ.Integer(), 0, constructed=False)),
    _maybe("serialNumber", _implicit(univ.Integer(), 1, constructed=False)),
    _maybe("signingAlg", _implicit(rfc5280.AlgorithmIdentifier(), 2)),
    _maybe("issuer", _explicit(_Tagged(), 3)),
    _maybe("validity", _implicit(VALIDITY, 4)),
    _maybe("subject", _explicit(_Tagged(), 5)),
    _maybe("publicKey", _implicit(rfc5280.SubjectPublicKeyInfo(), 6)),
    _maybe("issuerUID", _implicit(univ.BitString(), 7, constructed=False)),
    _maybe("subjectUID", _implicit(univ.BitString(), 8, constructed=False)),
    _maybe("extensions", _implicit(rfc5280.Extensions(), 9)),
)
CONTROL = _sequence(_one("type", univ.ObjectIdentifier()), _one("value", univ.Any()))
CERT_REQUEST = _sequence(
    _one("certReqId", univ.Integer()),
    _one("certTemplate", TEMPLATE),
    _maybe("controls", list_of(CONTROL)),
)
POPO_SIGNING_KEY = _sequence(
    _maybe("poposkInput", _implicit(_Tagged(), 0)),
    _one("algorithmIdentifier", rfc5280.AlgorithmIdentifier()),
    _one("signature", univ.BitString()),
)
# ProofOfPossession is a CHOICE; its tags tell its members apart as well when they are optional fields.
CERT_REQ_MSG = _sequence(
    _one("certReq", univ.Any()),
    _maybe("raVerified", _implicit(univ.Null(), 0, constructed=False)),
    _maybe("signature", _implicit(POPO_SIGNING_KEY, 1)),
    _maybe("keyEncipherment", _explicit(_Tagged(), 2)),
    _maybe("keyAgreement", _explicit(_Tagged(), 3)),
    _maybe("regInfo", list_of(univ.Any())),
)
CERT_OR_ENC_CERT = univ.Choice(
    componentType=namedtype.NamedTypes(
        _one("certificate", _explicit(_Tagged(), 0)),
        _one("encryptedCert", _explicit(_Tagged(), 1)),
    )
)
CERTIFIED_KEY_PAIR = _sequence(
    _one("certOrEncCert", CERT_OR_ENC_CERT),
    _maybe("privateKey", _explicit(_Tagged(), 0)),
    _maybe("publicationInfo", _explicit(_Tagged(), 1)),
)
CERT_RESPONSE = _sequence(
    _one("certReqId", univ.Integer()),
    _one("status", rfc4210.PKIStatusInfo()),
    _maybe("certifiedKeyPair", CERTIFIED_KEY_PAIR),
    _maybe("rspInfo", univ.OctetString()),
)
CERT_REP = _sequence(
    _maybe("caPubs", _explicit(list_of(univ.Any()), 1)), _one("response", list_of(CERT_RESPONSE))
)
REV_DETAILS = _sequence(
    _one("certDetails", TEMPLATE), _maybe("crlEntryDetails", rfc5280.Extensions())
)
REV_REP = _sequence(
    _one("status", list_of(rfc4210.PKIStatusInfo())),
    _maybe("revCerts", _explicit(list_of(CERT_ID), 0)),
    _maybe("crls", _explicit(list_of(univ.Any()), 1)),
)
CERT_STATUS = _sequence(
    _one("certHash", univ.OctetString()),
    _one("certReqId", univ.Integer()),
    _maybe("statusInfo", rfc4210.PKIStatusInfo()),
    _maybe("hashAlg", _explicit(rfc5280.AlgorithmIdentifier(), 0)),  # RFC 9810 5.3.18
)
POLL_REQ_ENTRY = _sequence(_one("certReqId", univ.Integer()))
POLL_REP_ENTRY = _sequence(
    _one("certReqId", univ.Integer()),
    _one("checkAfter", univ.Integer()),
    _maybe("reason", rfc4210.PKIFreeText()),
)

# The tags of PKIBody (RFC 9810 5.1.2).
TAGS = {
    BodyType.IR: 0,
    BodyType.IP: 1,
    BodyType.CR: 2,
    BodyType.CP: 3,
    BodyType.P10CR: 4,
    BodyType.POP_DEC_CHALL: 5,
    BodyType.POP_DEC_RESP: 6,
    BodyType.KUR: 7,
    BodyType.KUP: 8,
    BodyType.RR: 11,
    BodyType.RP: 12,
    BodyType.PKI_CONF: 19,
    BodyType.NESTED: 20,
    BodyType.GENM: 21,
    BodyType.GENP: 22,
    BodyType.ERROR: 23,
    BodyType.CERT_CONF: 24,
    BodyType.POLL_REQ: 25,
    BodyType.POLL_REP: 26,
}
TYPES = {number: body_type for body_type, number in TAGS.items()}
OTHER_BODIES = {
    9: "krr",
    10: "krp",
    13: "ccr",
    14: "ccp",
    15: "ckuann",
    16: "cann",
    17: "rann",
    18: "crlann",
}

OLD_CERT_ID = "1.3.6.1.5.5.7.5.1.5"  # id-regCtrl-oldCertID, RFC 4211 6.5
DIRECTORY_NAME = 4  # GeneralName, RFC 5280 4.2.1.6

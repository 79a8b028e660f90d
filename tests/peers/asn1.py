# pyright: basic
"""The grammar of CMP messages for pyasn1, which is the referee over what csc's own reader takes.

RFC 9810 5.1 to 5.3 and RFC 4211 3 to 7. What `cryptography` decodes (names, certificates, keys) is opaque.
"""

from csc.runtime.cmp.codec.schema import (
    _explicit,
    _implicit,
    _maybe,
    _one,
    _sequence,
    _Tagged,
    list_of,
)
from csc.runtime.cmp.codec.tlv import untag
from pyasn1.codec.der.decoder import decode
from pyasn1.type import namedtype, univ, useful
from pyasn1_modules import rfc4210, rfc5280

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

_BODIES = {
    **dict.fromkeys((0, 2, 7), list_of(CERT_REQ_MSG)),
    **dict.fromkeys((1, 3, 8), CERT_REP),
    11: list_of(REV_DETAILS),
    12: REV_REP,
    19: univ.Null(),
    20: list_of(univ.Any()),
    **dict.fromkeys((21, 22), list_of(INFO)),
    23: rfc4210.ErrorMsgContent(),
    24: list_of(CERT_STATUS),
    25: list_of(POLL_REQ_ENTRY),
    26: list_of(POLL_REP_ENTRY),
}


def check(message: bytes) -> None:
    """Read a whole message, down to the fields of the requests in it.

    Raises:
        Exception: whatever pyasn1 runs into, if it is none.
    """
    value = _whole(message, MESSAGE)
    _whole(bytes(value["header"]), HEADER)
    number, content = untag(bytes(value["body"]))
    if number in _BODIES:
        body = _whole(content, _BODIES[number])
        if number in (0, 2, 7):
            for request in body:
                _whole(bytes(request["certReq"]), CERT_REQUEST)


def _whole(der: bytes, spec):
    value, rest = decode(der, asn1Spec=spec)
    if rest:
        raise ValueError(f"{len(rest)} bytes follow")
    return value

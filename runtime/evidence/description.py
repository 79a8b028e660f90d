"""A PKIMessage in, what people debug with out: texts of the peer are fit to be shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from ..certificates import Facts, facts_of
from ..cmp.checks import load_certificate
from ..cmp.errors import MalformedMessage, clean
from ..cmp.model import (
    CertConfirmContent,
    CertRepMessage,
    CertReqMessages,
    ErrorMsgContent,
    GeneralContent,
    NestedMessageContent,
    Pkcs10Request,
    PKIMessage,
    PKIStatusInfo,
    PollRepContent,
    PollReqContent,
    RevRepContent,
    RevReqContent,
)

# RFC 9481 by its ASN.1 names; everything else is shown as its object identifier.
_ALGORITHMS = {
    "1.2.840.113533.7.66.13": "PasswordBasedMac",
    "1.2.840.113533.7.66.30": "DHBasedMac",
    "1.2.840.113533.7.66.16": "KemBasedMac",
    "1.2.840.113549.1.5.14": "PBMAC1",
    "1.2.840.113549.1.1.10": "RSASSA-PSS",
    "1.2.840.113549.1.1.11": "sha256WithRSAEncryption",
    "1.2.840.113549.1.1.12": "sha384WithRSAEncryption",
    "1.2.840.113549.1.1.13": "sha512WithRSAEncryption",
    "1.2.840.10045.4.3.2": "ecdsa-with-SHA256",
    "1.2.840.10045.4.3.3": "ecdsa-with-SHA384",
    "1.2.840.10045.4.3.4": "ecdsa-with-SHA512",
    "1.3.101.112": "Ed25519",
    "1.3.101.113": "Ed448",
    "2.16.840.1.101.3.4.3.17": "ML-DSA-44",
    "2.16.840.1.101.3.4.3.18": "ML-DSA-65",
    "2.16.840.1.101.3.4.3.19": "ML-DSA-87",
}


@dataclass(frozen=True, slots=True)
class Carried:
    """A certificate of a message: `role` is issued, caPubs or extraCerts. None: it cannot be read."""

    role: str
    facts: Facts | None


@dataclass(frozen=True, slots=True)
class Description:
    """A message for people. `details` are sentences about what it asks for or says."""

    body: str
    pvno: int
    sender: str
    recipient: str
    message_time: datetime | None
    sender_nonce: bytes | None
    recip_nonce: bytes | None
    protection: str | None
    statuses: tuple[PKIStatusInfo, ...]
    details: tuple[str, ...]
    certificates: tuple[Carried, ...]


def describe_message(message: PKIMessage) -> Description:
    """What the message says, by the names of RFC 9810."""
    header = message.header
    algorithm = header.protection_alg
    return Description(
        body=clean(str(message.body.type or getattr(message.body.content, "name", "unknown"))),
        pvno=header.pvno,
        sender=_name(header.sender),
        recipient=_name(header.recipient),
        message_time=header.message_time,
        sender_nonce=header.sender_nonce,
        recip_nonce=header.recip_nonce,
        protection=None if algorithm is None else _ALGORITHMS.get(algorithm.oid, algorithm.oid),
        statuses=tuple(statuses_of(message)),
        details=tuple(_details(message)),
        certificates=tuple(_carried(message)),
    )


def statuses_of(message: PKIMessage) -> Iterator[PKIStatusInfo]:
    """Every status that the message says."""
    content = message.body.content
    match content:
        case CertRepMessage():
            yield from (response.status for response in content.responses)
        case RevRepContent():
            yield from content.statuses
        case ErrorMsgContent():
            yield content.status
        case CertConfirmContent():
            yield from (s.status for s in content.statuses if s.status is not None)
        case _:
            pass


def _details(message: PKIMessage) -> Iterator[str]:
    content = message.body.content
    match content:
        case CertReqMessages():
            for request in content.requests:
                subject = _name(request.template.subject)
                yield f"asks for {subject}, proof of possession: {request.pop.kind}"
                if request.old_cert_id is not None:
                    yield f"replaces serial {request.old_cert_id.serial_number:x}"
        case Pkcs10Request(der=der):
            yield f"asks for {_requested(der)}, by PKCS #10"
        case GeneralContent(infos=infos):
            yield from (f"infoType {_INFO_TYPES.get(info.oid, info.oid)}" for info in infos)
        case PollReqContent(cert_req_ids=ids):
            yield from (f"polls for certReqId {number}" for number in ids)
        case PollRepContent(entries=entries):
            for entry in entries:
                said = f": {clean('; '.join(entry.reason))}" if entry.reason else ""
                yield f"certReqId {entry.cert_req_id}: come back in {entry.check_after} s{said}"
        case NestedMessageContent(messages=messages):
            yield f"holds {len(messages)} messages"
        case CertRepMessage(responses=responses):
            for response in responses:
                if response.encrypted_cert is not None:
                    yield "the certificate is encrypted for its key"
                if response.private_key is not None:
                    yield "a private key that the CA made comes along, encrypted"
        case RevReqContent():
            for details in content.details:
                serial, issuer = details.template.serial_number, details.template.issuer
                number = "none" if serial is None else f"{serial:x}"
                yield f"revokes serial {number} of {_name(issuer)}"
        case CertConfirmContent():
            if not content.statuses:
                yield "confirms nothing, which rejects every certificate"
            for status in content.statuses:
                yield f"certHash {status.cert_hash.hex()}"
        case ErrorMsgContent():
            if content.error_code is not None:
                yield f"errorCode {content.error_code}"
            yield from (f"errorDetails: {clean(text)}" for text in content.error_details)
        case _:
            pass
    yield from (f"freeText: {clean(text)}" for text in message.header.free_text)


# RFC 9810 5.3.19 and RFC 9483 4.3, under 1.3.6.1.5.5.7.4.
_INFO_TYPES = {
    f"1.3.6.1.5.5.7.4.{number}": name
    for number, name in {
        2: "signKeyPairTypes",
        3: "encKeyPairTypes",
        6: "currentCRL",
        7: "unsupportedOIDs",
        17: "caCerts",
        18: "rootCaKeyUpdate",
        19: "certReqTemplate",
        20: "rootCaCert",
        22: "crlStatusList",
        23: "crls",
    }.items()
}


def _requested(der: bytes) -> str:
    try:
        return _name(x509.load_der_x509_csr(der).subject)
    except ValueError:
        return "what cannot be read"


def _carried(message: PKIMessage) -> Iterator[Carried]:
    content = message.body.content
    if isinstance(content, CertRepMessage):
        for response in content.responses:
            if response.certificate is not None:
                yield _certificate("issued", response.certificate)
        yield from (_certificate("caPubs", der) for der in content.ca_pubs)
    yield from (_certificate("extraCerts", der) for der in message.extra_certs)


def _certificate(role: str, der: bytes) -> Carried:
    try:
        load_certificate(der)
    except MalformedMessage:
        return Carried(role, None)
    return Carried(role, facts_of(der))


def _name(name: x509.Name | None) -> str:
    if name is None:
        return "no directory name"
    return clean(name.rfc4514_string()) or "NULL-DN"

"""Messages to a CA, right ones and any others, made by hand: what a client that misbehaves would send."""

import os
from dataclasses import replace
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from csc.runtime.cmp.codec import decode, encode_cert_request
from csc.runtime.cmp.model import (
    BodyType,
    CertConfirmContent,
    CertId,
    CertRepMessage,
    CertReqMessages,
    CertReqMsg,
    CertResponse,
    CertStatus,
    CertTemplate,
    ErrorMsgContent,
    Extension,
    GeneralContent,
    InfoTypeAndValue,
    Pkcs10Request,
    PKIBody,
    PKIFailureInfo,
    PKIHeader,
    PKIMessage,
    PKIStatus,
    PollReqContent,
    PopoKind,
    ProofOfPossession,
    RevDetails,
    RevRepContent,
    RevReqContent,
)
from csc.runtime.cmp.protection import (
    Credential,
    PasswordCredential,
    SignatureCredential,
    protect,
    sign,
    signature_algorithm,
)
from csc.runtime.sandbox.ca import SandboxCA

SECRET = PasswordCredential(b"ref", b"psk")
# What a sandbox CA calls itself, unless it is told otherwise.
ROOT_NAME = x509.Name.from_rfc4514_string("CN=csc sandbox root CA")
ISSUING_NAME = x509.Name.from_rfc4514_string("CN=csc sandbox issuing CA")
SIGNER_NAME = x509.Name.from_rfc4514_string("CN=csc sandbox CMP server")
SUBJECT = x509.Name.from_rfc4514_string("CN=device")
KEY = ec.generate_private_key(ec.SECP256R1())


def utc_now() -> datetime:
    return datetime.now(UTC)


def header(**changes: object) -> PKIHeader:
    usual = PKIHeader(
        pvno=2,
        sender=SUBJECT,
        recipient=ROOT_NAME,
        message_time=utc_now(),
        transaction_id=os.urandom(16),
        sender_nonce=os.urandom(16),
    )
    return replace(usual, **changes)


def template(**changes: object) -> CertTemplate:
    spki = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return replace(CertTemplate(subject=SUBJECT, public_key=spki), **changes)


def cert_req(
    wanted: CertTemplate, *, number: int = 0, old: CertId | None = None, key: object = KEY
) -> CertReqMsg:
    request = encode_cert_request(number, wanted, old)
    pop = ProofOfPossession(PopoKind.SIGNATURE, signature_algorithm(key), sign(key, request))
    return CertReqMsg(number, wanted, pop, request, old)


def ir(*requests: CertReqMsg, body_type: BodyType = BodyType.IR) -> PKIBody:
    return PKIBody(body_type, CertReqMessages(requests or (cert_req(template()),)))


def ask(
    ca: SandboxCA, body: PKIBody, head: PKIHeader | None = None, credential: Credential = SECRET
) -> PKIMessage:
    return decode(ca.respond(protect(head or header(), body, credential, random=os.urandom)))


def send(ca: SandboxCA, request: bytes) -> PKIMessage:
    return decode(ca.respond(request))


def failures(answer: PKIMessage) -> set[PKIFailureInfo]:
    """Why a request was refused: by an error, or by an answer of its own kind (RFC 9483 3.6.2)."""
    match answer.body.content:
        case ErrorMsgContent(status=status):
            pass
        case CertRepMessage(responses=(CertResponse(status=status, certificate=None),)):
            pass
        case RevRepContent(statuses=(status, *_)):
            pass
        case content:
            raise AssertionError(content)
    assert status.status == PKIStatus.REJECTION
    return set(status.fail_info)


def issued(answer: PKIMessage) -> x509.Certificate:
    content = answer.body.content
    assert isinstance(content, CertRepMessage), content
    return x509.load_der_x509_certificate(content.responses[0].certificate or b"")


def fingerprint(answer: PKIMessage) -> bytes:
    """The certHash of the certificate in an answer (RFC 9810 5.3.18)."""
    return issued(answer).fingerprint(hashes.SHA256())


def enrolled(ca: SandboxCA) -> tuple[PKIMessage, SignatureCredential]:
    """A confirmed certificate and the answer that brought it."""
    head = header()
    answer = ask(ca, ir(), head)
    certificate = issued(answer)
    confirmation = confirm(answer, certificate.fingerprint(hashes.SHA256()))
    assert ask(ca, *confirmation).body.type is BodyType.PKI_CONF
    return answer, SignatureCredential(certificate, KEY)


def confirm(
    answer: PKIMessage, cert_hash: bytes, number: int = 0, **changes: object
) -> tuple[PKIBody, PKIHeader]:
    body = PKIBody(BodyType.CERT_CONF, CertConfirmContent((CertStatus(cert_hash, number),)))
    return body, following(answer, **changes)


def following(answer: PKIMessage, **changes: object) -> PKIHeader:
    """The header of the next message of the transaction that `answer` belongs to."""
    head = header(
        transaction_id=answer.header.transaction_id, recip_nonce=answer.header.sender_nonce
    )
    return replace(head, **changes)


def poll(answer: PKIMessage, number: int, **changes: object) -> tuple[PKIBody, PKIHeader]:
    body = PKIBody(BodyType.POLL_REQ, PollReqContent((number,)))
    return body, following(answer, **changes)


def p10cr(der: bytes | None = None) -> PKIBody:
    """A PKCS #10 request, by default a right one."""
    return PKIBody(BodyType.P10CR, Pkcs10Request(csr() if der is None else der))


def csr(
    *extensions: x509.ExtensionType,
    subject: x509.Name = SUBJECT,
    key: object = KEY,
    digest: hashes.HashAlgorithm | None = None,
) -> bytes:
    """A PKCS #10 request; `digest` is SHA-256, or none for keys that name no hash."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    if digest is None and hasattr(key, "key_size"):
        digest = hashes.SHA256()
    return builder.sign(key, digest).public_bytes(Encoding.DER)


def genm(*infos: InfoTypeAndValue) -> PKIBody:
    return PKIBody(BodyType.GENM, GeneralContent(infos))


def rr(certificate: x509.Certificate, reason: int | None = None) -> PKIBody:
    """A revocation request; `reason` is the number of a CRLReason."""
    wanted = CertTemplate(issuer=certificate.issuer, serial_number=certificate.serial_number)
    details = () if reason is None else (Extension("2.5.29.21", False, bytes([10, 1, reason])),)
    return PKIBody(BodyType.RR, RevReqContent((RevDetails(wanted, details),)))

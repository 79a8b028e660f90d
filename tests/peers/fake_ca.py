"""A CA in memory whose every answer can be told to be wrong: made of codec and protection only."""

import secrets
from dataclasses import dataclass, replace

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
from csc.runtime.cmp.codec import decode
from csc.runtime.cmp.model import (
    BodyType,
    CertRepMessage,
    CertReqMessages,
    CertResponse,
    InfoTypeAndValue,
    Pkcs10Request,
    PKIBody,
    PKIConfirmContent,
    PKIHeader,
    PKIMessage,
    PKIStatus,
    PKIStatusInfo,
    PollEntry,
    PollRepContent,
    RevRepContent,
)
from csc.runtime.cmp.protection import (
    Credential,
    PasswordCredential,
    SignatureCredential,
    protect,
)

from .certificates import NOW, SPEAKS_FOR_CA, Issuer, make_root, name, new_key

SECRET = PasswordCredential(b"3078", b"open sesame")
SUBJECT = name("fw1")
ACCEPTED = PKIStatusInfo(PKIStatus.ACCEPTED)
WAITING = PKIStatusInfo(PKIStatus.WAITING, ("the officer is at lunch",))
IMPLICIT_CONFIRM = InfoTypeAndValue("1.3.6.1.5.5.7.4.13", b"\x05\x00")
PKI_CONF = PKIBody(BodyType.PKI_CONF, PKIConfirmContent())
_ANSWERS = {
    BodyType.IR: BodyType.IP,
    BodyType.CR: BodyType.CP,
    BodyType.P10CR: BodyType.CP,
    BodyType.KUR: BodyType.KUP,
}


@dataclass(frozen=True, slots=True)
class FakeCA:
    """A root, the signer of its answers, and a certificate in force with its key."""

    root: Issuer
    signer: SignatureCredential
    certificate: x509.Certificate
    certificate_key: EllipticCurvePrivateKey

    @property
    def anchors(self) -> tuple[x509.Certificate, ...]:
        return (self.root.certificate,)

    def credential_for(self, request: PKIMessage) -> Credential:
        """What an honest CA protects its answer with."""
        return self.signer if request.extra_certs else SECRET

    def answer(
        self,
        request: bytes,
        body: PKIBody,
        *,
        credential: Credential | None = None,
        **header: object,
    ) -> bytes:
        """The answer to `request` with `body`; `header` exchanges fields of an honest header."""
        asked = decode(request)
        credential = credential or self.credential_for(asked)
        return protect(
            self.header(asked, credential, **header), body, credential, random=secrets.token_bytes
        )

    def header(self, asked: PKIMessage, credential: Credential, **fields: object) -> PKIHeader:
        sender = self.root.certificate.subject
        if isinstance(credential, SignatureCredential):
            sender = credential.certificate.subject
        honest = PKIHeader(
            pvno=asked.header.pvno,
            sender=sender,
            recipient=asked.header.sender,
            message_time=NOW,
            transaction_id=asked.header.transaction_id,
            sender_nonce=secrets.token_bytes(16),
            recip_nonce=asked.header.sender_nonce,
        )
        return replace(honest, **fields)  # pyright: ignore[reportArgumentType]

    def issue_for(self, request: bytes) -> x509.Certificate:
        """The certificate that `request` asks for."""
        content = decode(request).body.content
        if isinstance(content, Pkcs10Request):
            csr = x509.load_der_x509_csr(content.der)
            assert csr.is_signature_valid
            return self.root.issue(csr.subject, csr.public_key())  # pyright: ignore[reportArgumentType]
        assert isinstance(content, CertReqMessages)
        template = content.requests[0].template
        assert template.subject is not None
        assert template.public_key is not None
        key = load_der_public_key(template.public_key)
        return self.root.issue(template.subject, key)  # pyright: ignore[reportArgumentType]

    def enrol(
        self,
        request: bytes,
        certificate: x509.Certificate | bytes,
        *,
        status: PKIStatusInfo = ACCEPTED,
        ca_pubs: tuple[bytes, ...] = (),
        credential: Credential | None = None,
        **header: object,
    ) -> bytes:
        """ip, cp or kup with `certificate`."""
        der = (
            certificate
            if isinstance(certificate, bytes)
            else certificate.public_bytes(Encoding.DER)
        )
        return self.answer(
            request,
            cert_rep(request, CertResponse(0, status, der), ca_pubs=ca_pubs),
            credential=credential,
            **header,
        )

    def wait(self, request: bytes, cert_req_id: int = 0) -> bytes:
        """ip, cp or kup that says: not decided yet."""
        return self.answer(request, cert_rep(request, CertResponse(cert_req_id, WAITING)))

    def poll_rep(self, request: bytes, *entries: PollEntry) -> bytes:
        """pollRep with `entries`, or one that has the asker come back in a minute."""
        body = PKIBody(BodyType.POLL_REP, PollRepContent(entries or (PollEntry(0, 60),)))
        return self.answer(request, body)

    def confirm(self, request: bytes, **header: object) -> bytes:
        """pkiconf."""
        return self.answer(request, PKI_CONF, **header)  # pyright: ignore[reportArgumentType]

    def revoke(self, request: bytes, *statuses: PKIStatusInfo) -> bytes:
        """rp."""
        return self.answer(request, PKIBody(BodyType.RP, RevRepContent(statuses or (ACCEPTED,))))


def cert_rep(request: bytes, *responses: CertResponse, ca_pubs: tuple[bytes, ...] = ()) -> PKIBody:
    """The body that answers `request`, with `responses` as they are."""
    asked = decode(request).body.type
    assert asked is not None
    return PKIBody(_ANSWERS[asked], CertRepMessage(responses, ca_pubs))


def make_fake_ca() -> FakeCA:
    root = make_root()
    signer_key, key = new_key(), new_key()
    signer = root.issue(
        name("Test CMP signer"), signer_key.public_key(), extensions=[SPEAKS_FOR_CA]
    )
    return FakeCA(
        root,
        SignatureCredential(signer, signer_key),
        root.issue(SUBJECT, key.public_key()),
        key,
    )

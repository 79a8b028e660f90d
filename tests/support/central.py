"""A CA that makes keys, out of one that does not: what stands between a device and the sandbox CA."""

from dataclasses import replace

from cmp.test_key_package import World, kga, signed
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from csc.runtime.cmp.codec import decode, encode_cert_request
from csc.runtime.cmp.credentials import PasswordCredential
from csc.runtime.cmp.model import (
    BodyType,
    CertRepMessage,
    CertReqMessages,
    CertReqMsg,
    EncryptedKey,
    PKIBody,
    PopoKind,
    ProofOfPossession,
)
from csc.runtime.cmp.protection import protect, sign, signature_algorithm
from csc.runtime.sandbox.ca import SandboxCA
from peers import cms
from peers.certificates import Issuer, new_key

_KEK = bytes(range(32))
_SIGNED_DATA = "1.2.840.113549.1.7.2"


class CentralKeys:
    """Answers as `ca` does, and makes the key where a request has none (RFC 9483 4.1.6).

    `secret` is the one that the device knows; the CA has to know it, too. A request that comes again gets the
    same answer.
    """

    def __init__(self, ca: SandboxCA, secret: PasswordCredential) -> None:
        self._ca = ca
        self._secret = secret
        self._answers: dict[bytes, bytes] = {}
        self._keys: dict[bytes | None, ec.EllipticCurvePrivateKey] = {}

    def respond(self, request: bytes) -> bytes:
        if request not in self._answers:
            self._answers[request] = self._answer(request)
        return self._answers[request]

    def _answer(self, request: bytes) -> bytes:
        message = decode(request)
        transaction = message.header.transaction_id
        if message.body.type is BodyType.IR:
            content = message.body.content
            assert isinstance(content, CertReqMessages)
            if content.requests[0].template.public_key is not None:
                return self._ca.respond(request)
            self._keys[transaction] = ec.generate_private_key(ec.SECP256R1())
            body = _with_key(content.requests[0], self._keys[transaction])
            request = protect(message.header, body, self._secret, random=lambda size: bytes(size))
        answer = self._ca.respond(request)
        message = decode(answer)
        content = message.body.content
        if transaction not in self._keys or not isinstance(content, CertRepMessage):
            return answer
        response = content.responses[0]
        if response.certificate is None:
            return answer
        package = self._package(self._keys[transaction])
        body = PKIBody(
            message.body.type,
            replace(content, responses=(replace(response, private_key=package),)),
        )
        return protect(
            message.header,
            body,
            self._secret,
            random=lambda size: bytes(size),
            extra=[x509.load_der_x509_certificate(each) for each in message.extra_certs],
        )

    def _package(self, key: ec.EllipticCurvePrivateKey) -> EncryptedKey:
        authority = self._ca._authority
        certificate, generator = authority.root.certificate, new_key()
        root = Issuer(certificate, authority.root.key)
        begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        world = World(root, root, generator, kga(root, generator, begins=begins, ends=ends), key)
        recipient = cms.for_password(self._secret.secret, _KEK, iterations=1000)
        der = cms.enveloped(signed(world), [recipient], _KEK, content_type=_SIGNED_DATA)
        return EncryptedKey(is_enveloped=True, der=der)


def _with_key(request: CertReqMsg, key: ec.EllipticCurvePrivateKey) -> PKIBody:
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    template = replace(request.template, public_key=spki)
    der = encode_cert_request(0, template, None)
    pop = ProofOfPossession(PopoKind.SIGNATURE, signature_algorithm(key), sign(key, der))
    return PKIBody(BodyType.IR, CertReqMessages((CertReqMsg(0, template, pop, der),)))

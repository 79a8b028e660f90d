"""Who may ask a CA in; honest messages of every kind out.

Every honest message is new: it has a transaction of its own, or goes on in one that was begun for it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from csc.runtime.cmp.codec import decode, der, encode_profile
from csc.runtime.cmp.codec.pop import encode_responses
from csc.runtime.cmp.enveloped import answer_challenge
from csc.runtime.cmp.errors import CMPError
from csc.runtime.cmp.model import (
    AlgorithmIdentifier,
    BodyType,
    CertConfirmContent,
    CertId,
    CertRepMessage,
    CertReqMessages,
    CertReqMsg,
    CertStatus,
    ErrorMsgContent,
    Extension,
    InfoTypeAndValue,
    PKIBody,
    PKIMessage,
    PKIStatus,
    PKIStatusInfo,
    PopChallengeContent,
    PopoKind,
    PopResponseContent,
    ProofOfPossession,
)
from csc.runtime.cmp.protection import (
    Credential,
    MacScheme,
    SignatureCredential,
    sign,
    signature_algorithm,
)
from csc.runtime.sandbox.requests.requester import IMPLICIT_CONFIRM
from fuzz.sandbox_world import World, spki
from peers import asker
from peers.asker import SECRET, SUBJECT, cert_req, csr, following, genm, header, ir, template
from peers.ra import RA_VERIFIED, originals

HOLD, TAKE_BACK = 6, 8  # RFC 5280 5.3.1
ENCR_CERT, CHALLENGE_RESP = b"\x81\x01\x00", b"\x81\x01\x01"
ID_IT = "1.3.6.1.5.5.7.4."
_QUESTIONS = (2, 3, 6, 7, 13, 16, 17, 19, 20, 22, 99)
PROFILES = ("default", "tls-server", "tls-client", "ipsec", "ra", "nobody")


@dataclass(frozen=True)
class Seed:
    """An honest message; `key` is the one that a certificate is wanted for, if a signature proves it."""

    name: str
    data: bytes
    credential: Credential
    key: object = None

    @property
    def algorithm(self) -> AlgorithmIdentifier:
        if isinstance(self.credential, SignatureCredential):
            return signature_algorithm(self.credential.private_key)
        algorithm = decode(self.data).header.protection_alg
        assert algorithm is not None
        return algorithm


def proving(wanted: bytes, kind: PopoKind, proof: bytes | None) -> CertReqMsg:
    """A request for a key that signs nothing."""
    pop = ProofOfPossession(kind, private_key_pop=proof)
    return replace(cert_req(template(public_key=wanted)), pop=pop)


# -- first messages --------------------------------------------------------------------------------


def _seed(
    world: World,
    name: str,
    body: PKIBody,
    credential: Credential = SECRET,
    key: object = None,
    **changes: object,
) -> Seed:
    data = world.message(body, header(**{"pvno": world.pvno(), **changes}), credential)
    return Seed(name, data, credential, key)


def _wanted(world: World) -> tuple[CertReqMsg, object]:
    key = world.chance.choice(
        (world.ec_key, world.ec_key, world.ec_key, world.ed_key, world.rsa_key)
    )
    changes: dict[str, object] = {"public_key": spki(key)}
    if world.chance.random() < 0.5:
        changes["extensions"] = tuple(
            world.chance.sample(_EXTENSIONS, world.chance.randrange(1, 4))
        )
    if world.chance.random() < 0.2:
        changes["not_after"] = asker.utc_now().replace(microsecond=0)
    return cert_req(template(**changes), key=key), key


def _extension(value: x509.ExtensionType, critical: bool = False) -> Extension:
    return Extension(value.oid.dotted_string, critical, value.public_bytes())


_EXTENSIONS = (
    _extension(
        x509.SubjectAlternativeName(
            [x509.DNSName("a.example"), x509.DirectoryName(SUBJECT), x509.RFC822Name("a@b.example")]
        )
    ),
    _extension(x509.KeyUsage(True, *[False] * 8), critical=True),
    _extension(x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.3.6.1.5.5.7.3.2")])),
    _extension(x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.3.6.1.5.5.7.3.28")])),
    _extension(x509.BasicConstraints(ca=False, path_length=None), critical=True),
    _extension(x509.BasicConstraints(ca=True, path_length=None), critical=True),
    _extension(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")),
    _extension(
        x509.CertificatePolicies(
            [x509.PolicyInformation(x509.ObjectIdentifier("1.2.3.4"), ["https://a.example"])]
        )
    ),
    _extension(x509.SubjectKeyIdentifier(bytes(20))),
    _extension(x509.InhibitAnyPolicy(0), critical=True),
    _extension(x509.TLSFeature([x509.TLSFeatureType.status_request])),
)


def _ir(world: World) -> Seed:
    request, key = _wanted(world)
    changes: dict[str, object] = {}
    if world.chance.random() < 0.3:
        changes["general_info"] = (IMPLICIT_CONFIRM,)
    if world.chance.random() < 0.3:
        profile = encode_profile(world.chance.choice(PROFILES))
        changes["general_info"] = (InfoTypeAndValue(f"{ID_IT}21", profile),)
    return _seed(world, "ir", ir(request), key=key, **changes)


def _ir_by_vendor(world: World) -> Seed:
    request, key = _wanted(world)
    return _seed(world, "ir of another PKI", ir(request), world.vendor.device("device"), key)


def _ir_by_pbmac1(world: World) -> Seed:
    request, key = _wanted(world)
    scheme = world.chance.choice((MacScheme.PBMAC1, MacScheme.PBM_SHA1))
    return _seed(world, "ir by another MAC", ir(request), replace(SECRET, mac=scheme), key)


def _cr(world: World) -> Seed:
    request, key = _wanted(world)
    return _seed(world, "cr", ir(request, body_type=BodyType.CR), world.either(), key)


def _kur(world: World) -> Seed:
    credential = world.device
    old = None
    if world.chance.random() < 0.7 and isinstance(credential, SignatureCredential):
        certificate = credential.certificate
        old = CertId(certificate.issuer, certificate.serial_number)
    request = cert_req(template(subject=None if world.chance.random() < 0.1 else SUBJECT), old=old)
    body = ir(request, body_type=BodyType.KUR)
    return _seed(
        world, "kur", body, world.chance.choice((credential, credential, SECRET)), world.ec_key
    )


def _kur_with_input(world: World) -> Seed:
    """The subject is left out, and POPOSigningKeyInput says whose the key is."""
    credential = world.device
    assert isinstance(credential, SignatureCredential)
    old = CertId(credential.certificate.issuer, credential.certificate.serial_number)
    request = cert_req(template(subject=None), old=old)
    sender = der.tagged(0, der.tagged(4, credential.certificate.subject.public_bytes()))
    given = der.sequence(sender, spki(world.ec_key))
    algorithm, signature = signature_algorithm(world.ec_key), sign(world.ec_key, given)
    pop = ProofOfPossession(PopoKind.SIGNATURE, algorithm, signature, poposk_input=given)
    body = ir(replace(request, pop=pop), body_type=BodyType.KUR)
    return _seed(world, "kur with poposkInput", body, credential)


def _p10cr(world: World) -> Seed:
    key = world.chance.choice((world.ec_key, world.rsa_key))
    extensions = (x509.SubjectAlternativeName([x509.DNSName("a.example")]),)
    body = asker.p10cr(csr(*extensions[: world.chance.randrange(2)], key=key))
    return _seed(world, "p10cr", body, world.either(), key)


def _rr(world: World) -> Seed:
    """Of a certificate that is there for it, confirmed or not, and maybe on hold."""
    victim = world.device
    with suppress(AssertionError, ValueError):  # the CA may have been told not to answer at once
        if world.chance.random() < 0.5:
            victim = world.enrolled(world.ec_key)
        else:
            victim = SignatureCredential(asker.issued(world.ask(ir())), world.ec_key)
    reason = world.chance.choice((None, 0, 1, 4, 5, HOLD, TAKE_BACK, TAKE_BACK))
    credential = world.chance.choice((SECRET, victim, victim))
    if reason == TAKE_BACK:
        world.ask(asker.rr(victim.certificate, HOLD), header(), credential)
    return _seed(world, "rr", asker.rr(victim.certificate, reason), credential)


def _genm(world: World) -> Seed:
    count = world.chance.choice((1, 1, 2, 5))
    root = (world.sandbox.folder / "root.pem").read_bytes()
    values = (None, None, None, x509.load_pem_x509_certificate(root).public_bytes(Encoding.DER))
    infos = [
        InfoTypeAndValue(f"{ID_IT}{world.chance.choice(_QUESTIONS)}", world.chance.choice(values))
        for _ in range(count)
    ]
    return _seed(world, "genm", genm(*infos), world.either())


def _central_key(world: World) -> Seed:
    empty = der.sequence(der.algorithm(AlgorithmIdentifier("1.3.101.112")), b"\x03\x01\x00")
    request = cert_req(template(public_key=world.chance.choice((None, empty))))
    request = replace(request, pop=ProofOfPossession(PopoKind.ABSENT))
    return _seed(world, "central key", ir(request), world.either(), pvno=3)


def _encrypting(world: World, proof: bytes) -> PKIBody:
    key, kind = world.chance.choice(
        (
            (world.ec_key, PopoKind.KEY_AGREEMENT),
            (world.rsa_key, PopoKind.KEY_ENCIPHERMENT),
            (world.kem_key, PopoKind.KEY_ENCIPHERMENT),
        )
    )
    return ir(proving(spki(key), kind, proof))


def _encr_cert(world: World) -> Seed:
    return _seed(world, "encrCert", _encrypting(world, ENCR_CERT), pvno=3)


def _challenge_resp(world: World) -> Seed:
    return _seed(world, "challengeResp", _encrypting(world, CHALLENGE_RESP), pvno=3)


def _ra_verified(world: World) -> Seed:
    kind = world.chance.choice((BodyType.IR, BodyType.CR))
    body = PKIBody(kind, CertReqMessages((replace(cert_req(template()), pop=RA_VERIFIED),)))
    changes: dict[str, object] = {}
    if world.chance.random() < 0.3:
        head = header()
        inner = world.message(ir(body_type=kind), head)
        shared = {"transaction_id": head.transaction_id, "sender_nonce": head.sender_nonce}
        changes = {**shared, "general_info": (originals(inner),)}
    return _seed(world, "raVerified", body, world.ra.credential, **changes)


# -- next messages ---------------------------------------------------------------------------------


def _begun(world: World) -> tuple[PKIMessage, Credential]:
    credential = world.chance.choice((SECRET, SECRET, world.device))
    kind = BodyType.IR if credential is SECRET else BodyType.CR
    return world.ask(ir(body_type=kind), header(pvno=3), credential), credential


def _next(world: World, name: str, body: PKIBody, answer: PKIMessage, by: Credential) -> Seed:
    return Seed(name, world.message(body, following(answer, pvno=3), by), by)


def _cert_conf(world: World) -> Seed:
    answer, credential = _begun(world)
    digest = b""
    with suppress(AssertionError, ValueError):
        digest = asker.fingerprint(answer)
    refusal = PKIStatusInfo(PKIStatus.REJECTION, ("it is not what was asked for",))
    status = world.chance.choice((None, None, PKIStatusInfo(PKIStatus.ACCEPTED), refusal))
    sha256 = AlgorithmIdentifier("2.16.840.1.101.3.4.2.1")
    statuses = (CertStatus(digest, 0, status, world.chance.choice((None, sha256))),)
    body = PKIBody(BodyType.CERT_CONF, CertConfirmContent(statuses))
    return _next(world, "certConf", body, answer, credential)


def _error(world: World) -> Seed:
    answer, credential = _begun(world)
    body = PKIBody(BodyType.ERROR, ErrorMsgContent(PKIStatusInfo(PKIStatus.REJECTION, ("no",))))
    return _next(world, "error", body, answer, credential)


def poll_req(world: World) -> Seed:
    """Of what waits, if the CA has it wait."""
    answer, credential = _begun(world)
    number = 0 if isinstance(answer.body.content, CertRepMessage) else -1
    body, _ = asker.poll(answer, number)
    return _next(world, "pollReq", body, answer, credential)


def _popdecr(world: World) -> Seed:
    """What answers a challenge, or what is no answer to what came instead of one."""
    name = world.chance.choice(("ec", "rsa", "kem"))
    key = {"ec": world.ec_key, "rsa": world.rsa_key, "kem": world.kem_key}[name]
    kind = PopoKind.KEY_AGREEMENT if name == "ec" else PopoKind.KEY_ENCIPHERMENT
    answer = world.ask(ir(proving(spki(key), kind, CHALLENGE_RESP)), header(pvno=3))
    content = encode_responses([1])
    if isinstance(answer.body.content, PopChallengeContent):
        with suppress(CMPError):
            challenge, sender = answer.body.content.der, answer.header.sender
            content = answer_challenge(challenge, key=key, sender=sender)
    body = PKIBody(BodyType.POP_DEC_RESP, PopResponseContent(content))
    return _next(world, "popdecr", body, answer, SECRET)


# -- all of them -----------------------------------------------------------------------------------

# How often each is taken.
SEEDS: dict[Callable[[World], Seed], int] = {
    _ir: 6,
    _ir_by_vendor: 2,
    _ir_by_pbmac1: 1,
    _cr: 3,
    _kur: 3,
    _kur_with_input: 1,
    _p10cr: 3,
    _rr: 3,
    _genm: 4,
    _central_key: 1,
    _encr_cert: 2,
    _challenge_resp: 2,
    _ra_verified: 3,
    _cert_conf: 4,
    _error: 2,
    poll_req: 3,
    _popdecr: 2,
}


def any_seed(world: World) -> Seed:
    (make,) = world.chance.choices(tuple(SEEDS), tuple(SEEDS.values()))
    return make(world)

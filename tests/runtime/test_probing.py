"""What a CA tells, judged against what an operation asks for; and the ways in which a CA may not tell it."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from csc.compiler import rules
from csc.compiler.compile import compile_scripts
from csc.compiler.device import DeviceState
from csc.compiler.diagnostics import Diagnostic
from csc.compiler.machine import Circumstances
from csc.compiler.plan import CmpOperation, Plan
from csc.grammar.ast import Span
from csc.grammar.parser import parse
from csc.runtime.cmp.codec import decode
from csc.runtime.cmp.codec.general import TemplateContent, read_template
from csc.runtime.cmp.errors import (
    AlgorithmNotSupported,
    CMPError,
    ConnectFailed,
    MalformedMessage,
    NotProtected,
    ProtectionError,
    Rejected,
    StillWaiting,
    TlsFailed,
    UnexpectedAnswer,
    UntrustedCertificate,
    WrongMac,
)
from csc.runtime.cmp.model import (
    AlgorithmIdentifier,
    BodyType,
    ErrorMsgContent,
    GeneralContent,
    InfoTypeAndValue,
    PKIBody,
    PKIFailureInfo,
    PKIHeader,
    PKIStatus,
    PKIStatusInfo,
)
from csc.runtime.cmp.protection import PasswordCredential, protect
from csc.runtime.probe import Probe, probe
from csc.runtime.probing.asking import Way
from csc.runtime.probing.facts import Facts
from csc.runtime.probing.judging import Wish, judge, judge_ca
from csc.runtime.probing.keys import KeysTaken, fitting, in_words, keys_of_list, keys_of_template
from csc.runtime.probing.refusals import judge_failure
from csc.runtime.probing.revocations import check_crl
from csc.runtime.probing.targets import AtHand
from peers.certificates import NOW, make_certificate, make_root, name, new_key
from peers.der import wrap
from support.cases import ISSUED

P256 = AlgorithmIdentifier("1.2.840.10045.2.1", bytes.fromhex("06082a8648ce3d030107"))
RSA = AlgorithmIdentifier("1.2.840.113549.1.1.1", b"\x05\x00")
ED25519 = AlgorithmIdentifier("1.3.101.112")
EMPTY = TemplateContent(None, False, False, (), (), ())
CN, ORG, OU = "2.5.4.3", "2.5.4.10", "2.5.4.11"
SAN = "2.5.29.17"
ROOT = make_root()
SCRIPT = """\
add CertificateStore cmp
cc CertificateStore cmp
add Certificate cacert Type=Remote CertificateData=file://ca_root.der
cc
add CMPServer ca CACert=cmp/cacert FQDN=ca.example.com
add CMPServer cb CACert=cmp/cacert FQDN=cb.example.com
cc CertificateStore cmp
add Certificate gw Type=CMPv2 CMPServer=ca
add Certificate gw2 Type=CMPv2 CMPServer=ca
add Certificate gw3 Type=CMPv2 CMPServer=cb
cc
activate
certmgr -initiate -clientcert=cmp/gw -username=1 -password=psk -subject="CN=gw"
cc CertificateStore cmp
set Certificate gw CertificateData=file://cl_newcert.der PrivateKey=file://cl_newkey.pem
cc
certmgr -initiate -clientcert=cmp/gw2 -username=2 -password=psk -subject="CN=gw2"
cc CertificateStore cmp
set Certificate gw2 CertificateData=file://cl_newcert.der PrivateKey=file://cl_newkey.pem
cc
certmgr -initiate -clientcert=cmp/gw3 -username=1 -password=psk -subject="CN=gw3"
cc CertificateStore cmp
set Certificate gw3 CertificateData=file://cl_newcert.der PrivateKey=file://cl_newkey.pem
cc
activate
commit
certmgr -update -clientcert=cmp/gw
cc CertificateStore cmp
set Certificate gw CertificateData=file://cl_newcert.der PrivateKey=file://cl_newkey.pem
cc
activate
commit
"""


def plan() -> Plan:
    circumstances = Circumstances(DeviceState(), ISSUED, lambda name: f"sha256:{name}")
    found = compile_scripts([parse(SCRIPT)], circumstances).plan
    assert found is not None
    return found


OPERATIONS = [s.action for s in plan().steps if isinstance(s.action, CmpOperation)]
INITIATE, UPDATE = OPERATIONS[0], OPERATIONS[-1]


def where(option: str) -> Span:
    """Each option stands in a column of its own."""
    columns = ("", "clientcert", "subject", "san", "keytype", "password", "username", "signer")
    return Span("s.cfg", 1, columns.index(option) + 1, 1)


def wish(**changes: object) -> Wish:
    usual = Wish(INITIATE, "rsa:2048", name("gw"), False, None, where)
    return replace(usual, **changes)


def template(**changes: object) -> Facts:
    return Facts(ROOT.certificate, template=replace(EMPTY, **changes))


def codes(found: object) -> list[str]:
    return [d.rule.code for d in found]  # pyright: ignore


# -- keys ------------------------------------------------------------------------------------------------


def test_a_template_without_key_spec_takes_all() -> None:
    assert keys_of_template(EMPTY) is None
    assert codes(judge(Facts(ROOT.certificate, template=EMPTY), wish())) == []


@pytest.mark.parametrize(
    ("kind", "is_taken"),
    [("rsa:2048", True), ("rsa:3072", False), ("ec:p256", True), ("ec:p384", False)],
)
def test_key_spec(kind: str, is_taken: bool) -> None:
    """A length of RSA each, and a curve each."""
    facts = template(algorithms=(P256,), rsa_lengths=(2048,))
    found = list(judge(facts, wish(key_type=kind)))
    assert codes(found) == ([] if is_taken else ["CSC514"])
    for diagnostic in found:
        assert "RSA 2048 and P-256" in diagnostic.notes[0]
        assert diagnostic.primary.span == where("keytype")


def test_no_key_is_made() -> None:
    """For a revocation, and where the CA makes it."""
    facts = template(algorithms=(P256,))
    assert codes(judge(facts, wish(key_type=None))) == []


def test_sign_key_pair_types() -> None:
    facts = Facts(ROOT.certificate, signing_keys=(RSA, P256))
    assert codes(judge(facts, wish())) == []
    assert codes(judge(facts, wish(key_type="rsa:8192"))) == []
    assert codes(judge(facts, wish(key_type="ec:p384"))) == ["CSC515"]
    assert codes(judge(facts, wish(key_type="mlkem768"))) == []  # a list of keys that sign
    both = replace(facts, template=replace(EMPTY, rsa_lengths=(3072,)))
    assert codes(judge(both, wish(key_type="ed25519"))) == ["CSC514"]  # said once


@pytest.mark.parametrize(
    ("taken", "wanted", "fits", "words"),
    [
        (KeysTaken((3072, 4096), others=("ec:p256",)), "rsa:2048", "rsa:3072", "RSA 3072-4096 and P-256"),
        (KeysTaken((2048, 4096), others=("ec:p256",)), "rsa:8192", "rsa:4096", "RSA 2048, 4096 and P-256"),
        (KeysTaken(others=("ec:p256", "ed448")), "ec:p384", "ec:p256", "P-256 and Ed448"),
        (KeysTaken(others=("ec:p521", "ec:p256")), "rsa:2048", "ec:p256", "P-521 and P-256"),
        (KeysTaken(any_rsa=True), "ed25519", "rsa:2048", "RSA"),
        (KeysTaken((1024,)), "rsa:2048", None, "RSA 1024"),
        (KeysTaken(unknown=("1.2.3",)), "rsa:2048", None, "1.2.3"),
        (KeysTaken(), "rsa:2048", None, "no keys"),
    ],
)  # fmt: skip
def test_what_fits(taken: KeysTaken, wanted: str, fits: str | None, words: str) -> None:
    assert fitting(taken, wanted) == fits
    assert in_words(taken) == words
    assert fits is None or taken.takes(fits)


def test_algorithms_that_nobody_knows() -> None:
    found = keys_of_list([AlgorithmIdentifier("1.2.3"), replace(P256, parameters=None), ED25519])
    assert found == KeysTaken(others=("ed25519",), unknown=("1.2.3", P256.oid))


# -- names -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "subject", "expected"),
    [
        (((CN, ""),), "CN=gw", []),
        (((CN, ""), (ORG, "Example")), "CN=gw,O=Example", []),
        (((ORG, "Example Ltd"),), "CN=gw,O=example   LTD", []),  # RFC 5280 7.1
        (((ORG, "Example"),), "CN=gw,O=Sample", ["CSC516"]),
        (((ORG, "Example"),), "CN=gw", ["CSC517"]),
        (((CN, ""), (OU, "")), "O=Example", ["CSC517"]),
        (((OU, "a"), (OU, "b")), "OU=b,OU=a", []),
        (((OU, "a"), (OU, "b")), "OU=b,OU=c", ["CSC516"]),
        (((OU, "a"), (OU, "")), "OU=a", ["CSC517"]),
        (((OU, ""), (OU, "a")), "OU=a,OU=x", []),
        ((("1.2.3.4", ""),), "CN=gw", ["CSC517"]),
        ((), "CN=gw,O=Example", []),
    ],
)
def test_subject(wanted: tuple[tuple[str, str], ...], subject: str, expected: list[str]) -> None:
    asked = wish(subject=x509.Name.from_rfc4514_string(subject))
    found = list(judge(template(subject=wanted), asked))
    assert codes(found) == expected
    assert all(d.primary.span == where("subject") for d in found)


def test_the_subject_of_an_update_is_the_cas_affair() -> None:
    facts = template(subject=((ORG, "Example"),))
    assert codes(judge(facts, wish(operation=UPDATE, subject=None))) == []


def test_alternative_names() -> None:
    facts = template(extensions=("2.5.29.15", SAN))
    assert codes(judge(facts, wish())) == ["CSC518"]
    assert codes(judge(facts, wish(has_names=True))) == []


# -- the CA's certificates -------------------------------------------------------------------------------


def test_ca_certs() -> None:
    key = new_key()
    below = make_certificate(
        name("sub"), key.public_key(), ROOT.certificate.subject, ROOT.key, is_ca=True,
        usages=("key_cert_sign", "crl_sign"),
    )  # fmt: skip
    other = make_root("other").certificate
    for certificates, expected in (
        ((), []),
        ((ROOT.certificate,), []),
        ((other, below), []),
        ((other,), ["CSC519"]),
    ):
        facts = Facts(ROOT.certificate, ca_certs=certificates)
        assert codes(judge_ca(facts, wish(), NOW)) == expected


def test_open_questions_are_one_note() -> None:
    facts = Facts(ROOT.certificate, open=("caCerts", "currentCRL"), unusable=("the CRL: old",))
    (found,) = judge_ca(facts, wish(), NOW)
    assert found.rule is rules.QUESTION_OPEN
    assert found.notes == ("it says nothing of caCerts, currentCRL", "the CRL: old")


# -- revocation ------------------------------------------------------------------------------------------


def crl(
    *serials: int,
    issuer=ROOT,
    begins=NOW - timedelta(hours=2),
    ends=NOW + timedelta(days=1),
    extension: x509.ExtensionType | None = None,
) -> x509.CertificateRevocationList:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(begins)
        .next_update(ends)
    )
    for serial in serials:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(NOW)
        builder = builder.add_revoked_certificate(entry.build())
    if extension is not None:
        builder = builder.add_extension(extension, critical=True)
    return builder.sign(issuer.key, hashes.SHA256())


def scope(*, indirect: bool) -> x509.IssuingDistributionPoint:
    point = [x509.UniformResourceIdentifier("http://ca.example.com/crl")]
    return x509.IssuingDistributionPoint(point, None, False, False, None, indirect, False)


def test_a_list_that_can_be_relied_on() -> None:
    check_crl(crl(), (ROOT.certificate,), NOW)
    check_crl(crl(extension=scope(indirect=False)), (ROOT.certificate,), NOW)


@pytest.mark.parametrize(
    ("spoilt", "words"),
    [
        (lambda: crl(issuer=make_root("other")), "no certificate of the CA"),  # 1
        (lambda: crl(issuer=make_root()), "not signed with"),  # 2
        (lambda: crl(begins=NOW + timedelta(hours=2)), "it begins at"),  # 3
        (lambda: crl(ends=NOW - timedelta(hours=1)), "it ended at"),  # 3
        (lambda: crl(extension=scope(indirect=True)), "not understood"),  # 4
        (lambda: crl(extension=x509.DeltaCRLIndicator(1)), "not understood"),  # 4
    ],
)
def test_a_list_that_cannot(
    spoilt: Callable[[], x509.CertificateRevocationList], words: str
) -> None:
    with pytest.raises(UntrustedCertificate, match=words):
        check_crl(spoilt(), (ROOT.certificate,), NOW)


def test_a_list_of_who_may_not_sign_one() -> None:
    key = new_key()
    issuer = replace(
        ROOT,
        certificate=make_certificate(
            name("no crl"), key.public_key(), name("no crl"), key, is_ca=True,
            usages=("key_cert_sign",),
        ),
        key=key,
    )  # fmt: skip
    with pytest.raises(UntrustedCertificate, match="may sign it"):
        check_crl(crl(issuer=issuer), (issuer.certificate,), NOW)


def test_revoked() -> None:
    key = new_key()
    mine = make_certificate(name("gw"), key.public_key(), ROOT.certificate.subject, ROOT.key)
    facts = Facts(ROOT.certificate, crls=(crl(mine.serial_number),))
    assert codes(judge(facts, wish(operation=UPDATE, signer=mine))) == ["CSC520"]
    assert codes(judge(facts, wish())) == []
    other = make_certificate(name("gw"), key.public_key(), ROOT.certificate.subject, ROOT.key)
    assert codes(judge(facts, wish(operation=UPDATE, signer=other))) == []
    # The same number of another CA is another certificate.
    issuer = make_root("other")
    facts = Facts(ROOT.certificate, crls=(crl(mine.serial_number, issuer=issuer),))
    assert codes(judge(facts, wish(operation=UPDATE, signer=mine))) == []


# -- failures --------------------------------------------------------------------------------------------


def refusal(*bits: PKIFailureInfo) -> PKIStatusInfo:
    return PKIStatusInfo(PKIStatus.REJECTION, ("said so",), frozenset(bits))


def rejected(*bits: PKIFailureInfo) -> Rejected:
    return Rejected("general message", refusal(*bits), b"\x01" * 16)


F = PKIFailureInfo
FAILURES: list[tuple[CMPError, CmpOperation, str]] = [
    (ConnectFailed("no connection"), INITIATE, "CSC511"),
    (TlsFailed("TLS", "this", "that"), INITIATE, "CSC511"),
    (MalformedMessage("no PKIMessage"), INITIATE, "CSC511"),
    (rejected(F.BAD_MESSAGE_CHECK), INITIATE, "CSC512"),
    (rejected(F.WRONG_INTEGRITY), INITIATE, "CSC512"),
    (rejected(F.SIGNER_NOT_TRUSTED), UPDATE, "CSC512"),
    (WrongMac("MAC wrong"), INITIATE, "CSC512"),
    (ProtectionError("MAC with SHA-1"), INITIATE, "CSC513"),
    (NotProtected("bare", None, refusal(F.BAD_MESSAGE_CHECK)), INITIATE, "CSC512"),
    (NotProtected("bare", None, refusal(F.BAD_REQUEST)), INITIATE, "CSC523"),
    (NotProtected("bare"), INITIATE, "CSC513"),
    (ProtectionError("signature wrong"), UPDATE, "CSC513"),
    (UntrustedCertificate("another CA"), INITIATE, "CSC513"),
    (AlgorithmNotSupported("MD5"), UPDATE, "CSC513"),
    (UnexpectedAnswer("recipNonce of the answer", "a", "b"), INITIATE, "CSC513"),
    (UnexpectedAnswer("body of the answer", "genp", "pkiconf"), INITIATE, "CSC523"),
    (rejected(F.BAD_REQUEST), INITIATE, "CSC523"),
    (rejected(), INITIATE, "CSC523"),
    (StillWaiting("not yet"), INITIATE, "CSC523"),
    (rejected(F.CERT_REVOKED), UPDATE, "CSC520"),
]


@pytest.mark.parametrize(("error", "operation", "code"), FAILURES)
def test_failures(error: CMPError, operation: CmpOperation, code: str) -> None:
    found = judge_failure(error, wish(operation=operation))
    assert found.rule.code == code
    assert any("said so" in n or error.message in n for n in found.notes)


def test_a_refused_secret_is_shown_where_it_stands() -> None:
    found = judge_failure(rejected(F.BAD_MESSAGE_CHECK), wish())
    assert found.primary.span == where("password")
    assert found.secondary[0].span == where("username")
    assert f"transaction {'01' * 16}" in found.notes


# -- a whole plan, and CAs in memory ---------------------------------------------------------------------


class InMemory:
    """CAs that answer genm with `answers` by OID, as many questions as `most` at once; and who asked."""

    def __init__(self, answers: dict[str, bytes | None], most: int = 99) -> None:
        self.answers, self.most = answers, most
        self.asked: list[tuple[str, int]] = []

    def send(self, url: str, message: bytes, tls: object) -> bytes:
        del tls
        request = decode(message)
        content = request.body.content
        assert isinstance(content, GeneralContent)
        self.asked.append((url, len(content.infos)))
        infos = tuple(
            InfoTypeAndValue(oid, value)
            for info in content.infos
            for oid, value in self.answers.items()
            if info.oid == oid
        )
        body = PKIBody(BodyType.GENP, GeneralContent(infos))
        if len(content.infos) > self.most:
            body = PKIBody(BodyType.ERROR, ErrorMsgContent(refusal(F.BAD_REQUEST)))
        header = PKIHeader(
            2,
            ROOT.certificate.subject,
            request.header.sender,
            NOW,
            transaction_id=request.header.transaction_id,
            sender_nonce=secrets.token_bytes(16),
            recip_nonce=request.header.sender_nonce,
        )
        reference = request.header.sender_kid or b""
        return protect(
            header, body, replace(SECRET, reference=reference), random=secrets.token_bytes
        )


SECRET = PasswordCredential(b"1", b"psk")
ROOT_DER = ROOT.certificate.public_bytes(Encoding.DER)
SIGN_KEYS, CA_CERTS = "1.3.6.1.5.5.7.4.2", "1.3.6.1.5.5.7.4.17"
P256_ONLY = bytes.fromhex("3015301306072a8648ce3d020106082a8648ce3d030107")


def probed(
    send: Callable[[str, bytes, object], bytes],
    clock: Callable[[], object] = lambda: NOW,
    **options: object,
) -> Probe:
    keeper = AtHand(lambda content: ROOT_DER if "planned" not in content else None, lambda _: None)
    way = Way(send, clock, secrets.token_bytes)  # pyright: ignore
    return probe(plan(), keeper, way, lambda verb, _: verb, **options)


def by_line(found: tuple[Diagnostic, ...]) -> list[tuple[int, str]]:
    return [(d.primary.span.line, d.rule.code) for d in found]


def test_each_server_is_asked_with_each_credential_once() -> None:
    ca = InMemory({SIGN_KEYS: P256_ONLY})
    found = probed(ca.send)
    assert sorted(ca.asked) == [
        ("http://ca.example.com:80/", 6),
        ("http://ca.example.com:80/", 6),
        ("http://cb.example.com:80/", 6),
    ]
    assert [len(asked.target.steps) for asked in found.asked] == [1, 1, 1]
    # In the order of the script; what is about a server once. The update's key is not known yet.
    assert by_line(found.findings) == [
        (13, "CSC515"), (13, "CSC523"), (17, "CSC515"), (21, "CSC515"), (21, "CSC523"),
    ]  # fmt: skip
    assert found.findings[1].secondary[0].span.line == 17


def test_a_ca_that_takes_one_question_at_a_time() -> None:
    """RFC 9483 4.3 demands no more."""
    ca = InMemory({SIGN_KEYS: P256_ONLY, CA_CERTS: None}, most=1)
    found = probed(ca.send)
    assert [n for url, n in ca.asked if "cb" in url] == [6, 1, 1, 1, 1, 1, 1]
    assert all(item.facts is not None for item in found.asked)
    assert (13, "CSC515") in by_line(found.findings)


def test_a_ca_that_knows_no_general_messages() -> None:
    found = probed(InMemory({}, most=0).send)
    assert by_line(found.findings) == [(13, "CSC523"), (21, "CSC523")]
    assert all(item.facts is None for item in found.asked)


def test_a_ca_that_cannot_be_reached_is_told_once() -> None:
    def send(url: str, message: bytes, tls: object) -> bytes:
        del message, tls
        raise ConnectFailed(f"no connection to {url}")

    found = probed(send)
    assert by_line(found.findings) == [(13, "CSC511"), (21, "CSC511")]
    assert [label.span.line for label in found.findings[0].secondary] == [17]


def test_after_the_total_time_nobody_is_asked() -> None:
    ca = InMemory({})
    times = iter([NOW])
    found = probed(
        ca.send, lambda: next(times, NOW + timedelta(seconds=11)), total=timedelta(seconds=10)
    )
    assert ca.asked == []
    assert by_line(found.findings) == [(13, "CSC524"), (17, "CSC524"), (21, "CSC524")]


def test_without_the_ca_certificate_nobody_is_asked() -> None:
    way = Way(lambda *_: b"", lambda: NOW, secrets.token_bytes)
    found = probe(plan(), AtHand(lambda _: None, lambda _: None), way, lambda verb, _: verb)
    assert codes(found.findings) == ["CSC524"] * 4
    assert found.asked == ()


@pytest.mark.parametrize(
    ("tag", "encoding"), [(0x0C, "utf-8"), (0x13, "ascii"), (0x1E, "utf-16-be"), (0x14, "latin-1")]
)
@pytest.mark.parametrize("text", ["", "Example", "x" * 127, "x" * 200, "x" * 40_000])
def test_subjects_of_templates_in_any_string(tag: int, encoding: str, text: str) -> None:
    attribute = wrap(0x30, bytes.fromhex("060355040a"), wrap(tag, text.encode(encoding)))
    subject = wrap(0xA5, wrap(0x30, wrap(0x31, attribute)))
    assert read_template(wrap(0x30, wrap(0x30, subject))).subject == ((ORG, text),)

"""What the sandbox CA lets RAs do: vouch for possession, replace protection, act for others (RFC 9483 5)."""

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from csc.runtime.cmp.codec import decode, encode_profile
from csc.runtime.cmp.model import (
    BodyType,
    CertId,
    CertReqMessages,
    CertTemplate,
    InfoTypeAndValue,
    PKIBody,
    PKIFailureInfo,
    PKIHeader,
    PKIMessage,
    RevDetails,
    RevRepContent,
    RevReqContent,
)
from csc.runtime.cmp.protection import PasswordCredential, SignatureCredential, protect
from csc.runtime.sandbox.authority import ra as authority_ra
from csc.runtime.sandbox.behaviour import Behaviour
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.http.server import serve
from csc.runtime.sandbox.ledger.ledger import Status
from csc.runtime.sandbox.profiles.load import load_profiles
from peers.asker import (
    ISSUING_NAME,
    KEY,
    SECRET,
    SUBJECT,
    cert_req,
    confirm,
    csr,
    enrolled,
    failures,
    genm,
    header,
    ir,
    issued,
    p10cr,
    poll,
    rr,
    template,
    utc_now,
)
from peers.certificates import name, new_key
from peers.openssl import client, needs_openssl
from peers.ra import RA, RA_VERIFIED, granted, message, new_ra, originals, ra_verified
from peers.vendor import new_vendor

CMC_CA = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.27")
RA_SECRET = PasswordCredential(b"ra", b"ra-psk")


@dataclass
class Site:
    """The CA and an RA that it knows."""

    ca: SandboxCA
    ra: RA

    def ask(self, data: bytes) -> PKIMessage:
        return decode(self.ca.respond(data))

    def entity(self) -> SignatureCredential:
        """An end entity with a certificate."""
        return enrolled(self.ca)[1]

    def statuses(self) -> list[Status]:
        """Of all certificates but the RAs'."""
        return [e.status for e in self.ca.ledger() if e.requested_with != "operator"]


@contextmanager
def opened(folder: Path, **options: object) -> Generator[Site]:
    with SandboxCA.open(folder, **options) as ca:
        ca.add_secret(SECRET.reference, SECRET.secret)
        yield Site(ca, new_ra(ca))


@pytest.fixture
def site(tmp_path: Path) -> Generator[Site]:
    with opened(tmp_path) as one:
        yield one


def certificate_of(ra: RA) -> x509.Certificate:
    assert isinstance(ra.credential, SignatureCredential)
    return ra.credential.certificate


def confirmation(answer: PKIMessage) -> tuple[PKIBody, PKIHeader]:
    return confirm(answer, issued(answer).fingerprint(hashes.SHA256()))


# -- who is one ------------------------------------------------------------------------------------


def test_an_ra_has_a_certificate_that_no_request_gets(site: Site) -> None:
    certificate = certificate_of(site.ra)
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [one.dotted_string for one in usage] == ["1.3.6.1.5.5.7.3.28"]
    certificate.verify_directly_issued_by(site.ca.chain[0])
    (entry,) = site.ca.ledger()
    assert (entry.requested_with, entry.authenticated_by) == ("operator", "operator")
    asked = x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.3.6.1.5.5.7.3.28")])
    answer = site.ask(message(p10cr(csr(asked))))
    with pytest.raises(x509.ExtensionNotFound):
        issued(answer).extensions.get_extension_for_class(x509.ExtendedKeyUsage)


def test_the_key_of_an_ra_counts_as_certified(tmp_path: Path) -> None:
    with SandboxCA.open(tmp_path, behaviour=Behaviour(repeats_keys=False)) as ca:
        ca.add_secret(SECRET.reference, SECRET.secret)
        ca.issue_ra(name("ra"), KEY.public_key())
        assert failures(decode(ca.respond(message(ir())))) == {PKIFailureInfo.DUPLICATE_CERT_REQ}


def test_an_ra_stays_one_when_the_ca_starts_again(tmp_path: Path) -> None:
    with opened(tmp_path) as site:
        ra = site.ra
    with SandboxCA.open(tmp_path) as ca:
        assert granted(decode(ca.respond(ra.sends(ra_verified())))) is BodyType.IP


def test_an_end_entitys_certificate_may_be_given_as_an_ras(tmp_path: Path) -> None:
    with opened(tmp_path) as site:
        own = site.entity()
        assert failures(site.ask(message(ra_verified(), credential=own))) == {
            PKIFailureInfo.BAD_POP
        }
    with SandboxCA.open(tmp_path, ra_certificates=[own.certificate]) as ca:
        answer = decode(ca.respond(message(ra_verified(), credential=own)))
        assert granted(answer) is BodyType.IP


# -- raVerified (RFC 9483 5.2.3.2, RFC 9810 5.2.8.1) -----------------------------------------------


@pytest.mark.parametrize("kind", [BodyType.IR, BodyType.CR])
def test_an_ra_says_that_it_saw_the_proof(site: Site, kind: BodyType) -> None:
    answer = site.ask(site.ra.sends(ra_verified(kind)))
    assert issued(answer).public_key() == KEY.public_key()
    assert site.ca.ledger()[-1].authenticated_by == (
        f"certificate:{certificate_of(site.ra).serial_number:x}"
    )
    assert site.ask(site.ra.sends(*confirmation(answer))).body.type is BodyType.PKI_CONF


def test_an_ra_with_a_secret_says_so_too(site: Site) -> None:
    site.ca.add_secret(RA_SECRET.reference, RA_SECRET.secret, is_ra=True)
    assert granted(site.ask(RA(RA_SECRET).sends(ra_verified()))) is BodyType.IP


def _for_another_usage(site: Site) -> RA:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(authority_ra, "RA_USAGE", CMC_CA)
        return new_ra(site.ca)


def _own_update(site: Site) -> bytes:
    """An RA renews its own certificate, and vouches for itself."""
    certificate = certificate_of(site.ra)
    old = CertId(ISSUING_NAME, certificate.serial_number)
    request = replace(cert_req(template(subject=name("ra")), old=old), pop=RA_VERIFIED)
    return site.ra.sends(PKIBody(BodyType.KUR, CertReqMessages((request,))))


NOT_VERIFIED: dict[str, Callable[[Site], bytes]] = {
    "a secret": lambda s: message(ra_verified()),
    "an end entity's certificate": lambda s: message(ra_verified(), credential=s.entity()),
    "a certificate for cmcCA": lambda s: _for_another_usage(s).sends(ra_verified()),
    "an RA in kur": _own_update,
}


@pytest.mark.parametrize("label", NOT_VERIFIED)
def test_nobody_else_says_so(site: Site, label: str) -> None:
    data = NOT_VERIFIED[label](site)
    before = len(site.statuses())
    assert failures(site.ask(data)) == {PKIFailureInfo.BAD_POP}
    assert len(site.statuses()) == before


def test_a_device_of_another_pki_does_not_say_so(tmp_path: Path) -> None:
    vendor = new_vendor()
    with opened(tmp_path, trusts=[vendor.root.certificate]) as site:
        answer = site.ask(message(ra_verified(), credential=vendor.device()))
        assert failures(answer) == {PKIFailureInfo.BAD_POP}


PROFILES = """
[profiles.helped]
keys = ["ec:p256"]
ra = "required"
[profiles.alone]
keys = ["ec:p256"]
ra = "forbidden"
"""


@pytest.mark.parametrize("profile", ["helped", "alone"])
def test_what_waits_is_an_ras_or_not_as_it_came(tmp_path: Path, profile: str) -> None:
    """Who polls for it, and by which way, makes no difference."""
    (tmp_path / "profiles.toml").write_text(PROFILES)
    with opened(
        tmp_path / "ca",
        behaviour=Behaviour(polls=1),
        profiles=load_profiles(tmp_path / "profiles.toml"),
    ) as site:

        def sent(data: bytes, *, by_ra: bool) -> PKIMessage:
            return site.ask(site.ra.protects(data) if by_ra else data)

        asked = (InfoTypeAndValue("1.3.6.1.5.5.7.4.21", encode_profile(profile)),)
        by_ra = profile == "helped"
        refused = sent(message(ir(), header(general_info=asked)), by_ra=not by_ra)
        assert failures(refused) == {PKIFailureInfo.NOT_AUTHORIZED}
        answer = sent(message(ir(), header(general_info=asked)), by_ra=by_ra)
        answer = sent(message(*poll(answer, 0)), by_ra=by_ra)
        assert answer.body.type is BodyType.POLL_REP
        assert granted(sent(message(*poll(answer, 0)), by_ra=not by_ra)) is BodyType.IP


# -- replaced protection (RFC 9483 5.2.3) ----------------------------------------------------------


@pytest.mark.parametrize("body", [ir(), ir(body_type=BodyType.CR), p10cr()])
def test_an_ra_protects_in_place_of_the_end_entity(site: Site, body: PKIBody) -> None:
    """transactionID and nonces are the end entity's, sender and protection the RA's."""
    sent = decode(message(body))
    answer = site.ask(site.ra.sends(sent.body, sent.header))
    assert answer.header.recip_nonce == sent.header.sender_nonce
    assert answer.header.recipient == name("ra")
    assert issued(answer).subject == SUBJECT
    cert_conf = confirm(
        answer,
        issued(answer).fingerprint(hashes.SHA256()),
        -1 if body.type is BodyType.P10CR else 0,
    )
    assert site.ask(site.ra.sends(*cert_conf)).body.type is BodyType.PKI_CONF
    assert site.statuses() == [Status.CONFIRMED]


def test_the_transaction_is_whose_protection_began_it(site: Site) -> None:
    """Neither may the RA go on where the end entity began, nor the other way about."""
    begun = site.ask(message(ir()))
    answer = site.ask(site.ra.sends(*confirmation(begun)))
    assert failures(answer) == {PKIFailureInfo.WRONG_INTEGRITY}
    begun = site.ask(site.ra.sends(ir()))
    answer = site.ask(message(*confirmation(begun)))
    assert failures(answer) == {PKIFailureInfo.WRONG_INTEGRITY}
    assert site.statuses() == [Status.ISSUED, Status.ISSUED]


def _kept_sender(site: Site) -> bytes:
    return protect(header(sender=SUBJECT), ir(), site.ra.credential, random=os.urandom)


def _kur_of_another(site: Site) -> bytes:
    own = site.entity()
    old = CertId(ISSUING_NAME, own.certificate.serial_number)
    return site.ra.sends(ir(cert_req(template(), old=old), body_type=BodyType.KUR))


REPLACED: dict[str, tuple[Callable[[Site], bytes], PKIFailureInfo]] = {
    "the end entity stays sender": (_kept_sender, PKIFailureInfo.BAD_MESSAGE_CHECK),
    "kur": (_kur_of_another, PKIFailureInfo.NOT_AUTHORIZED),
    "a broken proof of possession": (
        lambda s: s.ra.sends(ir(cert_req(template(), key=new_key()))),
        PKIFailureInfo.BAD_POP,
    ),
}


@pytest.mark.parametrize("label", REPLACED)
def test_protection_that_cannot_be_replaced(site: Site, label: str) -> None:
    data, failure = REPLACED[label]
    assert failures(site.ask(data(site))) == {failure}


# -- original messages (RFC 9810 5.1.3.5) ----------------------------------------------------------


def replaced(site: Site, original: bytes, body: PKIBody | None = None, **changes: object) -> bytes:
    """What the RA made of a message, with the message itself; by default another name for it."""
    head = replace(
        decode(original).header,
        protection_alg=None,
        sender_kid=None,
        general_info=(),
    )
    head = replace(head, **{"general_info": (originals(original),)} | changes)
    return site.ra.sends(body or ra_verified(subject=name("another name")), head)


@pytest.mark.parametrize("body", [ir(), p10cr()], ids=["ir", "p10cr"])
def test_what_an_ra_changed_may_bring_the_original(site: Site, body: PKIBody) -> None:
    answer = site.ask(replaced(site, message(body)))
    assert issued(answer).subject == name("another name")


def test_originals_stand_in_the_order_of_a_nested_message(site: Site) -> None:
    first, second = message(ir()), message(p10cr())
    changed = [replaced(site, one, general_info=()) for one in (first, second)]
    right = site.ra.batches(*changed, general_info=(originals(first, second),))
    assert site.ask(right).body.type is BodyType.NESTED
    wrong = site.ra.batches(*changed, general_info=(originals(second, first),))
    assert failures(site.ask(wrong)) == {PKIFailureInfo.BAD_REQUEST}


def test_an_original_of_an_end_entitys_own_is_nothing(site: Site) -> None:
    infos = (InfoTypeAndValue(originals().oid, b"\x05\x00"),)
    assert granted(site.ask(message(ir(), header(general_info=infos)))) is BodyType.IP


WRONG_SECRET = PasswordCredential(SECRET.reference, b"wrong")
STRANGER = PasswordCredential(b"stranger", b"psk")


def _with(value: bytes | None) -> tuple[InfoTypeAndValue, ...]:
    return (InfoTypeAndValue(originals().oid, value),)


def _wrongly_signed() -> bytes:
    der = bytearray(csr())
    der[-1] ^= 1
    return bytes(der)


ORIGINALS: dict[str, tuple[Callable[[Site], bytes], PKIFailureInfo]] = {
    "no value": (
        lambda s: replaced(s, message(ir()), general_info=_with(None)),
        PKIFailureInfo.BAD_DATA_FORMAT,
    ),
    "no messages": (
        lambda s: replaced(s, message(ir()), general_info=_with(b"\x05\x00")),
        PKIFailureInfo.BAD_DATA_FORMAT,
    ),
    "no message": (
        lambda s: replaced(s, message(ir()), general_info=(originals(b"\x30\x00"),)),
        PKIFailureInfo.BAD_DATA_FORMAT,
    ),
    "given twice": (
        lambda s: replaced(s, (one := message(ir())), general_info=(originals(one),) * 2),
        PKIFailureInfo.BAD_DATA_FORMAT,
    ),
    "none": (
        lambda s: replaced(s, message(ir()), general_info=(originals(),)),
        PKIFailureInfo.BAD_REQUEST,
    ),
    "two": (
        lambda s: replaced(s, (one := message(ir())), general_info=(originals(one, one),)),
        PKIFailureInfo.BAD_REQUEST,
    ),
    "of another transaction": (
        lambda s: replaced(s, message(ir()), transaction_id=os.urandom(16)),
        PKIFailureInfo.BAD_REQUEST,
    ),
    "with another senderNonce": (
        lambda s: replaced(s, message(ir()), sender_nonce=os.urandom(16)),
        PKIFailureInfo.BAD_REQUEST,
    ),
    "of another type": (
        lambda s: replaced(s, message(genm())),
        PKIFailureInfo.BAD_REQUEST,
    ),
    "ir made of cr": (
        lambda s: replaced(s, message(ir(body_type=BodyType.CR))),
        PKIFailureInfo.BAD_REQUEST,
    ),
    "with a wrong secret": (
        lambda s: replaced(s, message(ir(), credential=WRONG_SECRET)),
        PKIFailureInfo.BAD_MESSAGE_CHECK,
    ),
    "of somebody unknown": (
        lambda s: replaced(s, message(ir(), credential=STRANGER)),
        PKIFailureInfo.BAD_MESSAGE_CHECK,
    ),
    "with a signature of nobody known": (
        lambda s: replaced(s, message(ir(), credential=new_vendor().device())),
        PKIFailureInfo.SIGNER_NOT_TRUSTED,
    ),
    "for another key": (
        lambda s: replaced(s, message(p10cr(csr(key=new_key())))),
        PKIFailureInfo.BAD_POP,
    ),
    "without proof of possession": (
        lambda s: replaced(s, message(ir(cert_req(template(), key=new_key())))),
        PKIFailureInfo.BAD_POP,
    ),
    "that says raVerified itself": (
        lambda s: replaced(s, message(ra_verified())),
        PKIFailureInfo.BAD_POP,
    ),
    "that is no PKCS #10": (
        lambda s: replaced(s, message(p10cr(b"\x30\x00"))),
        PKIFailureInfo.BAD_DATA_FORMAT,
    ),
    "whose PKCS #10 is wrongly signed": (
        lambda s: replaced(s, message(p10cr(_wrongly_signed()))),
        PKIFailureInfo.BAD_POP,
    ),
}


@pytest.mark.parametrize("label", ORIGINALS)
def test_a_wrong_original_is_refused(site: Site, label: str) -> None:
    data, failure = ORIGINALS[label]
    assert failures(site.ask(data(site))) == {failure}
    assert site.statuses() == []


def test_another_ra_may_have_vouched_for_the_original(site: Site) -> None:
    """Two RAs, one behind the other, and both replace the protection."""
    original = new_ra(site.ca).sends(ra_verified())
    assert granted(site.ask(replaced(site, original))) is BodyType.IP


# -- revocation for others (RFC 9483 5.3.2) --------------------------------------------------------


def test_an_ra_revokes_what_anybody_obtained(site: Site) -> None:
    by_secret = issued(site.ask(message(ir())))
    own = site.entity()
    by_certificate = issued(site.ask(message(ir(), credential=own)))
    by_ra = issued(site.ask(new_ra(site.ca).sends(ir())))
    for certificate in (by_secret, own.certificate, by_certificate, by_ra):
        answer = site.ask(site.ra.sends(rr(certificate, 1)))
        assert isinstance(answer.body.content, RevRepContent)
    assert site.statuses() == [Status.REVOKED] * 4


def _template_rr(issuer: x509.Name, serial: int) -> PKIBody:
    wanted = CertTemplate(issuer=issuer, serial_number=serial)
    return PKIBody(BodyType.RR, RevReqContent((RevDetails(wanted),)))


def _with_a_secret(site: Site) -> RA:
    site.ca.add_secret(RA_SECRET.reference, RA_SECRET.secret, is_ra=True)
    return RA(RA_SECRET)


def _revoked(site: Site) -> RA:
    site.ask(site.ra.sends(rr(certificate_of(site.ra))))
    return site.ra


REVOCATIONS: dict[str, tuple[Callable[[Site], bytes], PKIFailureInfo]] = {
    "what was never issued": (
        lambda s: s.ra.sends(_template_rr(ISSUING_NAME, 5)),
        PKIFailureInfo.BAD_CERT_ID,
    ),
    "another CA's": (
        lambda s: s.ra.sends(_template_rr(SUBJECT, s.entity().certificate.serial_number)),
        PKIFailureInfo.BAD_CERT_ID,
    ),
    "the CA itself": (lambda s: s.ra.sends(rr(s.ca.root)), PKIFailureInfo.BAD_CERT_ID),
    "by a certificate for cmcCA": (
        lambda s: _for_another_usage(s).sends(rr(s.entity().certificate)),
        PKIFailureInfo.NOT_AUTHORIZED,
    ),
    "by an end entity": (
        lambda s: message(rr(certificate_of(s.ra)), credential=s.entity()),
        PKIFailureInfo.NOT_AUTHORIZED,
    ),
    "by an RA's secret": (
        lambda s: _with_a_secret(s).sends(rr(s.entity().certificate)),
        PKIFailureInfo.NOT_AUTHORIZED,
    ),
    "by a revoked RA": (
        lambda s: _revoked(s).sends(rr(s.entity().certificate)),
        PKIFailureInfo.CERT_REVOKED,
    ),
}


@pytest.mark.parametrize("label", REVOCATIONS)
def test_wrong_revocation_for_others(site: Site, label: str) -> None:
    data, failure = REVOCATIONS[label]
    assert failures(site.ask(data(site))) == {failure}
    assert Status.REVOKED not in site.statuses()


@pytest.mark.parametrize("given", [True, False], ids=["given", "issued"])
def test_an_ra_whose_certificate_has_expired_is_none(tmp_path: Path, given: bool) -> None:
    credential = new_vendor().device("ra", ends=utc_now() + timedelta(days=1))
    late = utc_now() + timedelta(days=91)
    with opened(tmp_path) as site:
        ra = site.ra
    if given:
        ra = RA(credential)
    with SandboxCA.open(
        tmp_path, clock=lambda: late, ra_certificates=[credential.certificate]
    ) as ca:
        answer = decode(ca.respond(ra.sends(ra_verified(), header(message_time=late))))
    assert failures(answer) == {PKIFailureInfo.SIGNER_NOT_TRUSTED}


# -- openssl ---------------------------------------------------------------------------------------


@needs_openssl
def test_openssl_as_an_ra(site: Site, tmp_path: Path) -> None:
    """Its client asks for others with raVerified, and revokes what is not its own."""
    other = site.entity().certificate
    files = {
        "root.pem": site.ca.root.public_bytes(Encoding.PEM),
        "ra.pem": certificate_of(site.ra).public_bytes(Encoding.PEM),
        "other.pem": other.public_bytes(Encoding.PEM),
        "ra.key": site.ra.credential.private_key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        ),
        "new.key": new_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    }
    for file, data in files.items():
        (tmp_path / file).write_bytes(data)
    trusted = ("-trusted", "root.pem")
    new = ("-newkey", "new.key", "-subject", "/CN=for another", "-popo", "0")
    as_ra = ("-cert", "ra.pem", "-key", "ra.key", *trusted)
    with serve(site.ca) as server:
        result = client(tmp_path, server.port, "-cmd", "ir", *new, *as_ra, "-certout", "new.pem")
        assert result.returncode == 0, result.stderr
        result = client(tmp_path, server.port, "-cmd", "rr", "-oldcert", "other.pem", *as_ra)
        assert result.returncode == 0, result.stderr
        secret = ("-ref", "ref", "-secret", "pass:psk", *trusted)
        result = client(tmp_path, server.port, "-cmd", "ir", *new, *secret, "-certout", "no.pem")
        assert result.returncode != 0
        assert "badPOP" in result.stdout + result.stderr
    assert site.statuses() == [Status.REVOKED, Status.CONFIRMED]

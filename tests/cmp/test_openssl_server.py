"""Our client against openssl's CMP server, over real HTTP: what works, and what each failure is called.

The server answers every request with the one certificate it was started with, so the client is handed the
key of that certificate. Server and client see the real time, so the certificates are made for it.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from csc.runtime.cmp.client import Connection, run
from csc.runtime.cmp.errors import (
    CMPError,
    ConnectFailed,
    NotProtected,
    ProtectionError,
    Rejected,
    UntrustedCertificate,
    WrongCertificate,
    WrongMac,
)
from csc.runtime.cmp.events import (
    Answered,
    CertificateReceived,
    CertificateRefused,
    Confirmed,
    Event,
    Revoked,
    Waiting,
)
from csc.runtime.cmp.model import PKIFailureInfo, PKIStatus
from csc.runtime.cmp.protection import MacScheme, PasswordCredential
from csc.runtime.cmp.requests import initialize, revoke, update
from csc.runtime.cmp.transaction import Transaction
from csc.runtime.cmp.transport import HttpTransport
from peers.certificates import ISSUES, SPEAKS_FOR_CA, make_certificate, name, new_key
from peers.openssl import mock_server, needs_openssl

pytestmark = needs_openssl

# The server makes HMAC-SHA1, whatever it is told and however it is asked.
SECRET = PasswordCredential(b"3078", b"open sesame", MacScheme.PBM_SHA1)
SUBJECT = name("fw1")
SHARED = ("-srv_secret", "pass:open sesame", "-srv_ref", "the CA")
SIGNED = ("-srv_cert", "signer.pem", "-srv_key", "signer.key", "-srv_trusted", "root.pem")
REJECTS = ("-pkistatus", "2", "-failure", "19", "-statusstring", "no such device")


@dataclass(frozen=True, slots=True)
class Site:
    """The files of the server, and what the client holds."""

    folder: Path
    root: x509.Certificate
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def utc_now() -> datetime:
    return datetime.now(UTC)


def certify(
    subject: x509.Name, key: CertificateIssuerPrivateKeyTypes, issuer_key, **options
) -> x509.Certificate:
    now = utc_now().replace(microsecond=0)
    return make_certificate(
        subject,
        key.public_key(),
        name("Test Root"),
        issuer_key,
        begins=now - timedelta(days=1),
        ends=now + timedelta(days=30),
        **options,
    )


def store(folder: Path, label: str, certificate: x509.Certificate, key=None) -> None:
    (folder / f"{label}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    if key is not None:
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / f"{label}.key").write_bytes(pem)


@pytest.fixture(scope="module", params=["ec", "rsa"])
def site(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    rsa_key: rsa.RSAPrivateKey,
) -> Site:
    """A root, a signer of answers, and an end entity with an EC or an RSA key."""
    folder = tmp_path_factory.mktemp("site")
    key = rsa_key if request.param == "rsa" else new_key()
    root_key, signer_key = new_key(), new_key()
    root = certify(name("Test Root"), root_key, root_key, is_ca=True, usages=ISSUES)
    certificate = certify(SUBJECT, key, root_key)
    store(folder, "root", root)
    signer = certify(name("CMP signer"), signer_key, root_key, extensions=[SPEAKS_FOR_CA])
    store(folder, "signer", signer, signer_key)
    store(folder, "ee", certificate)
    other_key = new_key()
    store(folder, "stranger", certify(name("CMP signer"), other_key, other_key), other_key)
    return Site(folder, root, certificate, key)


def ir(
    site: Site, *, secret: bytes = SECRET.secret, mac: MacScheme = SECRET.mac, key=None
) -> Transaction:
    return initialize(
        subject=SUBJECT,
        key=key or site.key,
        credential=PasswordCredential(SECRET.reference, secret, mac),
        anchors=(site.root,),
        recipient=site.root.subject,
        now=utc_now(),
        random=secrets.token_bytes,
    )


def kur(site: Site) -> Transaction:
    return update(
        certificate=site.certificate,
        certificate_key=site.key,
        key=site.key,
        anchors=(site.root,),
        now=utc_now(),
        random=secrets.token_bytes,
    )


def rr(site: Site) -> Transaction:
    return revoke(
        certificate=site.certificate,
        certificate_key=site.key,
        anchors=(site.root,),
        now=utc_now(),
        random=secrets.token_bytes,
        reason=x509.ReasonFlags.superseded,
    )


def over(http: HttpTransport, port: int) -> Connection:
    url = f"http://127.0.0.1:{port}/"
    return Connection(
        lambda m: http.send(url, m), utc_now, lambda seconds: None, timedelta(minutes=1)
    )


def talk(
    site: Site, transaction: Transaction, *options: str, events: list[Event] | None = None
) -> CertificateReceived | Revoked | Answered:
    """Drive `transaction` against a server started with `options`."""
    seen: list[Event] = [] if events is None else events
    with (
        mock_server(site.folder, "-rsp_cert", "ee.pem", *options) as port,
        HttpTransport() as http,
    ):
        return run(transaction, over(http, port), seen.append)


def fails(
    site: Site,
    transaction: Transaction,
    error: type[CMPError],
    words: str,
    options: Sequence[str],
) -> CMPError:
    with pytest.raises(error, match=words) as caught:
        talk(site, transaction, *options)
    assert caught.type is error
    assert transaction.transaction_id.hex() in str(caught.value)
    return caught.value


# What works.


def test_ir_with_a_shared_secret(site: Site) -> None:
    """Openssl accepts our MAC and our proof of possession, and the certConf with its hash."""
    events: list[Event] = []
    result = talk(site, ir(site), *SHARED, events=events)
    assert isinstance(result, CertificateReceived)
    assert result.certificate == site.certificate
    assert events == [result, Confirmed()]


def test_kur_with_signatures(site: Site) -> None:
    """Openssl accepts our signature and oldCertId; we accept its signer, which leads to the root."""
    events: list[Event] = []
    result = talk(site, kur(site), *SIGNED, events=events)
    assert isinstance(result, CertificateReceived)
    assert result.certificate == site.certificate
    assert events == [result, Confirmed()]


def test_rr_with_signatures(site: Site) -> None:
    result = talk(site, rr(site), *SIGNED)
    assert isinstance(result, Revoked)
    assert result.status.status == PKIStatus.ACCEPTED


def test_granted_with_mods(site: Site) -> None:
    result = talk(site, ir(site), *SHARED, "-pkistatus", "1", "-statusstring", "renamed")
    assert isinstance(result, CertificateReceived)
    assert result.status.status == PKIStatus.GRANTED_WITH_MODS
    assert result.status.status_string == ("renamed",)


def test_certificates_that_come_along(site: Site) -> None:
    more = ("-rsp_capubs", "root.pem", "-rsp_extracerts", "signer.pem")
    result = talk(site, ir(site), *SHARED, *more)
    assert isinstance(result, CertificateReceived)
    assert site.root in result.chain


# What does not, and how it is called.


def test_a_wrong_secret(site: Site) -> None:
    """Each side has another secret: the refusal cannot be believed, but it is told."""
    transaction = ir(site, secret=b"open barley")
    with pytest.raises((WrongMac, NotProtected), match=r"shared secret|not protected") as caught:
        talk(site, transaction, *SHARED)
    error = caught.value
    assert "barley" not in str(error)


def test_a_mac_with_sha_1_is_accepted_only_if_that_was_asked_for(site: Site) -> None:
    error = fails(site, ir(site, mac=MacScheme.PBM), ProtectionError, "made with SHA-1", SHARED)
    assert "MAC=PBM-SHA1 at the CMPServer" in error.way_out


@pytest.mark.parametrize(("start", "options"), [(ir, SHARED), (kur, SIGNED), (rr, SIGNED)])
def test_a_rejection(site: Site, start, options: tuple[str, ...]) -> None:
    error = fails(
        site,
        start(site),
        Rejected,
        r"rejection \(badCertTemplate\): no such device",
        (*options, *REJECTS),
    )
    assert isinstance(error, Rejected)
    assert error.status.fail_info == {PKIFailureInfo.BAD_CERT_TEMPLATE}


@pytest.mark.parametrize(("start", "options"), [(ir, SHARED), (kur, SIGNED), (rr, SIGNED)])
def test_an_error_message(site: Site, start, options: tuple[str, ...]) -> None:
    fails(site, start(site), Rejected, "the CA refuses the", (*options, "-send_error"))


@pytest.mark.parametrize(("start", "options"), [(ir, SHARED), (kur, SIGNED), (rr, SIGNED)])
def test_answers_without_protection(site: Site, start, options: tuple[str, ...]) -> None:
    fails(site, start(site), NotProtected, "not protected", (*options, "-send_unprotected"))


def test_a_rejection_without_protection(site: Site) -> None:
    options = (*SHARED, *REJECTS, "-send_unprot_err", "-send_error")
    fails(site, ir(site), NotProtected, "not protected; it claims to be a refusal", options)


def test_polling(site: Site) -> None:
    """Openssl has us come back, each time after a second, on the connection that began it."""
    events: list[Event] = []
    options = (*SHARED, "-poll_count", "2", "-check_after", "1")
    result = talk(site, ir(site), *options, events=events)
    assert isinstance(result, CertificateReceived)
    assert events == [Waiting(0, ""), Waiting(1, ""), result, Confirmed()]


def test_a_certificate_for_another_key_is_rejected_at_the_server(site: Site) -> None:
    events: list[Event] = []
    with pytest.raises(WrongCertificate, match="another key"):
        talk(site, ir(site, key=new_key()), *SHARED, events=events)
    assert isinstance(events[0], CertificateRefused)
    log = (site.folder / "mock-server.log").read_text()
    assert "certificate rejected by client with PKIStatus: rejection" in log


def test_a_server_that_is_not_the_cas(site: Site) -> None:
    """It has the signer's name, and a certificate and key of its own."""
    options = (
        *("-srv_cert", "stranger.pem", "-srv_key", "stranger.key", "-srv_trusted", "root.pem"),
    )
    fails(site, rr(site), UntrustedCertificate, "somebody else than the CA", options)


def test_a_server_that_answers_a_signature_with_a_mac(site: Site) -> None:
    options = (*SHARED, "-srv_trusted", "root.pem")
    fails(site, rr(site), ProtectionError, "has to be signed", options)


def test_a_server_that_is_gone(site: Site) -> None:
    with mock_server(site.folder, "-rsp_cert", "ee.pem", *SHARED) as port:
        pass
    transaction = ir(site)
    with HttpTransport() as http, pytest.raises(ConnectFailed):
        run(transaction, over(http, port), lambda _: None)
    assert transaction.outgoing is not None

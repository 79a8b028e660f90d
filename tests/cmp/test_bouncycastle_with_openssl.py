"""The CA on BouncyCastle against openssl's CMP client: that the peer is right, by somebody else's word.

Each set of options is one server; what each test needs of certificates it enrols itself.
"""

import subprocess
from collections.abc import Generator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from peers.bouncycastle import bouncycastle_server, ledger, needs_bouncycastle
from peers.certificates import ISSUES, make_certificate, name, new_key
from peers.openssl import client, needs_openssl

pytestmark = [needs_openssl, needs_bouncycastle]

SECRET = ("-ref", "3078", "-secret", "pass:open sesame")
COMMON = ("--secret", "3078:open sesame")
SAN = "DNS:fw1.example"


@dataclass(frozen=True, slots=True)
class Site:
    """A server that runs, and the folder of its files and the client's."""

    folder: Path
    port: int

    @property
    def roots(self) -> tuple[str, ...]:
        return ("-trusted", "root.pem", "-out_trusted", "root.pem")

    def run(self, command: str, *options: str) -> subprocess.CompletedProcess[str]:
        return client(self.folder, self.port, "-cmd", command, *self.roots, *options)

    def ok(self, command: str, *options: str) -> str:
        result = self.run(command, *options)
        assert result.returncode == 0, result.stderr + result.stdout
        return result.stderr + result.stdout

    def fails(self, command: str, *options: str) -> str:
        result = self.run(command, *options)
        assert result.returncode != 0, result.stderr + result.stdout
        return result.stderr + result.stdout

    def certificate(self, name: str) -> x509.Certificate:
        return x509.load_pem_x509_certificate((self.folder / f"{name}.pem").read_bytes())

    def events(self, certificate: x509.Certificate) -> list[tuple[str, str]]:
        """What the server did to it."""
        return [
            (event, why)
            for event, serial, why in ledger(self.folder)
            if serial == certificate.serial_number
        ]

    def enrol(self, name: str, *options: str) -> tuple[str, ...]:
        """Options for requests that are signed with a new certificate."""
        out = ("-newkey", "new.key", "-subject", f"/CN={name}", "-certout", f"{name}.pem")
        self.ok("ir", *SECRET, *out, *options)
        return ("-cert", f"{name}.pem", "-key", "new.key")


def prepare(folder: Path, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> None:
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "new.key").write_bytes(pem)
    subprocess.run(
        [
            *("openssl", "req", "-new", "-config", "/dev/null", "-key", "new.key"),
            *("-subj", "/CN=fw1", "-addext", f"subjectAltName={SAN}", "-out", "new.csr"),
        ],
        cwd=folder,
        check=True,
        capture_output=True,
    )


@pytest.fixture(scope="module", params=["p256", "rsa2048", "ed25519"])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, rsa_key
) -> Generator[Site]:
    """A root that issues and signs itself; the client has a key of the same kind."""
    folder = tmp_path_factory.mktemp(request.param)
    prepare(
        folder, rsa_key if request.param == "rsa2048" else ec.generate_private_key(ec.SECP256R1())
    )
    options = ("--ca-key", request.param, "--implicit")
    with bouncycastle_server(folder, *COMMON, *options) as port:
        yield Site(folder, port)


def key_of(site: Site):
    return load_pem_private_key((site.folder / "new.key").read_bytes(), None).public_key()


WISHES = {
    "ir": ("-newkey", "new.key", "-subject", "/CN=fw1", "-sans", "fw1.example"),
    "cr": ("-newkey", "new.key", "-subject", "/CN=fw1", "-sans", "fw1.example"),
    "p10cr": ("-csr", "new.csr"),
}


@pytest.mark.parametrize("command", WISHES)
@pytest.mark.parametrize("signed", [False, True], ids=["mac", "signature"])
def test_enrolment(site: Site, command: str, signed: bool) -> None:
    """The certificate is what the request asks for, and openssl believes it and its protection."""
    who = site.enrol("signer") if signed else SECRET
    said = site.ok(command, *who, *WISHES[command], "-certout", "out.pem")
    assert "received PKICONF" in said
    certificate = site.certificate("out")
    assert certificate.subject.rfc4514_string() == "CN=fw1"
    assert certificate.public_key() == key_of(site)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["fw1.example"]
    assert site.events(certificate) == [("issued", "CN=fw1"), ("confirmed", "")]


def test_key_update(site: Site) -> None:
    said = site.ok("kur", *site.enrol("old"), "-newkey", "new.key", "-certout", "out.pem")
    assert "received KUP" in said
    certificate = site.certificate("out")
    assert certificate.subject.rfc4514_string() == "CN=old"
    assert site.events(certificate)[-1] == ("confirmed", "")


def test_key_update_with_a_secret(site: Site) -> None:
    site.enrol("old")
    said = site.fails(
        "kur", *SECRET, "-oldcert", "old.pem", "-newkey", "new.key", "-certout", "x.pem"
    )
    assert "wrongIntegrity" in said


@pytest.mark.parametrize("signed", [False, True], ids=["mac", "signature"])
def test_implicit_confirm(site: Site, signed: bool) -> None:
    who = site.enrol("signer") if signed else SECRET
    said = site.ok("cr", *who, *WISHES["cr"], "-implicit_confirm", "-certout", "out.pem")
    assert "CERTCONF" not in said
    assert site.events(site.certificate("out"))[-1] == ("confirmed", "implicit")


@pytest.mark.parametrize("signed", [False, True], ids=["mac", "signature"])
def test_revocation(site: Site, signed: bool) -> None:
    signature = site.enrol("gone")
    who = signature if signed else SECRET
    gone = ("-oldcert", "gone.pem", "-revreason", "4")
    assert "revocation accepted" in site.ok("rr", *who, *gone)
    assert site.events(site.certificate("gone"))[-1] == ("revoked", "4")
    assert "certRevoked" in site.fails("rr", *who, *gone)


def test_hold_and_revival(site: Site) -> None:
    who = site.enrol("held")
    site.ok("rr", *who, "-oldcert", "held.pem", "-revreason", "6")
    assert "certRevoked" in site.fails("cr", *who, *WISHES["cr"], "-certout", "x.pem")
    site.ok("rr", *who, "-oldcert", "held.pem", "-revreason", "8")
    assert site.events(site.certificate("held"))[-2:] == [("revoked", "6"), ("revived", "8")]
    site.ok("cr", *who, *WISHES["cr"], "-certout", "out.pem")


def test_somebody_elses_certificate_is_not_revoked(site: Site) -> None:
    who = site.enrol("one")
    site.enrol("two")
    assert "notAuthorized" in site.fails("rr", *who, "-oldcert", "two.pem")


@pytest.mark.parametrize("kind", ["signKeyPairTypes", "currentCRL"])
@pytest.mark.parametrize("signed", [False, True], ids=["mac", "signature"])
def test_general_messages(site: Site, kind: str, signed: bool) -> None:
    who = site.enrol("signer") if signed else SECRET
    said = site.ok("genm", *who, "-infotype", kind)
    assert f"genp contains ITAV of type: id-it-{kind}" in said


@pytest.mark.parametrize(
    ("digest", "mac"),
    [("sha1", "hmac-sha1"), ("sha256", "hmacWithSHA256"), ("sha512", "hmacWithSHA512")],
)
def test_mac_algorithms(site: Site, digest: str, mac: str) -> None:
    """The answer has the MAC of the request, which openssl verifies."""
    site.ok("cr", *SECRET, *WISHES["cr"], "-digest", digest, "-mac", mac, "-certout", "out.pem")


@pytest.mark.parametrize("digest", ["sha384", "sha512"])
def test_signature_digests(site: Site, digest: str) -> None:
    site.ok("cr", *site.enrol("signer"), *WISHES["cr"], "-digest", digest, "-certout", "out.pem")


# What is refused, and how it is called.


def test_a_wrong_secret(site: Site) -> None:
    """The refusal is signed, since the secrets differ."""
    who = ("-ref", "3078", "-secret", "pass:open barley")
    said = site.fails("cr", *who, *WISHES["cr"], "-certout", "x.pem")
    assert "badMessageCheck" in said


def test_an_unknown_reference(site: Site) -> None:
    who = ("-ref", "3079", "-secret", "pass:open sesame")
    assert "badMessageCheck" in site.fails("cr", *who, *WISHES["cr"], "-certout", "x.pem")


def test_no_protection(site: Site) -> None:
    said = site.fails("cr", "-unprotected_requests", *WISHES["cr"], "-certout", "x.pem")
    assert "badMessageCheck" in said


@pytest.mark.parametrize("method", ["-1", "0"], ids=["none", "raVerified"])
def test_no_proof_of_possession(site: Site, method: str) -> None:
    said = site.fails("cr", *SECRET, *WISHES["cr"], "-popo", method, "-certout", "x.pem")
    assert "badPOP" in said


def self_signed(site: Site, name: str) -> None:
    command = ("openssl", "req", "-x509", "-key", "new.key", "-subj", f"/CN={name}")
    subprocess.run(
        (
            *command,
            "-addext",
            "basicConstraints=CA:TRUE",
            "-config",
            "/dev/null",
            "-out",
            f"{name}.pem",
        ),
        cwd=site.folder,
        check=True,
        capture_output=True,
    )


def test_a_stranger(site: Site) -> None:
    self_signed(site, "stranger")
    who = ("-cert", "stranger.pem", "-key", "new.key", "-extracerts", "stranger.pem")
    assert "signerNotTrusted" in site.fails("cr", *who, *WISHES["cr"], "-certout", "x.pem")


def test_a_certificate_that_is_not_wanted(site: Site) -> None:
    """The client trusts another root for what it enrols: it says no, and the CA takes it back."""
    self_signed(site, "other")
    wish = (*SECRET, *WISHES["cr"], "-out_trusted", "other.pem", "-certout", "x.pem")
    result = client(site.folder, site.port, "-cmd", "cr", *wish)
    assert result.returncode != 0
    (issued, serial, _), (rejected, same, why) = ledger(site.folder)[-2:]
    assert (issued, rejected, same) == ("issued", "rejected", serial)
    assert why.split()[0] == "incorrectData"


# What other sets of options do.


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    prepare(tmp_path, ec.generate_private_key(ec.SECP256R1()))
    return tmp_path


@pytest.mark.parametrize("kind", ["p384", "p521", "rsa2048"])
def test_an_intermediate_and_an_ra(folder: Path, kind: str) -> None:
    """The client knows the root only: all else is in extraCerts."""
    options = ("--ca-key", kind, "--intermediate", "--ra")
    with bouncycastle_server(folder, *COMMON, *options) as port:
        site = Site(folder, port)
        who = site.enrol("fw1")
        site.ok("kur", *who, "-newkey", "new.key", "-certout", "out.pem", "-extracertsout", "e.pem")
    assert site.certificate("out").issuer == site.certificate("issuer").subject
    extra = x509.load_pem_x509_certificates((folder / "e.pem").read_bytes())
    assert extra == [site.certificate("signer"), site.certificate("issuer")]


def test_pss_signatures(folder: Path) -> None:
    with bouncycastle_server(folder, *COMMON, "--ca-key", "rsa2048", "--pss") as port:
        site = Site(folder, port)
        site.ok("kur", *site.enrol("fw1"), "-newkey", "new.key", "-certout", "out.pem")


def test_answers_to_macs_that_are_signed(folder: Path) -> None:
    with bouncycastle_server(folder, *COMMON, "--sign-always", "--ra") as port:
        site = Site(folder, port)
        site.ok("ir", *SECRET, *WISHES["ir"], "-certout", "out.pem", "-extracertsout", "e.pem")
    assert site.certificate("signer") in x509.load_pem_x509_certificates(
        (folder / "e.pem").read_bytes()
    )


@pytest.mark.parametrize("signed", [False, True], ids=["mac", "signature"])
def test_polling(folder: Path, signed: bool) -> None:
    """This openssl compares with the nonce of its last pollReq, as RFC 4210 has it."""
    options = ("--poll", "2", "--check-after", "0", "--poll-nonce")
    with bouncycastle_server(folder, *COMMON, *options) as port:
        site = Site(folder, port)
        who = site.enrol("fw1") if signed else SECRET
        said = site.ok("cr", *who, *WISHES["cr"], "-certout", "out.pem")
    assert said.count("received POLLREP") == 2
    assert site.events(site.certificate("out"))[-1] == ("confirmed", "")


def test_changes_to_a_wish(folder: Path) -> None:
    with bouncycastle_server(folder, *COMMON, "--modify") as port:
        site = Site(folder, port)
        said = site.ok("ir", *SECRET, *WISHES["ir"], "-certout", "out.pem")
    assert "grantedWithMods" in said, said
    assert site.certificate("out").subject.rfc4514_string() == "CN=fw1,OU=Modified"


@pytest.mark.parametrize("as_error", [False, True], ids=["response", "error"])
def test_a_rejection(folder: Path, as_error: bool) -> None:
    options = ("--reject", "badCertTemplate", *(("--error-body",) if as_error else ()))
    with bouncycastle_server(folder, *COMMON, *options) as port:
        said = Site(folder, port).fails("ir", *SECRET, *WISHES["ir"], "-certout", "out.pem")
    assert "badCertTemplate" in said
    assert ("received ERROR" in said) == as_error


def test_a_vendors_certificate(folder: Path) -> None:
    """3GPP TS 33.310: the device proves itself with its vendor's certificate, once."""
    key, above = new_key(), new_key()
    vendor, now = name("Vendor Root"), datetime.now(UTC).replace(microsecond=0)
    validity = {"begins": now - timedelta(days=1), "ends": now + timedelta(days=9)}
    root = make_certificate(
        vendor, above.public_key(), vendor, above, is_ca=True, usages=ISSUES, **validity
    )
    device = make_certificate(name("SN 4711"), key.public_key(), vendor, above, **validity)
    (folder / "vendor.pem").write_bytes(root.public_bytes(Encoding.PEM))
    (folder / "device.pem").write_bytes(device.public_bytes(Encoding.PEM))
    (folder / "device.key").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    with bouncycastle_server(folder, "--vendor-root", str(folder / "vendor.pem")) as port:
        site = Site(folder, port)
        who = ("-cert", "device.pem", "-key", "device.key", "-extracerts", "vendor.pem")
        issuer = ("-issuer", "/O=BouncyCastle peer/CN=Peer Root")
        site.ok("ir", *who, *issuer, *WISHES["ir"], "-certout", "out.pem")
        wish = ("-oldcert", "out.pem", "-newkey", "new.key", "-certout", "x.pem")
        assert "notAuthorized" in site.fails("kur", *who, *wish)
        assert "notAuthorized" in site.fails("rr", *who, "-oldcert", "out.pem")
    assert site.events(site.certificate("out"))[-1] == ("confirmed", "")

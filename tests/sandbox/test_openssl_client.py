"""The sandbox CA as `openssl cmp` meets it, over HTTP: a client that we did not write."""

import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from csc.runtime.cmp.model import GeneralContent, InfoTypeAndValue, PKIFailureInfo
from csc.runtime.cmp.protection import PasswordCredential
from csc.runtime.sandbox.behaviour import Behaviour
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.http.server import serve
from csc.runtime.sandbox.ledger.ledger import Status
from peers.asker import ask, genm, header
from peers.openssl import client, needs_openssl
from peers.openssl_sandbox import key_pem

pytestmark = needs_openssl

KEYS = {
    "RSA": ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
    "P-256": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
    "Ed25519": ("-algorithm", "ED25519"),
}


@dataclass
class Peer:
    """The openssl client in a folder with its keys, and the CA that it talks to."""

    folder: Path
    ca: SandboxCA
    port: int

    def run(self, *options: str) -> subprocess.CompletedProcess[str]:
        return client(self.folder, self.port, "-trusted", "root.pem", *options)

    def ok(self, *options: str) -> None:
        result = self.run(*options)
        assert result.returncode == 0, result.stdout + result.stderr

    def refused(self, words: str, *options: str) -> None:
        result = self.run(*options)
        assert result.returncode != 0
        assert words in result.stdout + result.stderr

    def verify(self, certificate: str) -> None:
        """The certificate leads to the root, as openssl sees it."""
        subprocess.run(
            ["openssl", "verify", "-x509_strict", "-CAfile", "root.pem",
             "-untrusted", "ca/chain.pem", certificate],
            cwd=self.folder,
            check=True,
            capture_output=True,
        )  # fmt: skip

    def statuses(self) -> list[Status]:
        return [entry.status for entry in self.ca.ledger()]


@pytest.fixture
def peer(tmp_path: Path) -> Generator[Peer]:
    with SandboxCA.open(tmp_path / "ca") as ca, serve(ca) as server:
        ca.add_secret(b"ref", b"psk")
        (tmp_path / "root.pem").write_bytes(ca.root.public_bytes(Encoding.PEM))
        for name in ("old.key", "new.key"):
            (tmp_path / name).write_bytes(key_pem("RSA", len(name)))
        yield Peer(tmp_path, ca, server.port)


def _generate(folder: Path, name: str, how: tuple[str, ...]) -> None:
    command = ["openssl", "genpkey", "-quiet", *how, "-out", name]
    if subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode:
        command.remove("-quiet")  # openssl 3.0 does not know it
        subprocess.run(command, cwd=folder, capture_output=True, check=True)


SECRET = ("-ref", "ref", "-secret", "pass:psk")
NEW = ("-newkey", "old.key", "-subject", "/CN=peer", "-certout", "old.pem")
SIGNED = ("-cert", "old.pem", "-key", "old.key")
RENEWED = ("-newkey", "new.key", "-certout", "new.pem")


def test_ir_with_a_secret(peer: Peer) -> None:
    peer.ok("-cmd", "ir", *SECRET, *NEW, "-cacertsout", "ca.pem")
    peer.verify("old.pem")
    assert peer.statuses() == [Status.CONFIRMED]
    assert (peer.folder / "ca.pem").read_text().strip() == (
        peer.folder / "root.pem"
    ).read_text().strip()


@pytest.mark.parametrize("kind", KEYS)
def test_cr_for_each_kind_of_key(peer: Peer, kind: str) -> None:
    _generate(peer.folder, "old.key", KEYS[kind])
    peer.ok("-cmd", "cr", *SECRET, *NEW)
    peer.verify("old.pem")


def test_ir_with_a_signature(peer: Peer) -> None:
    """A certificate of this CA may ask for another one."""
    peer.ok("-cmd", "ir", *SECRET, *NEW)
    peer.ok("-cmd", "ir", *SIGNED, *RENEWED, "-subject", "/CN=another")
    peer.verify("new.pem")
    assert [entry.subject for entry in peer.ca.ledger()] == ["CN=peer", "CN=another"]


@pytest.mark.parametrize("kind", ["RSA", "P-256"])  # openssl 3.0 signs no message with Ed25519
def test_kur_with_a_signature(peer: Peer, kind: str) -> None:
    _generate(peer.folder, "old.key", KEYS[kind])
    peer.ok("-cmd", "ir", *SECRET, *NEW)
    peer.ok("-cmd", "kur", *SIGNED, *RENEWED)
    peer.verify("new.pem")
    assert peer.statuses() == [Status.CONFIRMED, Status.CONFIRMED]
    assert {entry.subject for entry in peer.ca.ledger()} == {"CN=peer"}


def test_rr_with_a_signature(peer: Peer) -> None:
    peer.ok("-cmd", "ir", *SECRET, *NEW)
    peer.ok("-cmd", "rr", *SIGNED, "-oldcert", "old.pem", "-revreason", "1")
    (entry,) = peer.ca.ledger()
    assert (entry.status, entry.reason) == (Status.REVOKED, "keyCompromise")


def test_kur_with_the_secret_that_obtained_it(peer: Peer) -> None:
    peer.ok("-cmd", "ir", *SECRET, *NEW)
    peer.ok("-cmd", "kur", *SECRET, *RENEWED, "-oldcert", "old.pem")
    peer.verify("new.pem")
    assert peer.statuses() == [Status.CONFIRMED, Status.CONFIRMED]


def test_rr_with_the_secret_that_obtained_it(peer: Peer) -> None:
    peer.ok("-cmd", "ir", *SECRET, *NEW)
    peer.ok("-cmd", "rr", *SECRET, "-oldcert", "old.pem")
    assert peer.statuses() == [Status.REVOKED]


def test_another_secret_may_not(peer: Peer) -> None:
    peer.ok("-cmd", "ir", *SECRET, *NEW)
    peer.ca.add_secret(b"other", b"psk2")
    other = ("-ref", "other", "-secret", "pass:psk2", "-oldcert", "old.pem")
    peer.refused("notAuthorized", "-cmd", "rr", *other)
    peer.refused("notAuthorized", "-cmd", "kur", *other, *RENEWED)
    assert peer.statuses() == [Status.CONFIRMED]


def test_subject_alternative_name_is_taken_over(peer: Peer) -> None:
    peer.ok("-cmd", "ir", *SECRET, *NEW, "-sans", "gw.example.com")
    shown = subprocess.run(
        ["openssl", "x509", "-in", "old.pem", "-noout", "-ext", "subjectAltName"],
        cwd=peer.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "DNS:gw.example.com" in shown.stdout


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ("badMessageCheck", ("-ref", "ref", "-secret", "pass:wrong")),
        ("badMessageCheck", ("-ref", "nobody", "-secret", "pass:psk")),
        ("badPOP", (*SECRET, "-popo", "0")),
        ("badPOP", (*SECRET, "-popo", "-1")),
        ("wrongAuthority", (*SECRET, "-recipient", "/CN=another CA")),
        ("badMessageCheck", (*SECRET, "-unprotected_requests")),
    ],
)
def test_refusals(peer: Peer, words: str, options: tuple[str, ...]) -> None:
    """A wrong request is refused with the failure bit that the RFC has for it, and issues nothing."""
    peer.refused(words, "-cmd", "ir", *NEW, *options)
    assert peer.ca.ledger() == ()


def test_weak_key_is_refused(peer: Peer) -> None:
    _generate(peer.folder, "old.key", ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"))
    peer.refused("badCertTemplate", "-cmd", "ir", *SECRET, *NEW)


def test_revoked_certificate_is_refused(peer: Peer) -> None:
    peer.ok("-cmd", "ir", *SECRET, *NEW)
    peer.ok("-cmd", "rr", *SIGNED, "-oldcert", "old.pem")
    peer.refused("certRevoked", "-cmd", "kur", *SIGNED, *RENEWED)
    peer.refused("certRevoked", "-cmd", "rr", *SIGNED, "-oldcert", "old.pem")


# -- what needs a CA that behaves in another way ---------------------------------------------------


@contextmanager
def behaving(folder: Path, **behaviour: object) -> Generator[Peer]:
    """A CA that behaves otherwise, and the client with a key and a PKCS #10 request."""
    with SandboxCA.open(folder / "ca", behaviour=Behaviour(**behaviour)) as ca, serve(ca) as server:
        ca.add_secret(b"ref", b"psk")
        (folder / "root.pem").write_bytes(ca.root.public_bytes(Encoding.PEM))
        _generate(folder, "old.key", KEYS["P-256"])
        _certification_request(folder)
        yield Peer(folder, ca, server.port)


def _certification_request(folder: Path) -> None:
    subprocess.run(
        [
            "openssl", "req", "-new", "-key", "old.key", "-subj", "/CN=peer", "-out", "peer.csr",
            "-addext", "subjectAltName=DNS:gw.example.com",
        ],
        cwd=folder,
        capture_output=True,
        check=True,
    )  # fmt: skip


P10CR = ("-cmd", "p10cr", *SECRET, "-csr", "peer.csr", "-certout", "old.pem")


def test_p10cr(peer: Peer) -> None:
    _certification_request(peer.folder)
    peer.ok(*P10CR)
    peer.verify("old.pem")
    assert peer.statuses() == [Status.CONFIRMED]
    (entry,) = peer.ca.ledger()
    names = entry.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert names.value.get_values_for_type(x509.DNSName) == ["gw.example.com"]


def test_p10cr_is_signed_for_a_second_one(peer: Peer) -> None:
    _certification_request(peer.folder)
    peer.ok(*P10CR)
    peer.ok("-cmd", "p10cr", *SIGNED, "-csr", "peer.csr", "-certout", "new.pem")
    peer.verify("new.pem")


def test_implicit_confirmation(tmp_path: Path) -> None:
    with behaving(tmp_path, grants_implicit_confirm=True) as peer:
        for number, command in enumerate((("-cmd", "ir", *SECRET, *NEW), P10CR)):
            result = peer.run(*command, "-implicit_confirm")
            assert result.returncode == 0, result.stdout + result.stderr
            assert "certConf" not in result.stdout + result.stderr
            assert peer.statuses() == [Status.CONFIRMED] * (number + 1)
            peer.verify("old.pem")


@pytest.mark.parametrize("implicit", [(), ("-implicit_confirm",)])
def test_client_polls(tmp_path: Path, implicit: tuple[str, ...]) -> None:
    with behaving(tmp_path, polls=2, check_after=0, grants_implicit_confirm=True) as peer:
        peer.ok("-cmd", "ir", *SECRET, *NEW, *implicit)
        peer.verify("old.pem")
        assert peer.statuses() == [Status.CONFIRMED]
        peer.ok("-cmd", "kur", *SIGNED, "-newkey", "old.key", "-certout", "new.pem", *implicit)
        peer.verify("new.pem")


def test_granted_with_modifications(tmp_path: Path) -> None:
    with behaving(tmp_path, modifies=True) as peer:
        peer.ok("-cmd", "ir", *SECRET, *NEW)
        peer.verify("old.pem")
        assert [entry.subject for entry in peer.ca.ledger()] == ["O=csc sandbox,CN=peer"]


def test_rejected(tmp_path: Path) -> None:
    with behaving(tmp_path, rejects=PKIFailureInfo.UNACCEPTED_POLICY) as peer:
        peer.refused("unacceptedPolicy", "-cmd", "ir", *SECRET, *NEW)
        assert peer.ca.ledger() == ()


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("signKeyPairTypes", "id-it-signKeyPairTypes"),
        ("encKeyPairTypes", "id-it-encKeyPairTypes"),
        ("currentCRL", "id-it-currentCRL"),
        ("caCerts", "id-it-caCerts"),
        ("certReqTemplate", "id-it-certReqTemplate"),
        ("rootCaCert", "id-it-rootCaKeyUpdate"),
        ("suppLangTags", "id-it-unsupportedOIDs"),
    ],
)
def test_genm(peer: Peer, question: str, answer: str) -> None:
    result = peer.run("-cmd", "genm", *SECRET, "-infotype", question)
    shown = result.stdout + result.stderr
    if "unknown OID name in -infotype" in shown:
        pytest.skip(f"this openssl does not know {question}")
    assert result.returncode == 0, shown
    assert answer in shown


def test_crl(peer: Peer) -> None:
    """openssl finds the CRL right, and the certificate on it."""
    peer.ok("-cmd", "ir", *SECRET, *NEW)
    peer.ok("-cmd", "rr", *SIGNED, "-oldcert", "old.pem", "-revreason", "6")
    question = genm(InfoTypeAndValue("1.3.6.1.5.5.7.4.6"))
    content = ask(peer.ca, question, header(), PasswordCredential(b"ref", b"psk")).body.content
    assert isinstance(content, GeneralContent)
    crl = x509.load_der_x509_crl(content.infos[0].value or b"")
    (peer.folder / "crl.pem").write_bytes(crl.public_bytes(Encoding.PEM))
    result = subprocess.run(
        ["openssl", "verify", "-x509_strict", "-crl_check", "-CRLfile", "crl.pem",
         "-CAfile", "root.pem", "-untrusted", "ca/chain.pem", "old.pem"],
        cwd=peer.folder,
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert "certificate revoked" in result.stdout + result.stderr
    peer.ok("-cmd", "rr", *SECRET, "-oldcert", "old.pem", "-revreason", "8")
    assert peer.statuses() == [Status.CONFIRMED]


def test_confirmation_is_always_wanted(peer: Peer) -> None:
    """implicitConfirm is not granted: openssl then confirms explicitly; without, nothing is confirmed."""
    peer.ok("-cmd", "ir", *SECRET, *NEW, "-implicit_confirm")
    assert peer.statuses() == [Status.CONFIRMED]
    peer.ok("-cmd", "cr", *SECRET, *NEW, "-disable_confirm")
    assert peer.statuses() == [Status.CONFIRMED, Status.ISSUED]


def test_rejected_certificate(peer: Peer) -> None:
    """openssl does not trust what it gets, and says so in certConf."""
    other = peer.folder / "other"
    with SandboxCA.open(other) as another:
        (peer.folder / "other.pem").write_bytes(another.root.public_bytes(Encoding.PEM))
    peer.refused("", "-cmd", "ir", *SECRET, *NEW, "-out_trusted", "other.pem")
    assert peer.statuses() == [Status.REJECTED]


def test_update_after_a_restart(tmp_path: Path) -> None:
    """The CA goes on with the keys and the ledger of its folder."""
    for name in ("old.key", "new.key"):
        _generate(tmp_path, name, KEYS["P-256"])
    for step, options in (("ir", (*SECRET, *NEW)), ("kur", (*SIGNED, *RENEWED))):
        with SandboxCA.open(tmp_path / "ca") as ca, serve(ca) as server:
            ca.add_secret(b"ref", b"psk")
            (tmp_path / "root.pem").write_bytes(ca.root.public_bytes(Encoding.PEM))
            peer = Peer(tmp_path, ca, server.port)
            peer.ok("-cmd", step, *options)
            peer.verify("old.pem")
    peer.verify("new.pem")

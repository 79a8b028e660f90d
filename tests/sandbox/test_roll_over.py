"""A new root of the sandbox CA while the old one is valid (RFC 9810 4.4, RFC 9483 4.3.2)."""

import os
import subprocess
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from csc.runtime.cmp import general, requests
from csc.runtime.cmp.client import Connection, run
from csc.runtime.cmp.events import Answered, CertificateReceived, Revoked
from csc.runtime.cmp.keys import KeyType, generate
from csc.runtime.cmp.model import BodyType, InfoTypeAndValue, PKIFailureInfo, PKIMessage
from csc.runtime.cmp.protection import SignatureCredential
from csc.runtime.cmp.trust import verify_chain
from csc.runtime.sandbox.authority import folder as folder_module
from csc.runtime.sandbox.authority.root import root_of, roots_of
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.http.server import serve
from csc.runtime.sandbox.ledger.ledger import Status
from peers.asker import (
    SECRET,
    SUBJECT,
    ask,
    cert_req,
    enrolled,
    failures,
    genm,
    header,
    ir,
    issued,
    rr,
    template,
    utc_now,
)
from peers.openssl import client, needs_openssl

ROOT_UPDATE, ROOT_CERT = "1.3.6.1.5.5.7.4.18", "1.3.6.1.5.5.7.4.20"


@contextmanager
def opened(folder: Path) -> Generator[SandboxCA]:
    with SandboxCA.open(folder) as ca:
        ca.add_secret(SECRET.reference, SECRET.secret)
        yield ca


class Client:
    """Ours, which trusts one root and nothing else."""

    def __init__(self, ca: SandboxCA, anchor: x509.Certificate) -> None:
        self.ca = ca
        self.common = {"anchors": (anchor,), "now": utc_now(), "random": os.urandom}

    def run(self, transaction: object) -> object:
        way = Connection(self.ca.respond, utc_now, lambda seconds: None, timedelta(hours=1))
        return run(transaction, way, lambda event: None)

    def enrol(self, key: object) -> x509.Certificate:
        begun = requests.initialize(
            subject=SUBJECT,
            key=key,
            credential=SECRET,
            recipient=self.ca.root.subject,
            names=None,
            **self.common,
        )
        outcome = self.run(begun)
        assert isinstance(outcome, CertificateReceived)
        return outcome.certificate

    def renew(self, certificate: x509.Certificate, old_key: object, key: object) -> object:
        return self.run(
            requests.update(
                certificate=certificate, certificate_key=old_key, key=key, **self.common
            )
        )

    def revoke(self, certificate: x509.Certificate, key: object) -> object:
        return self.run(
            requests.revoke(certificate=certificate, certificate_key=key, **self.common)
        )

    def ask(
        self, *infos: InfoTypeAndValue, credential: object = SECRET
    ) -> Sequence[InfoTypeAndValue]:
        outcome = self.run(
            requests.ask(
                infos=infos,
                credential=credential,
                recipient=self.ca.root.subject,
                **self.common,
            )
        )
        assert isinstance(outcome, Answered)
        return outcome.infos

    def update_of(self, root: x509.Certificate) -> general.RootUpdate | None:
        infos = self.ask(general.root_update(root))
        assert [info.oid for info in infos] == [ROOT_UPDATE]
        return general.read_root_update_answer(infos, root, utc_now())


def asked(ca: SandboxCA, value: bytes | None) -> bytes | None:
    content = ask(ca, genm(InfoTypeAndValue(ROOT_CERT, value))).body.content
    assert [info.oid for info in content.infos] == [ROOT_UPDATE]
    return content.infos[0].value


def extra(answer: PKIMessage) -> list[x509.Certificate]:
    return [x509.load_der_x509_certificate(der) for der in answer.extra_certs]


def new_key() -> object:
    return generate(KeyType("ec:p256"))


# -- the links ----------------------------------------------------------------------------------------


def test_new_root_is_another_one_under_the_same_name(tmp_path: Path) -> None:
    with opened(tmp_path) as ca:
        old, issuing = ca.root, ca.chain[0]
        assert ca.roll_over() == ca.root != old
        assert ca.root.subject == old.subject
        assert ca.root.public_key() != old.public_key()
        assert ca.chain[0].subject != issuing.subject
        ca.chain[0].verify_directly_issued_by(ca.root)
        issued(ask(ca, ir())).verify_directly_issued_by(ca.chain[0])
        assert root_of(tmp_path) == ca.root.public_bytes(Encoding.DER)


def test_update_of_the_old_root(tmp_path: Path) -> None:
    """newWithNew, newWithOld and oldWithNew, with the times of RFC 9810 4.4.1."""
    with opened(tmp_path) as ca:
        old = ca.root
        ca.roll_over()
        found = Client(ca, old).update_of(old)
        assert found is not None
        assert found.new_with_new == ca.root
        assert found.new_with_old.issuer == old.subject
        assert found.new_with_old.not_valid_after_utc <= old.not_valid_after_utc
        assert found.old_with_new is not None
        assert found.old_with_new.public_key() == old.public_key()
        assert found.old_with_new.not_valid_before_utc == old.not_valid_before_utc
        assert found.old_with_new.not_valid_after_utc == old.not_valid_after_utc
        assert Client(ca, ca.root).update_of(ca.root) is None


def test_there_is_no_update_before(tmp_path: Path) -> None:
    with opened(tmp_path) as ca:
        for value in (None, ca.root.public_bytes(Encoding.DER)):
            assert asked(ca, value) is None


def test_update_of_no_root_in_particular_is_that_of_the_last_one(tmp_path: Path) -> None:
    with opened(tmp_path) as ca:
        first = ca.root.public_bytes(Encoding.DER)
        second = ca.roll_over().public_bytes(Encoding.DER)
        ca.roll_over()
        assert asked(ca, None) == asked(ca, second) != asked(ca, first)


def test_there_is_no_update_of_what_is_no_root_of_this_ca(tmp_path: Path) -> None:
    with opened(tmp_path / "ca") as ca, opened(tmp_path / "other") as other:
        ca.roll_over()
        for certificate in (other.root, ca.root, *ca.chain):
            assert asked(ca, certificate.public_bytes(Encoding.DER)) is None
        wrong = ask(ca, genm(InfoTypeAndValue(ROOT_CERT, b"\x30\x00")))
        assert failures(wrong) == {PKIFailureInfo.BAD_DATA_FORMAT}


@pytest.mark.parametrize("kinds", [("ec:p384", None), ("ed25519", "mldsa65"), ("rsa:2048",)])
def test_several_in_a_row(tmp_path: Path, kinds: tuple[str | None, ...]) -> None:
    """Whoever trusts any of the roots believes the last one, whatever their keys are; also later."""
    roots: list[x509.Certificate] = []
    with opened(tmp_path) as ca:
        for kind in kinds:
            roots.append(ca.root)
            ca.roll_over(kind)
    with opened(tmp_path) as ca:
        assert ca.root not in roots
        for root in roots:
            found = Client(ca, root).update_of(root)
            assert found is not None
            assert found.new_with_new == ca.root
        certificate = Client(ca, roots[0]).enrol(new_key())
        for root in (*roots, ca.root):
            verify_chain(certificate, [root], ca.chain, utc_now())


def test_roots_of_the_folder(tmp_path: Path) -> None:
    """What any device may trust, the newest first; before there is a CA, nothing."""
    assert roots_of(tmp_path) == ()
    with opened(tmp_path) as ca:
        roots = [ca.root, ca.roll_over(), ca.roll_over("ed25519")]
    expected = tuple(root.public_bytes(Encoding.DER) for root in reversed(roots))
    assert roots_of(tmp_path) == expected


def test_kind_of_key_that_there_is_not(tmp_path: Path) -> None:
    with opened(tmp_path) as ca:
        root = ca.root
        with pytest.raises(ValueError, match="kind of key"):
            ca.roll_over("mlkem768")
        assert ca.root == root


def test_ca_certificates_afterwards(tmp_path: Path) -> None:
    """All that is needed for certificates from before and after, under the old root or the new one."""
    with opened(tmp_path) as ca:
        old, before = ca.root, Client(ca, ca.root).enrol(new_key())
        ca.roll_over()
        after = Client(ca, ca.root).enrol(new_key())
        listed = general.read_ca_certs(Client(ca, old).ask(general.ca_certs()))
        assert listed is not None
        assert ca.root in listed
        assert old not in listed  # nobody should begin to trust it
        for root in (old, ca.root):
            for certificate in (before, after):
                verify_chain(certificate, [root], listed, utc_now())


def test_roots_that_have_expired_are_left_behind(tmp_path: Path) -> None:
    now = utc_now()

    def clock() -> datetime:
        return now

    with SandboxCA.open(tmp_path, clock) as ca:
        ca.add_secret(SECRET.reference, SECRET.secret)
        first = ca.root
        now += timedelta(days=2000)
        second = ca.roll_over()
        now += timedelta(days=2000)
        ca.roll_over()
        answers = [
            ask(ca, genm(InfoTypeAndValue(ROOT_CERT, der)), header(message_time=now)).body.content
            for der in (each.public_bytes(Encoding.DER) for each in (first, second))
        ]
        assert [content.infos[0].value is None for content in answers] == [True, False]
        assert ca.chain[0].subject.rfc4514_string().endswith("CA 3")


# -- what was issued before ---------------------------------------------------------------------------


@pytest.mark.parametrize("trusts", ["old", "new"])
def test_certificate_from_before_goes_on(tmp_path: Path, trusts: str) -> None:
    """It signs, is renewed by the new issuing CA, and is revoked; for who trusts either root."""
    with opened(tmp_path) as ca:
        old, key, later = ca.root, new_key(), new_key()
        certificate = Client(ca, old).enrol(key)
        ca.roll_over()
        ours = Client(ca, old if trusts == "old" else ca.root)
        ours.ask(general.ca_certs(), credential=SignatureCredential(certificate, key))
        renewed = ours.renew(certificate, key, later)
        assert isinstance(renewed, CertificateReceived)
        assert renewed.certificate.issuer == ca.chain[0].subject != certificate.issuer
        assert isinstance(ours.revoke(certificate, key), Revoked)
        assert isinstance(ours.revoke(renewed.certificate, later), Revoked)
        assert [entry.status for entry in ca.ledger()] == [Status.REVOKED, Status.REVOKED]
        for each in (certificate, renewed.certificate):
            (crl,) = general.read_crls(ours.ask(general.crls(each.issuer))) or ()
            assert [entry.serial_number for entry in crl] == [each.serial_number]


def test_transaction_that_was_begun_before(tmp_path: Path) -> None:
    """certConf comes after the roll-over."""
    with opened(tmp_path) as ca:
        begun = ask(ca, ir())
        ca.roll_over()
        from peers.asker import confirm

        confirmation = confirm(begun, issued(begun).fingerprint(hashes.SHA256()))
        assert ask(ca, *confirmation).body.type is BodyType.PKI_CONF


def test_chain_of_signed_answers(tmp_path: Path) -> None:
    """The newest signer, with the links to all former roots and none of the roots (RFC 9483 3.3)."""
    with opened(tmp_path) as ca:
        roots = [ca.root]
        _, credential = enrolled(ca)
        for _ in range(3):
            ca.roll_over()
            roots.append(ca.root)
        answer = ask(ca, ir(body_type=BodyType.KUR), header(), credential)
        signer, *chain = extra(answer)
        assert chain == list(ca.chain)
        assert len(chain) == len(roots)  # the issuing CA, and a link to each former root
        assert not any(each in roots for each in chain)
        for root in roots:
            verify_chain(signer, [root], chain, utc_now())


@needs_openssl
def test_openssl_verifies_the_links(tmp_path: Path) -> None:
    with opened(tmp_path / "ca") as ca:
        old, old_issuing = ca.root, ca.chain[0]
        before = Client(ca, old).enrol(new_key())
        ca.roll_over()
        links = Client(ca, old).update_of(old)
        assert links is not None
        after = Client(ca, old).enrol(new_key())
        files = {
            "old": [old],
            "new": [links.new_with_new],
            "newWithOld": [links.new_with_old],
            "oldWithNew": [links.old_with_new],
            "before": [before],
            "after": [after],
            "chain_before": [old_issuing, links.old_with_new],
            "chain_after": list(ca.chain),
        }
    for name, content in files.items():
        pem = b"".join(each.public_bytes(Encoding.PEM) for each in content)
        (tmp_path / f"{name}.pem").write_bytes(pem)
    for anchor, untrusted, target in (
        ("new", None, "new"),
        ("old", None, "newWithOld"),
        ("new", None, "oldWithNew"),
        ("old", "chain_before", "before"),
        ("new", "chain_before", "before"),
        ("old", "chain_after", "after"),
        ("new", "chain_after", "after"),
    ):
        command = ["openssl", "verify", "-x509_strict", "-CAfile", f"{anchor}.pem"]
        if untrusted is not None:
            command += ["-untrusted", f"{untrusted}.pem"]
        result = subprocess.run(
            [*command, f"{target}.pem"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, (anchor, target, result.stdout + result.stderr)


@needs_openssl
@pytest.mark.parametrize("trusts", ["old", "new"])
def test_openssl_renews_and_revokes_what_was_issued_before(tmp_path: Path, trusts: str) -> None:
    """The client trusts one root; the answers bring the rest."""
    for name in ("old.key", "new.key"):
        command = ["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", name]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    with opened(tmp_path / "ca") as ca, serve(ca) as server:
        roots = [ca.root]

        def ok(*options: str) -> None:
            result = client(tmp_path, server.port, "-trusted", "root.pem", *options)
            assert result.returncode == 0, result.stdout + result.stderr

        (tmp_path / "root.pem").write_bytes(ca.root.public_bytes(Encoding.PEM))
        secret = ("-ref", "ref", "-secret", "pass:psk")
        ok("-cmd", "ir", *secret, "-newkey", "old.key", "-subject", "/CN=a", "-certout", "a.pem")
        roots += [ca.roll_over(), ca.roll_over()]
        trusted = roots[0] if trusts == "old" else roots[-1]
        (tmp_path / "root.pem").write_bytes(trusted.public_bytes(Encoding.PEM))
        signed = ("-cert", "a.pem", "-key", "old.key")
        # -out_trusted has it verify the new certificate, too
        ok(
            *("-cmd", "kur", *signed, "-newkey", "new.key", "-certout", "b.pem"),
            *("-out_trusted", "root.pem"),
        )
        ok("-cmd", "rr", *signed, "-oldcert", "a.pem", "-revreason", "4")
        ok("-cmd", "rr", "-cert", "b.pem", "-key", "new.key", "-oldcert", "b.pem")
        assert [entry.status for entry in ca.ledger()] == [Status.REVOKED, Status.REVOKED]


@needs_openssl
def test_openssl_finds_the_lists_of_both_generations_right(tmp_path: Path) -> None:
    with opened(tmp_path / "ca") as ca:
        ours, keys = Client(ca, ca.root), (new_key(), new_key())
        old_root, issuing = ca.root, [ca.chain[0]]
        certificates = [ours.enrol(keys[0])]
        ca.roll_over()
        issuing.append(ca.chain[0])
        certificates.append(ours.enrol(keys[1]))
        for certificate, key in zip(certificates, keys, strict=True):
            answer = ask(ca, rr(certificate, 1), header(), SignatureCredential(certificate, key))
            assert answer.body.type is BodyType.RP
        for number, issuer in enumerate(issuing):
            (crl,) = general.read_crls(ours.ask(general.crls(issuer.subject))) or ()
            (tmp_path / f"{number}.crl").write_bytes(crl.public_bytes(Encoding.PEM))
            (tmp_path / f"{number}.pem").write_bytes(issuer.public_bytes(Encoding.PEM))
            command = ["openssl", "crl", "-noout", "-in", f"{number}.crl"]
            result = subprocess.run(
                [*command, "-CAfile", f"{number}.pem"],
                cwd=tmp_path,
                capture_output=True,
                text=True,
                check=False,
            )
            assert "verify OK" in result.stdout + result.stderr
            assert [entry.serial_number for entry in crl] == [certificates[number].serial_number]
        # one for each key of the root's name
        roots = general.read_crls(ours.ask(general.crls(old_root.subject))) or ()
        assert len(roots) == 2
        for root in (old_root, ca.root):
            assert any(crl.is_signature_valid(root.public_key()) for crl in roots)  # pyright: ignore[reportArgumentType]


# -- killed, and at the same time ---------------------------------------------------------------------


class Killed(BaseException):
    """What no code of ours catches."""


@pytest.mark.parametrize("at", range(5))
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_killed_at_any_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int, before: bool
) -> None:
    """A roll-over has happened or has not: the CA goes on in one piece."""
    write, count = folder_module.write_atomically, 0

    def killed(path: Path, data: bytes, mode: int) -> None:
        nonlocal count
        if count == at and before:
            raise Killed
        write(path, data, mode)
        count += 1
        if count > at:
            raise Killed

    with opened(tmp_path) as ca:
        _, credential = enrolled(ca)
        old = ca.root
        with monkeypatch.context() as patch:
            patch.setattr(folder_module, "write_atomically", killed)
            if at < 4:  # authority.pem, root.pem, chain.pem, signer.pem
                with pytest.raises(Killed):
                    ca.roll_over()
            else:
                ca.roll_over()
    kept = root_of(tmp_path)
    with opened(tmp_path) as ca:
        assert ca.root.public_bytes(Encoding.DER) == kept
        assert (ca.root == old) == (at == 0 and before)
        assert len(ca.chain) == (1 if ca.root == old else 2)
        signer, *chain = extra(ask(ca, genm(), header(), credential))
        for root in (old, ca.root):
            verify_chain(signer, [root], chain, utc_now())
        for name, expected in (("root.pem", ca.root), ("chain.pem", ca.chain[0])):
            assert x509.load_pem_x509_certificate((tmp_path / name).read_bytes()) == expected


def test_rolled_over_while_others_enrol(tmp_path: Path) -> None:
    """Each answer is of one generation: it leads to the first root, and to one that was."""
    with opened(tmp_path) as ca:
        first, done = ca.root, threading.Event()
        roots, answers, failed = [ca.root], list[PKIMessage](), list[BaseException]()
        _, credential = enrolled(ca)

        def enrol() -> None:
            try:
                while not done.is_set():
                    answers.append(ask(ca, ir(cert_req(template())), header()))
                    answers.append(ask(ca, ir(cert_req(template())), header(), credential))
            except BaseException as error:
                failed.append(error)
                raise

        threads = [threading.Thread(target=enrol) for _ in range(3)]
        for thread in threads:
            thread.start()
        try:
            for number in range(1, 4):
                while len(answers) < 10 * number and not failed:
                    pass
                roots.append(ca.roll_over())
        finally:
            done.set()
            for thread in threads:
                thread.join()
        assert failed == []
        assert len({issued(answer).issuer for answer in answers}) > 1
        for answer in answers:
            chain = extra(answer)
            verify_chain(issued(answer), [first], chain, utc_now())
            if answer.header.sender != first.subject:  # signed
                signer, *rest = chain
                verify_chain(signer, [first], rest, utc_now())


def test_rolled_over_by_two_at_once(tmp_path: Path) -> None:
    """Each new root comes after the one before it, also if another process made that."""
    with opened(tmp_path) as one, opened(tmp_path) as other:
        first, second = one.root, one.roll_over()
        third = other.roll_over()
        assert len({first, second, third}) == 3
        for root in (first, second):
            found = Client(other, root).update_of(root)
            assert found is not None
            assert found.new_with_new == third
    with opened(tmp_path) as ca:
        assert ca.root == third

"""The keys and certificates of the sandbox CA: what it is made of, judged by openssl and by our client."""

import hashlib
import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from csc.runtime.cmp.codec.general import read_sequence
from csc.runtime.cmp.confirmation import cert_hash
from csc.runtime.cmp.model import (
    AlgorithmIdentifier,
    BodyType,
    CertConfirmContent,
    CertId,
    CertRepMessage,
    CertStatus,
    CertTemplate,
    InfoTypeAndValue,
    PKIBody,
    PKIFailureInfo,
    PKIMessage,
    PKIStatus,
    RevDetails,
    RevReqContent,
)
from csc.runtime.cmp.protection import SignatureCredential, verify_signature
from csc.runtime.cmp.trust import check_authorized, verify_chain
from csc.runtime.sandbox.authority.certified_key import CertifiedKey
from csc.runtime.sandbox.authority.root import root_of
from csc.runtime.sandbox.authority.settings import KEY_KINDS, AuthoritySettings
from csc.runtime.sandbox.authority.signing import certify
from csc.runtime.sandbox.behaviour import Behaviour
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.ledger.ledger import Ledger, Status
from peers.asker import (
    KEY,
    SECRET,
    SUBJECT,
    ask,
    cert_req,
    confirm,
    enrolled,
    failures,
    following,
    genm,
    header,
    ir,
    issued,
    rr,
    template,
    utc_now,
)
from peers.openssl import needs_openssl

EARLIER_ROOT = x509.Name.from_rfc4514_string("CN=csc sandbox root CA")
SHA512 = AlgorithmIdentifier("2.16.840.1.101.3.4.2.3")
SHAKE256 = AlgorithmIdentifier("2.16.840.1.101.3.4.2.12")
CMC_CA = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.27")


def opened(folder: Path, kind: str | None = None, label: str = "csc sandbox") -> SandboxCA:
    settings = None if kind is None else AuthoritySettings(kind, label)
    ca = SandboxCA.open(folder, settings=settings)
    ca.add_secret(SECRET.reference, SECRET.secret)
    return ca


def usage(certificate: x509.Certificate) -> x509.KeyUsage:
    return certificate.extensions.get_extension_for_class(x509.KeyUsage).value


def certificates(answer: PKIMessage) -> list[x509.Certificate]:
    return [x509.load_der_x509_certificate(der) for der in answer.extra_certs]


def openssl(folder: Path, *arguments: str) -> str:
    """What it says; without ML-DSA, which it knows from version 3.5 on, there is nothing to judge."""
    command = ["openssl", *arguments]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    said = result.stdout + result.stderr
    if "unable to get certs public key" in said:
        pytest.skip("this openssl does not know the algorithm")
    assert result.returncode == 0, said
    return said


def test_a_ca_is_made_by_its_own_clock(tmp_path: Path) -> None:
    """Otherwise what it issues would be valid before the CA is, or after."""
    with SandboxCA.open(tmp_path, behaviour=Behaviour(clock_offset=-7 * 86400)) as ca:
        ca.add_secret(SECRET.reference, SECRET.secret)
        begins = utc_now() - timedelta(days=7)
        assert ca.root.not_valid_before_utc < begins
        answer = ask(ca, ir(), header(message_time=begins))
        assert ca.chain[0].not_valid_before_utc <= issued(answer).not_valid_before_utc


# -- the chain ----------------------------------------------------------------------------------------


def test_root_signs_the_issuing_ca_only(tmp_path: Path) -> None:
    with opened(tmp_path) as ca:
        (issuing,) = ca.chain
        issuing.verify_directly_issued_by(ca.root)
        assert issuing.subject.rfc4514_string() == "CN=csc sandbox issuing CA"
        constraints = issuing.extensions.get_extension_for_class(x509.BasicConstraints)
        assert (constraints.critical, constraints.value.ca) == (True, True)
        assert constraints.value.path_length == 0
        assert usage(issuing).key_cert_sign
        assert usage(issuing).crl_sign
        assert not usage(issuing).digital_signature
        certificate = issued(ask(ca, ir()))
        certificate.verify_directly_issued_by(issuing)
        assert usage(certificate).digital_signature
        assert not usage(certificate).key_cert_sign


def test_answer_to_a_secret_brings_the_chain_of_the_certificate(tmp_path: Path) -> None:
    """RFC 9483 4.1.1: the issuing CA in extraCerts, and the trust anchor in caPubs."""
    with opened(tmp_path) as ca:
        answer = ask(ca, ir())
        assert certificates(answer) == list(ca.chain)
        content = answer.body.content
        assert isinstance(content, CertRepMessage)
        assert content.ca_pubs == (ca.root.public_bytes(Encoding.DER),)
        verify_chain(issued(answer), [ca.root], certificates(answer), utc_now())


def test_signed_answer_brings_the_chain_of_its_signer(tmp_path: Path) -> None:
    """RFC 9483 3.3: each certifies the one before it, none is self-signed, none is there twice."""
    with opened(tmp_path) as ca:
        _, credential = enrolled(ca)
        for body in (ir(), genm()):
            answer = ask(ca, body, header(), credential)
            signer, *chain = certificates(answer)
            assert chain == list(ca.chain)
            assert answer.header.sender == signer.subject
            signer.verify_directly_issued_by(chain[0])
            verify_signature(answer, signer.public_key())
            purposes = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
            assert list(purposes) == [CMC_CA]
            check_authorized(signer, [ca.root])
        content = ask(ca, ir(), header(), credential).body.content
        assert isinstance(content, CertRepMessage)
        assert content.ca_pubs == ()


def test_refusal_brings_the_chain_too(tmp_path: Path) -> None:
    with opened(tmp_path) as ca:
        wrong = ask(ca, ir(), header(), SignatureCredential(ca.root, KEY))
        assert failures(wrong) == {PKIFailureInfo.SIGNER_NOT_TRUSTED}
        signer, *chain = certificates(wrong)
        verify_chain(signer, [ca.root], chain, utc_now())


def test_ca_certificates(tmp_path: Path) -> None:
    """RFC 9483 4.3.1."""
    with opened(tmp_path) as ca:
        content = ask(ca, genm(InfoTypeAndValue("1.3.6.1.5.5.7.4.17"))).body.content
        listed = read_sequence(content.infos[0].value or b"")
        assert [x509.load_der_x509_certificate(der) for der in listed] == [*ca.chain, ca.root]


def test_names_of_the_ca(tmp_path: Path) -> None:
    """Requests are sent to the root, the issuing CA or the signer, and nobody else."""
    with opened(tmp_path, "ec:p256", "Müller & Söhne") as ca:
        _, credential = enrolled_with(ca, ca.root.subject)
        signer = certificates(ask(ca, genm(), header(recipient=ca.root.subject), credential))[0]
        names = [ca.root.subject, ca.chain[0].subject, signer.subject]
        assert [name.rfc4514_string() for name in names] == [
            "CN=Müller & Söhne root CA",
            "CN=Müller & Söhne issuing CA",
            "CN=Müller & Söhne CMP server",
        ]
        for name in names:
            assert ask(ca, genm(), header(recipient=name)).body.type is BodyType.GENP
        wrong = ask(ca, genm(), header(recipient=EARLIER_ROOT))
        assert failures(wrong) == {PKIFailureInfo.WRONG_AUTHORITY}


def enrolled_with(ca: SandboxCA, recipient: x509.Name) -> tuple[PKIMessage, SignatureCredential]:
    answer = ask(ca, ir(), header(recipient=recipient))
    certificate = issued(answer)
    confirmation = confirm(answer, certificate.fingerprint(hashes.SHA256()), recipient=recipient)
    assert ask(ca, *confirmation).body.type is BodyType.PKI_CONF
    return answer, SignatureCredential(certificate, KEY)


@pytest.mark.parametrize(
    ("which", "status"),
    [("issuing", PKIStatus.ACCEPTED), ("root", PKIStatus.GRANTED_WITH_MODS)],
)
def test_issuer_in_the_template(tmp_path: Path, which: str, status: PKIStatus) -> None:
    """A certificate by another CA of ours than the one that was asked for is another certificate."""
    with opened(tmp_path) as ca:
        name = ca.root.subject if which == "root" else ca.chain[0].subject
        content = ask(ca, ir(cert_req(template(issuer=name)))).body.content
        assert isinstance(content, CertRepMessage)
        assert content.responses[0].status.status == status


def test_oldcertid_names_the_issuer_of_the_certificate(tmp_path: Path) -> None:
    """The root's name with a serial number of the issuing CA is no certificate."""
    with opened(tmp_path) as ca:
        _, credential = enrolled(ca)
        serial = credential.certificate.serial_number
        answers: list[PKIMessage] = []
        for issuer in (ca.root.subject, ca.chain[0].subject):
            renewal = ir(cert_req(template(), old=CertId(issuer, serial)), body_type=BodyType.KUR)
            answers.append(ask(ca, renewal, header(), credential))
        wrong, right = answers
        assert failures(wrong) == {PKIFailureInfo.BAD_CERT_ID}
        assert issued(right).subject == SUBJECT
        wanted = CertTemplate(issuer=ca.root.subject, serial_number=serial)
        revocation = PKIBody(BodyType.RR, RevReqContent((RevDetails(wanted),)))
        answer = ask(ca, revocation, header(), credential)
        assert failures(answer) == {PKIFailureInfo.BAD_CERT_ID}


# -- kinds of keys ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KEY_KINDS)
def test_everything_works_with_each_kind_of_key(tmp_path: Path, kind: str) -> None:
    """ir, kur, a signed genm and rr; the folder keeps the kind."""
    with opened(tmp_path, kind) as ca:
        begun = ask(ca, ir(), header(pvno=3))
        credential = SignatureCredential(issued(begun), KEY)
        assert confirmed(ca, begun, *cert_hash(begun_der(begun), credential.certificate))
        verify_chain(credential.certificate, [ca.root], certificates(begun), utc_now())
    with opened(tmp_path) as ca:
        assert ca.root.signature_algorithm_oid == ca.chain[0].signature_algorithm_oid
        renewal = ir(cert_req(template()), body_type=BodyType.KUR)
        renewed = ask(ca, renewal, header(pvno=3), credential)
        signer, *chain = certificates(renewed)
        verify_signature(renewed, signer.public_key())
        verify_chain(signer, [ca.root], chain, utc_now())
        crl = current_crl(ca)
        assert crl.is_signature_valid(ca.chain[0].public_key())  # pyright: ignore[reportArgumentType]
        assert ask(ca, rr(credential.certificate), header(), credential).body.type is BodyType.RP
        assert len(current_crl(ca)) == 1


@needs_openssl
@pytest.mark.parametrize("kind", KEY_KINDS)
def test_openssl_finds_them_right(tmp_path: Path, kind: str) -> None:
    with opened(tmp_path / "ca", kind) as ca:
        _, credential = enrolled_by(ca)
        (tmp_path / "ee.pem").write_bytes(credential.certificate.public_bytes(Encoding.PEM))
        revoked = ask(ca, rr(credential.certificate, 1), header(), credential)
        assert revoked.body.type is BodyType.RP
        (tmp_path / "crl.pem").write_bytes(current_crl(ca).public_bytes(Encoding.PEM))
    paths = ("-x509_strict", "-CAfile", "ca/root.pem", "-untrusted", "ca/chain.pem")
    for certificate in ("ca/chain.pem", "ca/signer.pem", "ee.pem"):
        openssl(tmp_path, "verify", *paths, certificate)
    assert "verify OK" in openssl(
        tmp_path, "crl", "-noout", "-in", "crl.pem", "-CAfile", "ca/chain.pem"
    )
    shown = openssl(tmp_path, "x509", "-noout", "-text", "-in", "ca/chain.pem")
    assert "CA:TRUE, pathlen:0" in shown
    assert "Certificate Sign, CRL Sign" in shown


def begun_der(answer: PKIMessage) -> bytes:
    return issued(answer).public_bytes(Encoding.DER)


def confirmed(
    ca: SandboxCA, answer: PKIMessage, digest: bytes, algorithm: AlgorithmIdentifier | None
) -> bool:
    return confirmation(ca, answer, digest, algorithm).body.type is BodyType.PKI_CONF


def confirmation(
    ca: SandboxCA,
    answer: PKIMessage,
    digest: bytes,
    algorithm: AlgorithmIdentifier | None,
    pvno: int = 3,
) -> PKIMessage:
    status = CertStatus(digest, 0, hash_alg=algorithm)
    body = PKIBody(BodyType.CERT_CONF, CertConfirmContent((status,)))
    return ask(ca, body, following(answer, pvno=pvno))


def enrolled_by(ca: SandboxCA) -> tuple[PKIMessage, SignatureCredential]:
    """As `enrolled`, whatever the CA signs with."""
    answer = ask(ca, ir(), header(pvno=3))
    certificate = issued(answer)
    assert confirmed(ca, answer, *cert_hash(begun_der(answer), certificate))
    return answer, SignatureCredential(certificate, KEY)


def current_crl(ca: SandboxCA) -> x509.CertificateRevocationList:
    content = ask(ca, genm(InfoTypeAndValue("1.3.6.1.5.5.7.4.6"))).body.content
    return x509.load_der_x509_crl(content.infos[0].value or b"")


def shake256(data: bytes) -> bytes:
    return hashlib.shake_256(data).digest(64)


def sha(name: str) -> Callable[[bytes], bytes]:
    return lambda data: hashlib.new(name, data).digest()


# Which certHash confirms a certificate by a CA with a kind of key, under which hashAlg and pvno (RFC 9810
# 5.3.18, RFC 9481 3.3); and the failure if it does not.
HASHES: dict[
    str,
    tuple[str, Callable[[bytes], bytes], AlgorithmIdentifier | None, int, PKIFailureInfo | None],
] = {
    "P-384 by its own": ("ec:p384", sha("sha384"), None, 2, None),
    "P-384 by another one": ("ec:p384", sha("sha256"), None, 2, PKIFailureInfo.BAD_CERT_ID),
    "P-521 by its own": ("ec:p521", sha("sha512"), None, 2, None),
    "RSA by its own": ("rsa:2048", sha("sha256"), None, 2, None),
    "Ed25519 as RFC 9481 has it": ("ed25519", sha("sha512"), None, 2, None),
    "Ed25519 said": ("ed25519", sha("sha512"), SHA512, 3, None),
    "Ed25519 said by version 2": (
        *("ed25519", sha("sha512"), SHA512, 2),
        PKIFailureInfo.BAD_DATA_FORMAT,
    ),
    "Ed25519 by another one": ("ed25519", sha("sha256"), None, 2, PKIFailureInfo.BAD_CERT_ID),
    "Ed448 as RFC 9481 has it": ("ed448", shake256, None, 2, None),
    "Ed448 said": ("ed448", shake256, SHAKE256, 3, None),
    "Ed448 by SHA-512": ("ed448", sha("sha512"), None, 2, PKIFailureInfo.BAD_CERT_ID),
    "ML-DSA said": ("mldsa44", sha("sha512"), SHA512, 3, None),
    "ML-DSA not said": ("mldsa44", sha("sha512"), None, 2, PKIFailureInfo.BAD_DATA_FORMAT),
}


@pytest.mark.parametrize("name", HASHES)
def test_hash_of_the_confirmation(tmp_path: Path, name: str) -> None:
    kind, digest, algorithm, pvno, failure = HASHES[name]
    with opened(tmp_path, kind) as ca:
        answer = ask(ca, ir())
        confirmed = confirmation(ca, answer, digest(begun_der(answer)), algorithm, pvno)
        if failure is None:
            assert confirmed.body.type is BodyType.PKI_CONF
        else:
            assert failures(confirmed) == {failure}


@pytest.mark.parametrize(
    "settings",
    [
        {"key_kind": "rsa:1024"},
        {"key_kind": "rsa:8192"},
        {"key_kind": "mlkem768"},
        {"key_kind": "P-256"},
        {"label": ""},
        {"label": "  "},
        {"label": "a\nb"},
        {"label": "a" * 49},
    ],
)
def test_settings_that_no_ca_can_have(settings: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="CA"):
        AuthoritySettings(**settings)


@pytest.mark.parametrize(
    "settings", [AuthoritySettings("ed25519"), AuthoritySettings(label="another")]
)
def test_another_ca_is_in_the_folder(tmp_path: Path, settings: AuthoritySettings) -> None:
    with opened(tmp_path) as ca:
        root = ca.root
    with pytest.raises(ValueError, match="not"):
        SandboxCA.open(tmp_path, settings=settings)
    with SandboxCA.open(tmp_path, settings=AuthoritySettings()) as ca:
        assert ca.root == root


# -- the folder ---------------------------------------------------------------------------------------


def test_files_of_the_folder(tmp_path: Path) -> None:
    """One holds everything; the others are copies, and are made again."""
    with opened(tmp_path) as ca:
        root, chain = ca.root, ca.chain
    files = {each.name: each for each in tmp_path.glob("*.pem")}
    assert set(files) == {"authority.pem", "root.pem", "chain.pem", "signer.pem"}
    assert all(each.stat().st_mode & 0o777 == 0o600 for each in files.values())
    assert b"PRIVATE" not in files["root.pem"].read_bytes() + files["chain.pem"].read_bytes()
    signer = files["signer.pem"].read_bytes()
    for name in ("root.pem", "chain.pem", "signer.pem"):
        files[name].unlink()
    assert root_of(tmp_path) == root.public_bytes(Encoding.DER)
    with opened(tmp_path) as ca:
        assert (ca.root, ca.chain) == (root, chain)
    assert files["signer.pem"].read_bytes() == signer
    assert x509.load_pem_x509_certificate(files["root.pem"].read_bytes()) == root


def test_what_was_abandoned_is_removed(tmp_path: Path) -> None:
    """Who was killed while writing keys leaves them nowhere."""
    with opened(tmp_path):
        pass
    abandoned = tmp_path / ".authority.pem.abc123"
    abandoned.write_bytes(b"key")
    with opened(tmp_path):
        assert not abandoned.exists()


@pytest.mark.parametrize(
    "damage",
    [
        lambda pem: pem[: len(pem) // 2],
        lambda pem: b"",
        lambda pem: pem + pem,
        lambda pem: pem.replace(b"-----BEGIN CERTIFICATE", b"-----BEGIN CERTIFIED", 1),
        # keys and certificates that do not belong together
        lambda pem: b"-----BEGIN ".join(
            [b"", *(pem.split(b"-----BEGIN ")[i] for i in (3, 2, 1, 4, 5, 6))]
        ),
    ],
)
def test_damaged_folder_is_refused(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    """Nothing is made anew over what cannot be read: its certificates would be nobody's."""
    with opened(tmp_path):
        pass
    file = tmp_path / "authority.pem"
    damaged = damage(file.read_bytes())
    file.write_bytes(damaged)
    with pytest.raises(ValueError, match=r"authority\.pem does not hold a sandbox CA"):
        SandboxCA.open(tmp_path)
    assert file.read_bytes() == damaged


def test_keys_are_not_shown(tmp_path: Path) -> None:
    with opened(tmp_path) as ca:
        shown = repr(ca._authority)
    assert "Key" in shown
    assert "PrivateKey" not in shown


# -- a folder of an earlier version -------------------------------------------------------------------


def earlier_folder(folder: Path) -> tuple[x509.Certificate, SignatureCredential]:
    """A folder in which one root has issued everything, and a certificate that it issued."""
    folder.mkdir()
    now, key = utc_now() - timedelta(days=30), ec.generate_private_key(ec.SECP256R1())
    begins, ends = now, now + timedelta(days=3650)
    root = (
        x509.CertificateBuilder()
        .subject_name(EARLIER_ROOT)
        .issuer_name(EARLIER_ROOT)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(x509.BasicConstraints(True, None), True)
        .sign(key, hashes.SHA256())
    )
    ca = CertifiedKey(root, key)
    old = {"extensions": [], "period": (now - timedelta(minutes=5), now + timedelta(days=90))}
    certificate = certify(ca, subject=SUBJECT, key=KEY.public_key(), **old)
    signer_key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name.from_rfc4514_string("CN=csc sandbox CMP server")
    signer = certify(ca, subject=name, key=signer_key.public_key(), **old)
    for file, each, its in (("root.pem", root, key), ("signer.pem", signer, signer_key)):
        pem = its.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / file).write_bytes(pem + each.public_bytes(Encoding.PEM))
    ledger = Ledger(folder / "ledger.db")
    ledger.add(
        certificate,
        transaction_id=bytes(16),
        requested_with="ir",
        authenticated_by=f"reference:{SECRET.reference.hex()}",
        now=now,
    )
    ledger.change(f"{certificate.serial_number:x}", Status.CONFIRMED, "", now)
    with ledger.transaction():
        ledger._execute("INSERT INTO crl VALUES (41, '', x'00')")
    ledger.close()
    return root, SignatureCredential(certificate, KEY)


def test_earlier_folder_goes_on(tmp_path: Path) -> None:
    """Its root stays, gets an issuing CA, and its certificates are renewed by that."""
    root, credential = earlier_folder(tmp_path / "ca")
    assert root_of(tmp_path / "ca") == root.public_bytes(Encoding.DER)
    with opened(tmp_path / "ca") as ca:
        assert ca.root == root
        (issuing,) = ca.chain
        issuing.verify_directly_issued_by(root)
        old = CertId(root.subject, credential.certificate.serial_number)
        renewal = ir(cert_req(template(), old=old), body_type=BodyType.KUR)
        answer = ask(ca, renewal, header(), credential)
        renewed = issued(answer)
        verify_chain(renewed, [root], certificates(answer), utc_now())
        renewed.verify_directly_issued_by(issuing)
    with opened(tmp_path / "ca") as ca:
        assert (ca.root, ca.chain) == (root, (issuing,))


def test_certificate_of_an_earlier_folder_is_revoked_in_the_list_of_its_root(
    tmp_path: Path,
) -> None:
    root, credential = earlier_folder(tmp_path / "ca")
    with opened(tmp_path / "ca") as ca:
        answer = ask(ca, rr(credential.certificate, 1), header(), credential)
        assert answer.body.type is BodyType.RP
        assert len(current_crl(ca)) == 0  # the issuing CA's
        crl = crl_of(ca, root.subject)
        assert [each.serial_number for each in crl] == [credential.certificate.serial_number]
        assert crl.is_signature_valid(root.public_key())  # pyright: ignore[reportArgumentType]
        number = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        assert number > 41  # which was given before


def crl_of(ca: SandboxCA, issuer: x509.Name) -> x509.CertificateRevocationList:
    from csc.runtime.cmp import general

    content = ask(ca, genm(general.crls(issuer))).body.content
    (crl,) = general.read_crls(content.infos) or ()
    return crl


def test_earlier_folder_that_was_left_in_the_middle(tmp_path: Path) -> None:
    """Killed before the copies were written: root.pem still has the key, and is replaced."""
    root, _ = earlier_folder(tmp_path / "ca")
    before = (tmp_path / "ca" / "root.pem").read_bytes()
    with opened(tmp_path / "ca") as ca:
        chain = ca.chain
    (tmp_path / "ca" / "root.pem").write_bytes(before)
    with opened(tmp_path / "ca") as ca:
        assert (ca.root, ca.chain) == (root, chain)
    assert b"PRIVATE" not in (tmp_path / "ca" / "root.pem").read_bytes()


# -- what issue() takes -------------------------------------------------------------------------------


def test_certificate_ends_with_its_issuer(tmp_path: Path) -> None:
    """A path is valid as long as all of it is (RFC 5280 6.1)."""

    class Late:
        def __call__(self) -> datetime:
            return utc_now() + timedelta(days=3640)

    with opened(tmp_path):
        pass
    with SandboxCA.open(tmp_path, Late()) as ca:
        ca.add_secret(SECRET.reference, SECRET.secret)
        certificate = issued(ask(ca, ir(), header(message_time=Late()())))
        assert certificate.not_valid_after_utc == ca.chain[0].not_valid_after_utc


def test_common_names_have_room() -> None:
    """RFC 5280 A.1, with the longest label."""
    from csc.runtime.sandbox.authority.making import new_authority

    authority = new_authority(AuthoritySettings("ec:p256", "a" * 48), utc_now())
    names = authority.issuing.name.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert len(str(names[0].value)) <= 64

"""`csc export`: openssl reads what it writes, only its owner may, nothing is shown or overwritten."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import mldsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificates
from csc.compiler.address import ROOT
from csc.compiler.configuration import FileValue, empty_device
from csc.compiler.device import CertificateRecord
from csc.runtime.certificates import dump_certificate, dump_key, key_id
from csc.runtime.recovery.phases import Phase
from csc.runtime.recovery.resume import End
from csc.runtime.state.audit import verify
from csc.runtime.state.audit_chain import entries
from csc.runtime.state.errors import StateError
from csc.runtime.state.location import Location, in_file
from csc.runtime.state.opening import open_store
from csc.runtime.state.vault.opening import open_vault
from csc.runtime.uploads import content_id
from peers.certificates import make_intermediate, make_root, name, new_key
from support.inside import run
from support.recovery import SETUP, bring_into, scene
from support.vaults import Keyrings

PASSWORD = "correct-horse-battery-staple"
STORE = ROOT.child("CertificateStore", "cmp")
OPENSSL = shutil.which("openssl")
needs_openssl = pytest.mark.skipif(OPENSSL is None, reason="there is no openssl here")

Csc = Callable[..., int]


def fill(location: Location, key: PrivateKeyTypes) -> bytes:
    """A device with `cmp/new` of CMP, and `cmp/old` and both CAs uploaded; the root."""
    root = make_root()
    between = make_intermediate(root, "Between")
    other_key = new_key()
    new = between.issue(name("new"), key.public_key())  # type: ignore[arg-type]
    old = between.issue(name("old"), other_key.public_key())
    store = open_store(location)
    try:
        store.ensure_device("default")
        vault = open_vault(store, location)
        contents = {}
        for what, certificate in (("ca", root.certificate), ("between", between.certificate)):
            contents[what] = dump_certificate(certificate)
        contents |= {"new": dump_certificate(new), "old": dump_certificate(old)}
        for data in contents.values():
            store.put_content(content_id(data), data)
        for secret in (key, other_key):
            identity = key_id(secret.public_key())
            store.put_secret(identity, vault.encrypt(identity, dump_key(secret)))
        files = {what: FileValue(what, content_id(data)) for what, data in contents.items()}
        old_key = FileValue("old.pem", key_id(other_key.public_key()), is_secret=True)
        store.activate(
            "default",
            {
                **empty_device(),
                STORE: {},
                STORE.child("Certificate", "new"): {"Type": "CMPv2"},
                STORE.child("Certificate", "ca"): {"CertificateData": files["ca"]},
                STORE.child("Certificate", "between"): {"CertificateData": files["between"]},
                STORE.child("Certificate", "old"): {
                    "CertificateData": files["old"],
                    "PrivateKey": old_key,
                },
                STORE.child("Certificate", "mixed"): {
                    "CertificateData": files["new"],
                    "PrivateKey": old_key,
                },
            },
        )
        store.commit("default", "", datetime.now(UTC))
        store.add_certificate(
            "default",
            STORE.child("Certificate", "new"),
            CertificateRecord(
                certificate=files["new"].content,
                key=key_id(key.public_key()),
                request="",
                subject="CN=new",
                script="",
                operations=1,
                not_before=new.not_valid_before_utc,
                not_after=new.not_valid_after_utc,
                issuer="CN=Between",
                serial_number=f"{new.serial_number:x}",
            ),
        )
    finally:
        store.close()
    return contents["ca"]


@pytest.fixture
def location(tmp_path: Path) -> Location:
    return in_file(tmp_path / "state.db")


@pytest.fixture
def csc(
    location: Location, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keyrings: Keyrings
) -> Csc:
    fill(location, new_key())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PW", PASSWORD)
    return lambda *arguments: run("--state", location.url, "export", *arguments)


def openssl(*arguments: object, data: bytes | None = None) -> bytes:
    done = subprocess.run(
        ["openssl", *map(str, arguments)], capture_output=True, input=data, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def mode(path: str) -> int:
    return Path(path).stat().st_mode & 0o777


@needs_openssl
@pytest.mark.parametrize("what", ["cmp/new", "cmp/old"])
def test_openssl_reads_every_format(csc: Csc, what: str) -> None:
    """Of a certificate of CMP, and of an uploaded one: it belongs to the key, and the chain is whole."""
    assert csc(what, "--out", "a.pem") == 0
    public = openssl("x509", "-in", "a.pem", "-noout", "-pubkey")
    assert openssl("pkey", "-in", "a.pem", "-pubout") == public
    blocks = Path("a.pem").read_text()
    assert blocks.count("BEGIN CERTIFICATE") == 3
    Path("root.pem").write_text(blocks[blocks.rindex("-----BEGIN CERTIFICATE") :])
    verify = ("verify", "-no_check_time", "-CAfile", "root.pem", "-untrusted", "a.pem", "a.pem")
    assert b"OK" in openssl(*verify)

    assert csc(what, "--format", "der", "--out", "a.der") == 0
    assert openssl("x509", "-in", "a.der", "-inform", "DER", "-noout", "-pubkey") == public
    assert openssl("pkey", "-in", "a.der.key", "-inform", "DER", "-pubout") == public

    assert csc(what, "--format", "pkcs12", "--password", "${env:PW}", "--out", "a.p12") == 0
    opened = openssl("pkcs12", "-in", "a.p12", "-passin", "env:PW", "-noenc")
    assert openssl("pkey", "-pubout", data=opened) == public
    assert opened.count(b"BEGIN CERTIFICATE") == 3

    protected = ("--password", "${env:PW}", "--out", "b.pem")
    assert csc(what, *protected) == 0
    assert "BEGIN ENCRYPTED PRIVATE KEY" in Path("b.pem").read_text()
    assert openssl("pkey", "-in", "b.pem", "-passin", "env:PW", "-pubout") == public
    for path in ("a.pem", "a.der.key", "a.p12", "b.pem"):
        assert mode(path) == 0o600


def test_the_certificate_only(csc: Csc, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """Needs no master key, and is no secret."""
    for path in Path().rglob("vault.key"):
        path.unlink()
    for form in ("pem", "der"):
        out = f"ca.{form}"
        assert csc("cmp/new", "--certificate-only", "--format", form, "--out", out) == 0
        assert mode(out) == 0o644
        assert not Path(f"{out}.key").exists()
        capsysbinary.readouterr()
        assert csc("cmp/new", "--certificate-only", "--format", form, "--out", "-") == 0
        assert capsysbinary.readouterr().out == Path(out).read_bytes()
    assert b"PRIVATE" not in Path("ca.pem").read_bytes()
    assert csc("cmp/new", "--out", "key.pem") == 1
    assert b"vault.key is missing" in capsysbinary.readouterr().err
    assert not Path("key.pem").exists()


def test_nothing_is_overwritten(csc: Csc, capsys: pytest.CaptureFixture[str]) -> None:
    Path("a").write_text("mine")
    Path("b.key").write_text("mine")
    for form, out in (("pem", "a"), ("der", "b")):
        assert csc("cmp/new", "--format", form, "--out", out) == 1
        assert "--force replaces it" in capsys.readouterr().err
    assert Path("a").read_text() == Path("b.key").read_text() == "mine"
    assert not Path("b").exists()
    assert csc("cmp/new", "--force", "--out", "a") == 0
    assert mode("a") == 0o600
    assert csc("cmp/new", "--out", "no/such/folder") == 1
    assert "cannot be written" in capsys.readouterr().err


def test_no_key_goes_to_a_screen(
    csc: Csc, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    for options in ((), ("--format", "pkcs12"), ("--format", "der", "--certificate-only")):
        assert csc("cmp/new", *options, "--out", "-") == 64
        printed = capsys.readouterr()
        assert "standard output is a terminal" in printed.err
        assert printed.out == ""
    assert csc("cmp/new", "--certificate-only", "--out", "-") == 0
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False, raising=False)
    capsys.readouterr()
    assert csc("cmp/new", "--out", "-") == 0
    printed = capsys.readouterr()
    assert "BEGIN PRIVATE KEY" in printed.out
    assert "PRIVATE" not in printed.err
    assert "Wrote certificate" in printed.err
    assert csc("cmp/new", "--format", "der", "--out", "-") == 64


def test_the_audit_log_tells(
    csc: Csc,
    location: Location,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Of each key that is given out, before it is; where the state cannot be written, a warning says so."""
    assert csc("cmp/new", "--certificate-only", "--out", "none") == 0
    assert csc("cmp/new", "--out", "a") == 0
    assert csc("cmp/old", "--password", "${env:PW}", "--out", "-") == 0
    with closing(open_store(location)) as store:
        assert verify(store) == []
        clear, closed = (e.told for e in entries(store, "default") if e.what == "key-exported")
    assert (clear["certificate"], clear["is_encrypted"], clear["out"]) == ("cmp/new", False, "a")
    assert (closed["certificate"], closed["is_encrypted"], closed["out"]) == ("cmp/old", True, "-")
    capsys.readouterr()

    def refuse(path: Path) -> None:
        raise StateError(f"{path} is read-only", "")

    monkeypatch.setattr("csc.runtime.state.sqlite.open_to_write", refuse)
    assert csc("cmp/new", "--out", "b") == 0
    assert "warning: the audit log does not tell of this export: " in capsys.readouterr().err
    assert Path("b").exists()


def test_passwords_are_named_not_given(csc: Csc, capsys: pytest.CaptureFixture[str]) -> None:
    """What stands on a command line can be seen; PKCS#12 is never without a password."""
    assert csc("cmp/new", "--format", "pkcs12", "--password", PASSWORD, "--out", "a") == 64
    assert csc("cmp/new", "--format", "pkcs12", "--out", "a") == 64
    assert csc("cmp/new", "--password", "${env:NONE}", "--out", "a") == 1
    printed = capsys.readouterr()
    assert PASSWORD not in printed.out + printed.err
    assert "${env:NAME}" in printed.err
    assert not Path("a").exists()


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("cmp/nwe", "did you mean cmp/new?"),
        ("x", "`csc status` and `csc show`"),
        ("cmp/ca", "no private key of cmp/ca"),
        ("cmp/mixed", "another certificate's"),
    ],
)
def test_what_is_not_there(
    csc: Csc, capsys: pytest.CaptureFixture[str], what: str, said: str
) -> None:
    assert csc(what, "--out", "a") == 1
    assert said in capsys.readouterr().err
    assert not Path("a").exists()


def test_a_kind_of_key_that_pkcs12_lacks(
    location: Location,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PW", PASSWORD)
    fill(location, mldsa.MLDSA44PrivateKey.generate())
    export = ("--state", location.url, "export", "cmp/new", "--out", tmp_path / "a")
    monkeypatch.chdir(tmp_path)
    assert run(*export, "--format", "pkcs12", "--password", "${env:PW}") == 1
    assert "choose `--format pem`" in capsys.readouterr().err
    assert run(*export) == 0
    assert (tmp_path / "a").exists()


@needs_openssl
@pytest.mark.parametrize("cut_off", [None, Phase.REQUESTED, Phase.RECEIVED])
def test_the_chain_that_the_ca_sent(
    cut_off: Phase | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keyrings: Keyrings
) -> None:
    """The configuration has the root alone; also of an operation that was taken up later."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PSK", "psk")
    with scene(tmp_path) as at:
        if cut_off is not None:
            bring_into(at, cut_off)
            (resumed,) = at.resume()
            assert resumed.end is End.DONE
        at.device.apply(SETUP)
        root = at.device.ca.root.public_bytes(Encoding.PEM)
        assert run("--state", at.device.location.url, "export", "cmp/gw", "--out", "a.pem") == 0
    Path("root.pem").write_bytes(root)
    leaf, issuing, *_ = load_pem_x509_certificates(Path("a.pem").read_bytes())
    assert leaf.issuer == issuing.subject != issuing.issuer
    verify = ("verify", "-no_check_time", "-CAfile", "root.pem", "-untrusted", "a.pem", "a.pem")
    assert b"OK" in openssl(*verify)

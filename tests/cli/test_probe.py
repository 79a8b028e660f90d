"""`csc plan --probe`: CAs are asked before anything is requested, and nothing is changed by it.

The sandbox, a CA on BouncyCastle and a port where nobody listens.
"""

import json
import shutil
import socket
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from csc.cli.findings import FORMATS
from jsonschema import Draft202012Validator
from peers.bouncycastle import bouncycastle_server, ledger, needs_bouncycastle
from peers.certificates import make_root
from peers.openssl import mock_server, needs_openssl
from support.command import REPOSITORY, SAMPLES, Csc

from .test_schemas import DIAGNOSTICS, PLAN, check, validator

PROBE: Draft202012Validator = validator("probe")
SECRET = "open sesame"
ROOT = REPOSITORY / "tests" / "cmp" / "data" / "bouncycastle" / "root.der"
HEAD = """\
add CertificateStore cmp
cc CertificateStore cmp
add Certificate cacert Type=Remote CertificateData=file://{root}.pem
cc
add CMPServer ca CACert=cmp/cacert FQDN=127.0.0.1 Port={port}
cc CertificateStore cmp
add Certificate gw Type=CMPv2 CMPServer=ca
cc
activate
"""
BIND = """\
cc CertificateStore cmp
set Certificate gw CertificateData=file://cl_newcert.der PrivateKey=file://cl_newkey.pem
cc
activate
commit
"""
INITIATE = (
    "certmgr -initiate -clientcert=cmp/gw -username=3078 -password=${{env:CMP_SECRET}} {more}\n"
)


class Site:
    """A CA that listens on `port`, with its files in `folder`, and a device that knows it."""

    def __init__(self, csc: Csc, folder: Path, port: int) -> None:
        self.csc, self.folder, self.port = csc, folder, port
        csc.environment["CMP_SECRET"] = SECRET
        for pem in folder.glob("*.pem"):
            shutil.copy(pem, csc.folder)

    def write(
        self, more: str = '-subject="CN=fw1,O=BouncyCastle peer"', root: str = "root"
    ) -> None:
        """site.cfg, which enrols with `more` options."""
        head = HEAD.format(root=root, port=self.port)
        self.csc.write("site.cfg", head + INITIATE.format(more=more) + BIND)

    def probe(self, script: str = "site.cfg") -> tuple[int, dict, str]:
        """Exit code, findings by code, and the line of who was asked."""
        result = self.csc("plan", "--probe", script)
        document = json.loads(self.csc("plan", "--probe", "--json", script).stdout)
        is_plan = document["schema"] == "csc/plan/1"
        assert is_plan == (result.returncode == 0), result.stderr
        if is_plan:
            check(PLAN, document)
            document = document["probe"]
        check(PROBE, document)
        check(
            DIAGNOSTICS,
            {"schema": "csc/diagnostics/1", "diagnostics": document["diagnostics"]},
        )
        found = {d["code"]: d for d in document["diagnostics"]}
        for code in found:
            assert f"[{code} " in result.stderr
        for text in (result.stdout, result.stderr, json.dumps(document)):
            assert SECRET not in text
        return result.returncode, found, result.stdout.partition("\n")[0]

    def column_of(self, text: str) -> int:
        """Where `text` begins in its line of site.cfg."""
        lines = (self.csc.folder / "site.cfg").read_text().splitlines()
        return next(line for line in lines if text in line).index(text) + 1


@contextmanager
def site(csc: Csc, *options: str) -> Generator[Site]:
    folder = csc.folder / "peer"
    folder.mkdir()
    with bouncycastle_server(folder, "--secret", f"3078:{SECRET}", *options) as port:
        yield Site(csc, folder, port)


def nobody_there(csc: Csc) -> Site:
    """A site whose CA does not run."""
    folder = csc.folder / "peer"
    folder.mkdir()
    shutil.copy(ROOT, folder / "root.pem")
    nobody = Site(csc, folder, 1)
    nobody.write()
    return nobody


def files(folder: Path) -> dict[str, bytes]:
    """What is in a folder; not what SQLite keeps for its readers, whose list is of no bytes."""
    found = {str(p): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    return {name: data for name, data in found.items() if not name.endswith(("-shm", "-wal"))}


# -- the sandbox -----------------------------------------------------------------------------------------


def test_the_sandbox_is_asked_and_nothing_is_made(csc: Csc) -> None:
    printed = csc.ok("plan", "--probe", "--sandbox", SAMPLES / "gateway.cfg")
    first, _, rest = printed.partition("\n\n")
    assert first.startswith("asked my_cmp_server for cmp/clcert: takes RSA 2048-8192, P-256, ")
    assert "with none revoked; root valid until " in first
    assert rest == csc.ok("plan", "--sandbox", SAMPLES / "gateway.cfg")
    assert not list(csc.folder.iterdir())


def test_without_the_option_nobody_is_asked(csc: Csc) -> None:
    csc.write("gateway.cfg", (SAMPLES / "gateway.cfg").read_text())
    shutil.copy(ROOT, csc.folder / "ca_root.der")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        route = ("--connect-to", f"::127.0.0.1:{server.getsockname()[1]}")
        csc.ok(*route, "plan", "gateway.cfg")
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_probe_leaves_the_state_as_it_is(csc: Csc) -> None:
    csc.ok("apply", "--yes", "--sandbox", SAMPLES / "gateway.cfg")
    before = files(csc.folder)
    csc.ok("plan", "--probe", "--sandbox", SAMPLES / "update.cfg")
    csc.ok("plan", "--probe", "--sandbox", SAMPLES / "revoke.cfg")
    csc.ok("plan", "--probe", "--sandbox", "--replace", "cmp/clcert", SAMPLES / "gateway.cfg")
    assert files(csc.folder) == before


def test_what_the_sandbox_has_revoked(csc: Csc) -> None:
    """By another device that shares the key: an update is an error, a revocation has nothing to do."""
    csc.ok("apply", "--yes", "--sandbox", SAMPLES / "gateway.cfg")
    state = csc.folder / ".csc" / "state.db"
    shutil.copy(state, csc.folder / "before.db")
    csc.ok("apply", "--yes", "--sandbox", SAMPLES / "revoke.cfg")
    shutil.copy(csc.folder / "before.db", state)
    result = csc("plan", "--probe", "--sandbox", SAMPLES / "update.cfg")
    assert result.returncode == 1
    assert "error[CSC520 revoked-at-ca]" in result.stderr
    assert "\n   s1 " not in result.stdout
    noted = csc("plan", "--probe", "--sandbox", SAMPLES / "revoke.cfg")
    assert noted.returncode == 0
    assert "note[CSC521 revoked-already]" in noted.stderr


def test_other_outputs_stay_what_they_are(csc: Csc) -> None:
    """Markdown and the undo script are alone on stdout; a saved plan can be applied."""
    for options in (("--format", "markdown"), ("--undo",)):
        plain = csc.ok("plan", "--sandbox", *options, SAMPLES / "gateway.cfg")
        probed = csc("plan", "--probe", "--sandbox", *options, SAMPLES / "gateway.cfg")
        assert probed.stdout == plain
        assert "asked my_cmp_server" in probed.stderr
    csc.ok("plan", "--probe", "--sandbox", "--out", "plan.json", SAMPLES / "gateway.cfg")
    csc.ok("apply", "--yes", "plan.json")


# -- nobody there ----------------------------------------------------------------------------------------


def test_nobody_listens(csc: Csc) -> None:
    nobody = nobody_there(csc)
    code, found, asked = nobody.probe()
    assert code == 1
    assert found.keys() == {"CSC511"}
    assert found["CSC511"]["primary"]["line"] == 10
    assert "check FQDN and Port" in found["CSC511"]["help"]
    assert asked == "asked ca for cmp/gw: no answers"
    # An error that leaves the plan can be silenced, as the script's author likes.
    script = (csc.folder / "site.cfg").read_text()
    silence = "# csc: ignore[ca-unreachable] it is built next week\ncertmgr"
    csc.write("site.cfg", script.replace("certmgr", silence))
    assert csc("plan", "--probe", "site.cfg").returncode == 0
    assert "no findings" in csc.ok("validate", "site.cfg")


def test_a_secret_that_is_not_at_hand_is_a_note(csc: Csc) -> None:
    nobody = nobody_there(csc)
    del csc.environment["CMP_SECRET"]
    code, found, _ = nobody.probe()
    assert code == 0
    assert found.keys() == {"CSC524"}
    assert found["CSC524"]["primary"]["column"] == nobody.column_of("-password")
    assert "CMP_SECRET is not set" in found["CSC524"]["primary"]["text"]


# -- BouncyCastle ----------------------------------------------------------------------------------------


@needs_bouncycastle
def test_template_of_a_ca(csc: Csc) -> None:
    """It takes P-256 and RSA 2048, fixes O, and wants CN."""
    with site(csc) as ca:
        ca.write()
        code, found, asked = ca.probe()
        assert (code, found) == (0, {})
        assert asked.startswith("asked ca for cmp/gw: takes RSA 2048 and P-256; CRL of ")
        ca.write('-subject="CN=fw1,O=BouncyCastle peer" -keytype=ec:p256')
        assert ca.probe()[:2] == (0, {})
        ca.write('-subject="OU=fw1,O=Example" -keytype=rsa:3072')
        code, found, _ = ca.probe()
        assert code == 1
        assert found.keys() == {"CSC514", "CSC516", "CSC517"}
        assert found["CSC514"]["primary"]["column"] == ca.column_of("rsa:3072")
        assert found["CSC514"]["help"] == "`-keytype=rsa:2048` fits"
        assert found["CSC514"]["notes"] == ["its template takes RSA 2048 and P-256"]
        assert "O=BouncyCastle peer" in found["CSC516"]["message"]
        assert found["CSC516"]["primary"]["column"] == ca.column_of('"OU=')
        assert found["CSC517"]["message"] == "ca wants CN in the subject"
        assert ledger(ca.folder) == []


@needs_bouncycastle
@pytest.mark.parametrize("wrong", ["secret", "reference"])
def test_wrong_secret(csc: Csc, wrong: str) -> None:
    with site(csc) as ca:
        ca.write()
        if wrong == "secret":
            csc.environment["CMP_SECRET"] = "open barley"
        else:
            script = (csc.folder / "site.cfg").read_text()
            csc.write("site.cfg", script.replace("=3078", "=3079"))
        code, found, _ = ca.probe()
        assert code == 1
        assert found.keys() == {"CSC512"}
        assert found["CSC512"]["primary"]["column"] == ca.column_of("-password")
        assert found["CSC512"]["secondary"][0]["column"] == ca.column_of("-username")
        assert "badMessageCheck" in found["CSC512"]["notes"][0]


@needs_bouncycastle
def test_the_cacert_of_another_ca(csc: Csc) -> None:
    """With a MAC its certificates give it away; a signed answer is not believed at all."""
    other = csc.folder / "other"
    other.mkdir()
    with bouncycastle_server(other):
        pass
    (other / "root.pem").rename(other / "wrong.pem")
    with site(csc, "--intermediate") as ca:
        shutil.copy(other / "wrong.pem", csc.folder)
        ca.write(root="wrong")
        code, found, _ = ca.probe()
        assert code == 0
        assert found.keys() == {"CSC519", "CSC523"}
        assert any("CRL cannot be relied on" in note for note in found["CSC523"]["notes"])
        csc.environment["CMP_SECRET"] = "another"  # refused with a signature
        code, found, _ = ca.probe()
        assert code == 1
        assert found.keys() == {"CSC513"}
        assert "check that the CACert" in found["CSC513"]["help"]


@needs_bouncycastle
def test_a_certificate_that_the_ca_has_revoked(csc: Csc) -> None:
    """The refusal says it of an update alone, the list where somebody else may ask, too."""
    with site(csc) as ca:
        ca.write()
        csc.ok("apply", "--yes", "site.cfg")
        csc.write("update.cfg", "certmgr -update -clientcert=cmp/gw\n" + BIND)
        code, found, asked = ca.probe("update.cfg")
        assert (code, found) == (0, {})
        assert "with none revoked" in asked
        shutil.copytree(csc.folder / ".csc", csc.folder / "kept")
        csc.write("revoke.cfg", "certmgr -revoke -clientcert=cmp/gw -reason=keyCompromise\n")
        csc.ok("apply", "--yes", "revoke.cfg")
        shutil.rmtree(csc.folder / ".csc")
        (csc.folder / "kept").rename(csc.folder / ".csc")
        before = ledger(ca.folder)
        code, found, _ = ca.probe("update.cfg")
        assert code == 1
        assert found.keys() == {"CSC520"}
        assert "certRevoked" in found["CSC520"]["notes"][0]
        csc.write(
            "both.cfg",
            "cc CertificateStore cmp\nadd Certificate gw2 Type=CMPv2 CMPServer=ca\ncc\nactivate\n"
            + INITIATE.format(more='-subject="CN=fw2,O=BouncyCastle peer"').replace("/gw", "/gw2")
            + BIND.replace(" gw ", " gw2 ")
            + "certmgr -update -clientcert=cmp/gw\n"
            + BIND,
        )
        code, found, asked = ca.probe("both.cfg")
        assert code == 1
        assert found.keys() == {"CSC520"}
        assert found["CSC520"]["notes"][0].startswith("its list names it since 20")
        assert "(keyCompromise)" in found["CSC520"]["notes"][0]
        assert "with 1 revoked" in asked
        code, found, _ = ca.probe("revoke.cfg")
        assert code == 0
        assert found.keys() == {"CSC521"}
        assert ledger(ca.folder) == before


@needs_bouncycastle
def test_a_new_root(csc: Csc) -> None:
    with site(csc, "--root-update") as ca:
        ca.write()
        code, found, _ = ca.probe()
        assert code == 0
        assert found.keys() == {"CSC522"}
        assert "distribute the new root" in found["CSC522"]["help"]


@needs_bouncycastle
def test_a_ca_that_has_not_decided_is_not_waited_for(csc: Csc) -> None:
    with site(csc, "--poll-error", "1") as ca:
        ca.write()
        code, found, asked = ca.probe()
        assert code == 0
        assert found.keys() == {"CSC523"}
        assert asked.endswith("no answers")


@needs_bouncycastle
def test_no_output_holds_the_secret(csc: Csc) -> None:
    """Whatever the form, with the right secret and a wrong one; nor what a bad plan prints."""
    with site(csc) as ca:
        ca.write('-subject="CN=fw1,O=Example"')
        script = (csc.folder / "site.cfg").read_text()
        printed: list[str] = []
        for secret in (SECRET, "s3cret-of-nobody"):
            csc.environment["CMP_SECRET"] = secret
            csc.write("clear.cfg", script.replace("${env:CMP_SECRET}", f'"{secret}"'))
            for name in ("site.cfg", "clear.cfg"):
                for options in ((), ("--json",), ("--format", "markdown"), ("--undo",)):
                    result = csc("-v", "plan", "--probe", *options, name)
                    printed += (result.stdout, result.stderr)
                for form in FORMATS:
                    result = csc("validate", "--format", form, name)
                    printed += (result.stdout, result.stderr)
        text = "".join(printed)
        assert "credential-refused" in text
        for secret in (SECRET, "s3cret-of-nobody"):
            assert secret not in text
            assert secret.encode().hex() not in text
        assert not (csc.folder / ".csc").exists()


# -- OpenSSL ---------------------------------------------------------------------------------------------


@needs_openssl
def test_a_server_that_answers_nothing_of_use(csc: Csc) -> None:
    """OpenSSL's mock server gives general messages back as they came."""
    folder = csc.folder / "peer"
    folder.mkdir()
    root = make_root()
    pem = root.certificate.public_bytes(Encoding.PEM)
    (folder / "root.pem").write_bytes(pem)
    options = ("-srv_ref", "3078", "-srv_secret", f"pass:{SECRET}", "-rsp_cert", "root.pem")
    with mock_server(folder, *options) as port:
        peer = Site(csc, folder, port)
        peer.write()
        code, found, _ = peer.probe()  # its MAC is made with SHA-1
        assert code == 1
        assert found.keys() == {"CSC513"}
        assert "MAC=PBM-SHA1" in found["CSC513"]["help"]
        script = (csc.folder / "site.cfg").read_text()
        csc.write("site.cfg", script.replace("FQDN=", "MAC=PBM-SHA1 FQDN="))
        code, found, asked = peer.probe()
        assert code == 0
        assert found.keys() == {"CSC523"}
        assert "rootCaKeyUpdate" in found["CSC523"]["notes"][0]
        assert asked.startswith("asked ca for cmp/gw: root valid until ")
        csc.environment["CMP_SECRET"] = "another"
        code, found, _ = peer.probe()
        assert code == 1
        assert found.keys() == {"CSC512"}

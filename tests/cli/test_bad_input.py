"""Bad input: a clear message, a way out, the right exit code, the state unchanged, no traceback."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.http.server import serve
from peers.openssl import free_port
from support.command import SAMPLES, Csc, database

GATEWAY = (SAMPLES / "gateway.cfg").read_text()
UPDATE = (SAMPLES / "update.cfg").read_text()


def state(csc: Csc) -> dict[str, list[tuple]]:
    """Everything in the state that a plan depends on."""
    path = csc.folder / ".csc" / "state.db"
    if not path.exists():
        return {}
    tables = ("device", "version", "device_file", "certificate")
    with database(path) as connection:
        return {t: connection.execute(f"SELECT * FROM {t}").fetchall() for t in tables}


def refused(result: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """The run ended with `code`, said all `words` on stderr, and showed a way out."""
    assert result.returncode == code, result.stdout + result.stderr
    for word in words:
        assert word in result.stderr
    assert "Traceback" not in result.stdout + result.stderr
    assert "help:" in result.stderr


SCRIPT_MISTAKES = {
    "unknown command": ("frobnicate\n", "CSC103"),
    "misspelt type": ("add CertificatStore x\n", "CSC214"),
    "misspelt property": ("add CertificateStore x Coments=blue\n", "CSC215"),
    "dangling reference": (
        GATEWAY.replace("CACert=cmp/cacert", "CACert=cmp/cacrt"),
        "did you mean `cmp/cacert`",
    ),
    "missing -subject": (GATEWAY.replace('    -subject="CN=seg.example.com"\n', ""), "-subject"),
    "nothing to update": (
        GATEWAY.partition("# Reference number")[0] + UPDATE,
        "CSC305",
    ),
    "file that is not there": (
        "cc CertificateStore ipsec\nset Certificate x CertificateData=file://cl_newcert.der\n"
        "add Certificate y Type=Local CertificateData=file://a.der PrivateKey=file://a.key\n",
        "`a.key` is not there",
    ),
    "subject that is no name": (GATEWAY.replace("CN=seg", "CN=a,=seg"), "-subject"),
}


@pytest.mark.parametrize("mistake", SCRIPT_MISTAKES)
def test_mistake_in_a_script(csc: Csc, mistake: str) -> None:
    text, words = SCRIPT_MISTAKES[mistake]
    csc.ok("apply", "--sandbox", "--yes", csc.write("before.cfg", "add CertificateStore kept\n"))
    before = state(csc)
    csc.write("bad.cfg", text)
    refused(csc("apply", "--sandbox", "--yes", "bad.cfg"), 1, words, "bad.cfg:")
    assert state(csc) == before
    refused(csc("plan", "--sandbox", "bad.cfg"), 1, words)


def test_script_that_is_not_there(csc: Csc) -> None:
    refused(csc("apply", "nowhere.cfg"), 1, "nowhere.cfg", "No such file")


def test_script_that_is_a_folder(csc: Csc) -> None:
    refused(csc("validate", "."), 1, "cannot be read")


def test_script_that_is_not_text(csc: Csc) -> None:
    (csc.folder / "latin.cfg").write_bytes("add CertificateStore a\n# caf\xe9\n".encode("latin-1"))
    refused(csc("validate", "latin.cfg"), 1, "CSC112", "latin.cfg:2:6", "0xe9")


def test_script_without_end(csc: Csc) -> None:
    with (csc.folder / "endless.cfg").open("wb") as file:
        file.truncate(64 * 2**20 + 1)
    refused(csc("validate", "endless.cfg"), 1, "CSC116", "more than 64 MiB")


def test_upload_that_is_a_folder(csc: Csc) -> None:
    (csc.folder / "ca_root.der").mkdir()
    csc.write("gateway.cfg", GATEWAY)
    refused(csc("apply", "--yes", "gateway.cfg"), 1, "CSC213", "ca_root.der")


def test_garbage_instead_of_a_certificate(csc: Csc) -> None:
    (csc.folder / "ca_root.der").write_bytes(b"\x30\x03garbage")
    csc.write("gateway.cfg", GATEWAY)
    refused(csc("apply", "--yes", "gateway.cfg"), 1, "CSC213", "does not hold a certificate")
    assert state(csc) == {}


@pytest.fixture
def real_ca(csc: Csc, tmp_path_factory: pytest.TempPathFactory):
    """A CA of its own on loopback, and the script beside its root, as against any CA."""
    with SandboxCA.open(tmp_path_factory.mktemp("ca")) as ca, serve(ca) as server:
        ca.add_secret(b"my_reference", b"my_secret")
        (csc.folder / "ca_root.der").write_bytes(ca.root.public_bytes(Encoding.DER))
        csc.write("gateway.cfg", GATEWAY)
        yield ca, server


def connect_to(port: int) -> tuple[str, str]:
    return ("--connect-to", f"ca.example.com:3076:127.0.0.1:{port}")


def test_a_real_ca(csc: Csc, real_ca) -> None:
    """What the failures below differ from: with nothing wrong, it works."""
    ca, server = real_ca
    csc.ok(*connect_to(server.port), "apply", "--yes", "gateway.cfg")
    assert [entry.status for entry in ca.ledger()] == ["confirmed"]


def test_wrong_secret(csc: Csc, real_ca) -> None:
    ca, server = real_ca
    csc.write("gateway.cfg", GATEWAY.replace("my_secret", "wrong_secret"))
    before = state(csc)
    result = csc(*connect_to(server.port), "apply", "--yes", "gateway.cfg")
    refused(result, 1, "badMessageCheck", "-username and -password", "gateway.cfg:")
    assert "wrong_secret" not in result.stdout + result.stderr
    assert ca.ledger() == ()
    # The device is as new; only that it is known has changed.
    assert {**state(csc), "device": []} == {**before, "device": [], "version": [],
                                            "device_file": [], "certificate": []}  # fmt: skip
    # The right secret then works: nothing of the failed attempt is in the way.
    csc.write("gateway.cfg", GATEWAY)
    csc.ok(*connect_to(server.port), "apply", "--yes", "gateway.cfg")


def test_server_down(csc: Csc, real_ca) -> None:
    _, server = real_ca
    csc.write("before.cfg", "add CertificateStore kept\nactivate\ncommit\n")
    csc.ok("apply", "--yes", "before.cfg")
    before = state(csc)
    result = csc(*connect_to(free_port()), "apply", "--yes", "gateway.cfg")
    refused(result, 1, "no connection to", "check FQDN and Port")
    assert state(csc) == before
    csc.ok(*connect_to(server.port), "apply", "--yes", "gateway.cfg")


def _foreign_root() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name.from_rfc4514_string("CN=another CA")
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def test_server_of_another_ca(csc: Csc, real_ca) -> None:
    """CACert is another CA's root: what this server issues is refused, and rejected at the CA."""
    ca, server = real_ca
    (csc.folder / "ca_root.der").write_bytes(_foreign_root())
    result = csc(*connect_to(server.port), "apply", "--yes", "gateway.cfg")
    refused(result, 1, "CN=another CA")
    assert state(csc).get("certificate") == []
    assert all(entry.status != "confirmed" for entry in ca.ledger())


def test_sandbox_where_another_ca_is_trusted(csc: Csc) -> None:
    (csc.folder / "ca_root.der").write_bytes(_foreign_root())
    csc.write("gateway.cfg", GATEWAY)
    csc.ok("plan", "--sandbox", csc.write("warm-up.cfg", "add CertificateStore a\n"))
    result = csc("apply", "--sandbox", "--yes", "gateway.cfg")
    refused(result, 1, "CSC403", "CMPServer my_cmp_server")
    assert state(csc) == {}


def test_not_a_cmp_server(csc: Csc, tmp_path: Path, real_ca) -> None:
    """A web server that is no CMP server."""
    import http.server
    import threading

    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), http.server.BaseHTTPRequestHandler
    ) as web:
        thread = threading.Thread(target=web.serve_forever, args=(0.02,))
        thread.start()
        try:
            result = csc(*connect_to(web.server_address[1]), "apply", "--yes", "gateway.cfg")
        finally:
            web.shutdown()
            thread.join()
    refused(result, 1, "HTTP status 501", "is this a CMP server?")


def test_missing_environment_variable(csc: Csc) -> None:
    csc.write("gateway.cfg", GATEWAY.replace("=my_secret", "=${env:NO_SUCH_VARIABLE}"))
    refused(csc("apply", "--sandbox", "--yes", "gateway.cfg"), 1, "NO_SUCH_VARIABLE is not set")


def test_damaged_state(csc: Csc) -> None:
    (csc.folder / ".csc").mkdir()
    (csc.folder / ".csc" / "state.db").write_bytes(b"this is no database" * 100)
    csc.write("a.cfg", "add CertificateStore a\n")
    for command in (("plan",), ("apply", "--yes"), ("validate",)):
        refused(csc(*command, "a.cfg"), 1, "state.db", "cannot be used")
    refused(csc("show"), 1, "state.db", "cannot be used")


def test_state_of_another_format(csc: Csc) -> None:
    csc.write("a.cfg", "add CertificateStore a\n")
    csc.ok("apply", "--yes", "a.cfg")
    with database(csc.folder / ".csc" / "state.db") as opened:
        opened.execute("UPDATE format SET version = 99")
    refused(csc("apply", "--yes", "a.cfg"), 1, "format 99")


def test_read_only_folder_of_state(csc: Csc) -> None:
    csc.write("a.cfg", "add CertificateStore a\n")
    (csc.folder / "file").touch()
    refused(csc("--state", "sqlite:///file/state.db", "apply", "--yes", "a.cfg"), 1, "file")


def test_show_without_a_state(csc: Csc) -> None:
    refused(csc("show"), 1, "there is no state yet")
    assert not (csc.folder / ".csc").exists()


def test_template_that_does_not_work(csc: Csc) -> None:
    csc.ok("apply", "--yes", csc.write("a.cfg", "add CertificateStore a\n"))
    csc.write("bad.jinja", "{{ nothing.like.this }}")
    refused(csc("show", "--template", "bad.jinja"), 1, "bad.jinja")
    csc.write("evil.jinja", "{{ ''.__class__.__mro__ }}")
    refused(csc("show", "--template", "evil.jinja"), 1, "evil.jinja")


def test_validate_reads_the_files_that_the_script_names(csc: Csc) -> None:
    """A file that is no certificate is found before anything is applied."""
    csc.write("bad.cfg", "add CertificateStore cmp\ncc CertificateStore cmp\n"
              "add Certificate cacert Type=Remote CertificateData=file://ca.pem\n"
              "cc\nactivate\ncommit\n")  # fmt: skip
    csc.write("ca.pem", "nothing of the kind")
    result = csc("validate", "bad.cfg")
    refused(result, 1, "CSC213 unreadable-file", "`ca.pem` does not hold a certificate")


def test_validate_knows_the_root_of_the_sandbox(csc: Csc) -> None:
    """Applied with --sandbox, a script is checked with --sandbox as what it is: done."""
    csc.write("gateway.cfg", GATEWAY)
    csc.ok("apply", "--sandbox", "--yes", "gateway.cfg")
    result = csc("validate", "--sandbox", "gateway.cfg")
    assert "object-exists" not in result.stderr

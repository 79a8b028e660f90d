"""The main job, end to end: scripts applied against the sandbox CA over HTTP."""

import json

import pytest
from cryptography import x509
from csc.runtime.sandbox.authority.settings import AuthoritySettings
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.state.location import in_file
from csc.runtime.state.opening import open_to_read
from support.command import SAMPLES, SEEDS, Csc, database

PREREQUISITES = """\
add CertificateStore cmp
cc CertificateStore cmp
add Certificate cacert Type=Remote CertificateData=file://ca_root.der
cc
"""
REVOKE = "certmgr -revoke -clientcert=cmp/clcert\n"


def ledger(csc: Csc) -> list[tuple[str, str]]:
    """Serial number and status of all that the sandbox CA issued, oldest first."""
    with database(csc.folder / ".csc" / "sandbox" / "ledger.db") as opened:
        query = "SELECT serial_number, status FROM certificate ORDER BY issued_at, rowid"
        return opened.execute(query).fetchall()


def messages(csc: Csc) -> int:
    """How many requests the sandbox CA has answered."""
    with database(csc.folder / ".csc" / "sandbox" / "ledger.db") as opened:
        return opened.execute("SELECT count(*) FROM answer").fetchone()[0]


def shown(csc: Csc) -> dict:
    return json.loads(csc.ok("show", "--json"))


def test_samples(csc: Csc) -> None:
    """The samples run one after the other, and the snapshot holds the certificate that the CA issued."""
    csc.ok("apply", "--sandbox", "--yes", SAMPLES / "gateway.cfg")
    ((first, status),) = ledger(csc)
    assert status == "confirmed"
    certificate = shown(csc)["certificates"]["/CertificateStore/cmp/Certificate/clcert"]
    assert certificate["serial_number"] == first
    assert certificate["subject"] == "CN=seg.example.com"

    csc.ok("apply", "--sandbox", "--yes", SAMPLES / "update.cfg")
    second = ledger(csc)[1][0]
    assert ledger(csc) == [(first, "confirmed"), (second, "confirmed")]
    certificate = shown(csc)["certificates"]["/CertificateStore/cmp/Certificate/clcert"]
    assert certificate["serial_number"] == second

    csc.ok("apply", "--sandbox", "--yes", SAMPLES / "revoke.cfg")
    assert ledger(csc) == [(first, "confirmed"), (second, "revoked")]
    assert "(revoked)" in csc.ok("show")


def test_applying_twice_does_nothing(csc: Csc) -> None:
    """The second plan of the same script is empty, and no CMP message is sent."""
    csc.ok("apply", "--sandbox", "--yes", SAMPLES / "gateway.cfg")
    before, sent = csc.ok("show"), messages(csc)
    plan = json.loads(csc.ok("plan", "--sandbox", "--json", SAMPLES / "gateway.cfg"))
    assert plan["steps"] == []
    output = csc.ok("apply", "--sandbox", "--yes", SAMPLES / "gateway.cfg")
    assert "Nothing to do" in output
    assert (csc.ok("show"), messages(csc)) == (before, sent)


def test_vendor_examples_run_verbatim(csc: Csc) -> None:
    """16.3 to 16.6 and a revocation, one after the other, do what the manual promises of each."""
    csc.write("prerequisites.cfg", PREREQUISITES)
    csc.write("revoke.cfg", REVOKE)
    csc.ok("apply", "--sandbox", "--yes", "prerequisites.cfg")

    # 16.3 and 16.4 edit: nothing survives a restart yet.
    for example in ("16.3-define-cmp-server.cfg", "16.4-add-client-certificate.cfg"):
        result = csc("apply", "--sandbox", "--yes", SEEDS / example)
        assert result.returncode == 0, result.stderr
        assert "uncommitted-changes" in result.stderr
        assert "add" not in csc.ok("show")

    # 16.5: enrolled, bound, committed.
    csc.ok("apply", "--sandbox", "--yes", SEEDS / "16.5-initiate.cfg")
    snapshot = csc.ok("show")
    server = "add CMPServer my_cmp_server CACert=cmp/cacert FQDN=ca.example.com Port=3076 Path=cmp/"
    assert server in snapshot
    assert "add Certificate clcert Type=CMPv2 CMPServer=my_cmp_server CertificateData=" in snapshot
    assert "# cmp/clcert: CN=seg.example.com\n" in snapshot
    ((first, status),) = ledger(csc)
    assert status == "confirmed"
    assert first in snapshot

    # 16.6: a new certificate with a new key, the same subject.
    key = _key_of_committed(csc)
    csc.ok("apply", "--sandbox", "--yes", SEEDS / "16.6-update.cfg")
    snapshot = csc.ok("show")
    second = ledger(csc)[1][0]
    assert second in snapshot
    assert first not in snapshot
    assert _key_of_committed(csc) != key

    # 16.7, which the manual has in words only.
    csc.ok("apply", "--sandbox", "--yes", "revoke.cfg")
    assert [status for _, status in ledger(csc)] == ["confirmed", "revoked"]
    assert "# cmp/clcert: CN=seg.example.com (revoked)\n" in csc.ok("show")
    again = csc.ok("apply", "--sandbox", "--yes", "revoke.cfg")
    assert "revoked already" in again


def _key_of_committed(csc: Csc) -> str:
    objects = {o["path"]: o["properties"] for o in shown(csc)["configuration"]}
    return objects["/CertificateStore/cmp/Certificate/clcert"]["PrivateKey"]["content"]


def test_update_meets_the_ca_that_issued(csc: Csc) -> None:
    """The CA persists beside the state: a certificate of one run is updated and trusted in the next."""
    csc.ok("apply", "--sandbox", "--yes", SAMPLES / "gateway.cfg")
    root = (csc.folder / ".csc" / "sandbox" / "root.pem").read_bytes()
    csc.ok("apply", "--sandbox", "--yes", SAMPLES / "update.cfg")
    assert (csc.folder / ".csc" / "sandbox" / "root.pem").read_bytes() == root


def test_sandbox_that_is_there_before_the_state(csc: Csc) -> None:
    """A first run that died after it had made the CA is in nobody's way."""
    with SandboxCA.open(csc.folder / ".csc" / "sandbox"):
        pass
    csc.ok("apply", "--sandbox", "--yes", SAMPLES / "gateway.cfg")
    assert [status for _, status in ledger(csc)] == ["confirmed"]


def test_snapshot_is_a_script(csc: Csc) -> None:
    """What `show` prints compiles to what is committed: applied to the same device it changes nothing."""
    csc.ok("apply", "--sandbox", "--yes", SAMPLES / "gateway.cfg")
    csc.write("snapshot.cfg", csc.ok("show"))
    assert json.loads(csc.ok("plan", "--json", "snapshot.cfg"))["steps"] == []


def test_certificate_belongs_to_its_key(csc: Csc) -> None:
    """The certificate in the state leads to the CA's root."""
    csc.ok("apply", "--sandbox", "--yes", SAMPLES / "gateway.cfg")
    store = open_to_read(in_file(csc.folder / ".csc" / "state.db"))
    assert store is not None
    record = next(iter(store.load("default").certificates.values()))
    certificate = x509.load_der_x509_certificate(store.content(record.certificate) or b"")
    store.close()
    folder = csc.folder / ".csc" / "sandbox"
    root, issuing = (
        x509.load_pem_x509_certificate((folder / name).read_bytes())
        for name in ("root.pem", "chain.pem")
    )
    certificate.verify_directly_issued_by(issuing)
    issuing.verify_directly_issued_by(root)


def test_devices_are_apart(csc: Csc) -> None:
    """What is applied to one device is not on another."""
    csc.ok("--device", "north", "apply", "--sandbox", "--yes", SAMPLES / "gateway.cfg")
    assert "clcert" in csc.ok("--device", "north", "show")
    assert "clcert" not in csc.ok("--device", "south", "show")


def test_earlier_versions_stay(csc: Csc) -> None:
    """Every committed version can be shown."""
    csc.ok("apply", "--sandbox", "--yes", SAMPLES / "gateway.cfg")
    first = csc.ok("show")
    csc.ok("apply", "--sandbox", "--yes", SAMPLES / "update.cfg")
    assert csc.ok("show", "--version", 1) == first
    assert csc.ok("show", "--version", 2) == csc.ok("show")
    assert csc("show", "--version", 3).returncode == 1


@pytest.mark.parametrize("kind", ["rsa:2048", "ec:p521", "ed25519", "ed448", "mldsa65"])
def test_sandbox_with_other_keys(csc: Csc, kind: str) -> None:
    """What lies in the folder is the CA that answers, whatever it signs with; also after a roll-over."""
    csc.folder.joinpath(".csc").mkdir(mode=0o700)
    folder = csc.folder / ".csc" / "sandbox"
    with SandboxCA.open(folder, settings=AuthoritySettings(kind)) as ca:
        chain = ca.chain
    csc.ok("apply", "--sandbox", "--yes", SAMPLES / "gateway.cfg")
    with SandboxCA.open(folder) as ca:
        assert ca.chain == chain
        ca.roll_over()
    csc.ok("apply", "--sandbox", "--yes", SAMPLES / "update.cfg")
    csc.ok("apply", "--sandbox", "--yes", SAMPLES / "revoke.cfg")
    assert [status for _, status in ledger(csc)] == ["confirmed", "revoked"]

"""What the CA has in our names and we do not have: told, adopted, revoked; and the other way round."""

import json
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from csc.cli.main import cli
from csc.runtime.certificates import key_id, pem_of
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.ledger.reading import read_ledger
from csc.runtime.state.audit import verify
from csc.runtime.state.audit_chain import entries
from csc.runtime.state.opening import open_store
from support.command import database
from support.damaged import fill
from support.device import FINISH, PREREQUISITES, Device, bind, certificate, initiate, utc_now
from support.schemas import check, validator

DOCTOR = validator("doctor")


@dataclass
class Site:
    """A state with its sandbox, and the command on it."""

    device: Device

    def run(self, *arguments: object) -> tuple[int, str]:
        """Exit code; what it printed, or what was wrong and the way out."""
        words = ["--state", self.device.location.url, "doctor", "--against-ca"]
        result = CliRunner().invoke(cli, [*words, *map(str, arguments)], standalone_mode=False)
        if result.exception is None:
            return result.return_value, result.output
        error = result.exception
        return error.code, f"{error.message} {error.way_out}"

    def lose_record(self, path: str) -> str:
        """Take an object's newest certificate out of the state, as an older backup would; its serial."""
        assert self.device.location.database is not None
        with database(self.device.location.database) as opened:
            ((number, serial),) = opened.execute(
                "SELECT id, serial_number FROM certificate WHERE path LIKE ? ORDER BY id DESC LIMIT 1",
                (f"%/{path}",),
            )
            opened.execute("DELETE FROM certificate WHERE id = ?", (number,))
        return serial

    def lose_key(self, serial: str) -> None:
        certificate = next(e for e in self.ledger() if e.serial_number == serial).certificate
        with database(self.device.location.database) as opened:
            opened.execute("DELETE FROM secret WHERE id = ?", (key_id(certificate.public_key()),))

    def ledger(self):
        return read_ledger(self.device.location.sandbox).certificates

    def status(self, serial: str) -> str:
        return next(e.status for e in self.ledger() if e.serial_number == serial)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    with SandboxCA.open(tmp_path / "sandbox") as ca:
        ca.add_secret(b"ref", b"psk")
        device = Device(tmp_path, ca)
        fill(device)
    return Site(device)


def test_nothing_to_say(site: Site) -> None:
    code, text = site.run()
    assert (code, text.splitlines()[-1]) == (0, "2 checks: all is well.")
    assert site.run("--adopt", "abc")[0] == 1


def test_adopt(site: Site) -> None:
    """A record that is lost comes back, with its key, and waits to be bound."""
    serial = site.lose_record("c")
    code, text = site.run()
    assert code == 1
    assert f"--adopt {serial}" in text
    assert site.device.location.database is not None
    before = site.device.location.database.read_bytes()
    code, text = site.run("--json")
    check(DOCTOR, json.loads(text))
    assert site.device.location.database.read_bytes() == before
    code, text = site.run("--adopt", serial.upper())
    assert (code, "newest certificate of cmp/c" in text) == (0, True)
    assert site.run()[0] == 0
    site.device.apply(bind("c") + FINISH)
    (record,) = [r for a, r in site.device.state().certificates.items() if a.name == "c"]
    assert record.serial_number == serial
    assert CliRunner().invoke(cli, ["--state", site.device.location.url, "doctor"]).exit_code == 0


def test_revoke(site: Site) -> None:
    """Signed with its own key, by way of the journal, at the sandbox that the state belongs to."""
    serial = site.lose_record("c")
    code, text = site.run("--revoke", serial)
    assert (code, f"{serial} is revoked" in text) == (0, True), text
    assert site.status(serial) == "revoked"
    assert site.run()[0] == 0
    with database(site.device.folder / "state.db") as opened:
        last = opened.execute("SELECT operation, phase FROM journal ORDER BY id DESC").fetchone()
    assert last == ("revoke", "done")
    with closing(open_store(site.device.location)) as store:
        (told,) = (e.told for e in entries(store, "default") if e.what == "revoked")
        assert (told["serial_number"], bool(told["transaction"])) == (serial, True)
        digest = told["sha256"]
        *_, end = entries(store, "default")
        assert (end.what, end.told["outcome"], bool(end.run)) == ("run-ended", "done", True)
        assert verify(store) != []  # the record that is lost, and nothing else
        assert {digest in str(fault) for fault in verify(store)} == {True}


def test_key_that_is_not_here(site: Site) -> None:
    """What only the CA's operator can end is said with all that the operator needs."""
    serial = site.lose_record("c")
    site.lose_key(serial)
    code, text = site.run()
    assert code == 1
    assert f"revoke serial number {serial}, issued by " in text
    code, text = site.run("--revoke", serial)
    assert (code, "is not here" in text, serial in text) == (1, True, True)
    assert site.run("--adopt", serial)[0] == 1
    assert site.status(serial) == "confirmed"


def test_what_another_client_asked_for_in_our_name(site: Site, tmp_path: Path) -> None:
    """And in a name that is not ours, which is none of our business."""
    for name, code in (("c", 1), ("stranger", 0)):
        other = tmp_path / f"other-{name}"
        other.mkdir()
        with SandboxCA.open(tmp_path / "sandbox") as ca:
            ca.add_secret(b"ref", b"psk")
            device = Device(other, ca)
            device.apply(PREREQUISITES + certificate(name) + initiate(name) + bind(name) + FINISH)
        (serial,) = [r.serial_number for r in device.state().certificates.values()]
        got, text = site.run()
        assert (serial in text) == (name == "c")
        if code:
            assert got == 1


def test_the_other_way_round(site: Site, tmp_path: Path) -> None:
    """Revoked there and not here, unconfirmed there, not known there, revoked here and not there."""
    document = json.loads(CliRunner().invoke(cli, _ledger(site)).output)
    a_old, _, a_new, c = document["certificates"]
    a_new["status"], c["status"] = "revoked", "issued"
    document["certificates"].remove(a_old)
    listed = tmp_path / "list.json"
    listed.write_text(json.dumps(document))
    code, text = site.run("--ca-list", listed)
    assert code == 0
    for words in ("is not known to the CA", "is revoked at the CA", "is not confirmed at the CA"):
        assert text.count(words) == 1
    with database(site.device.folder / "state.db") as opened:
        opened.execute("UPDATE certificate SET is_revoked = 1 WHERE id = 2")
    assert "revoked here, and valid at the CA" in site.run("--ca-list", listed)[1]


def crl_of(revoked: x509.Certificate) -> bytes:
    """A CRL in its issuer's name."""
    entry = x509.RevokedCertificateBuilder(revoked.serial_number, utc_now()).build()
    builder = x509.CertificateRevocationListBuilder(
        revoked.issuer, utc_now(), utc_now() + timedelta(days=1), [], [entry]
    )
    key = ec.generate_private_key(ec.SECP256R1())
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def _ledger(site: Site) -> list[str]:
    return ["--state", site.device.location.url, "sandbox", "ledger", "--json"]


def test_lists(site: Site, tmp_path: Path) -> None:
    """A bundle of certificates with a CRL; files that are neither."""
    serial = site.lose_record("c")
    bundle = tmp_path / "issued.pem"
    bundle.write_text("".join(pem_of(entry.data) for entry in site.ledger()))
    code, text = site.run("--ca-list", bundle)
    assert (code, serial in text) == (1, True)
    crl = tmp_path / "ca.crl"
    crl.write_bytes(crl_of(next(e for e in site.ledger() if e.serial_number == serial).certificate))
    code, text = site.run("--ca-list", bundle, "--crl", crl)
    assert (code, serial in text) == (0, False)
    for name, data in (("x.pem", b"nothing"), ("x.json", b"{}"), ("y.json", b"{")):
        (tmp_path / name).write_bytes(data)
        assert site.run("--ca-list", tmp_path / name)[0] == 1
        assert site.run("--crl", tmp_path / name)[0] == 1


def test_usage(site: Site) -> None:
    url = site.device.location.url
    for words in (["--adopt", "1"], ["--against-ca", "--adopt", "1", "--revoke", "1"]):
        result = CliRunner().invoke(cli, ["--state", url, "doctor", *words], standalone_mode=False)
        assert result.exception is not None

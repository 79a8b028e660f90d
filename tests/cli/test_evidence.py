"""`csc apply --record` and `csc replay`: what was said is kept, and what was changed later is found."""

import base64
import fcntl
import json
import shutil
import signal
import subprocess
from typing import Any

import pytest
from csc.runtime.certificates import dump_certificate, load_certificate, load_key
from csc.runtime.evidence.record import read_record
from csc.runtime.evidence.replay import Line, replay
from csc.runtime.state.location import in_file
from csc.runtime.state.opening import open_to_read
from csc.runtime.state.vault.opening import read_vault
from support.command import SAMPLES, Csc, database
from support.evidence import (
    body_types,
    complaints,
    lines,
    needs_tshark,
    protected_size,
    tshark,
    write,
)

PASSWORD = "correct-horse-battery-staple"
SECRET = ("--secret", "${env:PW}")
MESSAGES = 10  # of an initiate, an update and a revocation
MANY = [f"c{number}" for number in range(6)]


def data_of(line: dict[str, Any]) -> bytes:
    return base64.b64decode(line["der"])


def run_all(csc: Csc, record: str) -> None:
    script = (SAMPLES / "gateway.cfg").read_text().replace("my_secret", PASSWORD)
    csc.write("gateway.cfg", script)
    for name in ("gateway.cfg", SAMPLES / "update.cfg", SAMPLES / "revoke.cfg"):
        csc.ok("apply", "--sandbox", "--yes", "--record", record, name)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Csc:
    """A device with a life behind it, recorded in `run.jsonl`."""
    csc = Csc(tmp_path_factory.mktemp("done"))
    run_all(csc, "run.jsonl")
    return csc


@pytest.fixture
def recorded(done: Csc, csc: Csc) -> Csc:
    """A copy of that record, to be changed."""
    shutil.copy(done.folder / "run.jsonl", csc.folder)
    csc.environment["PW"] = PASSWORD
    return csc


def test_the_record_holds_what_was_said(done: Csc) -> None:
    """Each answer is, byte for byte, what the CA gave; the file is for its owner alone."""
    record = done.folder / "run.jsonl"
    assert record.stat().st_mode & 0o777 == 0o600
    documents = lines(record)
    assert [d["type"] for d in documents].count("run") == 3
    messages = [d for d in documents if d["type"] == "message"]
    assert len(messages) == MESSAGES
    with database(done.folder / ".csc" / "sandbox" / "ledger.db") as ledger:
        answers = {row[0] for row in ledger.execute("SELECT response FROM answer")}
    assert {data_of(d) for d in messages if d["direction"] == "received"} == answers
    assert {d["url"] for d in messages} == {"http://ca.example.com:3076/cmp/"}
    assert {d["peer"]["host"] for d in messages} == {"127.0.0.1"}


def test_everything_is_verified_with_the_secret(recorded: Csc) -> None:
    shown = recorded.ok("replay", "run.jsonl", *SECRET)
    assert "messages: 10 verified, 0 not checked, 0 not verified" in shown
    for body in ("ir", "ip", "certConf", "pkiconf", "kur", "kup", "rr", "rp"):
        assert f" {body} (" in shown


def test_macs_are_not_checked_without_it(recorded: Csc) -> None:
    shown = recorded.ok("replay", "run.jsonl")
    assert shown.count("MAC not checked: no secret") == 4
    assert "messages: 6 verified, 4 not checked, 0 not verified" in shown


def test_secrets_come_from_where_scripts_have_them(recorded: Csc) -> None:
    """A wrong one is found out; one of several is enough; one on the command line is refused unseen."""
    recorded.environment["WRONG"] = "wrong"
    result = recorded("replay", "run.jsonl", "--secret", "${env:WRONG}")
    assert result.returncode == 1
    assert result.stdout.count("not made with the shared secret") == 4
    recorded.ok("replay", "run.jsonl", "--secret", "${env:WRONG}", *SECRET)
    result = recorded("replay", "run.jsonl", "--secret", PASSWORD)
    assert result.returncode == 64
    assert "${keyring:" in result.stderr
    assert PASSWORD not in result.stderr
    result = recorded("replay", "run.jsonl", "--secret", "${env:NOT_SET}")
    assert result.returncode == 1
    assert "NOT_SET is not set" in result.stderr


def test_hexadecimal_secret(csc: Csc) -> None:
    csc.environment["PW"] = "00ff17"
    script = (SAMPLES / "gateway.cfg").read_text().replace("=my_secret", "=${env:PW}")
    csc.write("hex.cfg", script.replace("-username=my_reference", "-username=3078 -hex"))
    csc.ok("apply", "--sandbox", "--yes", "--record", "run.jsonl", "hex.cfg")
    assert "4 verified, 0 not checked" in csc.ok("replay", "run.jsonl", *SECRET)


def test_another_ca_does_not_do(recorded: Csc, done: Csc) -> None:
    """`--ca` is trusted in place of what the record brings along."""
    root = done.folder / ".csc" / "sandbox" / "root.pem"
    recorded.ok("replay", "run.jsonl", "--ca", root, *SECRET)
    other = Csc(recorded.folder / "other")
    other.folder.mkdir()
    other.ok("apply", "--sandbox", "--yes", SAMPLES / "gateway.cfg")
    result = recorded("replay", "run.jsonl", "--ca", "other/.csc/sandbox/root.pem", *SECRET)
    assert result.returncode == 1
    assert "does not lead to CN=csc sandbox root CA" in result.stdout
    result = recorded("replay", "run.jsonl", "--ca", "run.jsonl")
    assert (result.returncode, "is no certificate" in result.stderr) == (1, True)


@pytest.mark.parametrize("number", range(MESSAGES))
def test_a_changed_bit_is_found(recorded: Csc, number: int) -> None:
    """In whichever message, and wherever in what MAC or signature speak for."""
    record = recorded.folder / "run.jsonl"
    documents = lines(record)
    changed = [d for d in documents if d["type"] == "message"][number]
    data = data_of(changed)
    size = protected_size(data)
    for place in range(number, size * 8, size * 8 // 12):
        flipped = bytearray(data)
        flipped[place // 8] ^= 1 << place % 8
        changed["der"] = base64.b64encode(flipped).decode()
        write(record, documents)
        told = replay(read_record(record), [PASSWORD.encode()])
        assert not told.is_right, place
        shown = [line for t in told.transactions for line in t.lines if isinstance(line, Line)]
        assert [line.result for line in shown].count("not verified") >= 1


def test_what_is_wrong_is_said(recorded: Csc) -> None:
    record = recorded.folder / "run.jsonl"
    documents = lines(record)
    messages = [d for d in documents if d["type"] == "message"]
    # The answer of another transaction in place of the right one, and a signature that is none.
    messages[1]["der"], messages[1]["transaction"] = messages[5]["der"], messages[5]["transaction"]
    data = bytearray(data_of(messages[8]))
    data[protected_size(bytes(data)) - 1] ^= 1
    messages[8]["der"] = base64.b64encode(data).decode()
    write(record, documents)
    result = recorded("replay", "run.jsonl", *SECRET)
    assert result.returncode == 1
    for words in ("not verified: transactionID: expected", "not verified: nonces: recipNonce",
                  "certificate: it is for another key", "protection: the signature is wrong"):  # fmt: skip
        assert words in result.stdout


def test_lines_that_are_missing_or_spoilt(recorded: Csc) -> None:
    """A line taken out leaves an answer without request or a break in the nonces; a spoilt one is named."""
    record = recorded.folder / "run.jsonl"
    kept = record.read_bytes().splitlines(keepends=True)
    record.write_bytes(b"".join((*kept[:3], *kept[4:])))  # without the ip
    result = recorded("replay", "run.jsonl", *SECRET)
    assert result.returncode == 1
    assert "recipNonce: expected none" in result.stdout
    record.write_bytes(b"".join((*kept[:4], kept[4][:-40] + b"\n", *kept[5:])))
    result = recorded("replay", "run.jsonl", *SECRET)
    assert result.returncode == 1
    assert "line 5 of the record" in result.stdout


def test_a_line_that_was_cut_off(recorded: Csc) -> None:
    """A run that is killed may leave half a line: it is told, and nothing is wrong; the next run goes on."""
    record = recorded.folder / "run.jsonl"
    whole = record.read_bytes()
    start = whole.rindex(b"\n", 0, -1) + 1
    for end in range(start + 1, len(whole) - 1, 97):
        record.write_bytes(whole[:end])
        shown = recorded.ok("replay", "run.jsonl", *SECRET)
        assert "was cut off in line 16" in shown
        assert "messages: 9 verified" in shown
    result = recorded(
        "apply", "--sandbox", "--yes", "--record", "run.jsonl", SAMPLES / "gateway.cfg"
    )
    assert result.returncode == 0, result.stderr
    recorded.environment["MINE"] = "my_secret"
    shown = recorded.ok("replay", "run.jsonl", *SECRET, "--secret", "${env:MINE}")
    assert "was cut off in line 16" in shown
    assert "messages: 13 verified" in shown


@pytest.mark.parametrize("moment", ["sending ir", "received certificate", "confirmed by the CA"])
def test_a_killed_run_leaves_a_record(csc: Csc, moment: str) -> None:
    """What it said until then can be read; the run that takes it up is added, and belongs to it."""
    csc.environment["PW"] = "my_secret"
    apply = ("apply", "--sandbox", "--yes", "--record", "run.jsonl", SAMPLES / "gateway.cfg")
    with subprocess.Popen(
        csc.command(*apply),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=csc.folder,
        env=csc.variables(),
    ) as process:
        assert process.stderr is not None
        assert any(moment in line for line in process.stderr)
        process.send_signal(signal.SIGKILL)
    csc.ok("replay", "run.jsonl", *SECRET)
    csc.ok(*apply)
    document = json.loads(csc.ok("replay", "run.jsonl", *SECRET, "--json"))
    assert document["is_right"]
    assert len(document["runs"]) == 2
    bodies = [e["message"]["body"] for e in document["transactions"][0]["events"]]
    assert {"ir", "ip", "certConf", "pkiconf"} <= set(bodies)


def many_certificates() -> str:
    """A script that enrols several certificates at once, each with a secret of its own."""
    start = (SAMPLES / "gateway.cfg").read_text().split("cc CertificateStore cmp\n# No cert")[0]
    parts = (
        f"cc CertificateStore cmp\nadd Certificate {name} Type=CMPv2 CMPServer=my_cmp_server\ncc\n"
        f"certmgr -clientcert=cmp/{name} -initiate -username={name} -password={PASSWORD}-{name}"
        f' -subject="CN={name}.example.com"\n'
        f"cc CertificateStore cmp\nset Certificate {name} CertificateData=file://cl_newcert.der"
        " PrivateKey=file://cl_newkey.pem\ncc\n"
        for name in MANY
    )
    return "".join((start, *parts, "activate\ncommit\n"))


def test_operations_that_run_at_once(csc: Csc) -> None:
    csc.write("many.cfg", many_certificates())
    csc.ok("apply", "--sandbox", "--yes", "--parallel", 6, "--record", "run.jsonl", "many.cfg")
    secrets = []
    for name in MANY:
        csc.environment[name] = f"{PASSWORD}-{name}"
        secrets += ["--secret", f"${{env:{name}}}"]
    document = json.loads(csc.ok("replay", "run.jsonl", "--json", *secrets))
    assert document["messages"] == {"verified": 24, "not_checked": 0, "not_verified": 0}
    assert len(document["transactions"]) == len(MANY)
    for transaction in document["transactions"]:
        assert [e["event"] for e in transaction["events"]] == ["sent", "received"] * 2


@needs_tshark
def test_wireshark_reads_operations_that_run_at_once(csc: Csc) -> None:
    csc.write("many.cfg", many_certificates())
    csc.ok("apply", "--sandbox", "--yes", "--parallel", 6, "--record", "run.jsonl", "many.cfg")
    csc.ok("replay", "run.jsonl", "--pcapng", "out.pcapng")
    assert not complaints(csc.folder / "out.pcapng")
    shown = tshark(csc.folder / "out.pcapng", "-Y", "cmp", "-T", "fields", "-e", "cmp.body")
    assert sorted(shown) == sorted(["0", "1", "24", "19"] * len(MANY))


@needs_tshark
def test_wireshark_reads_the_messages(recorded: Csc) -> None:
    """Every body by its type, requests and answers as HTTP, and nothing that its experts warn of."""
    recorded.ok("replay", "run.jsonl", "--pcapng", "out.pcapng")
    capture = recorded.folder / "out.pcapng"
    assert capture.stat().st_mode & 0o777 == 0o600
    assert not complaints(capture)
    fields = ("-T", "fields", "-e", "cmp.body", "-e", "media.type", "-e", "http.request.uri")
    shown = [line.split("\t") for line in tshark(capture, "-Y", "cmp && http", *fields)]
    assert [line[0] for line in shown] == body_types(lines(recorded.folder / "run.jsonl"), data_of)
    assert [line[2] for line in shown] == ["/cmp/", ""] * (MESSAGES // 2)


def test_a_ca_that_is_not_there(csc: Csc, done: Csc) -> None:
    """That no answer came is in the record; it is nothing wrong with it."""
    root = load_certificate((done.folder / ".csc" / "sandbox" / "root.pem").read_bytes())
    (csc.folder / "ca_root.der").write_bytes(dump_certificate(root))
    apply = ("--connect-to", "::127.0.0.1:1", "apply", "--yes", "--record", "run.jsonl")
    csc.write("gateway.cfg", (SAMPLES / "gateway.cfg").read_text())
    assert csc(*apply, "gateway.cfg").returncode == 1
    csc.environment["PW"] = "my_secret"
    shown = csc.ok("replay", "run.jsonl", *SECRET, "--pcapng", "out.pcapng")
    assert (
        "no answer: ConnectFailed: no connection to http://ca.example.com:3076/cmp/ at 127.0.0.1:1"
        in shown
    )
    assert "1 verified" in shown
    certificates = [d for d in lines(csc.folder / "run.jsonl") if d["type"] == "certificate"]
    assert len(certificates) == 1
    if shutil.which("tshark"):
        assert "[SYN]" in tshark(csc.folder / "out.pcapng")[0]


def apply_into(csc: Csc, record: object) -> subprocess.CompletedProcess[str]:
    return csc("apply", "--sandbox", "--yes", "--record", record, SAMPLES / "gateway.cfg")


def test_other_files_are_left_alone(csc: Csc) -> None:
    (csc.folder / "notes").write_bytes(b"do not lose this")
    (csc.folder / "newer").write_bytes(b'{"type": "run", "schema": "csc/evidence/2"}\n')
    for name in ("notes", "newer"):
        before = (csc.folder / name).read_bytes()
        result = apply_into(csc, name)
        assert result.returncode == 1
        assert f"{name} is there already and is no record of csc" in result.stderr
        assert "help: give the name of a new file" in result.stderr
        assert (csc.folder / name).read_bytes() == before
        result = csc("replay", name)
        assert (result.returncode, "does not begin as a record" in result.stderr) == (1, True)
    assert apply_into(csc, ".").returncode == 64
    assert "cannot be written: No such file" in apply_into(csc, "no/folder").stderr
    assert "is not a file" in apply_into(csc, "/dev/null").stderr
    assert "cannot be read: No such file" in csc("replay", "nothing").stderr
    ledger = csc.folder / ".csc" / "sandbox" / "ledger.db"
    assert not ledger.exists()  # nothing was sent


def test_one_run_writes_at_a_time(recorded: Csc) -> None:
    with (recorded.folder / "run.jsonl").open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        result = apply_into(recorded, "run.jsonl")
    assert result.returncode == 1
    assert "another run writes to run.jsonl" in result.stderr


def test_an_empty_file_becomes_a_record(csc: Csc) -> None:
    (csc.folder / "run.jsonl").touch(0o644)
    assert apply_into(csc, "run.jsonl").returncode == 0
    assert (csc.folder / "run.jsonl").stat().st_mode & 0o777 == 0o600


def test_the_record_is_not_overwritten(recorded: Csc) -> None:
    before = (recorded.folder / "run.jsonl").read_bytes()
    result = recorded("replay", "run.jsonl", "--pcapng", "./run.jsonl")
    assert (result.returncode, "would overwrite" in result.stderr) == (64, True)
    assert (recorded.folder / "run.jsonl").read_bytes() == before


def test_no_secret_and_no_key_is_in_it(done: Csc, recorded: Csc) -> None:
    """Neither in the record, nor in its messages, nor in anything that is made of it."""
    printed = b""
    for options in ((), ("--json",), ("--pcapng", "out.pcapng")):
        for secret in ((), SECRET):
            result = recorded("-v", "replay", "run.jsonl", *options, *secret)
            printed += (result.stdout + result.stderr).encode()
    record = recorded.folder / "run.jsonl"
    everything = printed + record.read_bytes() + (recorded.folder / "out.pcapng").read_bytes()
    everything += b"".join(data_of(d) for d in lines(record) if "der" in d)
    location = in_file(done.folder / ".csc" / "state.db")
    store = open_to_read(location)
    assert store is not None
    vault = read_vault(store, location)
    marks = [PASSWORD.encode(), PASSWORD.encode().hex().encode(), b"PRIVATE KEY"]
    records = store.load("default").certificates.values()
    for held in records:
        key = load_key(vault.decrypt(held.key, store.secret(held.key) or b""))
        numbers = key.private_numbers()  # pyright: ignore
        marks += [
            number.to_bytes(-(-number.bit_length() // 8)) for number in (numbers.d, numbers.p)
        ]
    store.close()
    assert len(marks) > 3
    for mark in marks:
        assert mark not in everything
        assert base64.b64encode(mark)[:-4] not in everything

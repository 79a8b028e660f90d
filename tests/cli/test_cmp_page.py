"""docs/cmp.md is true: its scripts are valid and run at real peers, its tables and lists are the code's."""

import ast
import importlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import csc.runtime.cmp as package
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from csc.runtime.cmp import checks
from peers.bouncycastle import bouncycastle_server, ledger, needs_bouncycastle
from peers.certificates import ISSUES, SIGNS, Issuer, make_certificate, name, new_key
from peers.openssl import mock_server, needs_openssl
from support.command import REPOSITORY, Csc

PAGE = (REPOSITORY / "docs" / "cmp.md").read_text()
FOLDER = REPOSITORY / "runtime" / "cmp"
SECRETS = {"CMP_REFERENCE": "gw", "CMP_SECRET": "open sesame"}
# A script of the page that goes on from another one.
AFTER = {"ejbca-update.cfg": "ejbca-secret.cfg"}


def section(title: str) -> str:
    found = re.search(rf"^##+ {re.escape(title)}\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def code(kind: str, text: str = PAGE) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def scripts() -> dict[str, str]:
    """The page's scripts by their names; those without one by a number."""
    found = re.finditer(r"([^\n]*)\n\n```cfg\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    named = {}
    for number, match in enumerate(found):
        said = re.search(r"`([\w-]+\.cfg)`:$", match[1])
        named[said[1] if said else f"{number}.cfg"] = match[2]
    return named


SCRIPTS = scripts()


@pytest.fixture(scope="module")
def vendor() -> Issuer:
    key, now = new_key(), datetime.now(UTC).replace(microsecond=0)
    certificate = make_certificate(
        name("Vendor Root"),
        key.public_key(),
        name("Vendor Root"),
        key,
        is_ca=True,
        usages=ISSUES,
        begins=now - timedelta(days=1),
        ends=now + timedelta(days=9),
    )
    return Issuer(certificate, key)


@pytest.fixture
def site(csc: Csc, vendor: Issuer) -> Csc:
    """A folder with the page's scripts and the files that they upload."""
    for file, text in SCRIPTS.items():
        csc.write(file, text)
    root = vendor.certificate
    key = new_key()
    device = vendor.issue(
        name("SN 4711"),
        key.public_key(),
        usages=SIGNS,
        begins=root.not_valid_before_utc,
        ends=root.not_valid_after_utc,
    )
    (csc.folder / "ca.pem").write_bytes(root.public_bytes(Encoding.PEM))
    (csc.folder / "vendor.pem").write_bytes(device.public_bytes(Encoding.PEM))
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (csc.folder / "vendor.key").write_bytes(pem)
    csc.environment.update(SECRETS)
    return csc


@pytest.mark.parametrize("script", SCRIPTS)
def test_script(site: Csc, script: str) -> None:
    site.ok("validate", *filter(None, (AFTER.get(script), script)))


@needs_bouncycastle
@pytest.mark.parametrize(
    ("title", "host"), [("With a secret", "ca"), ("With a vendor's certificate", "ra")]
)
def test_script_at_a_ca(site: Csc, vendor: Issuer, title: str, host: str) -> None:
    """It enrols at a CA that knows the secret, and the vendor's root."""
    folder = site.folder / "peer"
    folder.mkdir()
    root = folder / "vendor.pem"
    root.write_bytes(vendor.certificate.public_bytes(Encoding.PEM))
    options = ("--secret", "gw:open sesame", "--vendor-root", str(root))
    (script,) = code("cfg", section(title))
    with bouncycastle_server(folder, *options) as port:
        shutil.copy(folder / "root.pem", site.folder / "ca.pem")
        site.write("script.cfg", script)
        route = f"{host}.example.com:8080:127.0.0.1:{port}"
        site.ok("--connect-to", route, "apply", "--yes", "script.cfg")
    held = json.loads(site.ok("show", "--json"))["certificates"]
    (certificate,) = (held[path] for path in held if path.endswith("/gw"))
    assert certificate["subject"] == "CN=gw.example.com"
    assert ledger(folder)[-1][:2] == ("confirmed", int(certificate["serial_number"], 16))


def commands(block: str) -> list[list[str]]:
    """The commands of a block of shell, as words."""
    return [shlex.split(line) for line in block.replace("\\\n", "").splitlines()]


@needs_openssl
def test_openssl_session(site: Csc) -> None:
    """The commands of the page, one after the other; ports are free ones of this machine."""
    (site.folder / "ca.pem").unlink()
    site.write("openssl-revoke.cfg", "certmgr -revoke -clientcert=cmp/gw -reason=superseded\n")
    ports: dict[str, str] = {}
    results: list[subprocess.CompletedProcess[str]] = []
    with ExitStack() as stack:
        for block in code("sh", section("OpenSSL's mock server")):
            for command in commands(block):
                match command:
                    case ["export", setting]:
                        variable, _, value = setting.partition("=")
                        site.environment[variable] = value
                    case ["openssl", "cmp", "-port", port, *options]:
                        options = options[: options.index(">")]
                        ports[port] = str(stack.enter_context(mock_server(site.folder, *options)))
                    case ["csc", *arguments]:
                        moved = [
                            re.sub(r"(?<=127\.0\.0\.1:)\d+$", _of(ports), a) for a in arguments
                        ]
                        results.append(site(*moved))
                    case _:
                        subprocess.run(
                            [
                                sys.executable if command[0] == "python3" else command[0],
                                *command[1:],
                            ],
                            cwd=site.folder,
                            check=True,
                            capture_output=True,
                        )
    assert [r.returncode for r in results] == [0, 0, 1], [r.stderr for r in results]
    assert "the CA issued a certificate for another key" in results[-1].stderr
    assert "the CA has taken the rejection" in results[-1].stderr


def _of(ports: dict[str, str]):
    return lambda match: ports[match[0]]


def test_library(tmp_path: Path) -> None:
    """The program of the page prints what stands below it."""
    part = section("As a library")
    (program,), (printed, *_) = code("python", part), code("text", part)
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (result.returncode, result.stdout) == (0, printed), result.stderr


def test_numbers_of_checks() -> None:
    assert checks.__doc__ is not None
    theirs = re.findall(r"^ *(\d+[a-e]?)[.\s]", checks.__doc__, re.MULTILINE)
    ours = re.findall(r"^(\d+)\.|\((8[a-e])\)", section("What is checked"), re.MULTILINE)
    assert ["".join(number) for number in ours] == theirs


def test_limits() -> None:
    """Each row of the table has the value of the constant that it names."""
    rows = re.findall(r"^\|[^|]*\| ([^|]*) \| `([\w.]+)` \|$", PAGE, re.MULTILINE)
    assert len(rows) > 20
    for value, constant in rows:
        module, _, variable = constant.rpartition(".")
        held = getattr(importlib.import_module(f"csc.runtime.cmp.{module}"), variable)
        number = held.total_seconds() if isinstance(held, timedelta) else held
        assert value.split()[0] == f"{number:,}".removesuffix(".0"), constant


def test_errors() -> None:
    """Every error has a row."""
    tree = ast.parse((FOLDER / "errors.py").read_text())
    classes = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", section("Errors"), re.MULTILINE)
    assert {n for row in rows for n in re.findall(r"\w+", row)} == classes - {"CMPError"}


def test_named_tests_are_there() -> None:
    named = set(re.findall(r"`((?:[\w/]+/)?test_\w+\.py)`", PAGE))
    assert named
    for test in named:
        path = Path(test if "/" in test else f"tests/cmp/{test}")
        assert (REPOSITORY / path).exists(), test


def test_every_module_of_the_package_is_described() -> None:
    assert package.__doc__ is not None
    described = re.findall(r"^    (\w+)  ", package.__doc__, re.MULTILINE)
    there = {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}
    there |= {path.name for path in FOLDER.iterdir() if (path / "__init__.py").exists()}
    assert set(described) == there
    public = package.__doc__.partition("Behind them")[0]
    part = section("As a library")
    assert [
        m for m in re.findall(r"^    (\w+)  ", public, re.MULTILINE) if f"`{m}`" not in part
    ] == []

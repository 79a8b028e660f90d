"""docs/sandbox.md is true: its commands work one after the other, and its program is one."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from peers.openssl import free_port, needs_openssl
from support.command import REPOSITORY, Csc

PAGE = (REPOSITORY / "docs" / "sandbox.md").read_text(encoding="utf-8")


def code(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_fixture(tmp_path: Path) -> None:
    """Of the page, in a test that enrols by it."""
    (program,) = code("python")
    (tmp_path / "test_it.py").write_text(
        f"{program}\n\ndef test_it(ca, url):\n"
        "    assert url.startswith('http://127.0.0.1:')\n"
        "    assert ca.ledger() == ()\n"
        "    assert ca.respond(b'hello')\n"
        "    assert ca.root.subject\n"
    )
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )


@needs_openssl
def test_first_certificates(csc: Csc) -> None:
    """The commands of the page, one block after the other; the port is a free one."""
    served, *others = code("sh")
    port = free_port()
    arguments = [*shlex.split(served)[1:], "--port", str(port)]
    process = subprocess.Popen(
        csc.command(*arguments),
        cwd=csc.folder,
        env=csc.variables(),
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            assert f":{port}/" in process.stdout.readline()
            printed = [_run(script.replace(":8080", f":{port}"), csc) for script in others]
        finally:
            process.terminate()
    assert "gw.pem: OK" in printed[0]
    assert "superseded" in printed[1]
    assert process.returncode == 0


def _run(script: str, csc: Csc) -> str:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=csc.folder,
        env={**csc.variables(), "PATH": path, "no_proxy": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout

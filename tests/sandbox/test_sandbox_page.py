"""docs/sandbox.md is true: its commands work one after the other, and its program is one."""

import re
import subprocess
import sys
from pathlib import Path

from support.command import REPOSITORY

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

"""Records for tests: honest ones, and the same with something changed in them."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from csc.runtime.cmp.codec import decode

needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")


def lines(record: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in record.read_text().splitlines()]


def write(record: Path, documents: list[dict[str, Any]]) -> None:
    record.write_text("".join(json.dumps(document) + "\n" for document in documents))


def protected_size(data: bytes) -> int:
    """How many bytes of a message, from its beginning, MAC or signature speak for."""
    message = decode(data)
    assert message.protection is not None
    return data.index(message.protection) + len(message.protection)


def tshark(capture: Path, *arguments: str) -> list[str]:
    """What tshark prints of a file, line by line; names of hosts as the file has them."""
    result = subprocess.run(
        ["tshark", "-r", str(capture), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return result.stdout.splitlines()


STRICT = ("-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE")
# Severities above these are warnings and errors: malformed, retransmitted, out of order, ….
_NOTE = 0x400000


def complaints(capture: Path) -> list[str]:
    """What tshark's experts warn of."""
    return tshark(
        capture, *STRICT, "-Y", f"_ws.expert.severity > {_NOTE} || _ws.malformed || tcp.analysis.flags",
        "-T", "fields", "-e", "frame.number", "-e", "_ws.expert.message",
    )  # fmt: skip


BODY_TYPES = {
    "ir": 0, "ip": 1, "cr": 2, "cp": 3, "kur": 7, "kup": 8, "rr": 11, "rp": 12,
    "pkiconf": 19, "error": 23, "certConf": 24,
}  # fmt: skip


def body_types(
    documents: list[dict[str, Any]], decoded: Callable[[dict[str, Any]], bytes]
) -> list[str]:
    """The tag of each recorded message's body, as tshark prints it."""
    types = [decode(decoded(d)).body.type for d in documents if d["type"] == "message"]
    return [str(BODY_TYPES[str(kind)]) for kind in types]

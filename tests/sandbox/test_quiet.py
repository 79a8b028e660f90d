"""A sandbox that runs says nothing about what its peers send."""

import os
from pathlib import Path

from csc.runtime.cmp.protection import protect
from peers.asker import SECRET, header, ir
from peers.raw_http import exchange, post
from peers.sandbox_process import kill, start


def test_names_that_the_library_warns_of(tmp_path: Path) -> None:
    """The sender has a countryName of six letters; it should have two (X.520)."""
    message = protect(header(), ir(), SECRET, random=os.urandom)
    country = message.replace(b"\x55\x04\x03", b"\x55\x04\x06")
    assert country != message
    with (tmp_path / "stderr").open("wb") as errors:
        sandbox = start(tmp_path / "ca", "--quiet", errors=errors)
    try:
        with exchange(sandbox) as wire:
            wire.send(post("/", country))
            assert wire.answer().status == 200
    finally:
        kill(sandbox)
    assert (tmp_path / "stderr").read_bytes() == b""

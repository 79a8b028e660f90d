"""Fuzzes the socket of a sandbox CA, a process of its own, for as long as one likes.

    .venv/bin/python tests/fuzz/sandbox.py --seconds 1200

Batches of connections are open side by side. They carry CMP messages of every kind, mutated as
`sandbox_mutants` says; HTTP that is not quite HTTP, or cut off; questions about OCSP; and requests to the
admin endpoint, which make the CA behave otherwise for a while. Whatever is sent:

- the process lives, and answers what is right after each batch; stderr stays empty;
- there is no HTTP 500, no systemFailure, and no answer takes long;
- an answer of CMP can be read, is protected, and has our transactionID and nonce;
- nothing is issued without proof of possession, confirmed without certConf, revoked for somebody else, or
  good for more than an end entity may; what is answered is in the ledger, which is whole at the end;
- memory does not grow.

What does not hold is printed once, with the smallest input that was found to show it; the exit code is then
1. A run can be repeated with `--seed`, but for keys, nonces and time.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

TESTS = Path(__file__).parent.parent
sys.path[:0] = [str(TESTS)]

from cryptography.hazmat.primitives.serialization import Encoding  # noqa: E402
from csc.runtime.sandbox.ca import SandboxCA  # noqa: E402
from fuzz.sandbox_campaign import Campaign  # noqa: E402
from fuzz.sandbox_world import World  # noqa: E402
from peers.ra import new_ra  # noqa: E402
from peers.sandbox_process import kill, start  # noqa: E402
from peers.vendor import new_vendor  # noqa: E402


@contextmanager
def campaign(folder: Path, seed: int) -> Generator[Campaign]:
    """A campaign against a new CA in `folder`, whose process ends with the block."""
    place = folder / "ca"
    with SandboxCA.open(place) as ca:
        ra = new_ra(ca)
    vendor = new_vendor()
    (folder / "vendor.pem").write_bytes(vendor.root.certificate.public_bytes(Encoding.PEM))
    errors = folder / "stderr"
    with errors.open("wb") as file:
        sandbox = start(place, "--quiet", "--trust", str(folder / "vendor.pem"), errors=file)
    try:
        world = World(sandbox, ra, vendor, random.Random(seed))
        made = Campaign(sandbox, world, errors)
        yield made
        sandbox.process.terminate()
        sandbox.process.wait(timeout=60)
        made.note([f"on stderr: {text}"] if (text := made.complaint()) else [])
        if sandbox.process.returncode != 0:
            made.note([f"the process ends with {sandbox.process.returncode}"])
    finally:
        kill(sandbox)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    warnings.simplefilter("ignore")  # of certificates with odd serial numbers
    ends = time.monotonic() + options.seconds
    told = time.monotonic()

    def goes_on() -> bool:
        nonlocal told
        if time.monotonic() > told + 60:
            told = time.monotonic()
            print(running.figures().partition("\n")[0], flush=True)
        return time.monotonic() < ends

    with tempfile.TemporaryDirectory() as folder:
        with campaign(Path(folder), options.seed) as running:
            running.run(goes_on)
        print(running.figures(), flush=True)
    return 1 if running.found else 0


if __name__ == "__main__":
    sys.exit(main())

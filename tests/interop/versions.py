"""Which versions of the peers are here."""

import subprocess

from peers.bouncycastle import version as bouncycastle_version

from .cells import BOUNCYCASTLE, OPENSSL, SANDBOX

# What `cells.UNKNOWN` says is true of these.
TRIED = {OPENSSL: "3.0.", SANDBOX: "", BOUNCYCASTLE: "1.72"}


def versions() -> dict[str, str]:
    """The version of each peer, empty where it comes with this repository."""
    said = subprocess.run(["openssl", "version"], capture_output=True, text=True, check=True)
    return {OPENSSL: said.stdout.split()[1], SANDBOX: "", BOUNCYCASTLE: bouncycastle_version()}

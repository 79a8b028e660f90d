"""What a profile fixes, as `openssl x509 -text` reads it in the certificate."""

import re
import subprocess
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.profiles.load import load_profiles
from peers.asker import SECRET
from peers.openssl import needs_openssl
from support.grants import NOW, Request, outcome

pytestmark = needs_openssl

PROFILES = """
[profiles.gateway]
validity = "12h"
keys = ["rsa:2048"]
key-usage = { fixed = ["digitalSignature", "nonRepudiation"], allowed = ["keyEncipherment"] }
extended-key-usage = { fixed = ["ipsecIKE", "serverAuth"], allowed = ["1.2.3.4"] }
subject-alt-name = { dns = ["*.example.com"], ip = ["192.0.2.0/24"] }
subject = { fixed = { C = "SE", O = "Example" } }
"""
SHOWN = """\
Not Before: Jun  1 11:55:00 2026 GMT
Not After : Jun  2 00:00:00 2026 GMT
Subject: C = SE, O = Example, CN = gw-1
Public-Key: (2048 bit)
X509v3 Basic Constraints: critical
CA:FALSE
X509v3 Key Usage: critical
Digital Signature, Non Repudiation, Key Encipherment
X509v3 Extended Key Usage:
ipsec Internet Key Exchange, TLS Web Server Authentication, 1.2.3.4
X509v3 Subject Alternative Name:
DNS:gw.example.com, IP Address:192.0.2.1
"""


def test_what_openssl_reads(tmp_path: Path) -> None:
    path = tmp_path / "profiles.toml"
    path.write_text(PROFILES)
    request = Request(
        profile="gateway",
        key="rsa:2048",
        names=["dns:gw.example.com", "ip:192.0.2.1"],
        usage=["digitalSignature", "nonRepudiation", "keyEncipherment"],
        purposes=["ipsecIKE", "serverAuth", "1.2.3.4"],
    )
    with SandboxCA.open(tmp_path / "ca", lambda: NOW, profiles=load_profiles(path)) as ca:
        ca.add_secret(SECRET.reference, SECRET.secret)
        certificate = outcome(ca, request).certificate
    assert certificate is not None
    result = subprocess.run(
        ["openssl", "x509", "-text", "-noout"],
        input=certificate.public_bytes(Encoding.PEM),
        capture_output=True,
        check=True,
    )
    # Spaces differ between the versions of openssl.
    shown = [
        re.sub(r"\s*=\s*", " = ", line.strip()) for line in result.stdout.decode().splitlines()
    ]
    assert [line for line in SHOWN.splitlines() if line not in shown] == []

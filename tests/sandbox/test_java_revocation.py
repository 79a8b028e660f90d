"""The JDK asks the sandbox CA, at the places that certificates name, whether they are revoked."""

import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.http.server import serve
from peers.asker import SECRET
from peers.status import HOLD, KEY_COMPROMISE, ca_certificate, confirmed, rejected, revoke

PROGRAM = Path(__file__).parents[1] / "peers" / "java" / "Revocation.java"

needs_jdk = pytest.mark.skipif(
    not (shutil.which("java") and shutil.which("javac")), reason="java and javac are not here"
)


@needs_jdk
def test_java_asks(tmp_path: Path) -> None:
    with SandboxCA.open(tmp_path / "ca") as ca, serve(ca) as server:
        ca.add_secret(SECRET.reference, SECRET.secret)
        ca.publish_at(server.url)
        certificates = [
            ca_certificate(ca, "root"),
            ca_certificate(ca, "issuing"),
            confirmed(ca),
            confirmed(ca),
            confirmed(ca),
            rejected(ca),
        ]
        revoke(ca, certificates[3], KEY_COMPROMISE)
        revoke(ca, certificates[4], HOLD)
        files: list[str] = []
        for number, certificate in enumerate(certificates):
            files.append(f"{number}.pem")
            (tmp_path / files[-1]).write_bytes(certificate.public_bytes(Encoding.PEM))
        ran = subprocess.run(
            ["java", str(PROGRAM), *files],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            timeout=120,
            check=False,
        )
    assert ran.stdout.splitlines() == [
        f"{way} {standing}"
        for way in ("ocsp", "crl")
        for standing in (
            "good",
            "revoked KEY_COMPROMISE",
            "revoked CERTIFICATE_HOLD",
            "revoked CESSATION_OF_OPERATION",
        )
    ], ran.stderr

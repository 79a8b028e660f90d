"""Java programs of ours on BouncyCastle: their sources compiled, once for all tests."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import pytest

_JARS = tuple(Path("/usr/share/java") / f"{name}.jar" for name in ("bcpkix", "bcutil", "bcprov"))
# What programs share.
_SHARED = Path(__file__).with_name("bouncycastle_shared")

needs_bouncycastle = pytest.mark.skipif(
    not (shutil.which("java") and shutil.which("javac") and all(jar.exists() for jar in _JARS)),
    reason="java, javac or BouncyCastle's jars are not here",
)


def version() -> str:
    """BouncyCastle's version, which its jar's real name ends with."""
    return _JARS[-1].resolve().stem.rpartition("-")[2]


def command(folder: Path) -> list[str]:
    """What runs the program whose sources are in `folder`, and whose class is Main."""
    path = os.pathsep.join(map(str, (_classes(folder), *_JARS)))
    return ["java", "-XX:+UseSerialGC", "-Xmx128m", "-cp", path, "Main"]


@cache
def _classes(folder: Path) -> Path:
    """The folder of the compiled sources. Other processes may make it at the same time."""
    sources = sorted((*folder.glob("*.java"), *_SHARED.glob("*.java")))
    digest = hashlib.sha256()
    for file in (*sources, *(jar.resolve() for jar in _JARS)):
        digest.update(f"{file.name} {file.stat().st_size}\n".encode())
    for source in sources:
        digest.update(source.read_bytes())
    temporary = Path(tempfile.gettempdir())
    ready = temporary / f"csc-{folder.name}-{os.getuid()}-{digest.hexdigest()[:16]}"
    if ready.exists():
        return ready
    private = Path(tempfile.mkdtemp(prefix=f"csc-{folder.name}-", dir=temporary))
    compiled = subprocess.run(
        ["javac", "-encoding", "UTF-8", "-cp", os.pathsep.join(map(str, _JARS)), "-d", private]
        + [str(source) for source in sources],
        capture_output=True,
        text=True,
        check=False,
    )
    if compiled.returncode != 0:
        shutil.rmtree(private)
        raise AssertionError(f"javac failed: {compiled.stderr}")
    try:
        private.rename(ready)
    except OSError:
        # Somebody else was faster: a folder that is not empty is never replaced.
        shutil.rmtree(private)
    return ready

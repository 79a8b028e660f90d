"""How long `csc status` takes on a device with 10,000 certificates, all facts of which are in the state.

    .venv/bin/python benchmarks/status.py

The whole process is measured, with its start; the best of a few rounds counts. Each certificate has been
renewed once, and candidate, active and committed configuration differ, so that all three are read.
"""

import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from csc.compiler.address import ROOT
from csc.compiler.configuration import FileValue, empty_device
from csc.compiler.device import CertificateRecord
from csc.runtime.state.location import in_file
from csc.runtime.state.opening import open_store

CERTIFICATES = 10_000
ROUNDS = 5


def fill(path: Path) -> None:
    now = datetime.now(UTC)
    root = ROOT.child("CertificateStore", "cmp")
    configuration = {**empty_device(), root: {}}
    store = open_store(in_file(path))
    with store.transaction():
        store.ensure_device("default")
        for renewal in range(2):
            for number in range(CERTIFICATES):
                address = root.child("Certificate", f"c{number}")
                record = CertificateRecord(
                    f"sha256:{renewal:032x}{number:032x}",
                    f"key:{renewal:032x}{number:032x}",
                    request="subject",
                    subject=f"CN=gateway {number},O=Example",
                    script="",
                    operations=1,
                    not_before=now - timedelta(days=number % 90),
                    not_after=now + timedelta(days=90 - number % 90),
                    issuer="CN=Issuing CA,O=Example",
                    serial_number=f"{number:040x}",
                )
                store.add_certificate("default", address, record)
                configuration[address] = {
                    "Type": "CMPv2",
                    "CertificateData": FileValue("cl_newcert.der", record.certificate),
                    "PrivateKey": FileValue("cl_newkey.pem", record.key, is_secret=True),
                }
        store.activate("default", configuration)
        store.commit("default", "", now)
        store.activate("default", {**configuration, root: {"Comments": "active"}})
        store.end_run("default", {**configuration, root: {"Comments": "candidate"}}, "")
    store.close()


def cost(*arguments: str) -> tuple[float, float]:
    """Seconds that pass, and seconds of the processor."""
    command = str(Path(sys.executable).with_name("csc"))
    started, before = time.perf_counter(), processor_time()
    subprocess.run([command, *arguments], check=True, capture_output=True)
    return time.perf_counter() - started, processor_time() - before


def processor_time() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "state.db")
        fill(path)
        for options in ((), ("--json",)):
            command = ("--state", f"sqlite:///{path}", "status", *options)
            wall, processor = map(min, zip(*(cost(*command) for _ in range(ROUNDS)), strict=True))
            print(
                " ".join(("csc status", *options)),
                f"{wall:.2f} s, on the processor {processor:.2f} s",
            )


if __name__ == "__main__":
    main()

"""How long `csc apply` takes to obtain many certificates, beside making their keys on all cores.

    .venv/bin/python benchmarks/enrol_many.py [CERTIFICATES [RUNS]]

A script with RSA-2048 certificates is applied with as many operations at once as there are cores, against a
sandbox CA in a process of its own, and timed by the clock: the best of some runs counts, since whatever else
the machine does makes one longer. The bound is what the keys of that run cost if all cores made them, and a
quarter more, and the CPU time of the CA, which has to live on the same cores.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from sandbox_process import REFERENCE, SECRET, running

CERTIFICATES = 200
RUNS = 3
BUDGET = 1.25
# Operations for each core: one that waits for the CA or the disk leaves its core to another.
AT_ONCE = 2
HOST = "ca.example.com"
HEAD = f"""add CertificateStore cmp
cc CertificateStore cmp
add Certificate cacert Type=Remote CertificateData=file://root.pem
cc
add CMPServer ca CACert=cmp/cacert FQDN={HOST} Port=80 Path=pkix/
"""
ONE = f"""cc CertificateStore cmp
add Certificate c{{0}} Type=CMPv2 CMPServer=ca
cc
certmgr -clientcert=cmp/c{{0}} -initiate -username={REFERENCE} -password={SECRET} -subject="CN=gw{{0}}"
cc CertificateStore cmp
set Certificate c{{0}} CertificateData=file://cl_newcert.der PrivateKey=file://cl_newkey.pem
cc
"""
MADE = "keys made"


@dataclass(frozen=True)
class Run:
    """Seconds: by the clock, CPU time of `csc`, of the keys in it, and of the CA. `memory` is bytes.

    `others` is the CPU time that everybody else on the machine took meanwhile.
    """

    wall: float
    others: float
    cpu: float
    keys: float
    server: float
    memory: int

    @property
    def bound(self) -> float:
        """The most seconds by the clock that the budget allows."""
        return BUDGET * self.keys / cores() + self.server


def cores() -> int:
    return len(os.sched_getaffinity(0))


def machine_seconds() -> float:
    """CPU time that was taken on the whole machine, or from it, since it started (proc(5))."""
    user, nice, system, _idle, _iowait, *rest = Path("/proc/stat").read_text().split()[1:9]
    return sum(map(int, (user, nice, system, *rest))) / os.sysconf("SC_CLK_TCK")


def program(certificates: int) -> str:
    return HEAD + "".join(ONE.format(n) for n in range(certificates)) + "activate\ncommit\n"


def apply(certificates: int) -> Run:
    """One run of `csc apply` on an empty state."""
    with tempfile.TemporaryDirectory() as name, running(folder := Path(name)) as ca:
        (folder / "script.cfg").write_text(program(certificates))
        command = [
            sys.executable, __file__, "--csc",
            "--connect-to", f"{HOST}:80:127.0.0.1:{ca.port}",
            "apply", "--yes", "--parallel", str(AT_ONCE * cores()), "script.cfg",
        ]  # fmt: skip
        before = ca.cpu_seconds()
        with (folder / "output").open("w+b") as output:
            busy = machine_seconds()
            started = time.perf_counter()
            process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=output)
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - started
            busy = machine_seconds() - busy
            process.returncode = os.waitstatus_to_exitcode(status)
        said = (folder / "output").read_text()
        keys = re.search(rf"{MADE} ([\d.]+)", said)
        assert process.returncode == 0, said
        assert keys
        cpu, server = usage.ru_utime + usage.ru_stime, ca.cpu_seconds() - before
        return Run(
            wall,
            busy - cpu - server,
            cpu,
            float(keys[1]),
            server,
            usage.ru_maxrss * 1024,
        )


def csc() -> None:
    """`csc` as it is, but it says what CPU time its keys took."""
    from csc.cli.main import main
    from csc.runtime.cmp import keys

    generate = keys.generate
    spent: list[float] = []

    def timed(key_type: keys.KeyType) -> keys.PrivateKeyTypes:
        started = time.thread_time()
        key = generate(key_type)
        spent.append(time.thread_time() - started)
        return key

    keys.generate = timed
    try:
        main()
    finally:
        print(MADE, sum(spent))


def main() -> None:
    if sys.argv[1:2] == ["--csc"]:
        del sys.argv[1]
        csc()
        return
    certificates = int(sys.argv[1]) if len(sys.argv) > 1 else CERTIFICATES
    runs = [apply(certificates) for _ in range(int(sys.argv[2]) if len(sys.argv) > 2 else RUNS)]
    best = min(runs, key=lambda run: run.wall / run.bound)
    ratio = best.wall / best.bound
    print(f"{certificates} certificates, RSA-2048, {AT_ONCE * cores()} at once on {cores()} cores")
    walls = ", ".join(f"{run.wall:.1f}" for run in runs)
    print(f"csc apply: {best.wall:.1f} s by the clock (of {walls})")
    print(f"CPU time: {best.cpu:.1f} s, {best.keys:.1f} s of it for keys; CA: {best.server:.1f} s")
    print(f"memory: {best.memory / 2**20:.0f} MiB at most")
    print(
        f"bound: {BUDGET} * {best.keys:.1f} s / {cores()} + {best.server:.1f} s = {best.bound:.1f} s"
    )
    # What others took of the cores while this ran makes the clock's time longer by about so much.
    alone = best.wall - best.others / cores()
    print(f"others took {best.others:.1f} s of the cores; without: {alone / best.bound:.2f} of it")
    print(f"by the clock: {ratio:.2f} of it, budget 1.00: {'ok' if ratio <= 1 else 'over'}")


if __name__ == "__main__":
    main()

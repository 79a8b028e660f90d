"""How long `csc validate` of a sample takes, as a ratio to a Python that only imports lark.

    .venv/bin/python benchmarks/startup.py

Both are run in turn, so that whatever else the machine does hits both; the medians are compared.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

ROUNDS = 20
SAMPLE = Path(__file__).parent.parent / "samples" / "gateway.cfg"
IMPORT = [sys.executable, "-c", "import lark"]
VALIDATE = [str(Path(sys.executable).with_name("csc")), "validate", "--sandbox", str(SAMPLE)]


def wall_time(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    wall_time(IMPORT), wall_time(VALIDATE)  # compiled modules are there from now on
    rounds = [(wall_time(IMPORT), wall_time(VALIDATE)) for _ in range(ROUNDS)]
    imported, validated = (statistics.median(times) for times in zip(*rounds, strict=True))
    print(f"import lark: {imported * 1000:.0f} ms")
    print(f"csc validate: {validated * 1000:.0f} ms")
    print(f"ratio: {validated / imported:.2f}")


if __name__ == "__main__":
    main()

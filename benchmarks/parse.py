"""How long parsing takes, as a ratio to a bare scan of the same text; and what doubling the text costs.

.venv/bin/python benchmarks/parse.py
"""

import re
import time

from csc.grammar.parser import parse

COMMAND = (
    "add CMPServer s{}\n\tCACert=cmp/cacert\n\tFQDN=ca.example.com\n\tPort=3076\n\tPath=cmp/\n"
)
COMMANDS = 20_000
TOKEN = re.compile(r"[^\s\"]+")


def text(commands: int) -> str:
    return "".join(COMMAND.format(number) for number in range(commands))


def timed(action: object, source: str) -> float:
    best = float("inf")
    for _ in range(3):
        started = time.process_time()
        action(source)
        best = min(best, time.process_time() - started)
    return best


def main() -> None:
    parse("")  # builds the tables
    half, whole = text(COMMANDS // 2), text(COMMANDS)
    scan = timed(lambda source: sum(1 for _ in TOKEN.finditer(source)), whole)
    once, twice = timed(parse, half), timed(parse, whole)
    print(f"{COMMANDS} commands of five lines: {twice:.2f} s, scan {scan:.3f} s")
    print(f"ratio to the scan: {twice / scan:.1f}")
    print(f"ratio of doubling: {twice / once:.2f}")


if __name__ == "__main__":
    main()

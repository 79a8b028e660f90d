"""What checking and planning cost beside parsing, as a ratio within one run; and how they grow.

    .venv/bin/python benchmarks/check.py [COMMANDS]

Parsing is here to cut the text into commands and to read every node once.
"""

import sys
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime

from csc.compiler.compile import Compilation, compile_scripts
from csc.compiler.device import DeviceState
from csc.compiler.machine import Circumstances
from csc.grammar.parser import parse
from csc.grammar.script import Script

COMMANDS = 100_000
OBJECTS = 5_000


def program(commands: int) -> str:
    """Commands of five lines: addresses, and groups that refer to them."""
    parts = [
        f"add IPAddress a{n}\n    Address=10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}\n"
        f'    # a remark\n\n    Comments="number {n}"\n'
        if n % 2
        else f"add IP4Group g{n}\n    Members=a{n - 1},a{max(n - 3, 1)}\n    # a remark\n\n    Comments=x\n"
        for n in range(1, commands + 1)
    ]
    return "".join(parts) + "activate\ncommit\n"


def seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def read(text: str) -> Script:
    script = parse(text)
    for _ in script.commands:
        pass
    return script


def check(script: Script) -> Compilation:
    now = datetime.now(UTC)
    compilation = compile_scripts([script], Circumstances(DeviceState(), now, lambda name: None))
    assert compilation.plan is not None
    return compilation


def main() -> None:
    commands = int(sys.argv[1]) if len(sys.argv) > 1 else COMMANDS
    text = program(commands)
    parsing = seconds(lambda: read(text))
    whole = seconds(lambda: check(parse(text)))
    checking = whole - parsing
    print(f"{commands} commands of five lines")
    print(f"from text to plan             {whole:.2f} s")
    print(f"parse, and read every node    {parsing:.2f} s of it")
    print(f"check and plan                {checking:.2f} s, {checking / parsing:.1f} times that")
    twice = program(2 * commands)
    longer = seconds(lambda: check(parse(twice)))
    print(f"twice as many                 {longer / whole:.2f} times the time")
    small = program(OBJECTS)
    print(f"{OBJECTS} objects, all three       {seconds(lambda: check(read(small))):.2f} s")
    tracemalloc.start()
    check(parse(small))
    print(
        f"memory                        {tracemalloc.get_traced_memory()[1] / OBJECTS:.0f} bytes a command"
    )


if __name__ == "__main__":
    main()

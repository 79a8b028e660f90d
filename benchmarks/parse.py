"""What parsing costs, as ratios to a bare scan for the grammar's tokens; what doubling costs; and memory.

    .venv/bin/python benchmarks/parse.py

`parse` gives the logical lines of a script; their nodes, with names, values and places, are made when they
are read, which one of the figures has in it.
"""

import gc
import re
import time
import tracemalloc
from collections.abc import Callable, Iterable
from pathlib import Path

import csc.grammar.lines
from csc.grammar.parser import parse
from lark import Lark

COMMAND = (
    "add CMPServer s{}\n\tCACert=cmp/cacert\n\tFQDN=ca.example.com\n\tPort=3076\n\tPath=cmp/\n"
)
COMMANDS = 100_000
ROUNDS = 5


def text(commands: int) -> str:
    return "".join(COMMAND.format(number) for number in range(commands))


def token_pattern() -> re.Pattern[str]:
    """The grammar's own tokens in one alternation: comment, property, option, word, blanks."""
    grammar = Path(csc.grammar.lines.__file__).with_name("cos.lark").read_text()
    lark = Lark(
        re.sub(r"script: .*\n%declare .*\n", "", grammar),
        parser=None,
        lexer="basic",
        start="command",
    )
    kinds = ("COMMENT", "PROPERTY", "OPTION", "WORD")
    terminals = [(name, lark.get_terminal(name).pattern.to_regexp()) for name in kinds]
    return re.compile("|".join(f"(?P<{n}>{p})" for n, p in terminals) + r"|(?P<BLANK>[ \t\r\n]++)")


def count(items: Iterable[object]) -> int:
    return sum(1 for _ in items)


def timed(*actions: Callable[[], object]) -> list[float]:
    """The best time of each, in seconds of the processor; they take turns."""
    best = [float("inf")] * len(actions)
    for _ in range(ROUNDS):
        for number, action in enumerate(actions):
            gc.collect()
            started = time.process_time()
            action()
            best[number] = min(best[number], time.process_time() - started)
    return best


def main() -> None:
    parse("")  # builds the tables
    token = token_pattern()
    half, whole = text(COMMANDS // 2), text(COMMANDS)
    scan, once, twice, nodes = timed(
        lambda: count(token.finditer(whole)),
        lambda: parse(half),
        lambda: parse(whole),
        lambda: count(parse(whole).commands),
    )
    print(f"{COMMANDS} commands of five lines, {count(token.finditer(whole))} tokens")
    print(f"bare scan                     {scan:.2f} s")
    print(f"parse                         {twice:.2f} s, {twice / scan:.2f} times the scan")
    print(f"parse, and read every node    {nodes:.2f} s, {nodes / scan:.1f} times the scan")
    print(f"parse twice as much           {twice / once:.2f} times the time")
    tracemalloc.start()
    script = parse(whole)
    kept, most = tracemalloc.get_traced_memory()
    print(
        f"memory                        {kept / COMMANDS:.0f} bytes a command, {most / COMMANDS:.0f} at most"
    )
    del script


if __name__ == "__main__":
    main()

"""Fuzzes the parser, the compiler and the views of findings with mutated scripts, for as long as one likes.

    .venv/bin/python tests/fuzz/parser.py --seconds 600

Seeds are the scripts of the test suite. Whatever a text holds, no exception may come out, the nodes and the
findings have to stand within the text, and the logical lines must follow each other without a gap. What does
not hold is printed once for each place in the code, with the smallest text that was found to show it; the
exit code is then 1. A run can be repeated with `--seed`.
"""

import argparse
import json
import random
import re
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from csc.cli.findings import FORMATS, render
from csc.cli.views.source_text import masked_lines
from csc.compiler.compile import compile_scripts
from csc.compiler.device import DeviceState
from csc.compiler.fix import apply_fixes
from csc.compiler.machine import Circumstances
from csc.grammar.ast import Span
from csc.grammar.formatting import format_for_device, format_script
from csc.grammar.parser import parse
from csc.grammar.script import Script

TESTS = Path(__file__).parent.parent
SEEDS = ("cases/**/*.cfg", "formats/*.cfg", "seed-examples/*.cfg", "../samples/*.cfg")
NOW = datetime(2027, 1, 1, tzinfo=UTC)
UPLOADS = {"ca_root.der": "sha256:1", "r.der": "sha256:2", "k": "sha256:3"}
LONGEST = 4000
# What the grammar treats in a way of its own, and what files and terminals do.
TOKENS = (
    *'"\\ \t\n\r#=$>/:-,.;<@*',
    *("\r\n", "\\\n", "\\\r\n", '\\"', '""', "\n\n", "\n ", "\n\t", "\n #", "\n#", "  ", "\\n", "\\r"),
    *("System:/>", "System:/CertificateStore/cmp> ", "x:/", "add ", "set ", "cc ", "cc ..\n", "delete "),
    *("certmgr -initiate ", "-update", "-revoke", "activate\n", "commit\n", "script -run ", "show\n"),
    *("Type=CMPv2", "Type=", "CACert=cmp/ca", "-subject=", "-username=a", "-password=b", "Password=c"),
    *("$0", "$1", "\\$1", "$99999999999999999999", "${env:X}", "${file:x}", "<empty>", "file://r.der"),
    *("-Index=1", "Index=0", "Index=99999999999999999999", "1" * 40, "-1", "10.0.0.0/8", "::1/129"),
    *("\0", "\x1b[2J", "\x7f", "\x85", "\xa0", "\ufeff", "\u2028", "\u202e", "\u200b", "é", "\U0001f600"),
    *("\N{ARABIC-INDIC DIGIT TWO}", "\N{SUPERSCRIPT TWO}", "İ", "ß", "\uffff", "\U0010ffff"),
)  # fmt: skip


def seeds() -> list[str]:
    """The texts that mutation begins with."""
    paths = sorted(path for pattern in SEEDS for path in TESTS.glob(pattern))
    return [path.read_bytes().decode(errors="replace") for path in paths]


def mutant(chance: random.Random, texts: Sequence[str]) -> str:
    """One of the texts, altered in one to a dozen places."""
    text = chance.choice(texts)
    for _ in range(chance.choice((1, 1, 2, 3, 5, 12))):
        text = chance.choice(MUTATIONS)(chance, text, texts)
    return text[:LONGEST]


def _slice(chance: random.Random, text: str, longest: int = 200) -> tuple[int, int]:
    start = chance.randint(0, len(text))
    return start, min(len(text), start + chance.randint(0, longest))


def _put_token(chance: random.Random, text: str, texts: Sequence[str]) -> str:
    del texts
    place = chance.randint(0, len(text))
    return text[:place] + chance.choice(TOKENS) * chance.choice((1, 1, 1, 2, 9)) + text[place:]


def _take_away(chance: random.Random, text: str, texts: Sequence[str]) -> str:
    del texts
    start, end = _slice(chance, text, chance.choice((1, 8, 200)))
    return text[:start] + text[end:]


def _repeat(chance: random.Random, text: str, texts: Sequence[str]) -> str:
    del texts
    start, end = _slice(chance, text)
    return text[:end] + text[start:end] * chance.choice((1, 1, 3)) + text[end:]


def _splice(chance: random.Random, text: str, texts: Sequence[str]) -> str:
    other = chance.choice(texts)
    start, end = _slice(chance, other, 400)
    place, behind = _slice(chance, text)
    return text[:place] + other[start:end] + text[behind:]


def _flip_bytes(chance: random.Random, text: str, texts: Sequence[str]) -> str:
    del texts
    data = bytearray(text.encode())
    for _ in range(chance.randint(1, 3) if data else 0):
        data[chance.randrange(len(data))] = chance.randrange(256)
    return data.decode(errors="replace")


def _swap_words(chance: random.Random, text: str, texts: Sequence[str]) -> str:
    del texts
    words = text.split(" ")
    first, second = chance.randrange(len(words)), chance.randrange(len(words))
    words[first], words[second] = words[second], words[first]
    return " ".join(words)


def _change_line_ends(chance: random.Random, text: str, texts: Sequence[str]) -> str:
    del texts
    return text.replace("\n", chance.choice(("\r\n", "\r", "\n\n", "\\\n", "\n ", " ")))


MUTATIONS: tuple[Callable[[random.Random, str, Sequence[str]], str], ...] = (
    _put_token,
    _put_token,
    _put_token,
    _take_away,
    _repeat,
    _splice,
    _flip_bytes,
    _swap_words,
    _change_line_ends,
)


def check(text: str) -> None:
    """Take a text through everything; raises what is wrong."""
    script = parse(text, "a.cfg")
    _check_tree(script)
    lengths = [len(line) for line in text.split("\n")]
    for is_strict in (False, True):
        circumstances = Circumstances(DeviceState(), NOW, UPLOADS.get, None, is_strict)
        compilation = compile_scripts([script], circumstances)
        for diagnostic in compilation.diagnostics:
            for label in (diagnostic.primary, *diagnostic.secondary):
                _check_place(label.span, lengths, diagnostic.rule.code)
            for edit in diagnostic.fix.edits if diagnostic.fix else ():
                _check_place(edit.span, lengths, f"fix of {diagnostic.rule.code}")
        for form in FORMATS:
            shown = render(form, compilation.diagnostics, masked_lines([script]))
            shown.encode()
            if form in ("json", "sarif", "gitlab"):
                json.loads(shown)
            assert form != "text" or all(c.isprintable() or c in "\n\x1b" for c in shown)
        parse(apply_fixes(text, [d.fix for d in compilation.diagnostics if d.fix])[0])


def _check_tree(script: Script) -> None:
    lengths = [len(line) for line in script.text.split("\n")]
    end = 0
    for line in script.lines:
        assert line.start == end < line.end
        end = line.end
    assert re.fullmatch(r"(?:[ \t\r\n]|\\\r?\n)*+\\?", script.text[end:])
    for command in script.commands:
        parts = [part for part in (command.verb, *command.arguments) if part is not None]
        for span in ([command.prompt.span] if command.prompt else []) + [p.span for p in parts]:
            assert span.length > 0
            _check_place(span, lengths, "argument")
    for comment in script.comments:
        _check_place(comment.span, lengths, "comment")
    problems = list(script.problems)
    for problem in problems:
        _check_place(problem.span, lengths, "problem")
    if not problems:
        assert _spoken(parse(format_script(script))) == _spoken(script)
        format_for_device(script)


def _spoken(script: Script) -> list[object]:
    """The commands without prompts, which a layout leaves out, and the comments."""
    commands = [(c.verb, c.arguments, c.is_orphan) for c in script.commands if c.verb is not None]
    return [*commands, *(comment.text.rstrip() for comment in script.comments)]


def _check_place(span: Span, lengths: Sequence[int], what: str) -> None:
    assert 1 <= span.line <= len(lengths), what
    assert span.column >= 1, what
    assert span.column - 1 + span.length <= lengths[span.line - 1], what


def fault(text: str) -> str | None:
    """Where in the code a text shows a mistake, and which; None if it shows none."""
    try:
        check(text)
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        what = f"{type(error).__name__} at {place.filename}:{place.lineno}"
        return f"{what}: {error}" if isinstance(error, AssertionError) else what
    return None


def smallest(text: str, found: str) -> str:
    """A shorter text with the same fault: pieces are left out as long as it stays."""
    size = max(1, len(text) // 2)
    while size:
        place = 0
        while place < len(text):
            shorter = text[:place] + text[place + size :]
            if fault(shorter) == found:
                text = shorter
            else:
                place += size
        size //= 2
    return text


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    chance = random.Random(options.seed)
    texts = seeds()
    found: set[str] = set()
    tried = 0
    end = time.monotonic() + options.seconds
    while time.monotonic() < end:
        text = mutant(chance, texts)
        tried += 1
        what = fault(text)
        if what is None or what in found:
            continue
        found.add(what)
        shortest = smallest(text, what)
        print(f"\n{what}\n{shortest!r}", flush=True)
        try:
            check(shortest)
        except Exception:
            traceback.print_exc()
    print(f"{tried} texts tried, {len(found)} faults", flush=True)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

"""The examples of the rules' pages, compiled; compiler/rules/page.py says how they are written."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from csc.cli.encoding import decode
from csc.compiler.compile import Compilation, compile_scripts
from csc.compiler.device import DeviceState
from csc.compiler.diagnostics import Rule
from csc.compiler.machine import Circumstances
from csc.compiler.rules.page import read_page
from csc.grammar.parser import parse

from support.cases import ISSUED, carried_out

DEVICE = """\
add CertificateStore cmp
cc CertificateStore cmp
add Certificate cacert Type=Remote CertificateData=file://ca_root.der
add Certificate gw Type=CMPv2 CMPServer=ca
cc
add CMPServer ca CACert=cmp/cacert FQDN=ca.example.com
activate
commit
"""

_FENCE = re.compile(r"^```cos ([^\n]*)\n(.*?)\n```$", re.MULTILINE | re.DOTALL)
_WORDS = re.compile(
    r"wrong|right|before|strict|shown|(?:now|missing|also|encoding|[0-9]+|var:\w+)=\S+"
)


@dataclass(frozen=True, slots=True)
class Example:
    """A script of a page, and the words behind `cos` that say what it is."""

    text: str
    words: tuple[str, ...]

    def value(self, name: str) -> str | None:
        return next((w.partition("=")[2] for w in self.words if w.startswith(f"{name}=")), None)


def examples(rule: Rule, kind: str) -> list[Example]:
    found = [Example(m[2], tuple(m[1].split())) for m in _FENCE.finditer(read_page(rule))]
    for example in found:
        assert all(map(_WORDS.fullmatch, example.words)), example.words
    return [example for example in found if kind in example.words]


def broken_rules(rule: Rule, example: Example) -> set[str]:
    """The names of the rules that an example of the page of `rule` breaks.

    What is only not permanent yet does not count: examples are parts of scripts.
    """
    text, unreadable = decode("page.cfg", example.text.encode(example.value("encoding") or "utf-8"))
    if unreadable is not None:
        return {unreadable.rule.name}
    state = DeviceState()
    for before in (Example(DEVICE, ()), *examples(rule, "before")):
        state = _applied(state, before)
    found = _compiled(state, Example(text, example.words)).diagnostics
    left_out = {"uncommitted-changes", example.value("also")} - {rule.name}
    return {d.rule.name for d in found} - left_out


def _applied(state: DeviceState, example: Example) -> DeviceState:
    compilation = _compiled(state, example)
    assert compilation.prediction is not None, compilation.diagnostics
    return carried_out(compilation.prediction)


def _compiled(state: DeviceState, example: Example) -> Compilation:
    now = example.value("now")
    circumstances = Circumstances(
        state,
        datetime.fromisoformat(now).replace(tzinfo=UTC) if now else ISSUED,
        lambda name: None if name == example.value("missing") else f"sha256:{name}",
        is_strict="strict" in example.words,
        parameters=_parameters(example.words),
    )
    return compile_scripts([parse(example.text, "page.cfg")], circumstances)


def _parameters(words: Sequence[str]) -> dict[str, str]:
    pairs = (word.partition("=") for word in words)
    return {
        name.removeprefix("var:"): value
        for name, _, value in pairs
        if name.isdecimal() or name.startswith("var:")
    }

"""Cases in files: a script, and beside it what compiling it must give.

`NAME.cfg` is the script. Lines that begin with `#:` say what it is compiled against:

    #: after OTHER.cfg    on the device that OTHER.cfg (of the same folder) leaves behind
    #: now 2027-06-01     at this date; certificates are issued on 2026-12-01 for 90 days
    #: sandbox            with the root of the sandbox CA for a missing one
    #: strict             with the device's own rules
    #: upload NAME        the device file NAME is there
    #: parameter 1 VALUE  the script parameter $1 has this value

`NAME.expected` is the text of the findings, then of the plan. With CSC_REGENERATE=1 in the environment the
files are written in place of being compared.
"""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from csc.cli.views import diagnostics_text, plan_text
from csc.cli.views.source_text import masked_lines
from csc.compiler.compile import Compilation, compile_scripts
from csc.compiler.configuration import Configuration, FileValue
from csc.compiler.device import DeviceState
from csc.compiler.machine import Circumstances
from csc.grammar.parser import parse

CASES = Path(__file__).parent.parent / "cases"
ISSUED = datetime(2026, 12, 1, tzinfo=UTC)
VALIDITY = timedelta(days=90)


def all_cases() -> list[Path]:
    return sorted(CASES.glob("*/*.cfg"))


def render(path: Path) -> str:
    """What the case gives, as its `.expected` file holds it."""
    script = parse(path.read_bytes().decode(), path.name)
    compilation = compile_case(path)
    text = diagnostics_text.render(compilation.diagnostics, masked_lines([script]))
    if compilation.plan is not None:
        gap = "\n" if text else ""
        text += f"{gap}{plan_text.render(compilation.plan)}\n"
    return "".join(f"{line.rstrip()}\n" for line in click.unstyle(text).splitlines())


def compile_case(path: Path, changed: str | None = None) -> Compilation:
    """What the case gives, or would give if its script were `changed`."""
    text = path.read_bytes().decode() if changed is None else changed
    directives = [line[2:].split() for line in text.splitlines() if line.startswith("#:")]
    given = {words[0]: words[1:] for words in directives}
    base = DeviceState()
    if "after" in given:
        before = compile_case(path.with_name(given["after"][0]))
        assert before.prediction is not None, f"{given['after'][0]} does not compile"
        base = carried_out(before.prediction)
    uploads = {words[1]: f"sha256:{words[1]}" for words in directives if words[0] == "upload"}
    now = ISSUED
    if "now" in given:
        now = datetime.fromisoformat(given["now"][0]).replace(tzinfo=UTC)
    circumstances = Circumstances(
        base,
        now,
        uploads.get,
        "sandbox:root" if "sandbox" in given else None,
        "strict" in given,
        parameters={
            words[1]: " ".join(words[2:]) for words in directives if words[0] == "parameter"
        },
    )
    return compile_scripts([parse(text, path.name)], circumstances)


def carried_out(prediction: DeviceState, run: str = "issued", at: datetime = ISSUED) -> DeviceState:
    """The state as the run of that name would leave it: planned contents have become real ones."""

    def real(content: str) -> str:
        return content.replace("planned:", f"{run}:")

    def configuration(planned: Configuration) -> Configuration:
        return {
            address: {
                name: FileValue(value.name, real(value.content), value.is_secret)
                if isinstance(value, FileValue)
                else value
                for name, value in properties.items()
            }
            for address, properties in planned.items()
        }

    return DeviceState(
        configuration(prediction.committed),
        configuration(prediction.active),
        configuration(prediction.candidate),
        {name: real(content) for name, content in prediction.files.items()},
        {
            address: replace(
                record,
                certificate=real(record.certificate),
                key=real(record.key),
                not_before=record.not_before or at,
                not_after=record.not_after or at + VALIDITY,
            )
            for address, record in prediction.certificates.items()
        },
        prediction.left_by,
    )


def check(path: Path) -> None:
    expected = path.with_suffix(".expected")
    actual = render(path)
    if os.environ.get("CSC_REGENERATE"):
        expected.write_text(actual, encoding="utf-8")
    assert expected.read_text(encoding="utf-8") == actual

"""Baselines: what was found before is not shown again, wherever it has moved to."""

import json
from pathlib import Path

import pytest
from csc.cli.baseline import only_new, read, write
from csc.cli.exits import USAGE, Failure
from csc.compiler.compile import compile_scripts
from csc.compiler.device import DeviceState
from csc.compiler.machine import Circumstances
from csc.grammar.formatting import format_script
from csc.grammar.parser import parse
from csc.grammar.script import Script
from hypothesis import HealthCheck, given, settings
from strategies import scripts
from support.cases import ISSUED, all_cases
from support.command import Csc

PASSWORD = "correct-horse-battery-staple"
USERS = f"""\
add User ann Password={PASSWORD}
add RadiusServer IPAddress=10.0.0.1 SharedSecret="{PASSWORD}"
add PSK office Type=ASCII PSKAscii={PASSWORD}
add Widget w1 AdminPassword={PASSWORD}
"""
ENTRY = '{"schema": "csc/baseline/1", "findings": [{"file": "a.cfg", "command": "", "code": %s}]}'
SCRIPT = "add Widget w1 Size=1\nadd User ann Password=one\nactivate\ncommit\n"


def found_in(script: Script) -> tuple[object, ...]:
    circumstances = Circumstances(DeviceState(), ISSUED, lambda name: None, "sandbox:root")
    return compile_scripts([script], circumstances).diagnostics


@pytest.mark.parametrize("path", all_cases(), ids=lambda path: path.stem)
def test_a_baseline_just_written_leaves_nothing(path: Path, tmp_path: Path) -> None:
    baseline = tmp_path / "baseline.json"
    script = parse(path.read_bytes().decode(), str(path))
    found = found_in(script)
    write(baseline, [script], found)
    assert only_new(read(baseline), [script], found) == ((), 0)


@settings(
    deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(scripts())
def test_a_baseline_survives_another_layout(tmp_path: Path, text: str) -> None:
    baseline = tmp_path / "baseline.json"
    script = parse(text, "a.cfg")
    write(baseline, [script], found_in(script))
    for other in (format_script(script, 30), "# new\n\n" + text, text.replace("\n", "\r\n")):
        moved = parse(other, "a.cfg")
        assert only_new(read(baseline), [moved], found_in(moved)) == ((), 0)


def test_only_what_is_new_is_shown_and_counted(csc: Csc) -> None:
    csc.write("a.cfg", SCRIPT)
    result = csc("validate", "--write-baseline", "b.json", "a.cfg")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "b.json holds 2 findings\n")
    assert csc.ok("validate", "--baseline", "b.json", "a.cfg") == "1 script checked: no findings\n"
    csc.write(
        "a.cfg", "add Address IPAddress a Address=1.2.3.999\n" + SCRIPT.replace("one", "another")
    )
    result = csc("validate", "--baseline", "b.json", "a.cfg")
    assert result.returncode == 1
    assert result.stdout == "1 script checked: 1 error\n"
    assert "CSC401" not in result.stderr
    document = csc("validate", "--baseline", "b.json", "--format", "json", "a.cfg").stdout
    assert [d["code"] for d in json.loads(document)["diagnostics"]] == ["CSC203"]


def test_equal_findings_are_counted(csc: Csc) -> None:
    line = "add User ann Password=one\n"
    csc.write("a.cfg", line + "delete User ann\n" + line + "activate\ncommit\n")
    csc.ok("validate", "--write-baseline", "b.json", "a.cfg")
    csc.write("a.cfg", line * 3 + "activate\ncommit\n")
    assert "1 warning" in csc.ok("validate", "--baseline", "b.json", "a.cfg")


def test_what_is_gone_is_told(csc: Csc) -> None:
    csc.write("a.cfg", SCRIPT)
    csc.write("b.cfg", SCRIPT.replace("w1", "w2"))
    csc.ok("validate", "--write-baseline", "b.json", "a.cfg", "b.cfg")
    csc.write("a.cfg", "show\n")
    result = csc("validate", "--baseline", "b.json", "a.cfg")
    assert "2 findings of the baseline are gone; write it again" in result.stderr
    result = csc("validate", "--baseline", "b.json", "b.cfg")
    assert "gone" not in result.stderr  # a.cfg was not checked


def test_a_baseline_holds_from_any_folder(csc: Csc) -> None:
    (csc.folder / "site").mkdir()
    csc.write("site/a.cfg", SCRIPT)
    csc.ok("validate", "--write-baseline", "b.json", "site/a.cfg")
    inside = Csc(csc.folder / "site")
    assert "no findings" in inside.ok("validate", "--baseline", "../b.json", "a.cfg")
    absolute = csc.folder / "site" / "a.cfg"
    assert "no findings" in inside.ok("validate", "--baseline", "../b.json", absolute)


def test_fixes_leave_alone_what_is_known(csc: Csc) -> None:
    text = "ad Address IPAddress a Address=10.0.0.1\nactivate\ncommit\n"
    csc.write("a.cfg", text)
    csc.ok("validate", "--write-baseline", "b.json", "a.cfg")
    csc.ok("validate", "--baseline", "b.json", "--fix", "a.cfg")
    assert (csc.folder / "a.cfg").read_text() == text
    csc.ok("validate", "--fix", "a.cfg")
    assert (csc.folder / "a.cfg").read_text() == text.replace("ad ", "add ")


def test_no_secret_is_in_a_baseline(csc: Csc) -> None:
    """Neither as it is nor as a digest: with another secret the file is the same."""
    texts: list[bytes] = []
    for secret in (PASSWORD, "another"):
        spread = USERS.replace("\n", f" -pasword= {secret} x {secret}\n")
        silence = f"# csc: ignore[{secret}\n# csc: {secret}\n"
        script = f"{silence}{USERS}{spread}-password={secret}\nPassword={secret}\n"
        csc.write("a.cfg", script.replace(PASSWORD, secret))
        csc.ok("validate", "--write-baseline", "b.json", "a.cfg")
        texts.append((csc.folder / "b.json").read_bytes())
    assert PASSWORD.encode() not in texts[0]
    assert texts[0] == texts[1]
    assert len(json.loads(texts[0])["findings"]) > 10


def test_the_file_is_replaced_as_a_whole(csc: Csc) -> None:
    csc.write("a.cfg", SCRIPT)
    csc.write("there.json", "{}")
    (csc.folder / "b.json").symlink_to("there.json")
    csc.ok("validate", "--write-baseline", "b.json", "a.cfg")
    assert (csc.folder / "b.json").is_symlink()
    assert json.loads((csc.folder / "there.json").read_text())["schema"] == "csc/baseline/1"
    result = csc("validate", "--write-baseline", "missing/b.json", "a.cfg")
    assert result.returncode == 1
    assert "cannot be written" in result.stderr


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '"x"',
        "{",
        "\xff",
        "[" * 100_000,
        '{"schema": "csc/baseline/2", "findings": []}',
        '{"schema": "csc/baseline/1"}',
        '{"schema": "csc/baseline/1", "findings": {"a": 1}}',
        ENTRY % '"CSC401"',
        ENTRY % '"CSC401", "count": "x"',
        ENTRY % '"CSC401", "count": 1e999',
    ],
    ids=lambda text: text[:60],
)
def test_what_is_no_baseline_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "b.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(Failure, match="baseline") as caught:
        read(path)
    assert caught.value.code == USAGE
    with pytest.raises(Failure, match="cannot be read"):
        read(tmp_path / "missing.json")


def test_one_or_the_other(csc: Csc) -> None:
    csc.write("a.cfg", SCRIPT)
    options = ("--baseline", "b.json", "--write-baseline", "b.json")
    assert csc("validate", *options, "a.cfg").returncode == USAGE
    assert csc("validate", "--baseline", "b.json", "a.cfg").returncode == USAGE

"""`csc.toml` and the options beside it: which findings are shown, and what they stop."""

import json
from pathlib import Path

import pytest
from csc.cli.config import find_config, make_policy, read_config
from csc.cli.exits import USAGE, Failure
from csc.compiler.policy import Policy
from support.command import REPOSITORY, Csc

SCRIPT = "add Widget w1 Size=1\nactivate\ncommit\n"


@pytest.mark.parametrize(
    ("text", "place", "way_out"),
    [
        ("select = []\nignore = =", "line 2, column 10", "docs/silencing.md"),
        ("sellect = []", "at sellect: there is no such key", "did you mean `select`?"),
        ("x = 1", "at x: there is no such key", "known are select"),
        ('select = "CSC3"', "at select: this is no list", 'select = ["CSC3"'),
        ('select = ["CSC2", 3]', "at select[1]: this is no text", "quotes"),
        ('ignore = ["CSC2", "frob"]', "at ignore[1]: there is no rule `frob`", "ALL"),
        ('ignore = ["wrong-value"]', "at ignore[0]: `wrong-value` cannot be ignored", "no plan"),
        ("severity = 1", "at severity: this is no table", "[severity]"),
        ('[severity]\nsecret-in-cler = "note"', "at severity.secret-in-cler", "secret-in-clear"),
        ('[severity]\nCSC401 = "off"', "at severity.CSC401: there is no severity", "note"),
        ("[severity]\nCSC401 = 1", "at severity.CSC401: this is no text", "note"),
        ('[severity]\nCSC101 = "note"', "at severity.CSC101: `CSC101` is always", "no plan"),
        (
            '[severity]\nCSC401 = "note"\nsecret-in-clear = "error"',
            "at severity.secret-in-clear: the rule has a severity already",
            "keep one",
        ),
        ("[per-file-ignores]\n'*.cfg' = 1", 'at per-file-ignores."*.cfg": this is no list', ""),
        (
            "[per-file-ignores]\n'*.cfg' = ['CSC401', 'x']",
            'at per-file-ignores."*.cfg"[1]: there is no rule `x`',
            "",
        ),
        ("a = " + "[" * 5000, "is not TOML", "docs"),
    ],
)
def test_mistakes_are_named_with_their_place(
    tmp_path: Path, text: str, place: str, way_out: str
) -> None:
    path = tmp_path / "csc.toml"
    path.write_text(text)
    with pytest.raises(Failure) as caught:
        read_config(path)
    assert str(path) in caught.value.message
    assert place in caught.value.message
    assert way_out in caught.value.way_out
    assert caught.value.code == USAGE


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="cannot be read"):
        read_config(tmp_path / "missing.toml")
    (tmp_path / "latin.toml").write_bytes(b"# \xe9")
    with pytest.raises(Failure, match="not UTF-8"):
        read_config(tmp_path / "latin.toml")


@pytest.mark.parametrize(
    ("pattern", "script", "is_meant"),
    [
        ("*.cfg", "branch/a.cfg", True),
        ("a.cfg", "branch/a.cfg", True),
        ("branch/*.cfg", "branch/a.cfg", True),
        ("branch/*.cfg", "branch/deep/a.cfg", False),
        ("branch/**", "branch/deep/a.cfg", True),
        ("**/a.cfg", "branch/deep/a.cfg", True),
        ("**/branch/a.cfg", "branch/a.cfg", True),
        ("./branch/?.cfg", "branch/a.cfg", True),
        ("branch/[a].cfg", "branch/a.cfg", False),
        ("*.sgs", "branch/a.cfg", False),
        ("../branch/a.cfg", "branch/a.cfg", False),
    ],
)
def test_patterns(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    pattern: str,
    script: str,
    is_meant: bool,
) -> None:
    monkeypatch.chdir(tmp_path)
    config = tmp_path / "csc.toml"
    config.write_text(f"[per-file-ignores]\n'{pattern}' = ['CSC401']\n")
    by_file = make_policy(config, (), (), [script, str(tmp_path / script)]).by_file
    assert (script in by_file) is (str(tmp_path / script) in by_file) is is_meant


def test_options_beside_the_file(tmp_path: Path) -> None:
    config = tmp_path / "csc.toml"
    config.write_text("select = ['CSC3']\nignore = ['CSC301']\n")
    assert make_policy(config, (), (), []) == Policy(("CSC3",), ("CSC301",))
    assert make_policy(config, (), ("CSC302",), []) == Policy(("CSC3",), ("CSC301", "CSC302"))
    assert make_policy(config, ("CSC4",), ("CSC401",), []) == Policy(("CSC4",), ("CSC401",))


def test_where_the_file_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / "repository" / "site" / "branch"
    deep.mkdir(parents=True)
    (tmp_path / "csc.toml").touch()
    monkeypatch.chdir(deep)
    monkeypatch.setenv("HOME", "/nowhere")
    assert find_config() is None  # belongs to somebody else
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find_config() == tmp_path / "csc.toml"
    (tmp_path / "repository" / ".git").mkdir()
    assert find_config() is None
    (tmp_path / "repository" / "csc.toml").touch()
    assert find_config() == tmp_path / "repository" / "csc.toml"
    (deep / "csc.toml").touch()
    assert find_config() == deep / "csc.toml"


def test_a_note_made_an_error_stops_the_plan(csc: Csc) -> None:
    csc.write("a.cfg", SCRIPT)
    csc.ok("plan", "a.cfg")
    csc.write("csc.toml", '[severity]\nunknown-type = "error"\n')
    for command in ("validate", "plan", "apply"):
        result = csc(command, "a.cfg")
        assert result.returncode == 1, command
        assert "error[CSC201 unknown-type]" in result.stderr
    csc.write("none.toml", "")
    csc.ok("plan", "--config", "none.toml", "a.cfg")
    csc.environment["CSC_CONFIG"] = "none.toml"
    csc.ok("plan", "a.cfg")


def test_options(csc: Csc) -> None:
    csc.write("a.cfg", SCRIPT.replace("commit\n", ""))
    for options, codes in (
        ((), ["CSC201", "CSC313"]),
        (("--ignore", "CSC3,unknown-type"), []),
        (("--ignore", "CSC2", "--ignore", "CSC1"), ["CSC313"]),
        (("--select", "CSC2"), ["CSC201"]),
    ):
        document = json.loads(csc.ok("validate", "--format", "json", *options, "a.cfg"))
        assert [d["code"] for d in document["diagnostics"]] == codes, options
    result = csc("plan", "--select", "CSC9", "a.cfg")
    assert result.returncode == USAGE
    assert "there is no rule `CSC9`" in result.stderr
    assert csc("validate", "--ignore", "CSC101", "a.cfg").returncode == USAGE


def test_a_saved_plan_keeps_its_policy(csc: Csc) -> None:
    """What was shown when the plan was made decides, not what would be shown now."""
    csc.write("a.cfg", SCRIPT.replace("add", "# csc: ignore[unknown-type]\nadd", 1))
    csc.write("csc.toml", '[per-file-ignores]\n"a.cfg" = ["CSC2"]\n')
    csc.ok("plan", "--out", "plan.json", "a.cfg")
    csc.write("csc.toml", '[severity]\nunknown-type = "error"\n')
    csc.write("a.cfg", f"# says the same, silences nothing\n{SCRIPT}")
    assert csc("plan", "a.cfg").returncode == 1
    csc.ok("apply", "--yes", "plan.json")


def test_a_plan_does_not_apply_under_another_policy(csc: Csc) -> None:
    csc.write("a.cfg", SCRIPT)
    csc.ok("plan", "--out", "plan.json", "a.cfg")
    saved = json.loads((csc.folder / "plan.json").read_text())
    saved["request"]["policy"]["ignore"] = ["ALL"]
    csc.write("plan.json", json.dumps(saved))
    result = csc("apply", "--yes", "plan.json")
    assert result.returncode == 3
    assert "altered" in result.stderr


def test_the_example_of_the_documentation(tmp_path: Path) -> None:
    page = (REPOSITORY / "docs" / "silencing.md").read_text()
    path = tmp_path / "csc.toml"
    path.write_text(page.partition("```toml\n")[2].partition("```")[0])
    config = read_config(path)
    assert config.severities
    assert config.per_file

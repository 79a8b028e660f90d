"""What others put into their CI works: the samples' commands, and the hooks through pre-commit itself."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from support.command import REPOSITORY, SAMPLES, Csc

CI = SAMPLES / "ci"


def load(name: str) -> Any:
    return yaml.safe_load((CI / name).read_text())


def commands(node: Any) -> list[str]:
    """The lines of `run:` and `script:` that call csc, in their order."""
    if isinstance(node, list):
        return [line for item in node for line in commands(item)]
    if not isinstance(node, dict):
        return []
    found: list[str] = []
    for key, value in node.items():
        if key in ("run", "script"):
            lines = value if isinstance(value, list) else value.splitlines()
            found += [line for line in lines if line.startswith("csc ")]
        else:
            found += commands(value)
    return found


@pytest.fixture
def project(csc: Csc) -> Csc:
    """A folder with the sample gateway and its CA's root where the CI samples look for them."""
    csc.ok("apply", "--sandbox", "--yes", SAMPLES / "gateway.cfg")
    root = (csc.folder / ".csc" / "sandbox" / "root.pem").read_bytes()
    shutil.rmtree(csc.folder / ".csc")
    firewall = csc.folder / "firewall"
    firewall.mkdir()
    shutil.copy(SAMPLES / "gateway.cfg", firewall)
    der = x509.load_pem_x509_certificate(root).public_bytes(Encoding.DER)
    (firewall / "ca_root.der").write_bytes(der)
    return csc


def shell(csc: Csc, line: str, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """A line as a runner's shell takes it, with the csc of this environment."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-e", "-c", line],
        cwd=csc.folder,
        env={**csc.variables(), **variables, "PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def run_all(csc: Csc, lines: list[str], variables: Mapping[str, str]) -> list[int]:
    results = [shell(csc, line, variables) for line in lines]
    for result in results:
        assert "csc's own" not in result.stderr
        assert result.returncode in (0, 1), result.stderr
    return [result.returncode for result in results]


def break_script(csc: Csc) -> None:
    with (csc.folder / "firewall" / "gateway.cfg").open("a") as file:
        file.write("frobnicate\n")


def test_github_workflow(project: Csc) -> None:
    workflow = load("github.yml")
    lines = commands(workflow)
    assert len(lines) == 3
    assert run_all(project, lines, workflow["env"]) == [0, 0, 0]
    steps = workflow["jobs"]["csc"]["steps"]
    uploaded = [step["with"] for step in steps if "upload" in step.get("uses", "")]
    assert [with_.get("sarif_file") or with_["path"] for with_ in uploaded] == [
        "csc.sarif",
        "plan.json",
    ]
    assert json.loads((project.folder / "csc.sarif").read_text())["version"] == "2.1.0"
    assert json.loads((project.folder / "plan.json").read_text())["schema"] == "csc/plan/1"
    assert (project.folder / "plan.md").read_text().startswith("**Plan: 4 to add, ")
    break_script(project)
    assert run_all(project, lines, workflow["env"]) == [1, 0, 1]
    (run,) = json.loads((project.folder / "csc.sarif").read_text())["runs"]
    assert run["results"][0]["ruleId"] == "CSC103"
    assert (project.folder / "plan.md").read_text().startswith("**No plan: 1 error, ")


def test_gitlab_jobs(project: Csc) -> None:
    jobs = load("gitlab.yml")
    lines = commands(jobs)
    assert len(lines) == 3
    assert run_all(project, lines, jobs["variables"]) == [0, 0, 0]
    reports = jobs["csc-validate"]["artifacts"]["reports"]
    for name in (*reports.values(), *jobs["csc-plan"]["artifacts"]["paths"]):
        assert (project.folder / name).exists()
    break_script(project)
    # The plan's exit code is kept for the end of the job.
    assert run_all(project, lines, jobs["variables"]) == [0, 1, 0]
    plan = [lines[-1], jobs["csc-plan"]["script"][-1]]
    assert run_all(project, ["\n".join(plan)], jobs["variables"]) == [1]
    issues = json.loads((project.folder / reports["codequality"]).read_text())
    assert issues[0]["location"]["path"] == "firewall/gateway.cfg"
    suites = ElementTree.parse(project.folder / reports["junit"]).getroot()
    assert suites[0].attrib["name"] == "firewall/gateway.cfg"


def hooks() -> dict[str, dict[str, Any]]:
    listed = yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text())
    return {hook["id"]: hook for hook in listed}


def test_hooks_run_what_there_is(csc: Csc) -> None:
    csc.write("a.cfg", "add  CertificateStore   a\nactivate\ncommit\n")
    for hook in hooks().values():
        csc.ok(*hook["entry"].split()[1:], *hook.get("args", ()), "a.cfg")
    assert (csc.folder / "a.cfg").read_text().startswith("add CertificateStore a\n")


def index_is_reached(folder: Path) -> bool:
    """Whether pip gets a package as pre-commit's environment will."""
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-cache-dir", "lark"]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0


def test_hooks_through_pre_commit(tmp_path: Path) -> None:
    """pre-commit takes the hooks from this repository, builds their environment and runs them."""
    index = tmp_path / "index"
    index.mkdir()
    if not index_is_reached(index):
        pytest.skip("the package index cannot be reached")
    project = tmp_path / "project"
    project.mkdir()
    variables = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "CSC_"))}
    variables["PRE_COMMIT_HOME"] = str(tmp_path / "cache")

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=project, env=variables, capture_output=True, text=True, check=False
        )

    def commit() -> None:
        assert run("git", "add", "-A").returncode == 0
        author = ("-c", "user.name=a", "-c", "user.email=a@example.com")
        assert run("git", *author, "commit", "-q", "--no-verify", "-m", "x").returncode == 0

    pre_commit = (sys.executable, "-m", "pre_commit")
    good = "add CertificateStore cmp\n\nactivate\ncommit\n"
    run("git", "init", "-q")
    (project / "good.cfg").write_text(good)
    # Of another device: by itself it is right, after good.cfg it would not be.
    (project / "other.cfg").write_text(good.replace(" cmp", " cmp Comments=x"))
    (project / "bad.cfg").write_text("frobnicate\n")
    (project / "untidy.cfg").write_text(good.replace(" ", "   "))
    (project / "setup.cfg").write_text("[metadata]\nname = x\n")
    commit()

    # Every run builds an environment, so there are two: one of what is wrong, one of what is right.
    def try_hooks(*files: str) -> subprocess.CompletedProcess[str]:
        return run(*pre_commit, "try-repo", str(REPOSITORY), "--verbose", "--files", *files)

    failed = try_hooks("bad.cfg", "untidy.cfg", "setup.cfg")
    assert failed.returncode == 1, failed.stdout + failed.stderr
    assert "CSC103 unknown-command" in failed.stdout
    assert "2 scripts checked: 1 error\n" in failed.stdout
    assert "files were modified by this hook" in failed.stdout
    assert (project / "untidy.cfg").read_text() == good
    passed = try_hooks("good.cfg", "other.cfg", "untidy.cfg")
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert "3 scripts checked: no findings\n" in passed.stdout
    assert "3 scripts unchanged" in passed.stdout

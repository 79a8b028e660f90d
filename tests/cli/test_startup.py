"""`csc validate` starts fast: it loads lark, click, and little else. How fast: benchmarks/startup.py."""

import subprocess
import sys

from support.command import SAMPLES, Csc

GATEWAY = SAMPLES / "gateway.cfg"
LIBRARIES = ("cryptography", "httpx", "hypothesis", "igraph", "jinja2", "keyring", "pyasn1", "rich")
# Of the standard library; what lark and click load (tempfile, pickle, inspect, …) is loaded anyway.
STANDARD = ("argparse", "asyncio", "difflib", "email", "http", "sqlite3", "ssl", "tomllib", "xml")
# Our own, for options and commands that most runs do without.
ELSEWHERE = (
    "csc.cli.baseline",
    "csc.cli.fixing",
    "csc.compiler.graph",
    "csc.compiler.impact",
    "csc.compiler.needs",
    "csc.compiler.plan_reading",
    "csc.compiler.rules.page",
    "csc.compiler.schema.toml",
    "csc.compiler.scope",
    "csc.compiler.undo",
)
# Whatever else is in the runtime is there to apply. (`preflight` loads cryptography where a file is read.)
OF_THE_RUNTIME = {"fingerprint", "preflight", "state", "state.errors", "state.location", "uploads"}


def loaded_by(csc: Csc, command: str) -> set[str]:
    """The modules that the command has loaded when it ends, given the sample."""
    code = (
        "import sys\nfrom csc.cli.main import main\n"
        f"sys.argv = ['csc', {command!r}, '--sandbox', {str(GATEWAY)!r}]\n"
        "try:\n    main()\nfinally:\n    print(*sys.modules)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=csc.folder,
        env=csc.variables(),
        check=True,
    )
    return set(result.stdout.splitlines()[-1].split())


def test_validate_loads_only_what_it_needs(csc: Csc) -> None:
    loaded = loaded_by(csc, "validate")
    assert {"lark", "click", "csc.compiler.compile"} <= loaded
    assert loaded.isdisjoint((*LIBRARIES, *STANDARD, *ELSEWHERE))
    of_the_runtime = {m.removeprefix("csc.runtime.") for m in loaded if "csc.runtime." in m}
    assert of_the_runtime <= OF_THE_RUNTIME


def test_validate_against_a_state_loads_no_cryptography(csc: Csc) -> None:
    csc.ok("apply", "--sandbox", "--yes", GATEWAY)
    loaded = loaded_by(csc, "validate")
    assert "csc.runtime.state.store" in loaded
    assert loaded.isdisjoint(LIBRARIES)


def test_plan_loads_nothing_of_a_probe(csc: Csc) -> None:
    loaded = loaded_by(csc, "plan")
    assert "csc.cli.planning" in loaded
    assert loaded.isdisjoint((*LIBRARIES, "csc.cli.probing", "csc.runtime.probe"))
    assert not any(m.startswith(("csc.runtime.probing", "csc.runtime.cmp")) for m in loaded)

"""A property that only the user's schema calls a secret is shown in no finding."""

from pathlib import Path

from support.command import Csc

SCHEMA = """
[types.Probe]
[types.Probe.properties]
Community = { kind = "secret" }
"""


def test_a_secret_of_a_schema_is_shown_in_no_finding(csc: Csc) -> None:
    """Neither by validate nor by plan, though its name sounds public."""
    Path(csc.folder, "s.toml").write_text(SCHEMA)
    csc.write("a.cfg", "add Probe p Community=geheim\n")
    for arguments in (("validate",), ("plan",)):
        done = csc(*arguments, "--schema", "s.toml", "a.cfg")
        assert "Community=******" in done.stderr + done.stdout
        assert "geheim" not in done.stderr + done.stdout

"""What a session sets up for a plan with a sandbox."""

from pathlib import Path

from csc.runtime.session import open_session
from csc.runtime.state.holding import hold
from csc.runtime.state.location import parse_url
from support.cases import CASES, compile_case
from support.command import SAMPLES, Csc


def test_a_signer_needs_no_secret_in_the_sandbox(tmp_path: Path) -> None:
    plan = compile_case(CASES / "extensions" / "signer.cfg").plan
    assert plan is not None
    location = parse_url(f"sqlite:///{tmp_path}/state.db")
    with (
        hold(location, "default") as held,
        open_session(held, plan, (), uses_sandbox=True) as session,
    ):
        assert session.sandbox_root is not None


def test_the_sandbox_stands_in_for_a_server_with_tls(csc: Csc) -> None:
    script = (SAMPLES / "gateway.cfg").read_text().replace("Port=3076", "Port=8443")
    csc.write("gateway.cfg", script)
    csc.ok("apply", "--sandbox", "--yes", "gateway.cfg")
    assert "Port=8443" in csc.ok("show")

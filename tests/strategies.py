"""Hypothesis strategies for the whole suite: programs that are free of errors."""

from hypothesis import strategies as st
from support.device import FINISH, PREREQUISITES, bind, certificate, initiate, revoke

NAMES = ("a", "b", "c")


@st.composite
def scripts(draw: st.DrawFn) -> str:
    """A script without `-update` that compiles on a new device, of every shape that the rules allow."""
    script = PREREQUISITES
    for name in NAMES:
        script += certificate(name)
    valid: list[str] = []
    for _ in range(draw(st.integers(0, 5))):
        choices = ["store", "comment", "finish"]
        if len(valid) < len(NAMES):
            choices += ["enrol"] * 2
        if valid:
            choices.append("revoke")
        match draw(st.sampled_from(choices)):
            case "store":
                name = draw(st.sampled_from(("x", "y")))
                verb = draw(st.sampled_from(("add", "delete")))
                script += f"add CertificateStore {name}\n"
                if verb == "delete":
                    script += f"delete CertificateStore {name}\n"
            case "comment":
                text = draw(st.sampled_from(("one", '"two words"', '"a \\" b"', '""')))
                script += f"set CMPServer ca Comments={text}\n"
            case "finish":
                script += draw(st.sampled_from((FINISH, "activate\n", "commit\n")))
            case "enrol":
                name = draw(st.sampled_from([n for n in NAMES if n not in valid]))
                script += initiate(name) + bind(name)
                valid.append(name)
            case "revoke":
                name = draw(st.sampled_from(valid))
                script += revoke(name)
                valid.remove(name)
    return script + draw(st.sampled_from((FINISH, "")))

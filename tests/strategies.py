"""Hypothesis strategies for the whole suite: programs that are free of errors."""

from hypothesis import strategies as st
from support.device import FINISH, PREREQUISITES, bind, certificate, initiate, revoke

NAMES = ("a", "b", "c")


YES_OR_NO = st.sampled_from(("Yes", "No"))
DIGIT = st.integers(1, 3)


@st.composite
def network(draw: st.DrawFn, routes: int) -> tuple[str, int]:
    """A command on an object of another type, with the number of routes before in and after out."""
    kinds = ["address", "single", "unknown", "nameless", "hardware", "user", "add route", "rule"]
    if routes:
        kinds += ["set route", "delete route"]
    n = draw(DIGIT)
    in_table = "cc RoutingTable main\n{}cc\n"
    match draw(st.sampled_from(kinds)):
        case "address":
            return f"add Address IPAddress host{n} Address=10.0.0.{n},10.{n}.0.0/16\n", routes
        case "single":
            return f"set DateTime TimeSyncEnable={draw(YES_OR_NO)}\n", routes
        case "unknown":
            verb = draw(st.sampled_from(("add", "set")))
            return f'{verb} Widget w{n} Colour="dark blue" Size={draw(DIGIT)}\n', routes
        case "nameless":
            return f"cc Gadgets\nadd Gadget Size={n}\ncc ..\n", routes
        case "hardware":
            return f"set Interface Ethernet G{n} DHCPEnabled={draw(YES_OR_NO)}\n", routes
        case "user":
            secret = draw(st.sampled_from(("${env:PASSWORD}", "in-clear", '"in clear"')))
            return f"add User user{n} Password={secret}\n", routes
        case "rule":
            name = draw(st.sampled_from(("", " Name=first", " Name=second")))
            rule = f"add IPRule Action=Allow Service=http SourceNetwork=host{n}{name}\n"
            return f"cc RuleSet IPRuleSet main\n{rule}cc\n", routes
        case "add route":
            index = draw(st.sampled_from(("", " Index=1", " Index=2")))
            route = f"add Route Interface=if{n} Network=10.{n}.0.0/16{index}\n"
            return in_table.format(route), routes + 1
        case "set route":
            place = draw(st.integers(1, routes))
            change = draw(st.sampled_from(("Metric=7", "Index=1", "Index=9 Name=moved")))
            return in_table.format(f"set Route {place} {change}\n"), routes
        case _:
            return in_table.format(f"delete Route {draw(st.integers(1, routes))}\n"), routes - 1


@st.composite
def scripts(draw: st.DrawFn) -> str:
    """A script without `-update` that compiles on a new device, of every shape that the rules allow."""
    script = PREREQUISITES
    for name in NAMES:
        script += certificate(name)
    valid: list[str] = []
    routes = 0
    for _ in range(draw(st.integers(0, 5))):
        choices = ["store", "comment", "finish", "network", "network"]
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
            case "network":
                text, routes = draw(network(routes))
                script += text
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


def layouts(script: str) -> st.SearchStrategy[str]:
    """The same script, laid out in another way: folded, spread, with comments and prompts."""
    breaks = st.sampled_from((" ", " ", "  ", "\t", " \\\n", "\n    ", "\n\n\t", "\n  # why\n  "))
    starts = st.sampled_from(("", "", "", "\n", "\n\n", "# a comment\n", "System:/> ", "  "))
    lines = [line.split(" ") for line in script.splitlines()]
    return st.tuples(
        *(
            st.tuples(starts, st.lists(breaks, min_size=len(words), max_size=len(words)))
            for words in lines
        )
    ).map(
        lambda drawn: "".join(
            start + "".join(w + b for w, b in zip(words, [*gaps[:-1], "\n"], strict=True))
            for words, (start, gaps) in zip(lines, drawn, strict=True)
        )
    )

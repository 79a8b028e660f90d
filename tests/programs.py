"""Hypothesis strategies of whole programs: scripts that are applied in order, free of errors.

A program is drawn command by command along what the manual allows, and everything may come between
everything: stores and certificates that come, go and come back, results that wait while other things change,
revocations, routes and rules that move, changes that are activated late or never.
"""

from dataclasses import dataclass, field

from hypothesis import strategies as st
from strategies import network
from support.device import PREREQUISITES

# Two stores with one name in common: what is told by its name alone is told wrongly.
CERTIFICATES = ("cmp/a", "cmp/b", "vpn/a", "vpn/c")
SERVERS = ("ca", "ra")
BEGINNING = (
    PREREQUISITES
    + "add CertificateStore vpn\nadd CMPServer ra CACert=cmp/cacert FQDN=ra.example.com Port=829\n"
)


def in_store(reference: str, command: str) -> str:
    """A command on a certificate, in its store; `{}` stands for the certificate's name."""
    store, name = reference.split("/")
    return f"cc CertificateStore {store}\n{command.format(name)}\ncc\n"


def added(reference: str, server: str) -> str:
    return in_store(reference, f"add Certificate {{}} Type=CMPv2 CMPServer={server}")


def deleted(reference: str) -> str:
    return in_store(reference, "delete Certificate {}")


def enrolled(reference: str, subject: int) -> str:
    name = f"CN={reference.replace('/', '-')},O={subject}"
    return (
        f'certmgr -clientcert={reference} -initiate -username=ref -password=psk -subject="{name}"\n'
    )


def updated(reference: str) -> str:
    return f"certmgr -clientcert={reference} -update\n"


def revoked(reference: str) -> str:
    return f"certmgr -clientcert={reference} -revoke\n"


def bound(reference: str) -> str:
    pair = "CertificateData=file://cl_newcert.der PrivateKey=file://cl_newkey.pem"
    return in_store(reference, f"set Certificate {{}} {pair}")


@dataclass
class Manual:
    """Who is where in the manual's procedure.

    `servers` tells the CMPServer of each certificate that is there, `valid` which request it was enrolled
    with. `waiting` is whose result lies in the two files, so that nothing may overwrite them. `known` are
    those that were ever enrolled.
    """

    servers: dict[str, str] = field(default_factory=lambda: dict.fromkeys(CERTIFICATES[:2], "ca"))
    empty: set[str] = field(default_factory=lambda: set(CERTIFICATES[:2]))
    valid: dict[str, int] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    waiting: str | None = None
    known: set[str] = field(default_factory=set)
    requests: int = 0
    routes: int = 0

    @property
    def absent(self) -> set[str]:
        return set(CERTIFICATES) - self.servers.keys()

    def enrol(self, reference: str) -> str:
        self.empty.discard(reference)
        self.ended.discard(reference)
        self.known.add(reference)
        self.waiting = reference
        self.requests += 1
        self.valid[reference] = self.requests
        return enrolled(reference, self.requests)

    def delete(self, reference: str) -> str:
        del self.servers[reference]
        self.empty.discard(reference)
        self.ended.discard(reference)
        self.valid.pop(reference, None)
        return deleted(reference)


@st.composite
def commands(draw: st.DrawFn, manual: Manual, *, updates: bool, has_network: bool = True) -> str:
    """The next command, or the next few that belong together."""
    choices = ["comment", "activate", "commit", "finish"]
    choices += ["network", "network", "store"] * has_network
    # The state does not tell what was given up from what waits: who comes back enrols at once.
    if addable := sorted(manual.absent - (manual.known if manual.waiting else set())):
        choices += ["add"] * 3
    if manual.empty | manual.ended and manual.waiting is None:
        choices += ["enrol"] * 8
    if manual.waiting is not None:
        choices += ["bind"] * 8 + ["give up"]
    if free := sorted(manual.valid.keys() - {manual.waiting}):
        choices += ["revoke"] * 2
        if manual.waiting is None:
            choices += ["enrol the same again"] + ["update"] * 3 * updates
    if manual.servers.keys() - {manual.waiting}:
        choices.append("delete")
    match draw(st.sampled_from(choices)):
        case "add":
            reference = draw(st.sampled_from(addable))
            manual.servers[reference] = draw(st.sampled_from(SERVERS))
            manual.empty.add(reference)
            text = added(reference, manual.servers[reference])
            return text + (manual.enrol(reference) if reference in manual.known else "")
        case "enrol":
            return manual.enrol(draw(st.sampled_from(sorted(manual.empty | manual.ended))))
        case "enrol the same again":
            reference = draw(st.sampled_from(free))
            return enrolled(reference, manual.valid[reference])
        case "update":
            manual.waiting = draw(st.sampled_from(free))
            return updated(manual.waiting)
        case "bind":
            reference, manual.waiting = manual.waiting, None
            return bound(reference)
        case "give up":
            reference, manual.waiting = manual.waiting, None
            return manual.delete(reference)
        case "revoke":
            reference = draw(st.sampled_from(free))
            del manual.valid[reference]
            manual.ended.add(reference)
            return revoked(reference)
        case "delete":
            return manual.delete(
                draw(st.sampled_from(sorted(manual.servers.keys() - {manual.waiting})))
            )
        case "network":
            text, manual.routes = draw(network(manual.routes))
            return text
        case "comment":
            text = draw(st.sampled_from(("one", '"two words"', '""')))
            return f"set CMPServer {draw(st.sampled_from(SERVERS))} Comments={text}\n"
        case "store":
            verbs = draw(st.sampled_from((["add"], ["add", "delete"])))
            return "".join(f"{verb} CertificateStore x\n" for verb in verbs)
        case "finish":
            return "activate\ncommit\n"
        case barrier:
            return f"{barrier}\n"


@st.composite
def programs(
    draw: st.DrawFn,
    *,
    updates: bool = False,
    whole: bool = False,
    most_scripts: int = 3,
    most_commands: int = 12,
) -> list[str]:
    """Scripts to be applied in order, the first one to a new device.

    `whole` makes each a description of its own, as people keep them: it begins with all that is there.
    """
    manual = Manual()
    scripts: list[str] = []
    for _ in range(draw(st.integers(1, most_commands))):
        # What a script binds without having obtained it is another result the next time.
        may_end = len(scripts) < most_scripts and not (whole and manual.waiting)
        if not scripts or (may_end and draw(st.integers(0, 5)) == 0):
            scripts.append("")
            if whole or len(scripts) == 1:
                there = manual.servers.items()
                scripts[-1] = BEGINNING + "".join(added(name, server) for name, server in there)
                manual.routes = 0
        scripts[-1] += draw(commands(manual, updates=updates))
    return scripts


@st.composite
def slips(draw: st.DrawFn, manual: Manual, requests: int) -> str:
    """A command on a certificate that may come at the wrong time."""
    there = sorted(manual.servers.keys() - manual.empty) or sorted(manual.servers)
    reference = draw(st.sampled_from((*there * 3, *CERTIFICATES)))
    managed = draw(st.sampled_from((reference, reference, "cmp/cacert")))
    return draw(
        st.sampled_from(
            (
                added(reference, "ra"),
                deleted(reference),
                *(enrolled(managed, requests), updated(managed), revoked(managed)) * 2,
                bound(reference),
                in_store(reference, "set Certificate {} CertificateData=file://cl_newcert.der"),
                in_store(reference, "set Certificate {} PrivateKey=file://cl_newkey.pem"),
            )
        )
    )


@dataclass(frozen=True)
class Visit:
    """A script, and how many days after the one before it is applied."""

    days: int
    script: str


@st.composite
def sessions(draw: st.DrawFn) -> list[Visit]:
    """Scripts along the manual, with now and then a command that does not belong there."""
    manual = Manual()
    there = manual.servers.items()
    days, scripts = [0], [BEGINNING + "".join(added(name, server) for name, server in there)]
    for number in range(draw(st.integers(1, 14))):
        if len(scripts) < 3 and draw(st.integers(0, 5)) == 0:
            scripts.append("")
            days.append(draw(st.sampled_from((0, 0, 100))))
            if days[-1]:
                manual.ended |= manual.valid.keys()
                manual.valid.clear()
                manual.waiting = None
        if draw(st.integers(0, 5)) == 0:
            scripts[-1] += draw(slips(manual, 100 + number))
        else:
            scripts[-1] += draw(commands(manual, updates=True, has_network=False))
    return [Visit(*visit) for visit in zip(days, scripts, strict=True)]


@st.composite
def reordered(draw: st.DrawFn) -> tuple[str, str]:
    """One script in two orders: what belongs together keeps its own, and nothing passes a barrier.

    What belongs together: the life of one certificate, with each result bound at once, for the next certmgr
    takes its files; and the commands on one object or in one container.
    """
    manual = Manual()
    orders = [BEGINNING + "".join(added(name, "ca") for name in manual.servers)] * 2
    for _ in range(draw(st.integers(1, 3))):
        lives = {name: draw(life(manual, name)) for name in CERTIFICATES}
        chains = [*lives.values(), draw(chain_of_networks(manual)), draw(chain_of_comments())]
        turns = [number for number, chain in enumerate(chains) for _ in chain]
        barrier = draw(st.sampled_from(("activate\n", "activate\ncommit\n", "")))
        for order in range(2):
            waiting = [iter(chain) for chain in chains]
            shuffled = draw(st.permutations(turns))
            orders[order] += "".join(next(waiting[turn]) for turn in shuffled) + barrier
        if not barrier:
            break
    return orders[0], orders[1]


@st.composite
def life(draw: st.DrawFn, manual: Manual, name: str) -> list[str]:
    """A while of one certificate's life, as commands that nothing may come between."""
    found: list[str] = []
    for _ in range(draw(st.integers(0, 3))):
        if name not in manual.servers:
            manual.servers[name] = draw(st.sampled_from(SERVERS))
            manual.empty.add(name)
            found.append(added(name, manual.servers[name]))
        elif name in manual.valid:
            match draw(st.sampled_from(("update", "revoke", "delete"))):
                case "update":
                    found.append(updated(name) + bound(name))
                case "revoke":
                    del manual.valid[name]
                    manual.ended.add(name)
                    found.append(revoked(name))
                case _:
                    found.append(manual.delete(name))
        else:
            found.append(manual.enrol(name) + bound(name))
    return found


@st.composite
def chain_of_networks(draw: st.DrawFn, manual: Manual) -> list[str]:
    """Commands on objects of other types."""
    found: list[str] = []
    for _ in range(draw(st.integers(0, 3))):
        text, manual.routes = draw(network(manual.routes))
        found.append(text)
    return found


def chain_of_comments() -> st.SearchStrategy[list[str]]:
    """Commands on one CMPServer."""
    comments = st.sampled_from(("one", '"two words"', '""'))
    return st.lists(comments.map("set CMPServer ra Comments={}\n".format), max_size=3)

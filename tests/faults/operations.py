"""The scripts of the cases: what was applied before, what is applied, and what must be nothing to do then."""

from dataclasses import dataclass

from csc.runtime.sandbox.behaviour import USUAL, Behaviour
from support.device import FINISH, PREREQUISITES, bind, certificate, revoke, update

SCRIPT = "script.cfg"


@dataclass(frozen=True)
class Operation:
    """`before` is carried out in peace, `script` is spoilt, `after` has to be an empty plan at the end."""

    before: str
    script: str
    after: str
    behaviour: Behaviour = USUAL


def _initiate(name: str) -> str:
    return (
        f"certmgr -clientcert=cmp/{name} -initiate -username=ref -password=psk"
        f' -subject="CN={name}" -keytype=ec:p256\n'
    )


def _enrolled(names: list[str]) -> str:
    objects = "".join(map(certificate, names))
    return PREREQUISITES + objects + "".join(_initiate(n) + bind(n) for n in names) + FINISH


def _mixed(names: list[str]) -> Operation:
    third = len(names) // 3 or 1
    new, renewed, ended = names[:third], names[third : 2 * third], names[2 * third :]
    before = _enrolled(renewed + ended)
    script = "".join(map(certificate, new))
    script += "".join(_initiate(n) + bind(n) for n in new)
    ends = "".join(map(revoke, ended))
    return Operation(
        before,
        script + "".join(update(n) + bind(n) for n in renewed) + ends + FINISH,
        script + ends,
    )


def operation(kind: str, many: int) -> Operation:
    """What happens to `many` certificates, in one of `KINDS`."""
    names = [f"gw{number}" for number in range(many)]
    if kind == "mixed":
        return _mixed(names)
    enrolled = _enrolled(names)
    match kind:
        case "initiate":
            return Operation("", enrolled, enrolled)
        case "update":
            bound = "".join(map(bind, names)) + FINISH
            script = "".join(update(n) + bind(n) for n in names) + FINISH
            return Operation(enrolled, script, bound)
        case "revoke":
            ends = "".join(map(revoke, names))
            return Operation(enrolled, ends, ends)
        case "waiting":
            return Operation("", enrolled, enrolled, Behaviour(polls=1, check_after=1))
        case "implicit":
            asked = enrolled.replace(" FQDN=", " Confirmation=Implicit FQDN=")
            return Operation("", asked, asked, Behaviour(grants_implicit_confirm=True))
        case "central":
            central = enrolled.replace(" -password=psk", " -password=psk -central")
            return Operation("", central, central)
        case _:
            raise ValueError(kind)


# Those of certmgr; a third of each; and -initiate with a CA that has one wait, needs no confirmation, or
# makes the keys.
KINDS = ("initiate", "update", "revoke", "mixed", "waiting", "implicit", "central")

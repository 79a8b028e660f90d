"""A step that needs no CA in, what came of it out: object changes, activate, commit.

`act` is the one place where a configuration becomes the active or the committed one.
"""

from __future__ import annotations

from ...compiler.configuration import FileValue, Properties
from ...compiler.plan import Activate, CmpOperation, Commit, ObjectChange, Step
from .. import committing
from ..errors import ContentMissing
from .run import Run


def act(run: Run, step: Step) -> str:
    """Do the step; what came of it, for people.

    Raises:
        ApplyError: if bytes are missing that the plan relies on.
        StateError: if the state cannot be written.
    """
    match step.action:
        case ObjectChange(address=address, after=after):
            if after is None:
                run.candidate.pop(address, None)
                if address.type == "Certificate":
                    run.around.store.give_up(run.around.device, address)
            else:
                run.candidate[address] = _take_in(run, after)
            run.unkept.append(step.id)
            return ""
        case Activate():
            return _activate(run)
        case Commit():
            return _commit(run)
        case CmpOperation():
            raise AssertionError("operations run elsewhere")


def _activate(run: Run) -> str:
    """The candidate becomes the active configuration; all steps before it are done."""
    committing.activate(run.around, run.candidate)
    run.unkept.clear()
    return ""


def _commit(run: Run) -> str:
    """The active configuration becomes a committed version; all steps before it are done."""
    run.version = committing.commit(run.around, run.plan.script)
    return f"version {run.version}"


def _take_in(run: Run, properties: Properties) -> Properties:
    """The properties with the real content ids; what was uploaded goes into the state."""
    taken = dict(properties)
    for name, value in properties.items():
        if isinstance(value, FileValue):
            content = run.resolve(value.content)
            _keep(run, content, sealed=value.is_secret)
            taken[name] = FileValue(value.name, content, value.is_secret)
    return taken


def _keep(run: Run, content: str, *, sealed: bool) -> None:
    store, vault = run.around.store, run.around.vault
    if (store.secret(content) if sealed else store.content(content)) is not None:
        return
    data = run.materials.find(content)
    if data is None:
        raise ContentMissing(
            f"the file with the content {content} is gone", "it was there when the plan was made"
        )
    if sealed:
        store.put_secret(content, vault.encrypt(content, data))
    else:
        store.put_content(content, data)

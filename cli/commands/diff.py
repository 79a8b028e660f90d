"""`csc diff`: print what changed between two configurations."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import click

from ...compiler.differences import differences
from ...runtime.state.activations import load_as_of
from ...runtime.state.store import Store, Version
from .. import options
from ..exits import DONE, Failure
from ..reading import reading
from ..rolled_back import tell_rolled_back
from ..settings import Settings
from ..views import version_diff_json, version_diff_text
from ..views.source_text import to_json

_NUMBER = click.IntRange(0, 2**31 - 1)  # as far as databases count


@click.command("diff")
@click.argument("before", metavar="[N]", required=False, type=_NUMBER)
@click.argument("after", metavar="[M]", required=False, type=_NUMBER)
@click.option("--candidate", is_flag=True, help="What is committed against the candidate.")
@options.as_json
@click.pass_obj
def command(
    settings: Settings,
    /,
    *,
    before: int | None,
    after: int | None,
    candidate: bool,
    as_json: bool,
) -> int:
    """Print what changed from committed version N to M, the newest if it is left out.

    Without numbers: from the newest but one. Version 0 is a new device.
    """
    if candidate and before is not None:
        raise click.UsageError("--candidate compares with what is committed: leave the number out")
    with reading(settings.state) as store, store.database.snapshot():
        state, rolled_back = load_as_of(store, settings.device, datetime.now(UTC))
        tell_rolled_back(rolled_back, settings)
        if candidate:
            old = store.version(settings.device)
            new = replace(old, configuration=state.candidate)
        else:
            old, new = _versions(store, settings.device, before, after)
        changes = differences(old.configuration, new.configuration)
        old_name = f"version {old.number}"
        new_name = "candidate" if candidate else f"version {new.number}"
        if as_json:
            number = None if candidate else new.number
            document = version_diff_json.document(settings.device, old.number, number, changes)
            click.echo(to_json(document))
            return DONE
        revoked = {r.certificate for r in state.certificates.values() if r.is_revoked}
        old_text, new_text = (
            _snapshot(settings.device, version, revoked, store) for version in (old, new)
        )
    text = version_diff_text.render(old_name, new_name, old_text, new_text, changes)
    if text:
        click.echo(text)
    elif not settings.is_quiet:
        click.echo(f"No difference between {old_name} and {new_name}.", err=True)
    return DONE


def _versions(
    store: Store, device: str, before: int | None, after: int | None
) -> tuple[Version, Version]:
    new = store.version(device, after)
    if before is None:
        if new.number == 0:
            raise Failure(
                f"nothing is committed on device {device} yet",
                "`csc diff --candidate` shows what is not committed",
            )
        before = new.number - 1
    return store.version(device, before), new


def _snapshot(device: str, version: Version, revoked: set[str], store: Store) -> str:
    """The version as `csc show` prints it, but for the line that says which version it is."""
    from ...runtime.snapshot import render_script

    return render_script(device, version, revoked, store.content).partition("\n")[2]

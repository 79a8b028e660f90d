"""`csc vault`: how secrets are kept at rest, and their keys replaced."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar

import click

from ...runtime.errors import ApplyError
from ...runtime.state.audit_chain import WHOLE_STATE
from ...runtime.state.errors import Locked, StateError
from ...runtime.state.holding import open_in_turn
from ...runtime.state.location import Location
from ...runtime.state.store import Store
from ...runtime.state.vault import overview, rekeying, sources, table
from ...runtime.state.vault.opening import make_keys
from ...runtime.state.vault.sources import Source
from ...runtime.telemetry.observing import observed
from ...runtime.telemetry.run import Act
from .. import options
from ..exits import DONE, FAILED, REFUSED, Failure
from ..reading import reading
from ..scripts import location_of
from ..settings import Settings
from ..views import vault_json, vault_text
from ..views.source_text import printable, to_json

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _key_source(text: str) -> Callable[[_Command], _Command]:
    return click.option(
        "--key-source", type=click.Choice([source.value for source in Source]), help=text
    )


@click.group("vault")
def command() -> None:
    """Say how private keys are kept in the state, and replace the keys that they are encrypted with."""


@command.command("init")
@_key_source("Where the master key is to be.  [default: file; what the environment has]")
@click.pass_obj
def init_command(settings: Settings, /, *, key_source: str | None) -> int:
    """Make a state with its keys, before the first `csc apply` does."""
    location = location_of(settings.state)
    with _named(location):
        store = open_in_turn(location)
        try:
            if table.find(store.database) is not None:
                raise StateError(
                    "the state has its keys already", "`csc vault rekey` replaces them"
                )
            make_keys(store, location, None if key_source is None else Source(key_source))
            made = table.find(store.database)
        finally:
            store.close()
    assert made is not None  # noqa: S101  (it was just made)
    if not settings.is_quiet:
        place = printable(sources.shown(made.place, location))
        click.echo(f"The master key is {place}: keep a copy of it apart.")
    return DONE


@command.command("rekey")
@_key_source("Where the new master key is to be.  [default: where the old one is]")
@click.option(
    "--lock-timeout",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    default=0.0,
    help="Wait this long for processes that hold a device.  [default: 0]",
)
@click.pass_obj
def rekey_command(settings: Settings, /, *, key_source: str | None, lock_timeout: float) -> int:
    """Replace the master key and the data key, and encrypt every secret again, all at once or not at all."""
    location = location_of(settings.state)

    def say_waiting(refused: Locked) -> None:
        if not settings.is_quiet:
            click.echo(f"Waiting: {printable(str(refused))}", err=True)

    source = None if key_source is None else Source(key_source)
    options = {} if source is None else {"key-source": source.value}

    def run(store: Store) -> AbstractContextManager[object]:
        return observed(store, WHOLE_STATE, Act("vault rekey", options))

    with _named(location):
        done = rekeying.rekey(location, source, lock_timeout, say_waiting, run)
    if not settings.is_quiet:
        click.echo(vault_text.rekeyed(done, location))
    return DONE


@command.command("status")
@click.option("--check", is_flag=True, help="Decrypt every secret; exit with 1 if one cannot be.")
@options.as_json
@click.pass_obj
def status_command(settings: Settings, /, *, check: bool, as_json: bool) -> int:
    """Say where the master key is, which data key the state has, and how many secrets."""
    location = location_of(settings.state)
    with reading(settings.state) as store:
        seen = overview.look(store, location, tries=check)
    click.echo(to_json(vault_json.document(seen)) if as_json else vault_text.render(seen))
    return FAILED if seen.damaged else DONE


@contextmanager
def _named(location: Location) -> Generator[None]:
    """Errors of the state as failures."""
    try:
        yield
    except Locked as error:
        raise Failure(str(error), error.way_out, REFUSED) from None
    except (StateError, ApplyError) as error:
        raise Failure(str(error), error.way_out) from None
    except OSError as error:
        raise Failure(
            f"the state in {location.folder} cannot be used: {error.strerror}",
            "check the path, its permissions and the disk",
        ) from None

"""`csc sandbox`: serve the embedded CA, and ask one that runs."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .. import options
from ..exits import DONE, USAGE, Failure
from ..scripts import location_of
from ..settings import Settings
from ..variables import Variables
from ..views.source_text import to_json

if TYPE_CHECKING:
    from ...runtime.sandbox.behaviour import Behaviour

PORT = 8080
_STATUS_SCHEMA = "csc/sandbox-status/1"
_DEFAULT = "serve"

_folder = click.option(
    "--folder",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the CA's keys and its ledger lie; by default in the state's folder, where"
    " `csc apply --sandbox` has them, too.",
)


class _ServesByDefault(click.Group):
    """Without a subcommand it serves, with the options that were given."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        is_help = bool(args) and args[0] in ctx.help_option_names
        if not is_help and (not args or args[0] not in self.commands):
            args = [_DEFAULT, *args]
        return super().parse_args(ctx, args)


@click.group("sandbox", cls=_ServesByDefault)
def command() -> None:
    """Serve the embedded CA, or ask one that runs.

    Without a command it serves: `csc sandbox serve --help` has the options.
    """


def _parse_changes(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> dict[str, object]:
    del ctx, param
    from ...runtime.sandbox.switches import read_words

    try:
        return dict(map(read_words, values))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@command.command(_DEFAULT)
@click.argument("scripts", nargs=-1, metavar="[SCRIPT]...")
@_folder
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=PORT,
    show_default=True,
    help="The port to listen on; 0 takes a free one.",
)
@click.option(
    "--bind",
    metavar="ADDRESS",
    default="127.0.0.1",
    show_default=True,
    help="The address to listen on.",
)
@click.option(
    "--url",
    metavar="URL",
    help="Where others reach this server: certificates then name the CRL, OCSP and issuer there.",
)
@click.option(
    "--secret",
    "secrets",
    multiple=True,
    metavar="REF:SECRET",
    help="Accept this reference number with this secret. Lists of processes show a secret that stands"
    " here: write '${env:NAME}' or '${file:PATH}' for it. Repeatable.",
)
@click.option(
    "--secrets",
    "secrets_file",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Accept the reference numbers in this file, a line REF:SECRET for each.",
)
@options.parameters
@click.option(
    "--key",
    "key_kind",
    metavar="KIND",
    help="The kind of the CA's own keys, where there is no CA yet.",
)
@click.option(
    "--profiles",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A TOML file with more certificate profiles.",
)
@click.option(
    "--trust",
    "trusts",
    multiple=True,
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="CA certificates of another PKI, whose devices may enrol here. Repeatable.",
)
@click.option(
    "--ra",
    "ra_certificates",
    multiple=True,
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The certificate of an RA, which may vouch for others. Repeatable.",
)
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="NAME=VALUE",
    callback=_parse_changes,
    help="How the CA behaves, as with `csc sandbox set`. Repeatable.",
)
@click.option("--log", "logs", is_flag=True, help="Print a line for each request on stderr.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but the URL and errors.")
@options.as_json
@click.pass_obj
def serve_command(
    settings: Settings,
    /,
    *,
    scripts: tuple[str, ...],
    folder: Path | None,
    port: int,
    bind: str,
    url: str | None,
    secrets: tuple[str, ...],
    secrets_file: Path | None,
    variables: Variables,
    key_kind: str | None,
    profiles: Path | None,
    trusts: tuple[Path, ...],
    ra_certificates: tuple[Path, ...],
    changes: dict[str, object],
    logs: bool,
    quiet: bool,
    as_json: bool,
) -> int:
    """Serve the embedded CA until Ctrl-C or SIGTERM; it accepts the secrets of SCRIPTs.

    The first line on stdout has the URL.
    """
    from ..sandbox_secrets import check_unique, read_file, read_scripts, read_words
    from ..serving import Wanted, announce, is_loopback, opened, serving, until_stopped

    if url is not None:
        _check_url(url)
    place = _place(settings, folder)
    known = check_unique(
        [
            *read_words(secrets),
            *(read_file(secrets_file) if secrets_file else ()),
            *(read_scripts(scripts, variables) if scripts else ()),
        ]
    )
    wanted = Wanted(_behaviour(changes), key_kind, profiles, ra_certificates, trusts)
    is_quiet = quiet or settings.is_quiet
    if not is_loopback(bind):
        click.echo(
            f"warning: {bind} is not loopback: whoever reaches it and knows a secret gets certificates,"
            " and the CA's own keys lie unencrypted on this machine",
            err=True,
        )
    stopped = until_stopped()
    with opened(place, wanted) as ca:
        for pair in known:
            ca.add_secret(pair.reference, pair.secret, 1 if pair.is_once else None)
        if url is not None:
            ca.publish_at(url)
        with serving(ca, place, bind, port, logs=logs, is_verbose=settings.is_verbose) as here:
            references = [pair.reference for pair in known]
            announce(here, place, references, as_json=as_json, is_quiet=is_quiet)
            stopped.wait()
    if not is_quiet:
        with suppress(OSError):  # nobody listens any more
            click.echo("The sandbox CA has stopped.", err=True)
    return DONE


# -- a sandbox that runs ---------------------------------------------------------------------------


def _check_url(url: str) -> None:
    from ...runtime.sandbox.authority.places import base_url

    try:
        base_url(url)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--url") from None


@command.command("set")
@click.argument(
    "changes", nargs=-1, required=True, metavar="NAME=VALUE...", callback=_parse_changes
)
@_folder
@click.pass_obj
def set_command(settings: Settings, /, *, changes: dict[str, object], folder: Path | None) -> int:
    """Have a running sandbox behave otherwise; `csc sandbox status` lists what there is."""
    told = _ask(_place(settings, folder), "PATCH", "/behaviour", changes)
    if not settings.is_quiet:
        from ..views import sandbox_text

        click.echo(sandbox_text.switches({name: told[name] for name in told if name in changes}))
    return DONE


@command.command("status")
@_folder
@options.as_json
@click.pass_obj
def status_command(settings: Settings, /, *, folder: Path | None, as_json: bool) -> int:
    """Say where a running sandbox listens, and how it behaves."""
    from ...runtime.sandbox.http.admin_client import NotRunning, find_admin
    from ..views import sandbox_text

    place = _place(settings, folder)
    told = _ask(place, "GET", "/behaviour")
    try:
        url = find_admin(place).url
    except NotRunning:
        raise _not_running(place) from None
    if as_json:
        click.echo(to_json({"schema": _STATUS_SCHEMA, "url": url, "behaviour": told}))
    else:
        click.echo(f"The sandbox CA listens at {url}\n{sandbox_text.switches(told)}")
    return DONE


@command.command("roll-over")
@_folder
@click.option("--key", "key_kind", metavar="KIND", help="The kind of the new keys, if it changes.")
@click.pass_obj
def roll_over_command(settings: Settings, /, *, folder: Path | None, key_kind: str | None) -> int:
    """Have a running sandbox make a new root; the new root certificate is printed."""
    wanted = {} if key_kind is None else {"key": key_kind}
    told = _ask(_place(settings, folder), "POST", "/roll-over", wanted)
    click.echo(told["root"], nl=False)
    return DONE


# -- what lies in its folder -----------------------------------------------------------------------


@command.command("ledger")
@_folder
@options.as_json
@click.pass_obj
def ledger_command(settings: Settings, /, *, folder: Path | None, as_json: bool) -> int:
    """Print every request, and what was issued, confirmed and revoked; also while a sandbox runs."""
    import sqlite3

    from ...runtime.sandbox.ledger.document import document
    from ...runtime.sandbox.ledger.reading import read_ledger
    from ..views import sandbox_text

    place = _place(settings, folder)
    try:
        contents = read_ledger(place)
    except FileNotFoundError:
        raise _no_ca(place) from None
    except (OSError, sqlite3.Error) as error:
        raise Failure(f"the ledger in {place} cannot be read: {error}") from None
    click.echo(to_json(document(contents)) if as_json else sandbox_text.ledger(contents))
    return DONE


@command.command("root")
@_folder
@click.pass_obj
def root_command(settings: Settings, /, *, folder: Path | None) -> int:
    """Print the root certificate: what clients have to trust."""
    from ...runtime.certificates import pem_of
    from ...runtime.sandbox.authority.root import root_of

    place = _place(settings, folder)
    try:
        root = root_of(place)
    except (OSError, ValueError) as error:
        raise Failure(
            f"{place} cannot be used: {error}", "it should hold the sandbox's CA"
        ) from None
    if root is None:
        raise _no_ca(place)
    click.echo(pem_of(root), nl=False)
    return DONE


# -- helpers ---------------------------------------------------------------------------------------


def _place(settings: Settings, folder: Path | None) -> Path:
    return location_of(settings.state).sandbox if folder is None else folder


def _no_ca(folder: Path) -> Failure:
    return Failure(
        f"there is no sandbox CA in {folder}", "`csc sandbox` makes one; or name --folder"
    )


def _not_running(folder: Path) -> Failure:
    return Failure(
        f"no sandbox CA runs in {folder}", "start it with `csc sandbox`; or name --folder"
    )


def _ask(folder: Path, method: str, path: str, body: object = None) -> Any:
    from ...runtime.sandbox.http.admin_client import NotRunning, Refused, ask, find_admin

    try:
        return ask(find_admin(folder), method, path, body)
    except NotRunning:
        raise _not_running(folder) from None
    except Refused as error:
        raise Failure(str(error), "`csc sandbox status` shows what there is", USAGE) from None
    except OSError as error:
        raise Failure(f"{folder} cannot be read: {error.strerror}") from None


def _behaviour(changes: dict[str, object]) -> Behaviour:
    from ...runtime.sandbox.behaviour import USUAL
    from ...runtime.sandbox.switches import changed

    try:
        return changed(USUAL, changes)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--set") from None

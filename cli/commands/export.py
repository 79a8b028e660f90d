"""`csc export`: write a certificate and its private key to a file for other programs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from ...compiler.plan import Secret
from ...compiler.secrets import SOURCES, source_of
from ...runtime.errors import ApplyError
from ...runtime.export import encoding
from ...runtime.export.pair import Pair, find_pair
from ...runtime.export.telling import tell_exported
from ...runtime.files import write_atomically
from ...runtime.secrets import read_secret
from ...runtime.state.errors import StateError
from ...runtime.state.location import Location
from ..exits import DONE, USAGE, Failure
from ..reading import reading
from ..scripts import location_of
from ..settings import Settings
from ..terminal import can_ask
from ..views import export_text
from ..views.source_text import printable

_STDOUT = "-"
_PRIVATE, _PUBLIC = 0o600, 0o644


def _named_source(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    del ctx, param
    if value is not None and source_of(value) is None:  # it may be a password: it is not shown
        raise click.BadParameter(f"name where the password is kept, as {SOURCES}")
    return value


@click.command("export")
@click.argument("name")
@click.option(
    "--format",
    "form",
    type=click.Choice(["pem", "der", "pkcs12"]),
    default="pem",
    show_default=True,
    help="DER has the key in a file of its own, FILE.key.",
)
@click.option(
    "--out",
    metavar="FILE",
    required=True,
    type=click.Path(dir_okay=False, allow_dash=True),
    help="Where to write it, for its owner alone to read; - is standard output.",
)
@click.option(
    "--password",
    metavar="SOURCE",
    callback=_named_source,
    help="What the key is encrypted with, read from '${env:NAME}', '${file:PATH}' or"
    " '${keyring:SERVICE/USER}'. PKCS#12 asks for it on a terminal.",
)
@click.option("--certificate-only", is_flag=True, help="Leave the private key out.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@click.pass_obj
def command(
    settings: Settings,
    /,
    *,
    name: str,
    form: str,
    out: str,
    password: str | None,
    certificate_only: bool,
    force: bool,
) -> int:
    """Write the certificate NAME (cmp/clcert) with its private key, and what is held of its chain."""
    paths = _paths(out, form, with_key=not certificate_only)
    _check(paths, form, certificate_only=certificate_only, force=force)
    location = location_of(settings.state)
    try:
        with reading(settings.state) as store:
            pair = find_pair(store, location, settings.device, name, with_key=not certificate_only)
        contents = _encode(pair, form, _password(form, password))
        if pair.key is not None:
            is_encrypted = form == "pkcs12" or password is not None
            told = {"format": form, "is_encrypted": is_encrypted, "out": out}
            _tell(settings, location, pair, told)
        _write(paths, contents, pair)
    except ApplyError as error:
        raise Failure(str(error), error.way_out) from None
    if not settings.is_quiet:
        told = export_text.written(pair, paths, has_chain=form != "der")
        click.echo(told, err=out == _STDOUT)
    return DONE


def _paths(out: str, form: str, *, with_key: bool) -> list[Path]:
    """The files to write; none for standard output."""
    if out == _STDOUT:
        return []
    return [Path(out), Path(f"{out}.key")] if form == "der" and with_key else [Path(out)]


def _check(paths: list[Path], form: str, *, certificate_only: bool, force: bool) -> None:
    """Refuse what would overwrite something, or show a key on a screen, before the state is opened."""
    if not paths:
        if form == "der" and not certificate_only:
            raise click.UsageError("DER takes two files: give --out a name, or --certificate-only")
        if sys.stdout.isatty() and not (form == "pem" and certificate_only):
            raise click.UsageError(
                "standard output is a terminal, and this is not for a screen: give --out a file"
            )
    for path in paths:
        if not force and path.exists():
            raise Failure(f"{path} is there already", "--force replaces it")


def _password(form: str, source: str | None) -> bytes | None:
    if source is not None:
        return read_secret(Secret(source)).encode()
    if form != "pkcs12":
        return None
    if not can_ask():
        raise Failure(
            "PKCS#12 needs a password", "name where it is: --password '${env:NAME}'", USAGE
        )
    typed: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return typed.encode()


def _tell(settings: Settings, location: Location, pair: Pair, told: dict[str, Any]) -> None:
    """Write down that the key is given out; where that cannot be done, say so.

    Whoever has a read-only copy of the state, and its master key, has the key anyhow: that it cannot be told
    of is no reason to keep it from who has to mend something.
    """
    try:
        tell_exported(location, settings.device, pair, told)
    except (StateError, OSError) as error:
        head = click.style("warning", fg="yellow", bold=True)
        why = f"the audit log does not tell of this export: {error}"
        click.echo(f"{head}: {printable(why)}", err=True)


def _encode(pair: Pair, form: str, password: bytes | None) -> list[bytes]:
    """What goes into each of the files."""
    if form == "pkcs12":
        return [encoding.pkcs12(pair, password or b"")]
    if form == "pem":
        return [encoding.pem(pair, password)]
    certificate, key = encoding.der(pair, password)
    return [certificate] if key is None else [certificate, key]


def _write(paths: list[Path], contents: list[bytes], pair: Pair) -> None:
    """Files that are whole or not there, the key's first: a certificate without its key is of no use."""
    if not paths:
        sys.stdout.buffer.write(contents[0])
        sys.stdout.buffer.flush()
    for path, content in reversed(list(zip(paths, contents, strict=False))):
        is_public = pair.key is None or (len(paths) > 1 and path == paths[0])
        try:
            write_atomically(path, content, _PUBLIC if is_public else _PRIVATE)
        except OSError as error:
            raise Failure(
                f"{printable(str(path))} cannot be written: {error.strerror}",
                "check its folder and permissions",
            ) from None

"""`csc replay`: verify a record of CMP messages offline, and print it."""

from __future__ import annotations

from pathlib import Path

import click
from cryptography import x509

from ...compiler.plan import Secret
from ...compiler.secrets import SOURCES, source_of
from ...runtime.certificates import load_certificate
from ...runtime.errors import ApplyError
from ...runtime.evidence.capture import capture
from ...runtime.evidence.record import read_record
from ...runtime.evidence.replay import replay
from ...runtime.files import write_atomically
from ...runtime.secrets import read_secret
from .. import options
from ..exits import DONE, FAILED, Failure
from ..settings import Settings
from ..views import replay_json, replay_text
from ..views.source_text import to_json

# What csc and the CA said to each other is nobody else's business.
_MODE = 0o600


def _check_sources(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> tuple[str, ...]:
    del ctx, param
    if not all(map(source_of, values)):  # the value may be a secret: it is not shown
        raise click.BadParameter(f"name where the secret is kept, as {SOURCES}")
    return values


@click.command("replay")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--secret",
    "sources",
    multiple=True,
    metavar="SOURCE",
    callback=_check_sources,
    help="A secret that MACs are made with, read from '${env:NAME}', '${file:PATH}' or"
    " '${keyring:SERVICE/USER}'. Repeatable.",
)
@click.option(
    "--ca",
    "anchors",
    multiple=True,
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A CA certificate to check against, in place of those in the record. Repeatable.",
)
@click.option(
    "--pcapng",
    metavar="OUT",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the messages as packets for Wireshark, too.",
)
@options.as_json
@click.pass_obj
def command(
    settings: Settings,
    /,
    *,
    file: Path,
    sources: tuple[str, ...],
    anchors: tuple[Path, ...],
    pcapng: Path | None,
    as_json: bool,
) -> int:
    """Verify and print the CMP messages that `csc apply --record FILE` kept; nothing is sent."""
    try:
        runs = read_record(file)
        secrets = [secret for source in sources for secret in _secrets(source)]
    except ApplyError as error:
        raise Failure(str(error), error.way_out) from None
    told = replay(runs, secrets, tuple(map(_certificate, anchors)) if anchors else None)
    if pcapng is not None:
        _write(pcapng, capture(runs), file)
    if as_json:
        click.echo(to_json(replay_json.document(told)))
    elif not settings.is_quiet or not told.is_right:
        click.echo(replay_text.render(told))
    return DONE if told.is_right else FAILED


def _secrets(source: str) -> list[bytes]:
    """What a secret may stand for: its text, and with `-hex` what its digits say."""
    text = read_secret(Secret(source))
    try:
        return [text.encode(), bytes.fromhex(text)]
    except ValueError:
        return [text.encode()]


def _certificate(path: Path) -> x509.Certificate:
    try:
        return load_certificate(path.read_bytes())
    except OSError as error:
        raise Failure(
            f"{path} cannot be read: {error.strerror}", "check its name and its permissions"
        ) from None
    except ValueError:
        raise Failure(f"{path} is no certificate", "give one in PEM or DER") from None


def _write(path: Path, data: bytes, record: Path) -> None:
    if path.exists() and record.exists() and path.samefile(record):
        raise click.UsageError("--pcapng would overwrite the record")
    try:
        write_atomically(path, data, _MODE)
    except OSError as error:
        raise Failure(
            f"{path} cannot be written: {error.strerror}", "check its folder and permissions"
        ) from None

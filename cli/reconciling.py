"""`csc doctor --against-ca`: a state and what its CA has issued compared, and orphans adopted or revoked."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from ..grammar.frozen import frozen
from ..runtime.cmp.errors import CMPError
from ..runtime.doctor.comparing import Comparison, Orphan, compare
from ..runtime.doctor.finding import Verdict
from ..runtime.doctor.issued import Issued, of_list, of_sandbox, with_crl
from ..runtime.doctor.settling import adopt, revoke
from ..runtime.errors import ApplyError
from ..runtime.state.errors import Locked, StateError
from ..runtime.state.holding import Held, hold
from ..runtime.state.location import Location
from ..runtime.telemetry.observing import observed
from ..runtime.telemetry.run import Act
from .exits import DONE, FAILED, REFUSED, Failure
from .reading import reading
from .scripts import location_of
from .settings import Settings
from .terminal import can_ask
from .views import doctor_json, doctor_text
from .views.source_text import printable, to_json


@frozen
class Asked:
    """What the command line says: files of the CA's, and the serial number of what to settle."""

    ca_list: Path | None
    crl: Path | None
    adopt: str | None
    revoke: str | None


def reconcile(settings: Settings, asked: Asked, *, as_json: bool) -> int:
    """Compare; adopt or revoke what is asked for, or on a terminal what is answered. The exit code.

    Raises:
        Failure: if something cannot be read or done.
    """
    location = location_of(settings.state)
    issued = _issued(location, asked)
    with reading(settings.state) as store:
        found = compare(store, issued, datetime.now(UTC))
    for serial, act in ((asked.adopt, _adopt), (asked.revoke, _revoke)):
        if serial is not None:
            act(settings, location, _named(found, serial), asked)
            return DONE
    if as_json:
        click.echo(to_json(doctor_json.document(found.results)))
    elif text := doctor_text.render(found.results, is_quiet=settings.is_quiet):
        click.echo(text)
    if not as_json and can_ask():
        _ask(settings, location, found, asked)
    is_faulty = any(result.verdict is Verdict.FAULT for result in found.results)
    return FAILED if is_faulty else DONE


def _issued(location: Location, asked: Asked) -> list[Issued]:
    if asked.ca_list is None:
        try:
            issued = of_sandbox(location.sandbox)
        except (OSError, sqlite3.Error) as error:
            raise Failure(
                f"the ledger of the sandbox in {location.sandbox} cannot be read: {error}",
                "for another CA give --ca-list FILE",
            ) from None
    else:
        issued = _read(asked.ca_list, of_list)
    if asked.crl is None:
        return issued
    return _read(asked.crl, lambda data: with_crl(issued, data))


def _read(path: Path, read: Callable[[bytes], list[Issued]]) -> list[Issued]:
    try:
        return read(path.read_bytes())
    except OSError as error:
        raise Failure(f"{path} cannot be read: {error.strerror}", "check the path") from None
    except ValueError as error:
        raise Failure(
            f"{path} cannot be used: {error}", "docs/doctor.md says what it may hold"
        ) from None


def _named(found: Comparison, serial: str) -> Orphan:
    wanted = serial.lower().removeprefix("0x").replace(":", "").lstrip("0")
    for orphan in found.orphans:
        if orphan.serial_number == wanted:
            return orphan
    raise Failure(
        f"{serial} is no certificate in our names that is valid at the CA and not recorded here",
        "`csc doctor --against-ca` lists them",
    )


def _ask(settings: Settings, location: Location, found: Comparison, asked: Asked) -> None:
    for orphan in found.orphans:
        if orphan.has_key and orphan.place is not None:
            answer = click.prompt(
                f"{orphan.serial_number}: adopt, revoke, or leave it?",
                type=click.Choice(["adopt", "revoke", "leave"]),
                default="leave",
            )
            if answer != "leave":
                act = _adopt if answer == "adopt" else _revoke
                act(settings, location, orphan, asked)


def _adopt(settings: Settings, location: Location, orphan: Orphan, asked: Asked) -> None:
    del asked
    with (
        _held(settings, location, orphan) as held,
        observed(held.store, held.device, Act("doctor", {"adopt": orphan.serial_number})),
    ):
        adopt(held, orphan)
    if not settings.is_quiet and orphan.place is not None:
        name = orphan.place[1].reference
        click.echo(f"{orphan.serial_number} is recorded as the newest certificate of {name}.")
        click.echo("Bind it: CertificateData=file://cl_newcert.der PrivateKey=file://cl_newkey.pem")


def _revoke(settings: Settings, location: Location, orphan: Orphan, asked: Asked) -> None:
    def tell(text: str) -> None:
        if not settings.is_quiet:
            click.echo(printable(text), err=True)

    act = Act("doctor", {"revoke": orphan.serial_number})
    with _held(settings, location, orphan) as held, observed(held.store, held.device, act):
        is_sandbox = asked.ca_list is None
        revoke(held, orphan, settings.routes, tell, uses_sandbox=is_sandbox)
    if not settings.is_quiet:
        click.echo(f"{orphan.serial_number} is revoked.")


@contextmanager
def _held(settings: Settings, location: Location, orphan: Orphan) -> Generator[Held]:
    """The orphan's device for the length of the block."""
    device = settings.device if orphan.place is None else orphan.place[0]
    try:
        with hold(location, device) as held:
            yield held
    except Locked as error:
        raise Failure(str(error), error.way_out, REFUSED) from None
    except (StateError, ApplyError) as error:
        raise Failure(str(error), error.way_out) from None
    except CMPError as error:
        raise Failure(
            str(error), f"ask the CA's operator to revoke serial number {orphan.serial_number}"
        ) from None

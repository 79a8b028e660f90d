"""A folder and where to listen in, a sandbox CA that is served for the length of a block out."""

from __future__ import annotations

import ipaddress
import json
import os
import signal
import sqlite3
import threading
import traceback
from collections.abc import Generator, Iterable
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import click
from cryptography import x509

from ..runtime.certificates import load_certificate, load_chain
from ..runtime.sandbox.authority.settings import AuthoritySettings
from ..runtime.sandbox.behaviour import Behaviour
from ..runtime.sandbox.ca import SandboxCA
from ..runtime.sandbox.http.admin import administered
from ..runtime.sandbox.http.server import serve
from ..runtime.sandbox.ledger.traffic import RequestEntry
from ..runtime.sandbox.profiles.load import ProfileError, load_profiles
from ..runtime.sandbox.profiles.model import Profiles
from ..runtime.state.errors import Locked
from ..runtime.state.lock import exclusive
from .exits import REFUSED, Failure
from .views import sandbox_text

_LOCK = "serving.lock"
_SCHEMA = "csc/sandbox/1"


def until_stopped() -> threading.Event:
    """What is set by Ctrl-C and SIGTERM."""
    stopped = threading.Event()

    def stop(number: int, frame: object) -> None:
        del number, frame
        stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    return stopped


def announce(
    url: str, folder: Path, known: Iterable[bytes], *, as_json: bool, is_quiet: bool
) -> None:
    """Print where the CA is, first of all, and what it accepts."""
    if as_json:
        # One line, for who reads lines from a process that goes on.
        told = {"schema": _SCHEMA, "url": url, "folder": str(folder), "process": os.getpid()}
        click.echo(json.dumps(told))
        return
    click.echo(f"The sandbox CA listens at {url}")
    if is_quiet:
        return
    names = ", ".join(map(sandbox_text.reference, known))
    click.echo(f"  CMP      {url}.well-known/cmp, or any other path")
    click.echo(f"  accepts  {f'the reference numbers {names}' if names else 'no reference number'}")
    click.echo(f"  folder   {folder}")
    click.echo("  root     csc sandbox root prints it")
    click.echo("Ctrl-C stops it.")


def is_loopback(address: str) -> bool:
    """Whether nobody but this machine reaches an address."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a CA is to be: the kind of its keys, a file of profiles, and files of certificates."""

    behaviour: Behaviour
    key_kind: str | None = None
    profiles: Path | None = None
    ra_certificates: tuple[Path, ...] = ()
    trusts: tuple[Path, ...] = ()


@contextmanager
def opened(folder: Path, wanted: Wanted) -> Generator[SandboxCA]:
    """The CA in `folder`, which nobody else serves meanwhile.

    Raises:
        Failure: if it cannot be used, or somebody does.
    """
    with ExitStack() as stack:
        profiles = None if wanted.profiles is None else _profiles(wanted.profiles)
        ra_certificates = _certificates(wanted.ra_certificates)
        trusts = _certificates(wanted.trusts)
        try:
            stack.enter_context(exclusive(folder / _LOCK))
            ca = SandboxCA.open(
                folder,
                behaviour=wanted.behaviour,
                settings=None if wanted.key_kind is None else AuthoritySettings(wanted.key_kind),
                profiles=profiles,
                ra_certificates=ra_certificates,
                trusts=trusts,
            )
        except Locked:
            raise Failure(
                f"a sandbox CA runs in {folder} already",
                "`csc sandbox status` says where; or give another --folder",
                REFUSED,
            ) from None
        except (OSError, ValueError, sqlite3.Error) as error:
            raise Failure(
                f"{folder} cannot be used: {error}",
                "it should hold the sandbox's CA; give another --folder for a new one",
            ) from None
        yield stack.enter_context(ca)


def _profiles(path: Path) -> Profiles:
    try:
        return load_profiles(path)
    except ProfileError as error:
        raise Failure(
            str(error), "docs/sandbox-profiles.md says what a file of profiles holds"
        ) from None


def _certificates(paths: tuple[Path, ...]) -> list[x509.Certificate]:
    """The certificates of PEM files, which may hold several, or DER files."""
    found: list[x509.Certificate] = []
    for path in paths:
        try:
            data = path.read_bytes()
            found += [load_certificate(data), *load_chain(data)]
        except OSError as error:
            raise Failure(
                f"{path} cannot be read: {error.strerror}", "check its name and its permissions"
            ) from None
        except ValueError:
            raise Failure(f"{path} is no certificate", "give one in PEM or DER") from None
    return found


@contextmanager
def serving(
    ca: SandboxCA, folder: Path, bind: str, port: int, *, logs: bool, is_verbose: bool
) -> Generator[str]:
    """Serve a CA, and let it be administered; the block gets the URL.

    Raises:
        Failure: if nobody can listen there.
    """

    def watch(entry: RequestEntry) -> None:
        if logs:
            with suppress(OSError):  # whoever read the log has gone; the CA is asked by others
                click.echo(sandbox_text.request_line(entry), err=True)

    def complain(error: Exception) -> None:
        click.echo(f"error: a mistake of csc's own: {type(error).__name__}", err=True)
        if is_verbose:
            traceback.print_exception(error)

    with ExitStack() as stack:
        try:
            server = stack.enter_context(serve(ca, bind, port, watch=watch, complain=complain))
        except OSError as error:
            raise Failure(
                f"port {port} of {bind} cannot be listened on: {error.strerror}",
                "give another --port, or --port 0 for a free one",
            ) from None
        stack.enter_context(administered(ca, folder, server))
        yield server.url

"""Arguments of csc and a fuse in, what came of the run out. Forks: the caller has to have one thread only."""

import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import csc.cli
import csc.compiler
import csc.grammar
import csc.runtime
from csc.cli.main import main

from . import clock, edges
from .invariants import Run
from .points import ACTIONS, Fuse, give_up_override, kill
from .site import Site

# Seconds until a run that does not end is one that hangs.
PATIENCE = 60


class Hangs(Exception):
    """A run did not end."""


def load_everything() -> None:
    """Import what runs need, so that those that are forked have it."""
    for package in (csc.grammar, csc.compiler, csc.runtime, csc.cli):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            with suppress(ImportError):
                importlib.import_module(found.name)
    gc.collect()
    gc.freeze()


def run(
    folder: Path,
    arguments: list[str],
    *,
    site: Site | None = None,
    action: str | None = None,
    at: int | None = None,
    is_fit: Callable[[str], bool] = lambda label: True,
    offset: float = 0,
    meanwhile: Callable[[], None] = lambda: None,
    name: str = "run",
) -> tuple[Run, list[str]]:
    """`csc ARGUMENTS` in a folder, spoilt by an action at point number `at`, or the next one fit for it.

    The points that it came to are the second part; of a run that was spoilt, the one at which it was.
    With `offset` its clock is off by so many seconds. A CA that dies meanwhile is started again. While the
    run is stopped, `meanwhile` is called. What it writes goes into files of the `name`.

    Raises:
        Hangs: if it does not end.
    """
    log = folder.parent / f"{name}.points"
    log.unlink(missing_ok=True)
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        code = 70
        try:
            os.close(told)
            _redirect(folder, name)
            fuse = Fuse(ACTIONS[action] if action else kill, at, is_fit, log, tell)
            code = _csc(arguments, fuse, offset)
        except BaseException:  # a mistake of the harness
            traceback.print_exc()
        finally:
            with suppress(BaseException):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)
    os.close(tell)
    try:
        status = _wait(child, site, told, meanwhile)
    finally:
        os.close(told)
    written = [
        (folder.parent / f"{name}.{kind}").read_text(errors="replace") for kind in ("out", "err")
    ]
    labels = json.loads(log.read_text()) if log.exists() else []
    return Run(status, *written), labels


def _redirect(folder: Path, name: str) -> None:
    """Be in the folder, with nothing to read, and write into files beside it."""
    os.chdir(folder)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, kind in ((1, "out"), (2, "err")):
        path = folder.parent / f"{name}.{kind}"
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666), number)
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", closefd=False)


def _csc(arguments: list[str], fuse: Fuse, offset: float) -> int:
    gc.disable()  # or it would touch, and so copy, all that was inherited
    if fuse.action is ACTIONS["read-only"]:
        give_up_override()
    clock.install(offset)
    edges.install(fuse)
    sys.argv = ["csc", *arguments]
    code = 0
    try:
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    if fuse.log is not None and not fuse.log.exists():
        fuse.log.write_text(json.dumps(fuse.labels))
    return code


def _wait(child: int, site: Site | None, told: int, meanwhile: Callable[[], None]) -> int:
    """The exit code, or minus the signal."""
    poll = select.poll()
    handle = os.pidfd_open(child)
    poll.register(handle, select.POLLIN)
    poll.register(told, select.POLLIN)
    ca = -1
    if site is not None:
        ca = os.pidfd_open(site.process)
        poll.register(ca, select.POLLIN)
    try:
        while True:
            ready = [number for number, _ in poll.poll(PATIENCE * 1000)]
            if ca in ready and site is not None:
                poll.unregister(ca)
                os.close(ca)
                site.restart()
                ca = os.pidfd_open(site.process)
                poll.register(ca, select.POLLIN)
            if told in ready:
                if os.read(told, 1):
                    os.waitpid(child, os.WUNTRACED)
                    meanwhile()
                    os.kill(child, signal.SIGCONT)
                else:
                    poll.unregister(told)  # it has ended, or will
            if handle in ready:
                return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            if not ready:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                raise Hangs(f"it did not end within {PATIENCE} seconds")
    finally:
        os.close(handle)
        if ca >= 0:
            os.close(ca)

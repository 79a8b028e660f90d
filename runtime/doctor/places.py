"""Checks of what lies where: the state's file, what is beside it, and who may read it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from ..state.errors import StateError
from ..state.location import DEFAULT_FOLDER
from ..state.mounts import refuse_network
from .copying import SUFFIXES
from .finding import Finding, fault, fine, warning
from .scene import Scene

# What csc puts into its folder, and whether it is a folder itself. The state's own files go by their names.
# What a rekey leaves: the key before, and the next one where it was cut off.
_EARLIER_KEYS = ("vault.key.new", "vault.key.old-")
_OURS = {"vault.key": False, "lock": False, "locks": True, "sandbox": True}
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def check_place(scene: Scene) -> Iterator[Finding]:
    """Where the state is, and whether it is something that can be one."""
    location = scene.location
    if location.database is None:
        place = "PostgreSQL" if scene.database is None else scene.database.place
        yield fine(f"the state lies at {place}, its keys in {location.folder}/")
        return
    path = location.database
    if path.is_symlink() and not path.exists():
        yield fault(
            f"{path} is a link to nothing", "mend the link, or give --state the state's path"
        )
    elif not path.exists():
        yield fine(f"there is no state at {path} yet")
    elif not path.is_file():
        yield fault(
            f"{path} is {_kind(path)}, and should be a file",
            "move it away and restore the state from a backup, or give --state another path",
        )
    else:
        yield fine(f"the state lies at {path}, {path.stat().st_size} bytes")


def check_file_system(scene: Scene) -> Iterator[Finding]:
    """SQLite on a network file system loses data."""
    if scene.location.database is not None:
        try:
            refuse_network(scene.location.database)
        except StateError as error:
            yield fault(str(error), error.way_out)


def check_folder(scene: Scene) -> Iterator[Finding]:
    """What is beside the state and not csc's, or is not what it should be. It is named, and left alone."""
    location = scene.location
    folder = location.folder
    if not folder.is_dir():
        if folder.exists() or folder.is_symlink():
            yield fault(f"{folder} is no folder", "move it away, or give --state another path")
        return
    own: dict[str, bool] = dict(_OURS)
    if location.database is not None:
        own[location.database.name] = False
        own |= {f"{location.database.name}{end}": False for end in (*SUFFIXES, "-shm")}
    for path in sorted(folder.iterdir()):
        is_folder = False if path.name.startswith(_EARLIER_KEYS) else own.get(path.name)
        if path == location.database:
            continue
        if is_folder is None:
            yield from _foreign(folder, path)
        elif path.is_dir() != is_folder:
            yield fault(
                f"{path} is {_kind(path)}, and should be a {'folder' if is_folder else 'file'}",
                "move it away; what was there before has to come from a backup",
            )


def _foreign(folder: Path, path: Path) -> Iterator[Finding]:
    if path.name.startswith(".vault.key."):
        yield warning(
            f"{path} is what a run left that was cut off while it wrote the master key",
            f"if {folder / 'vault.key'} is right, remove it",
        )
    elif folder.name == DEFAULT_FOLDER.name:  # elsewhere, everything may lie beside a state
        yield warning(
            f"{path} is no file of csc's",
            "csc leaves it alone; move it if it is not meant to be here",
        )


def check_permissions(scene: Scene) -> Iterator[Finding]:
    """Whether anybody else may read the keys or change the state, and whether we may."""
    location = scene.location
    if location.folder.name == DEFAULT_FOLDER.name:
        yield from _private(location.folder, "700")
    yield from _private(location.vault_key, "600", is_secret=True)
    path = location.database
    if path is None or not path.is_file():
        return
    yield from _private(path, "600")
    for needed, what in ((path, os.R_OK | os.W_OK), (location.folder, os.W_OK | os.X_OK)):
        if not os.access(needed, what):
            yield fault(
                f"this user may not write to {needed}",
                "run csc as the user whom it belongs to, or mend its permissions",
            )


def _private(path: Path, mode: str, *, is_secret: bool = False) -> Iterator[Finding]:
    try:
        status = path.stat()
    except OSError:
        return  # not there; other checks say whether it has to be
    bits = status.st_mode & _OTHERS
    if not bits:
        return
    can = "write to" if bits & _WRITABLE_BY_OTHERS else "read"
    told = f"other users can {can} {path} (mode {stat.S_IMODE(status.st_mode):o})"
    way_out = f"`chmod {mode} {path}`"
    if is_secret:
        yield fault(told, f"{way_out}; if anybody was there, replace all keys")
    else:
        yield warning(told, way_out)


def _kind(path: Path) -> str:
    if path.is_dir():
        return "a folder"
    return "a file" if path.is_file() else "neither a file nor a folder"

"""A folder and a number of pages in, a disk of its own for it out, that is full when they are used.

It is one in memory, which root may mount.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")
_ROOMY = 64 * 2**20


@cache
def can_mount() -> bool:
    """Whether this process may mount anything."""
    if os.getuid() != 0 or shutil.which("mount") is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        if _mount(Path(folder), _ROOMY) != 0:
            return False
        subprocess.run(["umount", folder], check=True)
    return True


class Disk:
    """A disk with a folder on it."""

    def __init__(self, folder: Path, free: int) -> None:
        self._folder = folder
        kept = folder.with_name("kept")
        folder.mkdir(mode=0o700, exist_ok=True)
        folder.rename(kept)
        folder.mkdir(mode=0o700)
        assert _mount(folder, _ROOMY) == 0
        shutil.copytree(kept, folder, dirs_exist_ok=True)
        shutil.rmtree(kept)
        told = os.statvfs(folder)
        # A page more than nothing: with a size of 0 a tmpfs has no limit.
        used = told.f_blocks - told.f_bfree or 1
        self._resize((used + free) * PAGE)

    def make_room(self) -> None:
        """Let there be as much as anybody needs."""
        self._resize(_ROOMY)

    def end(self) -> None:
        """Take it away, and all that is on it."""
        subprocess.run(["umount", str(self._folder)], check=True)

    def _resize(self, size: int) -> None:
        options = f"remount,size={size}"
        subprocess.run(["mount", "-o", options, str(self._folder)], check=True)


@contextmanager
def small_disk(folder: Path, free: int) -> Generator[Disk]:
    """A disk for what is in `folder`, with so many pages free, for the length of the block."""
    disk = Disk(folder, free)
    try:
        yield disk
    finally:
        disk.end()


def _mount(folder: Path, size: int) -> int:
    command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "none", str(folder)]
    return subprocess.run(command, check=False, capture_output=True).returncode

"""A path and what is mounted in, the network file system that the path lies on out.

SQLite shares memory between processes of one machine, and trusts locks that network file systems do not keep:
https://www.sqlite.org/wal.html, https://www.sqlite.org/howtocorrupt.html section 2.1.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from .errors import StateError

_TABLE = Path("/proc/self/mounts")
_NETWORK = {
    *(
        "9p",
        "afp",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "coda",
        "davfs",
        "gfs2",
        "glusterfs",
        "gpfs",
        "lustre",
    ),
    *(
        "ncpfs",
        "nfs",
        "nfs4",
        "ocfs2",
        "orangefs",
        "smb",
        "smb2",
        "smb3",
        "smbfs",
        "vboxsf",
        "vmhgfs",
    ),
}
# What FUSE mounts is named after the program: these reach over the network.
_NETWORK_FUSE = {
    *(
        "ceph",
        "ceph-fuse",
        "davfs",
        "davfs2",
        "gcsfuse",
        "glusterfs",
        "goofys",
        "grpcfuse",
        "juicefs",
    ),
    *("mfs", "moosefs", "rclone", "s3fs", "sshfs", "vmhgfs-fuse"),
}
_OCTAL = re.compile(r"\\([0-7]{3})")


def network_type(path: PurePosixPath, table: str) -> str | None:
    """The type of the network file system that an absolute path lies on, None if it is a local one.

    `table` is what /proc/mounts holds: a line `SOURCE FOLDER TYPE …` for each, fstab(5); a later one covers
    an earlier one.
    """
    found, depth = "", -1
    for line in table.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        folder = PurePosixPath(_OCTAL.sub(lambda match: chr(int(match[1], 8)), fields[1]))
        if path.is_relative_to(folder) and len(folder.parts) >= depth:
            found, depth = fields[2], len(folder.parts)
    kind, _, program = found.partition(".")
    is_network = found in _NETWORK or (kind in ("fuse", "fuseblk") and program in _NETWORK_FUSE)
    return found if is_network else None


def refuse_network(database: Path) -> None:
    """Refuse a database whose folder is on a network file system.

    Raises:
        StateError: if it is.
    """
    try:
        # Names are bytes; the kernel escapes those that would end a field.
        table = _TABLE.read_bytes().decode(errors="surrogateescape")
        place = PurePosixPath(database.resolve())
    except (OSError, RuntimeError):
        return  # not Linux; or a loop of links, which opening it says
    kind = network_type(place, table)
    if kind is not None:
        raise StateError(
            f"the state at {database} lies on a network file system ({kind}), on which SQLite loses data",
            "give --state a path on a local disk; to share a state, use postgresql://",
        )

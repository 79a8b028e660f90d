"""A state in SQLite on a network file system is told by what is mounted where."""

from pathlib import Path, PurePosixPath

import pytest
from csc.runtime.state import mounts
from csc.runtime.state.errors import StateError
from csc.runtime.state.location import in_file
from csc.runtime.state.opening import open_store, open_to_read

TABLE = """\
/dev/vda / ext4 rw 0 0
proc /proc proc rw 0 0
tmpfs /tmp tmpfs rw 0 0
server:/home /home nfs4 rw,vers=4.2 0 0
/dev/vdb /home/local xfs rw 0 0
//server/share /mnt/a\\040b cifs rw 0 0
me@server: /mnt/ssh fuse.sshfs rw 0 0
/dev/vdc /mnt/ntfs fuseblk rw 0 0
portal /run/user/0/doc fuse.portal rw 0 0
host /mnt/c 9p rw 0 0
server:/x /covered nfs rw 0 0
/dev/vdd /covered ext4 rw 0 0
short line
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/state.db", None),
        ("/homes/state.db", None),
        ("/home/ann/.csc/state.db", "nfs4"),
        ("/home", "nfs4"),
        ("/home/local/state.db", None),
        ("/mnt/a b/state.db", "cifs"),
        ("/mnt/ssh/x/state.db", "fuse.sshfs"),
        ("/mnt/ntfs/state.db", None),
        ("/run/user/0/doc/state.db", None),
        ("/mnt/c/state.db", "9p"),
        ("/covered/state.db", None),
    ],
)
def test_type(path: str, kind: str | None) -> None:
    assert mounts.network_type(PurePosixPath(path), TABLE) == kind


def test_this_machine(tmp_path: Path) -> None:
    """What is mounted here in truth lets a state be made."""
    open_store(in_file(tmp_path / "state.db")).close()


def test_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By whatever way the path leads there; nothing is made."""
    (tmp_path / "share").mkdir()
    (tmp_path / "link").symlink_to("share")
    (tmp_path / "mounts").write_text(f"/ / ext4 rw 0 0\nserver:/ {tmp_path}/share nfs rw 0 0\n")
    monkeypatch.setattr(mounts, "_TABLE", tmp_path / "mounts")
    for open_ in (open_store, open_to_read):
        with pytest.raises(StateError, match="network file system \\(nfs\\)") as caught:
            open_(in_file(tmp_path / "link" / "state.db"))
        assert "postgresql://" in caught.value.way_out
    assert list((tmp_path / "share").iterdir()) == []

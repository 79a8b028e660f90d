"""Locks on files: one owner, others hear who it is, a broken one is its owner's no more."""

import os
from pathlib import Path

import pytest
from csc.runtime.state.errors import Locked
from csc.runtime.state.lock import FileLock, exclusive, in_turn


def test_held_once(tmp_path: Path) -> None:
    path = tmp_path / "new" / "lock"
    with (
        exclusive(path),
        pytest.raises(Locked, match=f"locked by process {os.getpid()}"),
        exclusive(path),
    ):
        raise AssertionError("two hold the lock")
    with exclusive(path):
        pass


def test_folders_are_private(tmp_path: Path) -> None:
    with in_turn(tmp_path / "a" / "b" / "lock"):
        pass
    for folder in (tmp_path / "a", tmp_path / "a" / "b"):
        assert folder.stat().st_mode & 0o777 == 0o700


def test_broken(tmp_path: Path) -> None:
    """After it was broken the next one has the lock, and giving the old one back does not disturb it."""
    first, second, third = (FileLock(tmp_path / "lock") for _ in range(3))
    assert first.take()
    first.say("first")
    assert not second.take()
    assert second.said() == "first"
    second.break_()
    assert second.take()
    second.say("second")
    assert not first.is_ours
    first.release()
    assert second.is_ours
    assert not third.take()
    assert third.said() == "second"
    second.release()
    assert third.said() == ""

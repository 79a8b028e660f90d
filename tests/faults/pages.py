"""A fuse in, SQLite's own writes to its files with points around out: a page can be torn in the middle.

SQLite lets its system calls be exchanged (sqlite.org/c3ref/vfs.html, xSetSystemCall). Only a library that is
loaded as one can be asked for that: where Python has SQLite in itself, there are no such points.
"""

import _sqlite3
import ctypes
import errno
from pathlib import Path
from typing import Any

from .points import Fuse

_CALL = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
_GET = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)
_PWRITE = ctypes.CFUNCTYPE(
    *(ctypes.c_ssize_t, ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int64),
    use_errno=True,
)
_FTRUNCATE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_int64, use_errno=True)
_UNLINK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p, use_errno=True)
_kept: list[Any] = []  # what C calls must not be collected


class _Vfs(ctypes.Structure):
    """sqlite3_vfs as far as it is needed, of version 3."""

    _fields_ = (
        ("version", ctypes.c_int),
        ("sizes", ctypes.c_int * 2),
        ("names", ctypes.c_void_p * 3),
        ("methods", ctypes.c_void_p * 13),
        ("set_call", _CALL),
        ("get_call", _GET),
    )


def install(fuse: Fuse) -> None:
    """Wrap what SQLite writes with."""
    try:
        library = ctypes.CDLL(_sqlite3.__file__)
        find = library.sqlite3_vfs_find
    except (AttributeError, OSError):
        return
    find.restype = ctypes.POINTER(_Vfs)
    vfs = find(None)
    for name in (b"pwrite", b"pwrite64"):
        _replace(vfs, name, _PWRITE, lambda real: _writing(fuse, real))
    _replace(vfs, b"ftruncate", _FTRUNCATE, lambda real: _truncating(fuse, real))
    _replace(vfs, b"unlink", _UNLINK, lambda real: _unlinking(fuse, real))


def _replace(vfs: Any, name: bytes, kind: Any, wrap: Any) -> None:
    address = vfs.contents.get_call(ctypes.cast(vfs, ctypes.c_void_p), name)
    if address:
        wrapped = kind(wrap(kind(address)))
        _kept.append(wrapped)
        vfs.contents.set_call(
            ctypes.cast(vfs, ctypes.c_void_p), name, ctypes.cast(wrapped, ctypes.c_void_p)
        )


def _writing(fuse: Fuse, real: Any) -> Any:
    def pwrite(descriptor: int, data: int, size: int, offset: int) -> int:
        label = f"disk write {_name(descriptor)}"
        half = size // 2
        try:
            fuse.point(f"{label}: before")
            done = real(descriptor, data, half, offset)
            if done != half:
                return done
            fuse.point(f"{label}: half")
        except OSError as error:
            return _failed(error)
        rest = real(descriptor, data + half, size - half, offset + half)
        return rest if rest < 0 else half + rest

    return pwrite


def _truncating(fuse: Fuse, real: Any) -> Any:
    def ftruncate(descriptor: int, size: int) -> int:
        try:
            fuse.point(f"disk truncate {_name(descriptor)}: before")
        except OSError as error:
            return _failed(error)
        return real(descriptor, size)

    return ftruncate


def _unlinking(fuse: Fuse, real: Any) -> Any:
    def unlink(path: bytes) -> int:
        try:
            fuse.point(f"disk unlink {Path(path.decode()).name}: before")
        except OSError as error:
            return _failed(error)
        done: int = real(path)
        fuse.point(f"disk unlink {Path(path.decode()).name}: after")
        return done

    return unlink


def _failed(error: OSError) -> int:
    ctypes.set_errno(error.errno or errno.EIO)
    return -1


def _name(descriptor: int) -> str:
    return Path(f"/proc/self/fd/{descriptor}").readlink().name

"""A write-ahead log of SQLite in; the pages that its transactions leave, and where it breaks off, out.

The layout is that of https://www.sqlite.org/fileformat2.html#the_write_ahead_log: a header of 32 bytes, then
frames of 24 bytes and a page. Checksums run on from frame to frame, so that nothing behind a frame that is
damaged can be trusted; SQLite reads up to the last commit before it, and says nothing.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

_HEADER = struct.Struct(">IIII8sII")
_FRAME = struct.Struct(">II8sII")
_MAGIC = 0x377F0682  # its lowest bit says that checksums are of big-endian words


@dataclass(frozen=True, slots=True)
class Log:
    """What a log holds. `pages` by number, as of the last commit; `size` is the database's, in pages.

    `is_readable` is False if the header is damaged. `lost` counts the commits of this log behind the place
    where it breaks off.
    """

    page_size: int
    pages: dict[int, bytes]
    size: int
    is_readable: bool
    lost: int


def read_log(data: bytes) -> Log:
    """The transactions in a log, which may be empty or damaged."""
    if not data:
        return Log(0, {}, 0, is_readable=True, lost=0)
    if len(data) < _HEADER.size:
        return Log(0, {}, 0, is_readable=False, lost=0)
    magic, _, page_size, _, salt, *wanted = _HEADER.unpack_from(data)
    order = ">" if magic & 1 else "<"
    summed = _checksum(order, data[:24], (0, 0))
    if magic & ~1 != _MAGIC or summed != tuple(wanted) or not _is_page_size(page_size):
        return Log(0, {}, 0, is_readable=False, lost=0)
    pages: dict[int, bytes] = {}
    pending: dict[int, bytes] = {}
    size = lost = 0
    is_whole = True
    for start in range(
        _HEADER.size, len(data) - _FRAME.size - page_size + 1, _FRAME.size + page_size
    ):
        number, commit, frame_salt, *wanted = _FRAME.unpack_from(data, start)
        page = data[start + _FRAME.size : start + _FRAME.size + page_size]
        if is_whole and frame_salt == salt:
            summed = _checksum(order, data[start : start + 8] + page, summed)
            is_whole = summed == tuple(wanted) and number > 0
        elif is_whole:
            break  # what an earlier round of this log has left
        if not is_whole:
            lost += frame_salt == salt and commit > 0
            continue
        pending[number] = page
        if commit:
            pages.update(pending)
            pending.clear()
            size = commit
    return Log(page_size, pages, size, is_readable=True, lost=lost)


def merged(database: bytes, log: Log) -> bytes:
    """The database with the log's pages in it."""
    if not log.pages:
        return database
    whole = bytearray(database[: log.size * log.page_size])
    whole.extend(bytes(log.size * log.page_size - len(whole)))
    for number, page in log.pages.items():
        if number <= log.size:
            whole[(number - 1) * log.page_size : number * log.page_size] = page
    return bytes(whole)


def _is_page_size(size: int) -> bool:
    return 512 <= size <= 65536 and size & (size - 1) == 0


def _checksum(order: str, data: bytes, so_far: tuple[int, int]) -> tuple[int, int]:
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    one, two = so_far
    for first, second in zip(words[::2], words[1::2], strict=True):
        one = (one + first + two) & 0xFFFFFFFF
        two = (two + second + one) & 0xFFFFFFFF
    return one, two

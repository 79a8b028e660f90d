"""The bytes of an SQLite database in, the rows of its tables that can be read out, however damaged it is.

SQLite stops at the first page that is wrong. Rows lie in leaves of b-trees, and each leaf can be read by
itself: https://www.sqlite.org/fileformat2.html, sections 1.6 and 2. Which table a leaf belongs to is known
where the pages above it are whole; elsewhere it is None, and the row's shape has to tell.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_LEAF, _INTERIOR = 0x0D, 0x05
_HEAD = 100  # bytes of the database's header, on its first page
_USUAL_SIZE = 4096
_MOST_DEPTH = 20
_FLOATS = 7
_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}  # serial types, and their bytes

Value = int | float | str | bytes | None


@dataclass(frozen=True, slots=True)
class FoundRow:
    """A row. `table` is None where it is not known."""

    table: str | None
    rowid: int
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """All rows, those of known tables first; `damaged` counts rows and pages that cannot be read."""

    rows: tuple[FoundRow, ...]
    damaged: int


class _Damaged(Exception):
    """This cannot be read."""


def read_rows(data: bytes) -> Found:
    """Every row of every table that can be read."""
    image = _Image(data)
    tables = image.tables()
    free = image.free_pages()
    rows: list[FoundRow] = []
    seen: set[int] = set()
    damaged = 0
    for name, root in (("sqlite_master", 1), *tables):
        for page in image.leaves(root, seen):
            found, lost = image.rows_of(page, name)
            rows += found
            damaged += lost
    damaged += image.broken
    for page in range(1, image.count + 1):
        if page in seen or page in free or not image.is_leaf(page):
            continue
        found, lost = image.rows_of(page, None)
        rows += found
        damaged += lost
    return Found(tuple(row for row in rows if not _is_of_schema(row)), damaged)


def _is_of_schema(row: FoundRow) -> bool:
    """Whether it is about a table or an index, also where nothing says what the page is of."""
    if row.table is not None:
        return row.table == "sqlite_master"
    match row.values:
        case ("table" | "index" | "view" | "trigger", str(), str(), int(), str() | None as sql):
            return sql is None or str(sql).startswith("CREATE ")
        case _:
            return False


class _Image:
    """Pages, which count from 1."""

    def __init__(self, data: bytes) -> None:
        (size,) = struct.unpack_from(">H", data, 16) if len(data) >= _HEAD else (0,)
        size = 65536 if size == 1 else size
        is_size = 512 <= size <= 65536 and size & (size - 1) == 0
        self._data = data
        self.size = size if is_size and data.startswith(b"SQLite format 3\0") else _USUAL_SIZE
        self.usable = self.size - (data[20] if is_size and len(data) >= _HEAD else 0)
        if self.usable < 480:
            self.usable = self.size
        self.count = -(-len(data) // self.size)
        self.broken = 0
        """Pages that should be part of a table, and are none."""

    def page(self, number: int) -> bytes:
        if not 1 <= number <= self.count:
            raise _Damaged
        return self._data[(number - 1) * self.size : number * self.size].ljust(self.size, b"\0")

    def is_leaf(self, number: int) -> bool:
        return self.page(number)[_start(number)] == _LEAF

    def tables(self) -> list[tuple[str, int]]:
        """Names and roots of the tables, as far as the schema can be read."""
        found: list[tuple[str, int]] = []
        for leaf in self.leaves(1, set()):
            for row in self.rows_of(leaf, None)[0]:
                match row.values:
                    case ("table", str(name), _, int(root), _):
                        found.append((name, root))
                    case _:
                        pass
        self.broken = 0
        return found

    def free_pages(self) -> set[int]:
        """What no table uses any more, and may still hold old rows (section 1.5)."""
        free: set[int] = set()
        (trunk,) = struct.unpack_from(">I", self._data, 32) if len(self._data) >= _HEAD else (0,)
        while 0 < trunk <= self.count and trunk not in free:
            free.add(trunk)
            page = self.page(trunk)
            following, count = struct.unpack_from(">II", page)
            free.update(struct.unpack_from(f">{min(count, self.usable // 4 - 2)}I", page, 8))
            trunk = following
        return free

    def leaves(self, number: int, seen: set[int], depth: int = 0) -> Iterator[int]:
        """The leaves below a page of a table, as far as they can be found."""
        if number in seen or not 1 <= number <= self.count or depth > _MOST_DEPTH:
            self.broken += 1
            return
        start = _start(number)
        page = self.page(number)
        if page[start] == _LEAF:
            seen.add(number)
            yield number
        elif page[start] == _INTERIOR:
            seen.add(number)
            (cells, _, _, last) = struct.unpack_from(">HHBI", page, start + 3)
            for n in range(min(cells, self.usable // 2)):
                (cell,) = _unpack(">H", page, start + 12 + 2 * n)
                yield from self.leaves(_unpack(">I", page, cell)[0], seen, depth + 1)
            yield from self.leaves(last, seen, depth + 1)
        else:
            self.broken += 1

    def rows_of(self, number: int, table: str | None) -> tuple[list[FoundRow], int]:
        """The rows of a leaf, and how many of them cannot be read."""
        page, start = self.page(number), _start(number)
        (count,) = struct.unpack_from(">H", page, start + 3)
        rows: list[FoundRow] = []
        lost = 0
        for n in range(min(count, self.usable // 2)):
            try:
                (cell,) = _unpack(">H", page, start + 8 + 2 * n)
                length, at = _varint(page, cell)
                rowid, at = _varint(page, at)
                rowid = rowid - 2**64 if rowid >= 2**63 else rowid
                rows.append(FoundRow(table, rowid, _record(self._payload(page, at, length))))
            except (_Damaged, UnicodeDecodeError):
                lost += 1
        return rows, lost

    def _payload(self, page: bytes, at: int, length: int) -> bytes:
        """What a cell holds, with what overflows into other pages (section 1.6)."""
        if length > len(self._data):
            raise _Damaged
        most = self.usable - 35
        local = length
        if length > most:
            least = (self.usable - 12) * 32 // 255 - 23
            local = least + (length - least) % (self.usable - 4)
            local = local if local <= most else least
        if at + local > self.usable:
            raise _Damaged
        parts = [page[at : at + local]]
        missing = length - local
        following = _unpack(">I", page, at + local)[0] if missing else 0
        while missing > 0:
            more = self.page(following)
            parts.append(more[4 : 4 + min(missing, self.usable - 4)])
            missing -= len(parts[-1])
            (following,) = struct.unpack_from(">I", more)
        return b"".join(parts)


def _start(number: int) -> int:
    return _HEAD if number == 1 else 0


def _unpack(form: str, data: bytes, at: int) -> tuple[int, ...]:
    try:
        return struct.unpack_from(form, data, at)
    except struct.error:
        raise _Damaged from None


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of up to nine bytes, and where it ends."""
    value = 0
    for n in range(9):
        if at + n >= len(data):
            raise _Damaged
        byte = data[at + n]
        if n == 8:  # all bits of the last one count
            return value << 8 | byte, at + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + n + 1
    raise _Damaged


def _record(payload: bytes) -> tuple[Value, ...]:
    """The values of a record (section 2.1)."""
    head, at = _varint(payload, 0)
    if head > len(payload):
        raise _Damaged
    kinds: list[int] = []
    while at < head:
        kind, at = _varint(payload, at)
        kinds.append(kind)
    values: list[Value] = []
    for kind in kinds:
        value, at = _value(payload, at, kind)
        values.append(value)
    if at != len(payload):
        raise _Damaged
    return tuple(values)


def _value(payload: bytes, at: int, kind: int) -> tuple[Value, int]:
    if kind in (0, 8, 9):
        return (None, 0, 1)[(0, 8, 9).index(kind)], at
    if kind in (10, 11):
        raise _Damaged
    size = _INTEGERS.get(kind) or (8 if kind == _FLOATS else (kind - 12) // 2)
    data = payload[at : at + size]
    if len(data) != size:
        raise _Damaged
    if kind in _INTEGERS:
        return int.from_bytes(data, signed=True), at + size
    if kind == _FLOATS:
        return struct.unpack(">d", data)[0], at + size
    return (data.decode() if kind % 2 else data), at + size

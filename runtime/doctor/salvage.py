"""A state that is damaged in, a new one with all that can be read of it out. The old one stays as it is."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm

from ...compiler.serialize import configuration_from_json
from ..certificates import key_id, load_certificate, pem_of
from ..files import write_atomically
from ..snapshot import render_script
from ..state import migration, sqlite
from ..state.database import Database
from ..state.errors import StateError
from ..state.location import Location
from ..state.store import Store
from ..state.vault import key_file
from ..state.vault.errors import MasterKeyMissing
from ..state.vault.opening import read_vault
from ..state.vault.table import find as find_keys
from ..uploads import content_id
from .copying import copied
from .pages import Found, Value, read_rows
from .salvaged_log import mend_log, tell_salvaged
from .shapes import NamedRow, Shapes, name_row, shapes_of
from .wal import merged, read_log

REPORT_SCHEMA = "csc/salvage/1"
_WRONG = (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError)
# Who wrote at the time writes no more; and the new state has a format of its own.
_LEFT_OUT = {"lease", "format"}
_FIRST = ("device", "journal")

Tables = dict[str, dict[int, NamedRow]]


@dataclass(frozen=True, slots=True)
class Salvaged:
    """What became of a state. `kept` counts rows by table; `lost` is not there, or not as it was."""

    folder: Path
    kept: dict[str, int]
    lost: tuple[str, ...]


def salvage(location: Location, folder: Path) -> Salvaged:
    """Put what can be read into a new state in `folder`, which is made.

    Raises:
        StateError: if there is no file, the folder is there already, or a newer csc has written the state.
        OSError: if the folder cannot be written to.
    """
    if location.database is None:
        raise StateError(
            "only a state in SQLite can be salvaged",
            "PostgreSQL has pg_dump and pg_amcheck for that",
        )
    if not location.database.is_file():
        raise StateError(f"there is no file {location.database}", "check --state")
    with copied(location.database) as copy:
        data = copy.read_bytes()
        beside = copy.with_name(f"{copy.name}-wal")
        log = read_log(beside.read_bytes() if beside.exists() else b"")
    found = read_rows(merged(data, log))
    older = read_rows(data) if log.pages and found.damaged else Found((), 0)
    number = _format(found)
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        raise StateError(f"{folder} is there already", "name a folder that is not") from None
    database = sqlite.open_to_write(folder / "state.db")
    try:
        migration.bring_to(database, number)
        lost = _fill(database, found, older)
        if log.lost or not log.is_readable:
            lost.append("what was committed behind the damage in the write-ahead log")
        migration.bring_up_to_date(database)
        for key in key_file.files(location.vault_key):
            write_atomically(folder / key.name, key.read_bytes(), 0o600)
        store = Store(database)
        kept = _counted(database)
        lost += _vault_faults(store, Location(folder / "state.db", folder, ""))
        lost += mend_log(store)
        tell_salvaged(store, lost)
        _export(store, folder)
    finally:
        database.close()
    report = {"schema": REPORT_SCHEMA, "kept": kept, "lost": lost}
    write_atomically(folder / "report.json", json.dumps(report, indent=2).encode(), 0o600)
    return Salvaged(folder, kept, tuple(lost))


def _format(found: Found) -> int:
    numbers = [
        row.values[0] for row in found.rows if row.table == "format" and len(row.values) == 1
    ]
    newest = migration.newest()
    if not numbers or not isinstance(numbers[0], int) or numbers[0] < 1:
        return newest
    if numbers[0] > newest:
        raise StateError(
            f"the state has format {numbers[0]}, and this csc knows {newest}",
            "use the csc that wrote it, or a newer one",
        )
    return numbers[0]


def _fill(database: Database, found: Found, older: Found) -> list[str]:
    """Write the rows; what is not there, or not as it was."""
    shapes = shapes_of(database)
    tables: Tables = {table: {} for table in shapes}
    strange = 0
    for row in (*found.rows, *older.rows):
        named = name_row(row, shapes)
        if named is None:
            strange += row.table is None or row.table in shapes
        elif named[0] not in _LEFT_OUT:
            tables[named[0]].setdefault(row.rowid, named[1])
    lost: list[str] = []
    if found.damaged or strange:
        lost.append(f"{found.damaged + strange} pages or rows cannot be read")
    if "vault" in shapes and tables["secret"] and not tables["vault"]:
        lost.append("the keys of the vault: no private key can be decrypted")
    _check_contents(tables, lost)
    _check_certificates(tables, lost)
    _check_versions(tables, lost)
    _check_devices(tables, lost)
    with database.transaction():
        for table in sorted(shapes, key=_rank):
            for rowid, named in sorted(tables[table].items()):
                if not _insert(database, table, named):
                    lost.append(f"row {rowid} of {table} belongs to nothing that is left")
    return lost


def _rank(table: str) -> int:
    """Others refer to what comes first."""
    return _FIRST.index(table) if table in _FIRST else len(_FIRST)


def _insert(database: Database, table: str, row: NamedRow) -> bool:
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    try:
        database.execute(
            f"INSERT OR REPLACE INTO {table} ({names}) VALUES ({marks})",  # noqa: S608  (ours)
            *row.values(),
        )
    except StateError:
        return False
    return True


def _vault_faults(store: Store, new: Location) -> list[str]:
    """Whether the keys of the vault open with the master key that is at hand, if one is."""
    try:
        if find_keys(store.database) is not None:
            read_vault(store, new)
    except MasterKeyMissing:
        pass  # it is not in a file that could be copied: nothing says that it is lost
    except (StateError, *_WRONG) as error:
        return [f"the keys of the vault do not open, and so no private key: {error}"]
    return []


def _check_contents(tables: Tables, lost: list[str]) -> None:
    for rowid, row in list(tables["content"].items()):
        if content_id(_bytes(row["data"])) != row["id"]:
            lost.append(f"the bytes of {row['id']} are damaged")
            del tables["content"][rowid]


def _check_certificates(tables: Tables, lost: list[str]) -> None:
    """A record without its certificate goes; one that says something else is put right."""
    contents = {row["id"]: _bytes(row["data"]) for row in tables["content"].values()}
    secrets = {row["id"] for row in tables["secret"].values()}
    for rowid, row in list(tables["certificate"].items()):
        what = f"certificate {row['serial_number']} of {row['path']}"
        try:
            certificate = load_certificate(contents[row["certificate"]])
            key = key_id(certificate.public_key())
        except (*_WRONG, UnsupportedAlgorithm):
            lost.append(f"{what}: its bytes are lost")
            del tables["certificate"][rowid]
            continue
        right: NamedRow = {
            "key": key,
            "serial_number": f"{certificate.serial_number:x}",
            "issuer": certificate.issuer.rfc4514_string(),
            "not_before": certificate.not_valid_before_utc.isoformat(),
            "not_after": certificate.not_valid_after_utc.isoformat(),
        }
        if right.items() - row.items():
            lost.append(f"{what}: its record was damaged, and is made anew of the certificate")
            row.update(right)
        if key not in secrets:
            lost.append(f"{what}: its key is lost")


def _check_versions(tables: Tables, lost: list[str]) -> None:
    for rowid, row in list(tables["version"].items()):
        if not _is_configuration(row["configuration"]):
            lost.append(f"version {row['number']} of device {row['device']} cannot be read")
            del tables["version"][rowid]


def _check_devices(tables: Tables, lost: list[str]) -> None:
    """Every device has a configuration, and its newest version is one that is there."""
    newest: dict[Value, NamedRow] = {}
    for row in sorted(tables["version"].values(), key=lambda row: str(row["number"]).zfill(20)):
        newest[row["device"]] = row
    rows = {row["name"]: row for row in tables["device"].values()}
    next_id = max(tables["device"], default=0) + 1
    for name, last in newest.items():
        if name not in rows:
            lost.append(f"device {name}: its candidate and its active configuration")
            rows[name] = tables["device"][next_id] = {"name": name, "version": None, "left_by": ""}
            next_id += 1
        row = rows[name]
        for which in ("candidate", "active"):
            if not _is_configuration(row.get(which)):
                if which in row:
                    lost.append(f"device {name}: its {which} configuration")
                row[which] = last["configuration"]
    for name, row in list(rows.items()):
        there = [v["number"] for v in tables["version"].values() if v["device"] == name]
        last_number = max((n for n in there if isinstance(n, int)), default=0)
        if row["version"] != last_number:
            if isinstance(row["version"], int):
                lost.append(f"device {name}: version {row['version']}, the newest")
            row["version"] = last_number
        missing = sorted(set(range(1, last_number + 1)) - {n for n in there if isinstance(n, int)})
        lost += [f"device {name}: version {number}" for number in missing]
        if not all(_is_configuration(row.get(which)) for which in ("candidate", "active")):
            lost.append(f"device {name}: all of its configurations")
            for rowid, other in list(tables["device"].items()):
                if other is row:
                    del tables["device"][rowid]


def _is_configuration(text: object) -> bool:
    try:
        configuration_from_json(json.loads(str(text)))
    except _WRONG:
        return False
    return True


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else b""


def _counted(database: Database) -> dict[str, int]:
    shapes: Shapes = shapes_of(database)
    counts: Counter[str] = Counter()
    for table in shapes:
        if table not in _LEFT_OUT:
            ((counts[table],),) = database.execute(f"SELECT count(*) FROM {table}")  # noqa: S608
    return dict(counts)


def _export(store: Store, folder: Path) -> None:
    """Every version as a script, every certificate as PEM: for people, and for other programs."""
    certificates, versions = folder / "certificates", folder / "versions"
    certificates.mkdir()
    versions.mkdir()
    revoked: set[str] = set()
    for serial, content, is_revoked in store.database.execute(
        "SELECT serial_number, certificate, is_revoked FROM certificate"
    ):
        if is_revoked:
            revoked.add(content)
        pem = pem_of(store.content(content) or b"")
        write_atomically(certificates / f"{serial}.pem", pem.encode(), 0o600)
    for device, number in store.database.execute("SELECT device, number FROM version"):
        script = render_script(device, store.version(device, number), revoked, store.content)
        name = "".join(c if c.isalnum() or c in "-_" else f"%{ord(c):X}" for c in device)
        (versions / name).mkdir(exist_ok=True)
        write_atomically(versions / name / f"{number}.cfg", script.encode(), 0o600)

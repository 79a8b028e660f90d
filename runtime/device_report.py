"""What a report says beside the objects of a configuration: its certificates, and what is to be done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from ..compiler.address import Address
from ..compiler.configuration import (
    Configuration,
    FileValue,
    Properties,
    SecretValue,
    Value,
    in_order,
    is_added,
    quote,
    written,
)
from ..compiler.differences import differences
from ..compiler.impact import Link, users_of
from ..compiler.plan import Change
from ..compiler.schema.catalog import BUILT_IN
from ..compiler.serialize import changed_names
from ..compiler.tunnels import chooses_by_identity
from .certificates import Facts, facts_of, one_line
from .shown import Shown
from .state.overview import LeftOpen
from .status import CertificateStatus

# So many properties of a kind of objects have columns of their own, those that are set most often.
_COLUMNS = 5
_CHANGES = {Change.ADD: "added", Change.UPDATE: "changed", Change.DELETE: "deleted"}


@dataclass(frozen=True, slots=True)
class Use:
    """An object that names a certificate, and in which property."""

    object: str
    property: str


@dataclass(frozen=True, slots=True)
class ReportedCertificate:
    """A Certificate object. `state` is a state of `csc status`, or `uploaded` or `superseded`.

    `days_left` is None where no validity is known; `update_from`, a day, is empty where CMP renews nothing.
    """

    object: str
    reference: str
    type: str
    state: str
    facts: Facts | None
    days_left: int | None
    is_due: bool
    update_from: str
    used_by: tuple[Use, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """The objects of a type as a table."""

    type: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """An object in which the candidate differs from what is committed. `change`: added, changed, deleted."""

    change: str
    object: str
    properties: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Open:
    """A CMP operation that was cut off. `stage` is that of `csc status`."""

    operation: str
    object: str
    started_at: str
    stage: str


def certificates(
    shown: Shown, read: Callable[[str], bytes | None], now: datetime
) -> Iterator[ReportedCertificate]:
    """The certificates of a configuration. `read` gives the bytes of a content id."""
    configuration = shown.version.configuration
    users = users_of("Certificate", configuration, BUILT_IN)
    statuses = {status.address: status for status in shown.now.certificates}
    for address, properties in in_order(configuration):
        if address.type == "Certificate":
            yield _certificate(
                shown, address, properties, statuses.get(address), users.get(address, []), read, now
            )


def _certificate(
    shown: Shown,
    address: Address,
    properties: Properties,
    status: CertificateStatus | None,
    users: list[Link],
    read: Callable[[str], bytes | None],
    now: datetime,
) -> ReportedCertificate:
    value = properties.get("CertificateData")
    record = status.record if status is not None else None
    content = value.content if isinstance(value, FileValue) else ""
    if not content and record is not None:
        content = record.certificate
    data = read(content) if content else None
    facts = facts_of(data) if data is not None else None
    left = _days_left(facts, now)
    is_newest = record is not None and record.certificate == content
    if status is not None and (is_newest or not content):
        state = status.state.value
    elif content in shown.revoked:
        state = "revoked"
    elif left is not None and left < 0:
        state = "expired"
    else:
        state = "superseded" if record is not None else "uploaded" if content else "empty"
    begins = status.due_from if status is not None and is_newest else None
    return ReportedCertificate(
        object=one_line(str(address)),
        reference=one_line(address.reference),
        type=one_line(str(properties.get("Type", ""))),
        state=state,
        facts=facts,
        days_left=left,
        is_due=status is not None and is_newest and status.is_due,
        update_from=f"{begins.astimezone(UTC):%Y-%m-%d}" if begins is not None else "",
        used_by=tuple(Use(one_line(str(link.user)), link.property) for link in users),
    )


def _days_left(facts: Facts | None, now: datetime) -> int | None:
    if facts is None:
        return None
    return (datetime.fromisoformat(facts.not_after) - now).days


def tunnels(configuration: Configuration) -> tuple[str, ...]:
    """The tunnels that choose a certificate by its identity: they name none."""
    return tuple(
        one_line(str(address))
        for address, properties in configuration.items()
        if chooses_by_identity(address, properties)
    )


def kinds(configuration: Configuration) -> Iterator[Kind]:
    """The objects by type; those that a new device has only where something is set."""
    by_type: dict[str, list[tuple[Address, Properties]]] = {}
    for address, properties in in_order(configuration):
        if is_added(address, properties) or written(properties):
            by_type.setdefault(address.type, []).append((address, written(properties)))
    for type_name, objects in sorted(by_type.items()):
        yield _kind(type_name, objects)


def _kind(type_name: str, objects: list[tuple[Address, Properties]]) -> Kind:
    counts = Counter(name for _, properties in objects for name in properties)
    often = {name for name, _ in counts.most_common(_COLUMNS)}
    columns = [name for name in counts if name in often]  # in the order in which they were set
    has_others = len(counts) > len(columns)
    rows = (
        (
            one_line(address.reference),
            *(_cell(properties, name) for name in columns),
            *([_others(properties, often)] if has_others else ()),
        )
        for address, properties in objects
    )
    heads = ("name", *map(one_line, columns), *(["others"] if has_others else ()))
    return Kind(one_line(type_name), heads, tuple(rows))


def _cell(properties: Properties, name: str) -> str:
    return _value(properties[name]) if name in properties else ""


def _others(properties: Properties, shown: set[str]) -> str:
    return " ".join(
        f"{one_line(name)}={_value(value)}"
        for name, value in properties.items()
        if name not in shown
    )


def _value(value: Value) -> str:
    """A value as people may see it, as a script writes it."""
    match value:
        case SecretValue():
            return "(secret)"
        case FileValue(is_secret=True):
            return "(private key)"
        case FileValue():
            return "(file)"
        case text:
            return one_line(quote(text))


def uncommitted(committed: Configuration, candidate: Configuration) -> Iterator[Difference]:
    """Where the candidate differs from what is committed."""
    for change in differences(committed, candidate):
        properties = changed_names(change) if change.change is Change.UPDATE else ()
        yield Difference(
            _CHANGES[change.change], one_line(str(change.address)), tuple(map(one_line, properties))
        )


def left_open(entry: LeftOpen) -> Open:
    """A cut-off operation as templates see it."""
    stage = "issued" if entry.is_issued else "waiting" if entry.is_waiting else "requested"
    return Open(
        one_line(entry.operation),
        one_line(str(entry.address)),
        f"{entry.started_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        stage,
    )

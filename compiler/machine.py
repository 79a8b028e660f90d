"""The abstract device that a script runs on: what the analysis knows after each command."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from ..grammar.ast import Span
from .address import ROOT, Address
from .configuration import Properties
from .device import CertificateRecord, DeviceState
from .diagnostics import Diagnostic, Severity
from .lifecycle import State, state_of
from .plan import Unchanged
from .policy import Policy
from .schema.catalog import BUILT_IN, Catalog
from .steps import StepBuilder

# The content id of an uploaded file that the script names, None if there is none; raises OSError if it
# cannot be read.
FindUpload = Callable[[str], str | None]


_KEY_OF_THE_MOMENT = os.urandom(32)


def fingerprint_of_the_moment(secret: str) -> str:
    """Tells secrets apart within this process; nothing can be concluded from it elsewhere."""
    return hashlib.blake2b(secret.encode(), key=_KEY_OF_THE_MOMENT).hexdigest()


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a script is compiled against.

    `now` is timezone-aware. `stand_in` is the content id that serves for a missing CA root (`--sandbox`).
    With `is_strict` the device's own rules hold: adding what exists is an error. `fingerprint` tells secrets
    apart without keeping them. `parameters` are the values of `$1` and so on, by name. `policy` says which
    findings count.
    """

    base: DeviceState
    now: datetime
    find_upload: FindUpload
    stand_in: str | None = None
    is_strict: bool = False
    catalog: Catalog = BUILT_IN
    fingerprint: Callable[[str], str] = fingerprint_of_the_moment
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    policy: Policy = field(default_factory=Policy)


@dataclass(slots=True)
class Machine:
    """The three configurations, context, device files and life cycles at one point of the script.

    `uploads` are those that the script names, `files` the device's own; `reaching` is what a `file://` sees
    of the latter here, which differs after a certmgr that has nothing to do. `origins` tells where a property
    got its value in this run, `deleted` where an object went, `obtained` where a content id came to be, `met`
    where a certmgr found it there already; all four are there for labels.

    `assumed` holds objects that a wrong name made unknown: they count as there, so that one mistake gives one
    finding. `flawed` holds objects that a finding was about, `spoiled` certificates whose life cycle was,
    `reported` properties whose reference was, `unknown_types` types of which it has been said. `taken`: see
    `indexed`. `repeated` counts the -initiate and -revoke that this script has met for a certificate, done
    before or not.
    """

    circumstances: Circumstances
    script: str
    candidate: dict[Address, Properties]
    active: dict[Address, Properties]
    committed: dict[Address, Properties]
    records: dict[Address, CertificateRecord]
    uploads: dict[str, str]
    files: dict[str, str]
    reaching: dict[str, str]
    steps: StepBuilder
    context: Address = ROOT
    origins: dict[tuple[Address, str], Span] = field(
        default_factory=dict[tuple[Address, str], Span]
    )
    deleted: dict[Address, Span] = field(default_factory=dict[Address, Span])
    obtained: dict[str, Span] = field(default_factory=dict[str, Span])
    met: dict[str, Span] = field(default_factory=dict[str, Span])
    assumed: set[Address] = field(default_factory=set[Address])
    flawed: set[Address] = field(default_factory=set[Address])
    spoiled: set[Address] = field(default_factory=set[Address])
    reported: set[tuple[Address, str]] = field(default_factory=set[tuple[Address, str]])
    taken: set[Address] = field(default_factory=set[Address])
    unknown_types: set[str] = field(default_factory=set[str])
    repeated: dict[Address, int] = field(default_factory=dict[Address, int])
    diagnostics: list[Diagnostic] = field(default_factory=list[Diagnostic])
    idle: list[Unchanged] = field(default_factory=list[Unchanged])

    def severe_if_strict(self, found: Diagnostic) -> Diagnostic:
        """The finding, an error with --strict."""
        return replace(found, severity=Severity.ERROR) if self.circumstances.is_strict else found

    def unchanged(self, what: str, why: str, span: Span) -> None:
        """Note a command that has nothing to do."""
        self.idle.append(Unchanged(what, why, span))

    def report(self, *diagnostics: Diagnostic) -> None:
        """Add findings."""
        self.diagnostics.extend(diagnostics)

    def exists(self, address: Address) -> bool:
        """Whether the candidate holds the object, or has to be taken to."""
        return address.is_root or address in self.candidate or address in self.assumed

    def is_assumed(self, address: Address) -> bool:
        """Whether the object, or a container of it, is only assumed because a name was wrong."""
        while not address.is_root:
            if address in self.assumed:
                return True
            address = address.parent
        return False

    def is_astray(self, type_name: str, name: str) -> bool:
        """Whether such an object went into a container whose name was wrong."""
        return bool(self.assumed) and any(
            a.type == type_name and a.name == name and self.is_assumed(a) for a in self.candidate
        )

    def names(self, parent: Address, type_name: str) -> Iterable[str]:
        """The names of the candidate's objects of one type in one container."""
        return (a.name for a in self.candidate if a.parent == parent and a.type == type_name)

    def put(self, address: Address, properties: Properties, span: Span) -> None:
        """Give the candidate an object, new or changed."""
        self.steps.change(address, self.candidate.get(address), span)
        self.candidate[address] = properties

    def remove(self, address: Address, span: Span) -> None:
        """Take an object out of the candidate."""
        self.steps.change(address, self.candidate[address], span)
        del self.candidate[address]
        self.deleted[address] = span

    def move(self, moves: Mapping[Address, Address], span: Span) -> None:
        """Give objects of the candidate, and all in them, other addresses."""
        if not moves:
            return

        def moved(address: Address) -> Address:
            for depth in range(1, len(address.segments) + 1):
                target = moves.get(Address(address.segments[:depth]))
                if target is not None:
                    return Address((*target.segments, *address.segments[depth:]))
            return address

        affected = {a: p for a, p in self.candidate.items() if moved(a) != a}
        for address in {**affected, **{moved(a): p for a, p in affected.items()}}:
            self.steps.change(address, self.candidate.get(address), span)
        for address in affected:
            del self.candidate[address]
        self.candidate.update((moved(a), p) for a, p in affected.items())
        self.origins = {(moved(a), name): at for (a, name), at in self.origins.items()}
        for known in (self.taken, self.flawed, self.assumed):
            renamed = {moved(address) for address in known}
            known.clear()
            known.update(renamed)

    def state(self, address: Address) -> State:
        """The life-cycle state of the certificate at `address`."""
        return state_of(
            address,
            self.records.get(address),
            candidate=self.candidate,
            active=self.active,
            committed=self.committed,
            now=self.circumstances.now,
        )


def start(circumstances: Circumstances, script: str) -> Machine:
    """The machine before the first command. `script` is the digest of the script's text."""
    base = circumstances.base
    return Machine(
        circumstances=circumstances,
        script=script,
        candidate=dict(base.candidate),
        active=dict(base.active),
        committed=dict(base.committed),
        records=dict(base.certificates),
        uploads={},
        files=dict(base.files),
        reaching=dict(base.files),
        steps=StepBuilder(),
    )

"""The abstract device that a script runs on: what the analysis knows after each command."""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from ..grammar.ast import Span
from ..grammar.frozen import frozen
from .address import ROOT, Address
from .candidate import Candidate
from .configuration import Properties
from .device import CertificateRecord, DeviceState
from .diagnostics import Diagnostic, Severity
from .lifecycle import State, state_of
from .parameters import Given
from .plan import Renewal, Unchanged
from .policy import Policy
from .schema.catalog import BUILT_IN, Catalog
from .secrets import Confidential
from .selection import Selection
from .steps import StepBuilder

# The content id of an uploaded file that the script names, None if there is none; raises OSError if it
# cannot be read.
FindUpload = Callable[[str], str | None]


_KEY_OF_THE_MOMENT = os.urandom(32)


def fingerprint_of_the_moment(secret: str) -> str:
    """Tells secrets apart within this process; nothing can be concluded from it elsewhere."""
    return hashlib.blake2b(secret.encode(), key=_KEY_OF_THE_MOMENT).hexdigest()


@frozen
class Circumstances:
    """What a script is compiled against.

    `now` is timezone-aware. `stand_in` is the content id that serves for a missing CA root (`--sandbox`).
    With `is_strict` the device's own rules hold: adding what exists is an error. `fingerprint` tells secrets
    apart without keeping them. `parameters` are the values of `$1` and `${var:NAME}`, by name;
    `parameter_places` tells in which file some of them were given. `policy` says which findings count,
    `selection` which objects the plan is about.
    """

    base: DeviceState
    now: datetime
    find_upload: FindUpload
    stand_in: str | None = None
    is_strict: bool = False
    catalog: Catalog = BUILT_IN
    fingerprint: Callable[[str], str] = fingerprint_of_the_moment
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    parameter_places: Mapping[str, str] = field(default_factory=dict[str, str])
    policy: Policy = field(default_factory=Policy)
    selection: Selection = field(default_factory=Selection)


@frozen
class Binding:
    """Where a certmgr's result can be bound: behind its last argument, in its context.

    `number` is how many commands were before it.
    """

    end: Span
    context: Address
    number: int


@dataclass(slots=True)
class Machine:
    """The three configurations, context, device files and life cycles at one point of the script.

    `inactive` holds the objects that `activate` has to look at, for they may differ between candidate and
    active configuration, and whether they came anew, after all others; `uncommitted` those for `commit`.
    `unchecked`: those whose references nobody has looked at since they changed, or since what they refer to
    did. `users` tells who refers to a text. So every command costs by what it changes. `given` are the script
    parameters, `takes` tells where secrets are expected.

    `uploads` are those that the script names, `files` the device's own; `reaching` is what a `file://` sees
    of the latter here, which differs after a certmgr that has nothing to do. `origins` tells where a property
    got its value in this run, `defined` and `deleted` where an object came and went, `obtained` where a
    content id came to be, `met` where a certmgr found it there already; all are there for labels.
    `credentials`: who was enrolled with them, and where.

    `assumed` holds objects that a wrong name made unknown: they count as there, so that one mistake gives one
    finding. `flawed` holds objects that a finding was about, `spoiled` certificates whose life cycle was,
    `reported` properties whose reference was, `unknown_types` types of which it has been said. `folded`:
    objects of this script by container, type and name in small letters. `taken` and `free`: see `indexed`.
    `repeated` counts the -initiate and -revoke of this script for a certificate, done before or not.
    `given_up` holds those whose object was deleted since they were obtained: an object that is added again
    begins anew, and nobody misses the old key.

    `initiated` are the certificates that an -initiate was about, `enrolled` those for which one is planned.
    `renewals`: each -update.

    `before`: the end of the command before this one, in the same script.
    `commands` counts what has been run so far; `activated` and `committed_at` are its values at the last
    `activate` and `commit`. `binding` tells for what certmgr obtained where a `set` that binds it belongs.
    """

    circumstances: Circumstances
    script: str
    given: Given
    takes: Confidential
    candidate: Candidate
    active: dict[Address, Properties]
    committed: dict[Address, Properties]
    records: dict[Address, CertificateRecord]
    uploads: dict[str, str]
    files: dict[str, str]
    reaching: dict[str, str]
    steps: StepBuilder
    inactive: dict[Address, bool]
    uncommitted: dict[Address, bool]
    unchecked: dict[Address, None]
    owners: dict[str, Address]
    context: Address = ROOT
    origins: dict[tuple[Address, str], Span] = field(
        default_factory=dict[tuple[Address, str], Span]
    )
    defined: dict[Address, Span] = field(default_factory=dict[Address, Span])
    deleted: dict[Address, Span] = field(default_factory=dict[Address, Span])
    users: defaultdict[str, dict[Address, None]] = field(
        default_factory=lambda: defaultdict[str, "dict[Address, None]"](dict)
    )
    obtained: dict[str, Span] = field(default_factory=dict[str, Span])
    met: dict[str, Span] = field(default_factory=dict[str, Span])
    credentials: dict[tuple[Address, str, str], tuple[Address, Span]] = field(
        default_factory=dict[tuple[Address, str, str], tuple[Address, Span]]
    )
    assumed: set[Address] = field(default_factory=set[Address])
    flawed: set[Address] = field(default_factory=set[Address])
    spoiled: set[Address] = field(default_factory=set[Address])
    reported: set[tuple[Address, str]] = field(default_factory=set[tuple[Address, str]])
    taken: set[Address] = field(default_factory=set[Address])
    free: dict[tuple[Address, str], OrderedDict[Address, None]] = field(
        default_factory=dict[tuple[Address, str], "OrderedDict[Address, None]"]
    )
    folded: dict[tuple[Address, str, str], Address] = field(
        default_factory=dict[tuple[Address, str, str], Address]
    )
    unknown_types: set[str] = field(default_factory=set[str])
    repeated: dict[Address, int] = field(default_factory=dict[Address, int])
    given_up: set[Address] = field(default_factory=set[Address])
    diagnostics: list[Diagnostic] = field(default_factory=list[Diagnostic])
    revoked: dict[Address, Span] = field(default_factory=dict[Address, Span])
    binding: dict[str, Binding] = field(default_factory=dict[str, "Binding"])
    commands: int = 0
    activated: int = -1
    committed_at: int = -1
    before: Span | None = None
    idle: list[Unchanged] = field(default_factory=list[Unchanged])
    renewals: list[Renewal] = field(default_factory=list[Renewal])
    initiated: dict[Address, Span] = field(default_factory=dict[Address, Span])
    enrolled: set[Address] = field(default_factory=set[Address])

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

    @property
    def known(self) -> set[Address]:
        """Every object that is there now, or was before."""
        base = self.circumstances.base
        return {*self.candidate, *base.candidate, *base.active, *base.committed, *self.deleted}

    def is_assumed(self, address: Address) -> bool:
        """Whether the object, or a container of it, is only assumed because a name was wrong."""
        if not self.assumed:
            return False
        while not address.is_root:
            if address in self.assumed:
                return True
            address = address.parent
        return False

    def is_astray(self, type_name: str, name: str) -> bool:
        """Whether such an object went into a container whose name was wrong."""
        return bool(self.assumed) and any(
            self.is_assumed(address) for address in self.candidate.called(type_name, name)
        )

    def put(self, address: Address, properties: Properties, span: Span) -> None:
        """Give the candidate an object, new or changed."""
        before = self.candidate.get(address)
        self.steps.change(address, before, span)
        self._changed(address)
        if before is None:
            self.defined[address] = span
        self.candidate.put(address, properties)

    def remove(self, address: Address, span: Span) -> None:
        """Take an object out of the candidate."""
        self.steps.change(address, self.candidate[address], span)
        self._changed(address)
        self.candidate.remove(address)
        self.deleted[address] = span
        if address in self.records:
            self.given_up.add(address)
        self.free.pop((address.parent, address.type), None)

    def _changed(self, address: Address) -> None:
        """Note that an object comes, goes or changes."""
        self.unchecked[address] = None
        if users := self.users.get(address.reference):
            self.unchecked |= users
        if address in self.candidate:
            self.inactive.setdefault(address, False)
        else:
            self.inactive.pop(address, None)
            self.inactive[address] = True

    def move(self, moves: Mapping[Address, Address], span: Span) -> None:
        """Give indexed siblings, and all in them, other addresses."""
        renamed = {
            moved: Address((*target.segments, *moved.segments[len(address.segments) :]))
            for address, target in moves.items()
            for moved in (address, *self.candidate.below(address))
        }
        for address in dict.fromkeys((*renamed, *renamed.values())):
            self.steps.change(address, self.candidate.get(address), span)
            self._changed(address)
            self.free.pop((address.parent, address.type), None)
        held = {address: self.candidate.remove(address) for address in renamed}
        origins = {
            (renamed[address], name): self.origins.pop((address, name))
            for address, properties in held.items()
            for name in properties
            if (address, name) in self.origins
        }
        self.origins |= origins
        self.reported |= {
            (renamed[address], name)
            for address, properties in held.items()
            for name in properties
            if (address, name) in self.reported
        }
        for address, properties in held.items():
            self.candidate.put(renamed[address], properties)
        for known in (self.taken, self.flawed, self.assumed):
            moving = [address for address in renamed if address in known]
            known.difference_update(moving)
            known.update(renamed[address] for address in moving)

    def activate(self) -> bool:
        """Make the candidate active; whether that changes anything."""
        self.activated = self.commands
        changed = _take_over(self.inactive, self.candidate, self.active)
        self.uncommitted |= changed
        return bool(changed)

    def commit(self) -> bool:
        """Make what is active survive a restart; whether that changes anything."""
        self.committed_at = self.commands
        return bool(_take_over(self.uncommitted, self.active, self.committed))

    @property
    def is_active(self) -> bool:
        """Whether the candidate is the active configuration."""
        return all(self.candidate.get(a) == self.active.get(a) for a in self.inactive)

    @property
    def is_committed(self) -> bool:
        """Whether the active configuration is the committed one."""
        return all(self.active.get(a) == self.committed.get(a) for a in self.uncommitted)

    def keep_record(self, address: Address, record: CertificateRecord) -> None:
        """Note what CMP obtained for a certificate."""
        self.records[address] = record
        self.owners[record.certificate] = self.owners[record.key] = address
        self.given_up.discard(address)

    def owner(self, content: str) -> tuple[Address, CertificateRecord] | None:
        """The certificate whose newest record has this certificate or key."""
        address = self.owners.get(content)
        record = self.records[address] if address is not None else None
        if address is None or record is None or content not in (record.certificate, record.key):
            return None
        return address, record

    def state(self, address: Address) -> State:
        """The life-cycle state of the certificate at `address`."""
        return state_of(
            address,
            None if address in self.given_up else self.records.get(address),
            candidate=self.candidate,
            active=self.active,
            committed=self.committed,
            now=self.circumstances.now,
        )


def _take_over(
    changed: dict[Address, bool],
    source: Mapping[Address, Properties],
    target: dict[Address, Properties],
) -> dict[Address, bool]:
    """Make `target` what `source` is where they may differ; where they did. `changed` is empty afterwards."""
    differing = {a: is_new for a, is_new in changed.items() if source.get(a) != target.get(a)}
    changed.clear()
    for address, is_new in differing.items():
        if is_new or address not in source:
            target.pop(address, None)
        if address in source:
            target[address] = source[address]
    return differing


def _differing(
    one: Mapping[Address, Properties], other: Mapping[Address, Properties]
) -> dict[Address, bool]:
    return {a: False for a in (*other, *one) if one.get(a) != other.get(a)}


def start(circumstances: Circumstances, script: str, given: Given, takes: Confidential) -> Machine:
    """The machine before the first command. `script` is the digest of the script's text."""
    base = circumstances.base
    machine = Machine(
        circumstances=circumstances,
        script=script,
        given=given,
        takes=takes,
        candidate=Candidate(base.candidate),
        active=dict(base.active),
        committed=dict(base.committed),
        records={},
        uploads={},
        files=dict(base.files),
        reaching=dict(base.files),
        steps=StepBuilder(),
        inactive=_differing(base.candidate, base.active),
        uncommitted=_differing(base.active, base.committed),
        unchecked=dict.fromkeys(base.candidate),
        owners={},
    )
    for address, record in base.certificates.items():
        machine.keep_record(address, record)
    machine.given_up |= base.certificates.keys() - base.candidate.keys()
    return machine

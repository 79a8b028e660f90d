"""An operation brought into any phase of the transition table with a real CA, and what may happen to it."""

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from csc.runtime.cmp import verdict
from csc.runtime.cmp.codec import decode
from csc.runtime.cmp.errors import ConnectFailed, TimedOut, WrongCertificate
from csc.runtime.cmp.model import (
    BodyType,
    ErrorMsgContent,
    PKIBody,
    PKIFailureInfo,
    PKIHeader,
    PKIStatus,
    PKIStatusInfo,
)
from csc.runtime.cmp.protection import protect
from csc.runtime.operation import Surroundings
from csc.runtime.recovery.conduct import case_of, give_up
from csc.runtime.recovery.ending import operation_of
from csc.runtime.recovery.phases import Event, Phase
from csc.runtime.recovery.resume import End, Resumed, resume
from csc.runtime.sandbox.behaviour import Behaviour
from csc.runtime.state import journal
from csc.runtime.state.location import Location
from csc.runtime.state.opening import open_store
from csc.runtime.state.store import Store
from csc.runtime.state.vault.opening import open_vault

from .device import (
    FINISH,
    PREREQUISITES,
    Device,
    Killed,
    bind,
    certificate,
    initiate,
    new_device,
    quick_key,
    revoke,
    utc_now,
)

PATIENT = Behaviour(confirm_wait=2 * 24 * 3600)
SETUP = (
    (PREREQUISITES + certificate("gw") + initiate("gw") + bind("gw") + FINISH)
    .replace("-password=psk", "-password=${env:PSK}")
    .replace("FQDN=ca.example.com", "FQDN=ca.example.com PollLimit=20")
)
IMPLICIT = SETUP.replace("FQDN=ca.example.com", "FQDN=ca.example.com Confirmation=Implicit")
REVOKE = revoke("gw")

# From which phase giving up leads to which.
GIVEN_UP = {
    Phase.ENDING: Phase.REQUESTED,
    Phase.ENDING_WAITING: Phase.WAITING,
    Phase.REJECTING: Phase.RECEIVED,
    Phase.UNWANTED: Phase.CONFIRMED,
}
OF_REVOCATION = (Phase.REVOKING, Phase.REVOKING_WAITING, Phase.REVOKED)
POLLING = (Phase.WAITING, Phase.REVOKING_WAITING)


class Scene:
    """A device with a clock that is set by hand; pauses move it on."""

    def __init__(self, device: Device, now: list) -> None:
        self.device, self.now = device, now
        device.pause = lambda seconds: self.later(timedelta(seconds=seconds))

    def later(self, time: timedelta) -> None:
        self.now[0] += time

    @contextmanager
    def around(self) -> Generator[Surroundings]:
        """What operations act with, the state open."""
        device = self.device
        store = open_store(device.location)
        try:
            yield Surroundings(
                device=device.name,
                store=store,
                vault=open_vault(store, device.location),
                send=device.send or device.post,
                clock=device.clock,
                random=os.urandom,
                generate_key=quick_key,
                pause=device.pause,
            )
        finally:
            store.close()

    def phases(self) -> list[Phase]:
        """The phases of all operations that the journal has."""
        with self.around() as around:
            rows = around.store.database.execute("SELECT phase FROM journal ORDER BY id")
        return [Phase(row[0]) for row in rows]

    def resume(self, *, gives_up: bool = False) -> list[Resumed]:
        """What `csc resume` does."""
        with self.around() as around:
            return resume(around, lambda entry: gives_up, lambda entry, text: None)

    def give_up(self) -> None:
        """Only what is durable of giving up: the process dies right after it."""
        with self.around() as around:
            (entry,) = journal.open_operations(around.store, around.device)
            operation = operation_of(entry, around)
            assert operation is not None
            give_up(case_of(entry, operation, around, lambda text: None))

    def apply_until(self, phase: Phase, script: str) -> None:
        """Apply a script, and die as soon as an operation is durably in a phase."""

        class Dying(Store):
            @contextmanager
            def transaction(self) -> Generator:
                is_outermost = not self.database.connection.in_transaction
                with super().transaction():
                    yield
                if is_outermost:
                    rows = self.database.execute("SELECT phase FROM journal")
                    if phase in [row[0] for row in rows]:
                        raise Killed

        def open_dying(location: Location) -> Store:
            store = open_store(location)
            store.__class__ = Dying
            return store

        self.device.open_store = open_dying
        try:
            with pytest.raises(Killed):
                self.device.apply(script)
        finally:
            self.device.open_store = open_store

    def finish(self) -> None:
        """An honest CA again: nothing is left open, and what was never confirmed runs out at the CA."""
        self.device.send = None
        self.device.ca.change_behaviour({"polls": 0, "rejects": None})
        for _ in range(3):
            if all(each.end is not End.OPEN for each in self.resume()):
                break
        self.later(timedelta(days=3))


@contextmanager
def scene(folder: Path, behaviour: Behaviour = PATIENT) -> Generator[Scene]:
    now = [utc_now()]
    with new_device(folder, behaviour, lambda: now[0]) as device:
        yield Scene(device, now)


@contextmanager
def unfit(*, is_foreign: bool = False) -> Generator[None]:
    """What the CA issues counts as wrong, and perhaps as for another key."""

    def refuse(*args: object, transaction: bytes, **more: object) -> tuple[str, ...]:
        raise WrongCertificate("not what was asked for", transaction)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verdict.checks, "check_issued", refuse)
        if is_foreign:
            patch.setattr(verdict, "_its_key", lambda *args: None)
        yield


def bring_into(scene: Scene, phase: Phase, *, is_implicit: bool = False, polls: int = 1) -> None:
    """Have an operation cut off in a phase."""
    ca = scene.device.ca
    if phase in GIVEN_UP:
        bring_into(scene, GIVEN_UP[phase], is_implicit=is_implicit, polls=polls)
        scene.give_up()
        assert scene.phases()[-1] is phase
        return
    if phase is Phase.GRANTED or is_implicit:
        ca.change_behaviour({"grants_implicit_confirm": True})
    script = IMPLICIT if phase is Phase.GRANTED or is_implicit else SETUP
    if phase in OF_REVOCATION:
        scene.device.apply(script)
        script = REVOKE
    if phase in POLLING:
        ca.change_behaviour({"polls": polls, "waits_by_error": phase is Phase.REVOKING_WAITING})
    if phase is Phase.UNFIT:
        with unfit():
            scene.apply_until(phase, script)
    else:
        scene.apply_until(phase, script)
    assert scene.phases()[-1] is phase


Say = Callable[[Scene, bytes], bytes]


def says(status: PKIStatus, *failures: PKIFailureInfo) -> Say:
    """The CA itself, with its own key, answers with an error."""

    def say(scene: Scene, message: bytes) -> bytes:
        asked, credential = decode(message).header, scene.device.ca._site().own_credential
        info = PKIStatusInfo(status, ("so says the test",), frozenset(failures))
        header = PKIHeader(
            pvno=2,
            sender=credential.certificate.subject,
            recipient=asked.sender,
            message_time=scene.now[0],
            transaction_id=asked.transaction_id,
            sender_nonce=os.urandom(16),
            recip_nonce=asked.sender_nonce,
            general_info=(),
        )
        body = PKIBody(BodyType.ERROR, ErrorMsgContent(info))
        return protect(header, body, credential, random=os.urandom)

    return say


def fails(error: type[Exception]) -> Say:
    def fail(scene: Scene, message: bytes) -> bytes:
        raise error("as the test has it")

    return fail


SAYINGS: dict[Event, Say] = {
    Event.WAITS: says(PKIStatus.WAITING),
    Event.REFUSED: says(PKIStatus.REJECTION, PKIFailureInfo.BAD_REQUEST),
    Event.MESSAGE_REFUSED: says(PKIStatus.REJECTION, PKIFailureInfo.SYSTEM_UNAVAIL),
    Event.FORGOTTEN: says(PKIStatus.REJECTION, PKIFailureInfo.BAD_REQUEST),
    Event.ENDED: says(PKIStatus.REJECTION, PKIFailureInfo.CERT_REVOKED),
    Event.CONFIRMED_BEFORE: says(PKIStatus.REJECTION, PKIFailureInfo.CERT_CONFIRMED),
    Event.TIME_LIMIT: says(PKIStatus.WAITING),
    Event.NO_ANSWER: fails(TimedOut),
    Event.NEVER_SENT: fails(ConnectFailed),
    Event.DOUBTFUL: lambda scene, message: b"<html>",
}


def let_say(scene: Scene, event: Event) -> None:
    """Have the CA say it: once, or for ever where that is what happens."""
    say, said = SAYINGS[event], []

    def send(url: str, message: bytes, tls: object = None) -> bytes:
        if said and event is Event.WAITS:
            return scene.device.post(url, message)
        said.append(message)
        return say(scene, message)

    scene.device.send = send

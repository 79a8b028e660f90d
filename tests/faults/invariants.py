"""What must be true whatever went wrong, once the same script was applied again in peace.

Rules in the order of what they protect; each says what was found where it does not hold. `Before` is what was
there when the spoilt run began. What the spoilt run has left may be less: see `after_the_fault`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from csc.compiler.configuration import Configuration, FileValue
from csc.runtime.doctor.finding import Result, Verdict
from csc.runtime.sandbox.ledger.ledger import Status

from .findings import Here, There, public_key_of

Shape = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Run:
    """A run of csc: its exit code, or minus the signal that ended it, and what it wrote."""

    exit: int
    output: str
    errors: str


def after_the_fault(before: Here, wanted: Shape, here: Here, run: Run) -> Iterator[str]:
    """What the spoilt run has left: a state that is whole, old or new, and told its user what it was."""
    if run.exit not in (-9, 0, 1, 3):
        yield f"the run ended with {run.exit}"
    if "mistake of csc's own" in run.errors or "Traceback" in run.errors:
        yield f"the run ended with a mistake of csc's own: {_last_line(run.errors)}"
    if run.exit in (1, 3) and "error" not in run.errors:
        yield "the run failed and did not say why"
    yield from _is_whole(here)
    is_old = here.committed == before.committed and here.version == before.version
    is_new = shape(here.committed) == wanted and here.version > before.version
    if not is_old and not (is_new and _pairs_are_whole(here)):
        yield f"version {here.version} is neither the old configuration nor the new one"
    if set(before.held) - set(here.held) and not any(h.is_revoked for h in here.held):
        yield "the state has forgotten a certificate that it held"


def in_the_end(
    before: Here,
    wanted: Shape,
    here: Here,
    there: There,
    again: Run,
    third: Run,
    *,
    ca_makes_keys: bool = False,
) -> Iterator[str]:
    """What is left once the script was applied again, and what it does not renew a third time.

    `ca_makes_keys`: one that never could be opened here is none that is lost, if its certificate is rejected.
    """
    # 1  The next run is not kept out, and brings to an end what the first one began.
    if again.exit != 0:
        yield f"the next run ended with {again.exit}: {_last_line(again.errors)}"
    # 2  No certificate is lost: what is good at the CA is here with its key.
    held = {certificate.serial_number: certificate for certificate in here.held}
    for entry in there.issued:
        if entry.status in (Status.ISSUED, Status.CONFIRMED):
            certificate = held.get(entry.serial_number)
            if certificate is None:
                yield f"{entry.subject} is {entry.status} at the CA and not held here"
            elif here.contents.get(certificate.certificate) != entry.data:
                yield f"{entry.subject} is held here as another certificate"
            elif certificate.key != public_key_of(entry.data):
                yield f"{entry.subject} is held here with another key"
    # 3  No key is lost: whatever the CA certified, its private key can be decrypted here.
    for entry in there.issued:
        if ca_makes_keys and entry.status is Status.REJECTED:
            continue
        if public_key_of(entry.data) not in here.keys:
            yield f"the key of {entry.subject}, {entry.status} at the CA, is lost"
    if here.unreadable:
        yield f"{len(here.unreadable)} keys cannot be decrypted"
    # 4  Nothing is doubled: one good certificate for each enrolment, and for each certificate renewed.
    good = [e for e in there.issued if e.status in (Status.ISSUED, Status.CONFIRMED)]
    intents = Counter(
        f"update with {e.authenticated_by}" if e.requested_with == "kur" else e.subject
        for e in good
    )
    for intent, number in intents.items():
        if number > 1:
            yield f"the CA has {number} good certificates for {intent}"
    # 5  Nothing waits for ever, here or there.
    for entry in there.issued:
        if entry.status is Status.ISSUED:
            yield f"{entry.subject} is never confirmed, nor rejected"
    for transaction in there.waiting:
        yield f"the CA waits in transaction {transaction}"
    for operation in here.open_operations:
        yield f"the journal never ends: {operation}"
    # 6  What is revoked here is revoked there, and the other way round.
    status = {e.serial_number: e.status for e in there.issued}
    for certificate in here.held:
        if certificate.is_revoked != (status.get(certificate.serial_number) is Status.REVOKED):
            known = status.get(certificate.serial_number)
            yield f"{certificate.path}: revoked here is {certificate.is_revoked}, the CA says {known}"
    # 7  The new configuration is committed, once, with whole pairs; versions have no gap.
    if shape(here.committed) != wanted:
        yield "the configuration that the script means is not committed"
    if not _pairs_are_whole(here):
        yield "a committed certificate is not the newest of its object, or has another one's key"
    yield from _is_whole(here)
    # 8  A third run finds nothing to do, and nobody holds the device.
    if third.exit != 0 or "Nothing to do" not in third.output:
        yield f"a third run has something to do: {_last_line(third.output)}"
    if here.leases:
        yield f"the device is still held by {here.leases[0]}"


def to_the_doctor(results: Iterable[Result]) -> Iterator[str]:
    """What `csc doctor` calls a fault, once all is over."""
    for result in results:
        for finding in result.findings:
            if finding.verdict is Verdict.FAULT:
                yield f"the doctor on {result.check}: {finding.message}"


def shape(configuration: Configuration) -> Shape:
    """A configuration without what differs from one enrolment to the next: what its files hold."""
    return {
        str(address): {
            name: value.name if isinstance(value, FileValue) else str(value)
            for name, value in properties.items()
        }
        for address, properties in configuration.items()
    }


def _pairs_are_whole(here: Here) -> bool:
    """Each certificate of CMP in the committed configuration is the newest of its object, with its key."""
    newest = {certificate.path: certificate for certificate in here.held}
    for address, properties in here.committed.items():
        held = newest.get(address.path)
        pair = properties.get("CertificateData"), properties.get("PrivateKey")
        if held is not None and pair != (None, None):
            contents = tuple(v.content if isinstance(v, FileValue) else None for v in pair)
            if contents != (held.certificate, held.key):
                return False
    return True


def _is_whole(here: Here) -> Iterator[str]:
    yield from here.damage
    if here.versions != tuple(range(1, here.version + 1)):
        yield f"the versions are {here.versions}, and the newest one is {here.version}"
    for certificate in here.held:
        if certificate.certificate not in here.contents or certificate.key not in here.keys:
            yield f"{certificate.path} is held without its certificate or key"


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if "error" in line] or text.splitlines()
    return lines[-1] if lines else "(nothing)"

"""Fuzzes the client with mutated answers, at each stage of each transaction, for as long as one likes.

    .venv/bin/python tests/fuzz/cmp.py --seconds 600

Seeds are honest answers. What is mutated is sent as it is, or with MAC or signature made anew over it, or
with a certificate in it signed anew, so that it gets past the check of that. Whatever the bytes are:

- only a CMPError may come out, and soon; it carries the transactionID, and can be shown on a terminal;
- what is not protected anew is refused, or means the same as before;
- a certificate that is accepted is for the key, and the CA has signed it.

What does not hold is printed once for each place in the code, with the smallest answer that was found to
show it; the exit code is then 1. A run can be repeated with `--seed`, but for keys and nonces.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

TESTS = Path(__file__).parent.parent
sys.path[:0] = [str(TESTS), str(TESTS / "cmp")]

from cryptography.hazmat.primitives import hashes  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec  # noqa: E402
from csc.runtime.cmp import general, mac  # noqa: E402
from csc.runtime.cmp.client import Connection, run  # noqa: E402
from csc.runtime.cmp.codec import decode  # noqa: E402
from csc.runtime.cmp.codec.tlv import tlv  # noqa: E402
from csc.runtime.cmp.errors import CMPError, StillWaiting  # noqa: E402
from csc.runtime.cmp.events import (  # noqa: E402
    Answered,
    CertificateReceived,
    CertificateRefused,
    Event,
    Waiting,
)
from csc.runtime.cmp.model import AlgorithmIdentifier, BodyType, PollEntry  # noqa: E402
from fuzz.cmp_stages import Stage, Stages  # noqa: E402
from fuzz.mutation import Tree, mutated, parse  # noqa: E402
from fuzz.protecting import protected_anew, put_together  # noqa: E402
from fuzz.shrinking import smallest  # noqa: E402
from peers.certificates import NOW  # noqa: E402
from peers.fake_ca import SECRET, FakeCA  # noqa: E402

SLOWEST = 5.0  # seconds for one answer; the most that a MAC may cost, with room
LONGEST = 3000  # characters of an error
_ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")


class Broken(Exception):
    """Something that has to hold does not."""


class Fuzzer:
    """Stages, and what was found; `tried` and `taken` count answers."""

    def __init__(self, chance: random.Random) -> None:
        # Messages of our own need not cost an attacker anything here.
        mac.ITERATIONS = mac.MIN_ITERATIONS
        mac.PBKDF2_ITERATIONS = mac.MIN_PBKDF2_ITERATIONS
        stages = Stages()
        self.ca: FakeCA = stages.ca
        self.stages = stages.all
        self.chance = chance
        self.others = [stage.honest for stage in self.stages]
        self.meanings = {stage.name: meaning(stage, stage.honest) for stage in self.stages}
        self.found: dict[str, bytes] = {}
        self.tried = self.taken = 0
        self.slowest = 0.0

    def once(self) -> None:
        """Try one answer."""
        stage = self.chance.choice(self.stages)
        kind = self.chance.choice(("raw", "protected", "protected", "protected", "issued"))
        try:
            data = self.mutant(stage, kind)
        except RecursionError:  # a mutant that is too deep to be written
            return
        self.tried += 1
        begun = time.monotonic()
        what = self.fault(stage, data, is_raw=kind == "raw")
        took = time.monotonic() - begun
        self.slowest = max(self.slowest, took)
        if what is None and took > SLOWEST:
            what = f"{took:.0f} seconds at {stage.name.split(',')[0]}"
        if what is None or what in self.found:
            return
        self.found[what] = data
        smaller = self.smallest(stage, data, what, is_raw=kind == "raw")
        print(f"\n{what}\nstage {stage.name}, {kind}, {len(smaller)} bytes", flush=True)
        print(smaller.hex() if len(smaller) < 4000 else smaller[:2000].hex() + "…", flush=True)
        try:
            self.check(stage, smaller, is_raw=kind == "raw")
        except Exception:
            traceback.print_exc()

    def mutant(self, stage: Stage, kind: str) -> bytes:
        """The honest answer of a stage, mutated; how it is protected is its kind."""
        return _KINDS[kind](self, stage)

    def fault(self, stage: Stage, data: bytes, *, is_raw: bool) -> str | None:
        """Where in the code an answer shows a mistake, and which; None if it shows none."""
        try:
            self.check(stage, data, is_raw=is_raw)
        except Broken as error:
            return f"{error}"
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            ours = [p for p in traceback.extract_tb(error.__traceback__) if "/cmp/" in p.filename]
            inner = f" from {ours[-1].filename}:{ours[-1].lineno}" if ours else ""
            return f"{type(error).__name__} at {place.filename}:{place.lineno}{inner}"
        return None

    def check(self, stage: Stage, data: bytes, *, is_raw: bool) -> None:
        """Have the client take an answer; raises what is wrong."""
        transaction = stage.fresh()
        try:
            event = transaction.receive(data, NOW)
        except CMPError as error:
            check_error(error, None)
            event = None
            if transaction.outgoing is not None:
                raise Broken("a transaction goes on after an error") from error
        if event is not None:
            self.taken += 1
            self.check_event(stage, event)
            if is_raw and means(event) != self.meanings[stage.name]:
                raise Broken(f"forged: an answer to {stage.name} means {means(event)}")
        if not stage.name.endswith(("certConfirmed", "confirmation")):  # the end of a run, not one
            self.check_run(stage, data)

    def check_event(self, stage: Stage, event: Event) -> None:
        match event:
            case CertificateReceived(certificate=certificate, key=key):
                if certificate.public_key() != key.public_key():  # pyright: ignore
                    raise Broken("a certificate for another key is accepted")
                if stage.key is not None and key != stage.key:
                    raise Broken("another key is accepted")
                if "chain" not in stage.name:
                    certificate.verify_directly_issued_by(self.ca.root.certificate)
            case CertificateRefused(error=error):
                check_error(error, None)
            case Answered(infos=infos):
                for read in (*_READERS, self._read_update):
                    try:
                        read(infos)
                    except CMPError as error:
                        check_error(error, None)
            case _:
                pass

    def _read_update(self, infos: tuple) -> object:
        return general.read_root_update_answer(infos, self.ca.root.certificate, NOW)

    def check_run(self, stage: Stage, data: bytes) -> None:
        """The same, and what the client does next: confirm, reject, poll."""
        transaction, now = stage.fresh(), NOW
        told: list[str] = []

        def send(request: bytes) -> bytes:
            nonlocal now
            told.append(f"sent {len(request)}")
            if len(told) == 1:
                return data
            if decode(request).body.type is BodyType.POLL_REQ:
                return self.ca.poll_rep(request, PollEntry(0, 1))
            return self.ca.confirm(request)

        def pause(seconds: float) -> None:
            nonlocal now
            now += timedelta(seconds=seconds)

        def clock() -> datetime:
            return now

        def observe(event: Event) -> None:
            # What is shown of an event.
            match event:
                case Waiting(check_after=seconds, reason=reason):
                    check_text(f"{reason}: asking again in {seconds} seconds")
                case CertificateReceived(certificate=certificate, changes=changes):
                    check_text("; ".join((f"{certificate.serial_number:x}", *changes)))
                case _:
                    pass

        try:
            run(transaction, Connection(send, clock, pause, timedelta(seconds=2)), observe)
        except StillWaiting as error:
            check_error(error, transaction.transaction_id)
        except CMPError as error:
            check_error(error, transaction.transaction_id)

    def smallest(self, stage: Stage, data: bytes, found: str, *, is_raw: bool) -> bytes:
        """A shorter answer with the same fault; what has to be protected is protected anew."""
        protect = (lambda der: der) if is_raw else (lambda der: _anew(stage, der))
        return smallest(
            data, protect, lambda der: self.fault(stage, der, is_raw=is_raw) == found, tries=2000
        )


def means(event: Event) -> object:
    """What an event says; what came along unprotected is not in it."""
    match event:
        case CertificateReceived(certificate=certificate, status=status, changes=changes):
            return certificate, status, changes
        case _:
            return event


def meaning(stage: Stage, data: bytes) -> object:
    """What an answer says, or which error it ends in."""
    try:
        return means(stage.fresh().receive(data, NOW))
    except CMPError as error:
        return type(error)


def check_error(error: CMPError, transaction: bytes | None) -> None:
    """An error is named, can be shown, and says whose it is."""
    if type(error) is CMPError:
        raise Broken("an error without a name") from error
    check_text(str(error))
    check_text(error.way_out)
    if transaction is not None and error.transaction_id != transaction:
        raise Broken(f"{type(error).__name__} without the transactionID") from error


def check_text(text: str) -> None:
    """A text is printable, short, and tells no secret."""
    text.encode()
    if not text.isprintable():
        raise Broken("a text with control characters")
    if len(text) > LONGEST:
        raise Broken("a text without an end")
    if SECRET.secret.decode() in text:
        raise Broken("a text with the secret")


# -- answers --------------------------------------------------------------------------------------------


def _raw(fuzzer: Fuzzer, stage: Stage) -> bytes:
    return mutated(stage.honest, fuzzer.others, fuzzer.chance)


def _protected(fuzzer: Fuzzer, stage: Stage) -> bytes:
    """Header or body mutated, or both; the protection is right."""
    top = parse(stage.honest)
    assert top is not None
    header, body, *rest = top[0].inner or ()
    chance = fuzzer.chance
    parts = [header.der(), body.der()]
    for number in chance.choice(((1,), (1,), (1,), (0,), (0, 1))):
        parts[number] = mutated(parts[number], fuzzer.others, chance)
    extra = b"".join(tree.der() for tree in rest if tree.tag == 0xA1)
    return put_together(b"".join(parts), extra, stage.credential, _algorithm(stage))


def _issued(fuzzer: Fuzzer, stage: Stage) -> bytes:
    """A certificate of the answer mutated, and signed by the CA that signed it before; protected anew."""
    top = parse(stage.honest)
    assert top is not None
    chance = fuzzer.chance
    certificates = [
        (siblings, at)
        for _, at, siblings in top[0].all()
        if siblings[at].tag == 0x30 and _ECDSA_SHA256 in siblings[at].der()[-100:-60]
    ]
    if not certificates:
        return _protected(fuzzer, stage)
    siblings, at = chance.choice(certificates)
    inner = siblings[at].inner or []
    to_be_signed = mutated(inner[0].der(), fuzzer.others, chance)
    signature = fuzzer.ca.root.key.sign(to_be_signed, ec.ECDSA(hashes.SHA256()))  # pyright: ignore
    signed = to_be_signed + _ECDSA_SHA256 + tlv(0x03, b"\x00" + signature)
    siblings[at] = Tree(0x30, signed)
    return _anew(stage, top[0].der())


_KINDS: dict[str, Callable[[Fuzzer, Stage], bytes]] = {
    "raw": _raw,
    "protected": _protected,
    "issued": _issued,
}


def _anew(stage: Stage, data: bytes) -> bytes:
    """The message, protected anew; as it is, if it has no two parts."""
    return protected_anew(data, stage.credential, _algorithm(stage))


def _algorithm(stage: Stage) -> AlgorithmIdentifier:
    algorithm = decode(stage.honest).header.protection_alg
    assert algorithm is not None
    return algorithm


_READERS: tuple[Callable[[tuple], object], ...] = (
    general.read_ca_certs,
    general.read_template_answer,
    general.read_crls,
    general.read_signing_keys,
    general.read_encryption_keys,
)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    warnings.simplefilter("ignore")  # of certificates with odd serial numbers
    fuzzer = Fuzzer(random.Random(options.seed))
    ends = time.monotonic() + options.seconds
    while time.monotonic() < ends:
        fuzzer.once()
    print(
        f"{fuzzer.tried} answers tried, {fuzzer.taken} taken, the slowest in {fuzzer.slowest:.2f} s,"
        f" {len(fuzzer.found)} faults",
        flush=True,
    )
    return 1 if fuzzer.found else 0


if __name__ == "__main__":
    sys.exit(main())

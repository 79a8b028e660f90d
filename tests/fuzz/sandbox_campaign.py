"""A sandbox that runs in, batch after batch of what may break it sent, and what does not hold out."""

from __future__ import annotations

import re
import socket
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from csc.runtime.cmp.model import BodyType
from csc.runtime.cmp.protection import SignatureCredential
from csc.runtime.sandbox.behaviour import USUAL
from csc.runtime.sandbox.http.admin_client import Admin, ask, find_admin
from csc.runtime.sandbox.switches import to_json
from fuzz import sandbox_http
from fuzz.sandbox_answers import Broken, Reader, answers, check_ocsp
from fuzz.sandbox_http import PATHS, Pieces
from fuzz.sandbox_ledger import Book
from fuzz.sandbox_mutants import Mutant, mutant
from fuzz.sandbox_seeds import SEEDS
from fuzz.sandbox_world import PATIENCE, World
from fuzz.shrinking import fewest, smallest
from peers.asker import genm, header, ir, issued
from peers.raw_http import post
from peers.sandbox_process import Sandbox

BATCH = 12  # connections at once
BATCHES = 6  # under one behaviour of the CA
SLOWEST = 20.0  # seconds for all answers to a batch
GROWTH = 48 * 2**20  # bytes; that an idle interpreter keeps some of what it had at most is no leak
WARM = 5  # rounds before memory is measured first
HELD = 40  # connections that say nothing, or half of something
# How the CA is told to behave for a round.
BEHAVIOURS: tuple[dict[str, object], ...] = (
    {},
    {},
    {"polls": 1},
    {"polls": 1, "waits_by_error": True},
    {"grants_implicit_confirm": True},
    {"modifies": True},
    {"repeats_keys": False},
    {"needs_message_time": True},
    {"confirm_wait": 0},
    {"clock_offset": 10**8},
    {"clock_offset": -(10**8)},
    {"rejects": "badAlg", "reject_count": 20},
    {"delay": 0.05},
)


@dataclass(frozen=True)
class Job:
    """What goes over one connection; `message` is the CMP message in it, if it is one."""

    name: str
    pieces: Pieces
    message: Mutant | None = None
    port: int = 0


class Campaign:
    """A sandbox, and what was found; `counts` are of what was sent, by kind."""

    def __init__(self, sandbox: Sandbox, world: World, errors: Path) -> None:
        self.sandbox = sandbox
        self.world = world
        self.chance = world.chance
        self.admin: Admin = find_admin(sandbox.folder)
        self.errors = errors
        self.errors_read = 0
        ra = world.ra.credential
        assert isinstance(ra, SignatureCredential)
        self.book = Book(sandbox.folder / "ledger.db", world.keys.keys(), ra.certificate)
        world.note = self.book.sent
        self.reader = Reader(self._roots, self.book.answered.add)
        self.found: dict[str, bytes] = {}
        self.counts: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.rounds = 0
        self.slowest = 0.0
        self.held: list[socket.socket] = []
        self.known_roots: set[x509.Certificate] = set()
        self.first_memory = self.most_memory = 0
        self.behaviour: dict[str, object] = {}
        world.renew_device()
        certificate = world.device.certificate  # pyright: ignore
        chain = x509.load_pem_x509_certificates(self._get("/ca/chain.pem"))
        self.ocsp_request = sandbox_http.ocsp_request(certificate, chain[0])
        self.others = [make(world).data for make in SEEDS]
        self.others.append(self.ocsp_request)

    # -- rounds ------------------------------------------------------------------------------------

    def run(self, goes_on: Callable[[], bool]) -> None:
        """Rounds as long as it `goes_on`; then the last looks."""
        while goes_on() and self.sandbox.process.poll() is None:
            self.round()
        for connection in self.held:
            connection.close()
        if self.sandbox.process.poll() is None:
            self.note(self.book.check(is_end=True))

    def round(self) -> None:
        """Some batches under one behaviour; the admin endpoint; all as usual, and a look at everything."""
        self.behave(self.chance.choice(BEHAVIOURS))
        for _ in range(BATCHES):
            self.book.batch += 1
            self.batch([self.job() for _ in range(BATCH)])
            self.honest(is_usual=not self.behaviour)
        self.behave({})
        is_young = sum(self.counts.values()) < 3000
        pieces = [sandbox_http.admin(self.admin, self.chance, is_young=is_young) for _ in range(8)]
        self.batch([Job(one.name, one, port=self.admin.port) for one in pieces])
        self.behave({})
        self.honest(is_usual=True)
        self.hold()
        self.note(self.book.check())
        self.measure()
        self.rounds += 1

    def behave(self, changes: dict[str, object]) -> None:
        self.behaviour = changes
        wanted = {**to_json(USUAL), **changes}
        self.world.ahead = changes.get("clock_offset", 0)  # pyright: ignore
        self.book.is_implicit = bool(changes.get("grants_implicit_confirm"))
        told = ask(self.admin, "PATCH", "/behaviour", wanted)
        if told != wanted:
            self.note(["the CA does not behave as it was told"])

    def job(self) -> Job:
        chance = self.chance
        kind = chance.random()
        if kind < 0.75:
            try:
                made = mutant(self.world, self.others)
            except RecursionError:  # a mutant that is too deep to be written
                return self.job()
            wire = post(chance.choice(PATHS[:2] * 12 + PATHS), made.data)
            return Job(made.name, Pieces(made.name, (wire,)), made)
        if kind < 0.85:
            pieces = sandbox_http.ocsp(self.ocsp_request, self.others, chance)
        else:
            message = self.world.message(ir(), header())
            self.world.note(message)
            pieces = sandbox_http.plain(message, self.ocsp_request, chance)
        return Job(pieces.name, pieces)

    # -- batches -----------------------------------------------------------------------------------

    def batch(self, jobs: Sequence[Job]) -> None:
        """Send them side by side, and look at what comes."""
        self.counts.update(job.name for job in jobs)
        begun = time.monotonic()
        came = self.exchange(jobs)
        took = time.monotonic() - begun
        self.slowest = max(self.slowest, took)
        complaint = self.complaint()
        for job, answer in zip(jobs, came, strict=True):
            what = self.fault(job, answer)
            if what == "systemFailure" and complaint:
                what, complaint = f"systemFailure: {complaint}", ""
            if what is not None and what not in self.found:
                self.show(job, what)
        if complaint:
            names = "; ".join(sorted({job.name for job in jobs}))
            self.note([f"on stderr: {complaint}"], f"among {names}")
        if took > SLOWEST:
            self.note([f"a batch takes {took:.0f} s"], "; ".join(job.name for job in jobs))

    def exchange(self, jobs: Sequence[Job]) -> list[bytes | None]:
        """What came on each connection until its end; None: it did not end."""
        sockets: list[socket.socket] = []
        try:
            for job in jobs:
                address = self.sandbox.host, job.port or self.sandbox.port
                sockets.append(socket.create_connection(address, timeout=PATIENCE))
                if job.message is not None:
                    self.book.sent(job.message.data)
            for number in range(max(len(job.pieces.pieces) for job in jobs)):
                for job, connection in zip(jobs, sockets, strict=True):
                    if number < len(job.pieces.pieces):
                        with suppress(OSError):  # it has said enough
                            connection.sendall(job.pieces.pieces[number])
            return [
                None if job.pieces.cut else _until_the_end(connection)
                for job, connection in zip(jobs, sockets, strict=True)
            ]
        finally:
            for connection in sockets:
                connection.close()

    def fault(self, job: Job, came: bytes | None) -> str | None:
        """What is wrong with an answer; None if nothing is."""
        if job.pieces.cut:
            return None
        try:
            if came is None:
                raise Broken("a connection has no end")
            has_heads = b"HEAD" in b"".join(job.pieces.pieces)
            found = answers(came, has_heads=has_heads)
            for answer in found:
                self.outcomes[f"{answer.status} {answer.content_type}".strip()] += 1
                if answer.content_type == "application/pkixcmp":
                    sent = job.message.data if job.message else None
                    read = self.reader.read(sent, answer.body)
                    self.outcomes[f"CMP {read.body.type}"] += 1
                elif answer.content_type == "application/ocsp-response" and answer.body:
                    check_ocsp(answer.body)
            if job.message is not None and len(found) != 1:
                raise Broken(f"{len(found)} answers to one message")
        except Broken as broken:
            return str(broken)
        except Exception as error:  # a mistake here, or what no answer should hold
            place = traceback.extract_tb(error.__traceback__)[-1]
            return f"{type(error).__name__} at {place.filename}:{place.lineno}"
        return None

    def show(self, job: Job, what: str) -> None:
        """Print a fault with the smallest input that shows it."""
        message = job.message
        if message is not None:

            def shows(data: bytes) -> bool:
                return self.again(_with(job, data), what)

            data = smallest(message.data, message.mend, shows, tries=400)
        else:

            def shows(data: bytes) -> bool:
                return self.again(Job(job.name, Pieces(job.name, (data,)), port=job.port), what)

            data = b"".join(job.pieces.pieces)
            if shows(data):
                data = fewest(data, shows, tries=200)
        self.note([what], f"{job.name}, {len(data)} bytes, when told {self.behaviour}", data)

    def again(self, job: Job, what: str) -> bool:
        """Whether a job that stands alone shows a fault."""
        self.counts["again"] += 1
        (came,) = self.exchange([job])
        complaint = self.complaint()
        found = self.fault(job, came)
        return (f"{found}: {complaint}" if complaint else found) == what

    def complaint(self) -> str:
        """What the process has newly written on stderr: the mistake, and its place in our code."""
        with self.errors.open("rb") as file:
            file.seek(self.errors_read)
            written = file.read().decode(errors="replace")
        self.errors_read += len(written.encode())
        lines = [line for line in written.splitlines() if line.strip()]
        if not lines:
            return ""
        places = re.findall(r'File "[^"]*?((?:runtime|cli)/[^"]*)", line (\d+)', written)
        where = " at {}:{}".format(*places[-1]) if places else ""
        if where not in "".join(self.found):
            print(written, flush=True)
        return f"{lines[-1][:150]}{where}" if places else lines[0][:200]

    # -- what has to hold --------------------------------------------------------------------------

    def note(self, faults: Sequence[str], how: str = "", data: bytes = b"") -> None:
        for what in faults:
            if what in self.found:
                continue
            self.found[what] = data
            print(f"\n{what}\n{how}", flush=True)
            if data:
                print(data.hex() if len(data) < 4000 else data[:2000].hex() + "…", flush=True)

    def honest(self, *, is_usual: bool) -> None:
        """What is right is answered; while the CA behaves as usual, it is granted."""
        if self.sandbox.process.poll() is not None:
            self.note(["the process has ended"])
            return
        self.counts["honest"] += 1
        try:
            self._honest(is_usual)
        except (OSError, AssertionError, ValueError) as error:
            self.note([f"what is right is not answered: {type(error).__name__} {error}"[:300]])

    def _honest(self, is_usual: bool) -> None:
        world = self.world
        if not is_usual:
            world.ask(genm(), header())
            return
        answer = world.ask(ir(), header())
        assert answer.body.type is BodyType.IP
        assert world.confirm(answer, issued(answer)).body.type is BodyType.PKI_CONF
        if world.ask(genm(), header(), world.device).body.type is not BodyType.GENP:
            self.outcomes["devices renewed"] += 1  # it was revoked by one that meant another
            world.renew_device()
            assert world.ask(genm(), header(), world.device).body.type is BodyType.GENP

    def hold(self) -> None:
        """Some more connections stay open, on which nothing is to come, or not all."""
        for _ in range(3):
            wire = self.chance.choice((b"", b"P", post("/", b"x" * 5000)[:-1], b"\r\n"))
            connection = socket.create_connection((self.sandbox.host, self.sandbox.port))
            with suppress(OSError):
                connection.sendall(wire)
            self.held.append(connection)
        for connection in self.held[:-HELD]:
            connection.close()
        del self.held[:-HELD]

    def measure(self) -> None:
        if self.sandbox.process.poll() is not None:
            return
        text = Path(f"/proc/{self.sandbox.process.pid}/status").read_text()
        (line,) = (line for line in text.splitlines() if line.startswith("VmRSS"))
        memory = int(line.split()[1]) * 1024
        if self.rounds == WARM:
            self.first_memory = memory
        self.most_memory = max(self.most_memory, memory)
        if self.first_memory and memory > self.first_memory + GROWTH:
            self.note(["memory grows"], f"from {self.first_memory:,} to {memory:,} bytes")

    def _roots(self) -> list[x509.Certificate]:
        """Every root that there has been: a roll-over leaves the old ones in force."""
        pem = (self.sandbox.folder / "root.pem").read_bytes()
        self.known_roots.add(x509.load_pem_x509_certificate(pem))
        return list(self.known_roots)

    def _get(self, path: str) -> bytes:
        with socket.create_connection((self.sandbox.host, self.sandbox.port)) as connection:
            connection.sendall(sandbox_http.get(path, "Connection: close"))
            return answers(_until_the_end(connection) or b"", has_heads=False)[0].body

    def figures(self) -> str:
        """What was sent and what came, a line for each kind."""
        kinds: Counter[str] = Counter()
        ways: Counter[str] = Counter()
        for name, count in self.counts.items():
            kind, _, way = name.partition(", ")
            kinds[kind] += count
            if way:
                ways[way] += count
        lines = [
            f"{sum(self.counts.values())} connections in {self.rounds} rounds,"
            f" {self.book.issued} certificates issued; the slowest batch in {self.slowest:.2f} s;"
            f" memory from {self.first_memory / 2**20:.0f} to {self.most_memory / 2**20:.0f} MiB at most;"
            f" {len(self.found)} faults"
        ]
        for title, counts in (("kinds", kinds), ("ways", ways), ("answers", self.outcomes)):
            told = ", ".join(f"{name} {count}" for name, count in counts.most_common())
            lines.append(f"{title}: {told}")
        return "\n".join(lines)


def _with(job: Job, data: bytes) -> Job:
    assert job.message is not None
    message = Mutant(job.message.name, data, job.message.mend)
    return Job(job.name, Pieces(job.name, (post("/", data),)), message)


def _until_the_end(connection: socket.socket) -> bytes | None:
    """What comes until the other side closes; None if it does not."""
    came = b""
    try:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
        while part := connection.recv(65536):
            came += part
    except TimeoutError:
        return None
    except OSError:  # it was closed with something unread
        pass
    return came

"""The sandbox CA: requests as bytes in, answers as bytes out. A strict CMP server, without HTTP."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

from .answering import Site, admit_failure, respond
from .authority.folder import open_authority, store_authority
from .authority.making import new_keys, rolled_over
from .authority.places import base_url
from .authority.ra import issue_ra
from .authority.responder import Responders
from .authority.settings import AuthoritySettings
from .behaviour import USUAL, Behaviour
from .ledger.ledger import Ledger, LedgerEntry
from .ledger.standing import Standing, standing
from .ledger.traffic import RequestEntry
from .profiles.load import builtin_profiles
from .profiles.model import Profiles
from .requests.desk import Desk
from .requests.expiry import expire
from .requests.outcome import Outcome, Posted, Visit
from .requests.outsiders import NOBODY, Outsiders, outsiders
from .switches import changed

_log = logging.getLogger(__name__)


class SandboxCA:
    """A CA with its keys and ledger in a folder. Secrets are in memory only. Safe to use from threads."""

    def __init__(
        self,
        folder: Path,
        clock: Callable[[], datetime],
        behaviour: Behaviour = USUAL,
        settings: AuthoritySettings | None = None,
        known: Outsiders = NOBODY,
        profiles: Profiles | None = None,
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._behaviour = behaviour
        self._switching = threading.Lock()
        self._secrets: dict[bytes, bytes] = {}
        self._one_time: frozenset[bytes] = frozenset()
        self._base_url: str | None = None
        self._responders = Responders(folder)
        self._known = known
        self._profiles = profiles or builtin_profiles()
        self._ledger = Ledger(folder / "ledger.db")
        try:
            with self._ledger.transaction():  # one process at a time makes keys
                self._authority = open_authority(folder, settings, self._now(behaviour))
        except BaseException:
            self._ledger.close()
            raise

    @classmethod
    def open(
        cls,
        folder: Path,
        clock: Callable[[], datetime] | None = None,
        behaviour: Behaviour = USUAL,
        settings: AuthoritySettings | None = None,
        *,
        profiles: Profiles | None = None,
        ra_certificates: Sequence[x509.Certificate] = (),
        trusts: Sequence[x509.Certificate] = (),
    ) -> Self:
        """The CA in `folder`, which is made if there is none. `clock` gives the time in UTC.

        `behaviour` and `profiles` (None: the built-in ones) are not kept in the folder; what waits there goes
        on waiting under others. `settings` are what a CA is made with; where there is one, it has to be as
        they say. Nor is it kept who else may ask: `ra_certificates` are those of RAs, beside what `issue_ra`
        gave out, and `trusts` the CA certificates of other PKIs, whose end entities get their first
        certificate here (RFC 9483 4.1.1).

        Raises:
            OSError, ValueError: if the folder cannot be used, or does not hold such a CA; if what is trusted
                is no CA certificate.
        """
        known = outsiders(ra_certificates, trusts)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return cls(
            folder, clock or (lambda: datetime.now(UTC)), behaviour, settings, known, profiles
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the ledger."""
        self._ledger.close()

    # -- its keys ----------------------------------------------------------------------------------

    @property
    def root(self) -> x509.Certificate:
        """The root certificate: what end entities have to trust."""
        return self._authority.root.certificate

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """What lies between what is issued now and any root of this CA, the issuing CA first."""
        return self._authority.chain

    def roll_over(self, key_kind: str | None = None) -> x509.Certificate:
        """Make a new root, and a new issuing CA under it; the new root comes back (RFC 9810 4.4).

        What was issued before stays valid, and the old root goes on leading to what is issued from now on.
        `key_kind` is one of `KEY_KINDS`; None: as before. Requests at the same time are answered by the CA
        from before or after.

        Raises:
            OSError: if the folder cannot be written.
            ValueError: if there are no such keys.
        """
        kind = self._authority.root.key_type
        if key_kind is not None:
            kind = AuthoritySettings(key_kind).key_type
        keys = new_keys(kind)  # before anybody has to wait
        with self._ledger.transaction():
            now = self._now(self._behaviour)
            authority = rolled_over(open_authority(self._folder, None, now), keys, now)
            store_authority(self._folder, authority)
            self._authority = authority
        return authority.root.certificate

    @property
    def profile_names(self) -> tuple[str, ...]:
        """The names of the certificate profiles."""
        return self._profiles.names

    # -- who may ask -------------------------------------------------------------------------------

    def add_secret(
        self,
        reference: bytes,
        secret: bytes,
        uses: Literal[1] | None = None,
        *,
        is_ra: bool = False,
    ) -> None:
        """Accept requests under a reference number; with `uses` 1, until one certificate is issued.

        That it was, the ledger remembers by the reference number: it stays used after a restart, whatever
        the secret. It still protects what follows: certConf, pollReq, rr and genm. `is_ra` takes requests as
        an RA's (RFC 9810 5.1.3.5).
        """
        self._one_time = (
            self._one_time - {reference} if uses is None else self._one_time | {reference}
        )
        self._secrets[reference] = secret
        references = self._known.ra_references
        references = references | {reference} if is_ra else references - {reference}
        self._known = replace(self._known, ra_references=references)

    def issue_ra(self, subject: x509.Name, key: CertificatePublicKeyTypes) -> x509.Certificate:
        """A certificate with id-kp-cmcRA: who signs with `key` is an RA of this CA (RFC 9810 4.5)."""
        with self._ledger.transaction():
            return issue_ra(self._desk(), subject, key)

    # -- what it did -------------------------------------------------------------------------------

    def publish_at(self, url: str) -> None:
        """Have certificates say from now on that CRLs, OCSP and the CAs' certificates are found at `url`.

        Raises:
            ValueError: if it is no URL of HTTP that can have paths added.
        """
        self._base_url = base_url(url)

    def ledger(self) -> tuple[LedgerEntry, ...]:
        """Everything that was ever issued, oldest first."""
        with self.at_desk() as desk:
            return desk.ledger.entries()

    def status_of(self, serial_number: int) -> Standing | None:
        """How a certificate stands now; None if it was not issued here."""
        with self.at_desk() as desk:
            entry = desk.ledger.find(f"{serial_number:x}")
            return None if entry is None else standing(entry, desk.now)

    @contextmanager
    def at_desk(self) -> Generator[Desk]:
        """What answers questions that do not come over CMP. Nobody else changes anything meanwhile."""
        with self._ledger.transaction():
            desk = self._desk()
            expire(desk.ledger, desk.now)
            yield desk

    def requests(self) -> tuple[RequestEntry, ...]:
        """Every message that ever came, oldest first."""
        return self._ledger.requests()

    # -- what it does ------------------------------------------------------------------------------

    @property
    def behaviour(self) -> Behaviour:
        """How requests are dealt with from now on."""
        return self._behaviour

    def change_behaviour(self, changes: Mapping[str, object]) -> Behaviour:
        """Deal with requests otherwise from now on; each that is under way goes on as it began.

        Raises:
            ValueError: if a name is not known, or a value is none for it; then nothing is changed.
        """
        with self._switching:
            self._behaviour = changed(self._behaviour, changes)
            return self._behaviour

    def respond(self, data: bytes) -> bytes:
        """The answer to a request. A refusal is an answer, too."""
        return self.handle(Posted(data)).answer

    def handle_all(self, posted: Sequence[Posted]) -> list[Outcome | Exception]:
        """What becomes of messages that came at about the same time, in order; all is durable then, at once.

        Whatever one of them brings about by a mistake of this program is undone, and stands in its place.

        Raises:
            sqlite3.Error: if nothing of it can be kept; then nothing of it was done.
        """
        outcomes: list[Outcome | Exception] = []
        with self._ledger.transaction():
            for message in posted:
                try:
                    outcomes.append(self.handle(message))
                except Exception as error:
                    outcomes.append(error)
        return outcomes

    def handle(self, posted: Posted) -> Outcome:
        """What becomes of a message, entered in the ledger."""
        with self._ledger.transaction():  # one at a time: refusals are counted
            visit = self._visit(posted)
            before, site = visit.behaviour, self._site()
            try:
                with self._ledger.transaction():
                    expire(self._ledger, visit.now)
                    answer = respond(site, visit)
            except Exception:
                # A fault of ours. What was begun is undone, and the client gets to know that it failed.
                _log.exception("a request could not be handled")
                visit = self._visit(posted)
                answer = admit_failure(site, visit)
            outcome = visit.outcome(answer)
            with self._switching:
                if self._behaviour is before:  # else somebody has said otherwise meanwhile
                    self._behaviour = visit.behaviour
            return outcome

    def _visit(self, posted: Posted) -> Visit:
        behaviour = self._behaviour
        return Visit(posted, behaviour, self._ledger, self._now(behaviour))

    def _now(self, behaviour: Behaviour) -> datetime:
        return self._clock() + timedelta(seconds=behaviour.clock_offset)

    def _desk(self) -> Desk:
        """What answers questions that do not come over CMP."""
        return self._site().desk(self._behaviour, self._now(self._behaviour))

    def _site(self) -> Site:
        return Site(
            self._authority,
            self._ledger,
            self._profiles,
            self._known,
            self._secrets,
            self._one_time,
            self._base_url,
            self._responders,
        )

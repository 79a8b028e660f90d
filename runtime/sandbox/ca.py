"""The sandbox CA: requests as bytes in, answers as bytes out. A strict CMP server, without HTTP."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

from .answering import Site, respond
from .authority.folder import open_authority, store_authority
from .authority.making import new_keys, rolled_over
from .authority.ra import issue_ra
from .authority.settings import AuthoritySettings
from .behaviour import USUAL, Behaviour
from .ledger.ledger import Ledger, LedgerEntry
from .ledger.traffic import RequestEntry
from .profiles.load import builtin_profiles
from .profiles.model import Profiles
from .requests.desk import Desk
from .requests.outcome import Outcome, Posted, Visit
from .requests.outsiders import NOBODY, Outsiders, outsiders
from .switches import changed


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
        self._known = known
        self._profiles = profiles or builtin_profiles()
        self._ledger = Ledger(folder / "ledger.db")
        try:
            with self._ledger.transaction():  # one process at a time makes keys
                self._authority = open_authority(folder, settings, clock())
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

    def add_secret(self, reference: bytes, secret: bytes, *, is_ra: bool = False) -> None:
        """Accept requests under a reference number; `is_ra` takes them as an RA's (RFC 9810 5.1.3.5)."""
        self._secrets[reference] = secret
        references = self._known.ra_references
        references = references | {reference} if is_ra else references - {reference}
        self._known = replace(self._known, ra_references=references)

    def issue_ra(self, subject: x509.Name, key: CertificatePublicKeyTypes) -> x509.Certificate:
        """A certificate with id-kp-cmcRA: who signs with `key` is an RA of this CA (RFC 9810 4.5)."""
        with self._ledger.transaction():
            return issue_ra(self._desk(), subject, key)

    # -- what it did -------------------------------------------------------------------------------

    def ledger(self) -> tuple[LedgerEntry, ...]:
        """Everything that was ever issued, oldest first."""
        return self._ledger.entries()

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
        with self._ledger.transaction():
            visit = self._visit(posted)
            before = visit.behaviour
            outcome = visit.outcome(respond(self._site(), visit))
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
        return Site(self._authority, self._ledger, self._profiles, self._known, self._secrets)

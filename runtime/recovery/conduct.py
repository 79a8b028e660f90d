"""An operation in some phase in, how it ends out: each act is looked up in the table of `transitions`.

What lives here: how an act is done, and what an event or an error of a transaction is called in the table.
Which act follows what is said there alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from ...compiler.device import CertificateRecord
from ...compiler.key_types import DEFAULT_KEY_TYPE
from ...compiler.plan import CmpOperation, Operation, RequestType
from ..asking import Holdings, is_made_with, tls_trust_of, transaction_for
from ..certificates import dump_certificate, dump_key, key_id
from ..cmp.client import Connection, pause_before_poll, run
from ..cmp.codec import decode
from ..cmp.errors import CMPError, ConnectFailed, Rejected, StillWaiting, TransportError
from ..cmp.events import (
    Answered,
    CertificateReceived,
    CertificateRefused,
    Challenged,
    Confirmed,
    Revoked,
    Waiting,
)
from ..cmp.events import Event as Heard
from ..cmp.keys import key_type_of
from ..cmp.model import PKIFailureInfo
from ..cmp.transaction import Transaction, is_fresh
from ..errors import CannotRevoke, OtherSecret
from ..state import audit_events, journal
from ..state.journal import OpenOperation
from ..surroundings import Outcome, Surroundings
from ..uploads import content_id
from . import document
from .phases import Act, Event, Phase
from .transitions import Row, knows, look

Tell = Callable[[str], None]

_BEFORE_ISSUE = (Phase.REQUESTED, Phase.WAITING, Phase.ENDING, Phase.ENDING_WAITING)
# What a CA says to a certConf where the certificate is not one that could be used.
_ENDED = {PKIFailureInfo.CERT_REVOKED, PKIFailureInfo.BAD_CERT_ID}
# What a CA says of the state that it is in, and of what a message is like: nothing of what is asked for.
_NOT_NOW = {PKIFailureInfo.SYSTEM_UNAVAIL, PKIFailureInfo.SYSTEM_FAILURE}
_OF_THE_MESSAGE = _NOT_NOW | {
    PKIFailureInfo.BAD_MESSAGE_CHECK,
    PKIFailureInfo.BAD_TIME,
    PKIFailureInfo.BAD_DATA_FORMAT,
    PKIFailureInfo.WRONG_INTEGRITY,
    PKIFailureInfo.BAD_RECIPIENT_NONCE,
    PKIFailureInfo.BAD_SENDER_NONCE,
    PKIFailureInfo.TRANSACTION_ID_IN_USE,
}
_GIVEN_UP = "it is given up"
_REASON = (
    "cessationOfOperation"  # RFC 5280 5.3.1: not needed any more, and no cause to suspect its key
)


@dataclass(slots=True)
class Case:
    """An operation under way. Its content ids are real ones.

    `is_taken_up`: an earlier run began it. `error`: why nothing came of it, if it is closed for one.
    """

    entry: int
    phase: Phase
    operation: CmpOperation
    around: Surroundings
    tell: Tell
    is_taken_up: bool
    error: CMPError | None = None

    @property
    def holdings(self) -> Holdings:
        """Where certificates and keys lie."""
        return Holdings(self.around.store, self.around.vault, str)


def case_of(
    left_open: OpenOperation, operation: CmpOperation, around: Surroundings, tell: Tell
) -> Case:
    """An operation that an earlier run left open, to be gone on with."""
    return Case(left_open.id, left_open.phase, operation, around, tell, is_taken_up=True)


# -- from a phase to an end ------------------------------------------------------------------------


def begin(
    operation: CmpOperation, around: Surroundings, intent: str, tell: Tell, ends: int | None = None
) -> Outcome:
    """Ask the CA for the first time. `ends`: the operation whose certificate this one revokes.

    Raises:
        CMPError: if the CA cannot be reached, refuses, or answers what cannot be trusted.
        ApplyError: if a secret or a stored certificate is missing.
    """
    is_revocation = operation.operation is Operation.REVOKE
    row = look(Phase.NOTHING, Event.BEGIN_REVOCATION if is_revocation else Event.BEGIN)
    holdings = Holdings(around.store, around.vault, str)
    key = None
    if not is_revocation and not operation.is_central:
        tell("generating a key")
        key = around.generate_key(_key_type(operation, holdings))
    transaction = transaction_for(
        operation, holdings, key, now=around.clock(), random=around.random, earlier=None
    )
    entry = _write_down(operation, around, transaction, intent, key, row.next, ends)
    case = Case(entry, row.next, operation, around, tell, is_taken_up=False)
    _exchange(case, transaction)
    outcome = go_on(case)
    if outcome is None:
        assert case.error is not None  # noqa: S101  (a first run is closed for a reason)
        raise case.error
    return outcome


def go_on(case: Case, *, is_sure_of_secret: bool = True) -> Outcome | None:
    """Go on with an operation to its end; None, and it is closed, if nothing comes of it.

    `is_sure_of_secret`: a secret that is another one now is meant to be.

    Raises:
        CMPError: if it stays open.
        ApplyError: if it stays open, for want of a secret or a stored certificate.
    """
    while case.phase is not Phase.CLOSED:
        left_open = journal.find(case.around.store, case.entry)
        row = look(case.phase, _how_it_is_found(case, left_open, is_sure_of_secret))
        match row.act:
            case Act.TAKE_OVER:
                return _taken_over(case, left_open)
            case Act.REVOKE:
                _revoke(case, left_open)
            case Act.CLOSE:
                _close(case, row, "it was asked for with another secret")
            case Act.LEAVE:
                raise _other_secret(case.operation)
            case _:
                _send_on(case, left_open, row)
    return None


def give_up(case: Case) -> None:
    """Make durable that nobody wants what comes of the operation; `go_on` then ends it.

    Raises:
        ApplyError: if a secret or a stored certificate is missing.
    """
    store, around = case.around.store, case.around
    row = look(case.phase, Event.GIVEN_UP)
    match row.act:
        case Act.NOTE:
            journal.note(store, case.entry, row.next)
        case Act.WRITE_REJECTION:
            transaction = _transaction(case, journal.find(store, case.entry))
            transaction.reject(_GIVEN_UP, around.clock())
            journal.note(store, case.entry, row.next, transaction.outgoing)
        case _:
            pass  # it is on its way already
    case.phase = row.next


def _how_it_is_found(case: Case, left_open: OpenOperation, is_sure_of_secret: bool) -> Event:
    """What the table calls it that somebody goes on with an operation."""
    if case.phase in _BEFORE_ISSUE and not is_made_with(left_open.request, case.operation):
        return Event.OTHER_SECRET if is_sure_of_secret else Event.UNSURE_SECRET
    if not knows(case.phase, Event.RESUMED_LATER):
        return Event.RESUMED
    message = decode(left_open.last or left_open.request)
    is_now = is_fresh(message.header, case.around.clock())
    return Event.RESUMED if is_now else Event.RESUMED_LATER


def _send_on(case: Case, left_open: OpenOperation, row: Row) -> None:
    """Send what the operation came to, as it is or made anew, and hear what the CA says."""
    case.tell("taking up the operation that an earlier run left open")
    transaction = _transaction(case, left_open)
    if row.act is Act.REMAKE:
        journal.note(case.around.store, case.entry, row.next, transaction.outgoing)
    _exchange(case, transaction)


def _transaction(case: Case, left_open: OpenOperation) -> Transaction:
    key = None
    if left_open.key is not None and not case.operation.is_central:
        key = case.holdings.stored_key(left_open.key)
    return transaction_for(
        case.operation,
        case.holdings,
        key,
        now=case.around.clock(),
        random=case.around.random,
        earlier=left_open,
    )


def _taken_over(case: Case, left_open: OpenOperation) -> Outcome:
    if case.phase is Phase.REVOKED:
        return Outcome(case.entry, None)
    assert left_open.certificate is not None  # noqa: S101  (these phases have both)
    assert left_open.key is not None  # noqa: S101
    certificate = case.holdings.stored_certificate(left_open.certificate)
    operation = case.operation
    record = CertificateRecord(
        certificate=left_open.certificate,
        key=left_open.key,
        request=operation.request,
        subject=operation.subject,
        script=operation.script,
        operations=operation.operations,
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        issuer=certificate.issuer.rfc4514_string(),
        serial_number=f"{certificate.serial_number:x}",
    )
    return Outcome(case.entry, record)


def _revoke(case: Case, left_open: OpenOperation) -> None:
    """End a certificate that is not wanted any more, by an operation of its own."""
    around, tell = case.around, case.tell
    operation = replace(
        case.operation,
        operation=Operation.REVOKE,
        request_type=RequestType.RR,
        certificate=left_open.certificate or "",
        key=left_open.key or "",
        old_certificate=left_open.certificate,
        old_key=left_open.key,
        username=None,
        password=None,
        signer=None,
        signer_certificate=None,
        signer_key=None,
        san=(),
        key_type=None,
        is_central=False,
        profile=None,
        reason=_REASON,
    )
    tell("revoking the certificate, which is not wanted any more")
    others = journal.open_operations(around.store, around.device, left_open.path)
    begun = next((each for each in others if each.ends == case.entry), None)
    outcome = None if begun is None else go_on(case_of(begun, operation, around, tell))
    if outcome is None:
        try:
            outcome = begin(operation, around, f"end of operation {case.entry}", tell, case.entry)
        except ValueError:
            certificate = case.holdings.stored_certificate(left_open.certificate or "")
            raise CannotRevoke(
                f"the key of the certificate for {case.operation.target.reference} cannot sign its"
                f" revocation: {_named(certificate)}",
                "have the CA's operator revoke it",
            ) from None
    with around.store.transaction():
        revoked = "revoked, because it was given up"
        journal.end(around.store, outcome.entry, is_done=True, outcome=revoked, at=around.clock())
        certificate = case.holdings.stored_certificate(left_open.certificate or "")
        audit_events.revoked_orphan(around.store, outcome.entry, certificate)
        _close(case, look(case.phase, Event.REVOKED), f"given up: {revoked}")


def _close(case: Case, row: Row, why: str) -> None:
    around = case.around
    journal.end(around.store, case.entry, is_done=False, outcome=why, at=around.clock())
    case.phase = row.next


def _other_secret(operation: CmpOperation) -> OtherSecret:
    source = "" if operation.password is None else operation.password.source
    return OtherSecret(
        f"the operation was begun with another secret than {source} has now",
        "give it the secret of then, apply the script with the one of now, or give the operation up",
    )


# -- one exchange of messages ----------------------------------------------------------------------


def _exchange(case: Case, transaction: Transaction) -> None:
    """Drive a transaction; every event, and the error at its end, moves the case on as the table says.

    Raises:
        CMPError: if the operation stays open.
    """
    around, server = case.around, case.operation.server
    trust = tls_trust_of(server, case.holdings)
    connection = Connection(
        lambda message: around.send(server.url, message, trust),
        around.clock,
        around.pause,
        timedelta(seconds=server.poll_limit),
    )
    case.tell(f"sending {transaction.request_type} to {server.url}")
    try:
        run(transaction, connection, lambda heard: _hear(case, transaction, heard))
    except CMPError as error:
        _stumble(case, error)


def _hear(case: Case, transaction: Transaction, heard: Heard) -> None:
    """Make durable what an event brings, before the next message is sent."""
    if isinstance(heard, Challenged):
        case.tell("decrypting the CA's challenge")
        return
    event = _name_of(heard, is_final=transaction.outgoing is None)
    row = look(case.phase, event)
    store, entry = case.around.store, case.entry
    if isinstance(heard, CertificateRefused):
        case.error = heard.error
        if event is Event.UNFIT_FOREIGN:
            heard.error.way_out = _to_revoke(heard)
    match row.act, heard:
        case Act.KEEP | Act.KEEP_FINAL | Act.KEEP_REJECTED, CertificateReceived():
            if row.act is Act.KEEP_REJECTED:
                transaction.reject(_GIVEN_UP, case.around.clock())
            _keep(case, heard.certificate, heard.key, heard.issuers, transaction, row)
        case Act.KEEP_FINAL, CertificateRefused(certificate=certificate, key=key):
            assert certificate is not None  # noqa: S101  (it is for a key of ours)
            assert key is not None  # noqa: S101
            _keep(case, certificate, key, (), transaction, row)
        case Act.WRITE_REJECTION | Act.WRITE_POLL, _:
            journal.note(store, entry, row.next, transaction.outgoing)
        case Act.NOTE, _:
            journal.note(store, entry, row.next)
        case Act.CLOSE, _:
            why = str(case.error) if case.error else "given up: the CA has ended it"
            _close(
                case, row, f"{why}; {_to_revoke(heard)}" if event is Event.UNFIT_FOREIGN else why
            )
        case _:
            pass
    case.phase = row.next
    for text in _told(heard, event, row):
        case.tell(text)


def _stumble(case: Case, error: CMPError) -> None:
    """Do what the table says of an error; it is raised where the operation stays open."""
    if case.phase in (Phase.CLOSED, Phase.UNWANTED):
        case.error = (
            error  # that it issued what it should not have; it has ended it, or will be asked to
        )
        return
    # An error that the CA's answer to a rejection caused tells of the certificate that is rejected.
    cause = error.__cause__ if case.phase is Phase.UNFIT else None
    row = look(case.phase, _name_of_error(case, cause if isinstance(cause, CMPError) else error))
    match row.act:
        case Act.CLOSE:
            case.error = error
            _close(case, row, str(error))
        case Act.NOTE:
            journal.note(case.around.store, case.entry, row.next)
            case.tell(row.reason)
            case.phase = row.next
        case _:
            raise error


def _name_of(heard: Heard, *, is_final: bool) -> Event:
    """What the table calls an event; `is_final`: no message follows it."""
    match heard:
        case CertificateReceived():
            return Event.CERTIFICATE_FINAL if is_final else Event.CERTIFICATE
        case CertificateRefused(key=key):
            if not is_final:
                return Event.UNFIT
            return Event.UNFIT_FOREIGN if key is None else Event.UNFIT_FINAL
        case Waiting():
            return Event.WAITS
        case Confirmed(was_before=was_before):
            return Event.CONFIRMED_BEFORE if was_before else Event.CONFIRMED
        case Revoked():
            return Event.REVOKED
        case Challenged() | Answered():
            raise AssertionError("this decides nothing")


def _name_of_error(case: Case, error: CMPError) -> Event:
    """What the table calls an error."""
    match error:
        case Rejected(status=status):
            return _name_of_refusal(case, status.fail_info)
        case ConnectFailed() if not case.is_taken_up and case.phase in (
            Phase.REQUESTED,
            Phase.REVOKING,
        ):
            return Event.NEVER_SENT
        case TransportError():
            return Event.NO_ANSWER
        case StillWaiting():
            return Event.TIME_LIMIT
        case _:
            return Event.DOUBTFUL


def _name_of_refusal(case: Case, said: frozenset[PKIFailureInfo]) -> Event:
    """What the table calls a refusal.

    The request itself, refused for what the message is like, is not taken as sent again either: those bytes
    stay what they are. A rejection is not insisted on: a revocation follows.
    """
    is_confirming = case.phase in (Phase.RECEIVED, Phase.REJECTING, Phase.UNFIT)
    if is_confirming and said & _ENDED:
        return Event.ENDED
    if case.phase in (Phase.REQUESTED, Phase.ENDING, Phase.REVOKING):
        is_undecided = case.is_taken_up and bool(said & _NOT_NOW)
    else:
        is_undecided = case.phase is not Phase.REJECTING and bool(said & _OF_THE_MESSAGE)
    if is_undecided:
        return Event.MESSAGE_REFUSED
    is_later = case.phase is Phase.RECEIVED and case.is_taken_up
    return Event.FORGOTTEN if is_later else Event.REFUSED


def _told(heard: Heard, event: Event, row: Row) -> list[str]:
    """An event, for who watches."""
    match heard:
        case CertificateReceived(certificate=certificate, changes=changes):
            granted = [f"the CA granted the request with changes: {change}" for change in changes]
            doing = {Act.KEEP: ", confirming it", Act.KEEP_REJECTED: ", rejecting it"}
            next_ = doing.get(row.act, "")
            return [*granted, f"received certificate {certificate.serial_number:x}{next_}"]
        case CertificateRefused():
            doing = {Event.UNFIT: "rejecting it", Event.UNFIT_FINAL: "revoking it"}
            told = doing.get(event) or _to_revoke(heard)
            return [f"the certificate is not what was asked for: {told}"]
        case Waiting(check_after=seconds, reason=reason):
            said = f" ({reason})" if reason else ""
            pause = pause_before_poll(seconds)
            return [f"the CA has not decided yet{said}: asking again in {pause} seconds"]
        case _:
            is_over = row.next in (Phase.CLOSED, Phase.UNWANTED)
            return ["the CA has taken the rejection" if is_over else "confirmed by the CA"]


def _to_revoke(heard: Heard) -> str:
    """What the CA's operator has to do about a certificate that nothing of ours can end."""
    certificate = heard.certificate if isinstance(heard, CertificateRefused) else None
    if certificate is None:
        return "the CA asks for no confirmation; its operator has to revoke it"
    return f"the CA's operator has to revoke {_named(certificate)}"


def _named(certificate: x509.Certificate) -> str:
    """A certificate as its CA's operator finds it."""
    return f"serial number {certificate.serial_number:x} of {certificate.issuer.rfc4514_string()}"


# -- what is made durable --------------------------------------------------------------------------


def _write_down(
    operation: CmpOperation,
    around: Surroundings,
    transaction: Transaction,
    intent: str,
    key: PrivateKeyTypes | None,
    phase: Phase,
    ends: int | None,
) -> int:
    """Make key, request, and what the operation is, durable, in one act."""
    assert transaction.outgoing is not None  # noqa: S101  (a new transaction has its request)
    store, vault = around.store, around.vault
    secrets = document.secrets_in(operation)
    with store.transaction():
        if key is not None:
            name = key_id(key.public_key())
            store.put_secret(name, vault.encrypt(name, dump_key(key)))
        if secrets is not None:
            name = journal.secrets_of(transaction.transaction_id.hex())
            store.put_secret(name, vault.encrypt(name, secrets))
        return journal.begin(
            store,
            device=around.device,
            path=operation.target.path,
            operation=operation.operation,
            intent=intent,
            transaction_id=transaction.transaction_id,
            key=None if key is None else key_id(key.public_key()),
            request=transaction.outgoing,
            at=around.clock(),
            phase=phase,
            document=document.write(operation, is_sandbox=around.is_sandbox),
            ends=ends,
        )


def _keep(
    case: Case,
    certificate: x509.Certificate,
    key: PrivateKeyTypes,
    led_by: Sequence[x509.Certificate],
    transaction: Transaction,
    row: Row,
) -> None:
    """Make what the CA issued durable, in one act; the key, too, if the CA made it.

    `led_by` are the issuers by which it leads to its trust anchor.
    """
    store, vault = case.around.store, case.around.vault
    data, name = dump_certificate(certificate), key_id(key.public_key())
    issuers = [(content_id(der), der) for der in map(dump_certificate, led_by)]
    with store.transaction():
        if store.secret(name) is None:
            store.put_secret(name, vault.encrypt(name, dump_key(key)))
        store.put_content(content_id(data), data)
        store.put_issuers(content_id(data), issuers)
        journal.received(store, case.entry, row.next, content_id(data), name, transaction.outgoing)


def _key_type(operation: CmpOperation, holdings: Holdings) -> str:
    """What kind of key to make: as asked for, else of the old one's kind, else as the device does."""
    if operation.key_type is not None:
        return operation.key_type
    if operation.operation is Operation.UPDATE:
        return str(key_type_of(holdings.certificate(operation.old_certificate).public_key()))
    return DEFAULT_KEY_TYPE

"""One CMP operation of a plan in, what the CA answered out; written to the journal before each act.

What holds if the process dies on any line: before `begin` nothing has left this machine; after it, key and
request are durable, and the next apply sends the same bytes again; after `waiting` it polls on; after
`received` the certificate is durable, too, and the next apply confirms it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from ..compiler.device import CertificateRecord
from ..compiler.key_types import DEFAULT_KEY_TYPE
from ..compiler.plan import CmpOperation, Operation, RequestType
from ..compiler.serialize import asked_to_json, canonical
from .activation import COMMIT_TIMEOUT
from .asking import Holdings, is_made_with, tls_trust_of, transaction_for
from .certificates import dump_certificate, dump_key, key_id
from .cmp.client import Connection, pause_before_poll, run
from .cmp.errors import (
    CMPError,
    ConnectFailed,
    Rejected,
    TransportError,
)
from .cmp.events import (
    Answered,
    CertificateReceived,
    CertificateRefused,
    Challenged,
    Confirmed,
    Event,
    Revoked,
    Waiting,
)
from .cmp.http.tls import TlsTrust
from .cmp.keys import key_type_of
from .cmp.model import PKIFailureInfo
from .cmp.transaction import Transaction
from .state import journal
from .state.journal import OpenOperation
from .state.store import Store
from .state.vault import Vault
from .uploads import content_id

# Posts a message to a URL, trusting the server's TLS certificate as said; gives back the answer.
Send = Callable[[str, bytes, TlsTrust | None], bytes]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an operation acts with.

    `clock` gives the time in UTC, `pause` waits for seconds, `generate_key` makes a key of a type as
    `compiler.key_types` spells it. `committer` is who commits, as user@host; `commit_timeout` is how long
    an activation waits for that.
    """

    device: str
    store: Store
    vault: Vault
    send: Send
    clock: Callable[[], datetime]
    random: Callable[[int], bytes]
    generate_key: Callable[[str], PrivateKeyTypes]
    pause: Callable[[float], None]
    committer: str = ""
    commit_timeout: timedelta = COMMIT_TIMEOUT


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an operation. `entry` is its journal entry, still open; `record` is None for revoke."""

    entry: int
    record: CertificateRecord | None


def carry_out(
    operation: CmpOperation,
    around: Surroundings,
    resolve: Callable[[str], str],
    tell: Callable[[str], None],
) -> Outcome:
    """Do `operation` at the CA. `resolve` maps planned content ids to real ones, `tell` hears progress.

    An operation that an earlier run left open is taken up again where it stood; if the CA will not have it
    any more, it is closed and done afresh.

    Raises:
        CMPError: if the CA cannot be reached, refuses, or answers what cannot be trusted.
        ApplyError: if a secret or a stored certificate is missing.
    """
    intent = _intent(operation, resolve)
    holdings = Holdings(around.store, around.vault, resolve)
    trust = tls_trust_of(operation.server, holdings)
    left_open = journal.find_open(
        around.store,
        device=around.device,
        path=operation.target.path,
        operation=operation.operation,
        intent=intent,
    )
    if left_open is not None:
        outcome = _take_up(operation, around, holdings, left_open, trust, tell)
        if outcome is not None:
            return outcome
    key = None
    if operation.operation is not Operation.REVOKE and not operation.is_central:
        tell("generating a key")
        key = around.generate_key(_key_type(operation, holdings))
    transaction = transaction_for(
        operation, holdings, key, now=around.clock(), random=around.random, earlier=None
    )
    entry = _begin(operation, around, transaction, intent, key)
    try:
        return _run(operation, around, holdings, transaction, entry, trust, tell)
    except ConnectFailed as error:
        if not journal.is_answered(around.store, entry):  # nothing was sent at all
            journal.end(around.store, entry, is_done=False, outcome=str(error), at=around.clock())
        raise
    except Rejected as error:
        if not journal.is_received(around.store, entry):  # nothing is issued
            journal.end(around.store, entry, is_done=False, outcome=str(error), at=around.clock())
        raise


# What a CA says to a certConf where the certificate is not one that could be used.
_ENDED = {PKIFailureInfo.CERT_REVOKED, PKIFailureInfo.BAD_CERT_ID}


def _take_up(
    operation: CmpOperation,
    around: Surroundings,
    holdings: Holdings,
    left_open: OpenOperation,
    trust: TlsTrust | None,
    tell: Callable[[str], None],
) -> Outcome | None:
    """Go on with an operation that was cut off; None, and it is closed, if it has to be done afresh."""

    def close(why: str) -> None:
        at = around.clock()
        journal.end(around.store, left_open.id, is_done=False, outcome=why, at=at)

    is_issued = left_open.certificate is not None
    if is_issued and left_open.last is None and operation.server.is_implicit:
        return _held(operation, around, holdings, left_open.id)  # there is nothing to confirm
    if not is_issued and not is_made_with(left_open.request, operation):
        close("it was asked for with another secret")
        return None
    tell("taking up the operation that an earlier run left open")
    key = None
    if left_open.key is not None and not operation.is_central:
        key = holdings.stored_key(left_open.key)
    transaction = transaction_for(
        operation, holdings, key, now=around.clock(), random=around.random, earlier=left_open
    )
    try:
        return _run(operation, around, holdings, transaction, left_open.id, trust, tell)
    except Rejected as error:
        # Anything else may be somebody in between, who must not make csc forget what the CA has issued.
        if is_issued and not error.status.fail_info & _ENDED:
            tell("the CA knows the transaction no more: keeping the certificate that it issued")
            return _held(operation, around, holdings, left_open.id)
        close(str(error))
        tell("the CA does not take it up: starting afresh")
        return None


def _held(operation: CmpOperation, around: Surroundings, holdings: Holdings, entry: int) -> Outcome:
    """The outcome of an operation whose certificate the journal has already."""
    issued, key = journal.issued(around.store, entry)
    return Outcome(
        entry, _record(operation, holdings.stored_certificate(issued), holdings.stored_key(key))
    )


def _key_type(operation: CmpOperation, holdings: Holdings) -> str:
    """What kind of key to make: as asked for, else of the old one's kind, else as the device does."""
    if operation.key_type is not None:
        return operation.key_type
    if operation.operation is Operation.UPDATE:
        return str(key_type_of(holdings.certificate(operation.old_certificate).public_key()))
    return DEFAULT_KEY_TYPE


def _begin(
    operation: CmpOperation,
    around: Surroundings,
    transaction: Transaction,
    intent: str,
    key: PrivateKeyTypes | None,
) -> int:
    """Make key and request durable, in one act."""
    assert transaction.outgoing is not None  # noqa: S101  (a new transaction has its request)
    with around.store.transaction():
        if key is not None:
            name = key_id(key.public_key())
            around.store.put_secret(name, around.vault.encrypt(name, dump_key(key)))
        return journal.begin(
            around.store,
            device=around.device,
            path=operation.target.path,
            operation=operation.operation,
            intent=intent,
            transaction_id=transaction.transaction_id,
            key=None if key is None else key_id(key.public_key()),
            request=transaction.outgoing,
            at=around.clock(),
        )


def _run(
    operation: CmpOperation,
    around: Surroundings,
    holdings: Holdings,
    transaction: Transaction,
    entry: int,
    trust: TlsTrust | None,
    tell: Callable[[str], None],
) -> Outcome:
    url = operation.server.url
    is_refused = False

    connection = Connection(
        lambda message: around.send(url, message, trust),
        around.clock,
        around.pause,
        timedelta(seconds=operation.server.poll_limit),
    )

    def observe(event: Event) -> None:
        match event:
            case CertificateReceived(certificate=certificate, key=key, changes=changes):
                _keep(around, entry, certificate, key, transaction.outgoing)
                for change in changes:
                    tell(f"the CA granted the request with changes: {change}")
                confirming = ", confirming it" if transaction.outgoing else ""
                tell(f"received certificate {certificate.serial_number:x}{confirming}")
            case CertificateRefused():
                nonlocal is_refused
                is_refused = True
                told = "rejecting it" if transaction.outgoing else "the CA asks for no confirmation"
                tell(f"the certificate is not what was asked for: {told}")
            case Waiting(check_after=seconds, reason=reason):
                assert transaction.outgoing is not None  # noqa: S101  (there is a pollReq to send)
                # The journal has the certConf of a confirmation that waits.
                if not journal.is_received(around.store, entry):
                    journal.waiting(around.store, entry, transaction.outgoing)
                said = f" ({reason})" if reason else ""
                pause = pause_before_poll(seconds)
                tell(f"the CA has not decided yet{said}: asking again in {pause} seconds")
            case Challenged():
                tell("decrypting the CA's challenge")
            case Confirmed() | Revoked():
                tell("the CA has taken the rejection" if is_refused else "confirmed by the CA")
            case Answered():
                pass

    tell(f"sending {transaction.request_type} to {url}")
    try:
        result = run(transaction, connection, observe)
    except CMPError as error:
        if is_refused and not isinstance(error, TransportError):  # the CA has been told
            journal.end(around.store, entry, is_done=False, outcome=str(error), at=around.clock())
        raise
    match result:
        case CertificateReceived(certificate=certificate, key=key):
            return Outcome(entry, _record(operation, certificate, key))
        case Confirmed():
            return _held(operation, around, holdings, entry)
        case _:
            return Outcome(entry, None)


def _keep(
    around: Surroundings,
    entry: int,
    certificate: x509.Certificate,
    key: PrivateKeyTypes,
    confirmation: bytes | None,
) -> None:
    """Make what the CA issued durable, in one act; the key, too, if the CA made it."""
    data, name = dump_certificate(certificate), key_id(key.public_key())
    with around.store.transaction():
        if around.store.secret(name) is None:
            around.store.put_secret(name, around.vault.encrypt(name, dump_key(key)))
        around.store.put_content(content_id(data), data)
        journal.received(around.store, entry, content_id(data), name, confirmation)


def _record(
    operation: CmpOperation, certificate: x509.Certificate, key: PrivateKeyTypes
) -> CertificateRecord:
    return CertificateRecord(
        certificate=content_id(dump_certificate(certificate)),
        key=key_id(key.public_key()),
        request=operation.request,
        subject=operation.subject,
        script=operation.script,
        operations=operation.operations,
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        issuer=certificate.issuer.rfc4514_string(),
        serial_number=f"{certificate.serial_number:x}",
    )


def _intent(operation: CmpOperation, resolve: Callable[[str], str]) -> str:
    """A digest of all that makes two operations the same.

    What csc's own options ask for is in it only where they are given, for the sake of older states.
    """
    old, signer = operation.old_certificate, operation.signer_certificate
    own = asked_to_json(operation)
    if operation.request_type in (RequestType.CR, RequestType.P10CR):
        own["request_type"] = operation.request_type
    if operation.server.is_implicit:
        own["implicit"] = True
    if signer is not None:
        own["signer"] = resolve(signer)
    document = [
        operation.operation,
        operation.target.path,
        operation.server.url,
        resolve(operation.server.ca_certificate),
        operation.request,
        None if old is None else resolve(old),
        *([own] if own else []),
    ]
    return hashlib.sha256(canonical(document).encode()).hexdigest()

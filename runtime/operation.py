"""One CMP operation of a plan in, what the CA answered out; written to the journal before each act.

What holds if the process dies on any line: before `begin` nothing has left this machine; after it, key and
request are durable, and the next apply sends the same bytes again; after `received` the certificate is
durable, too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from ..compiler.device import CertificateRecord
from ..compiler.kinds import hexadecimal_fault
from ..compiler.plan import CmpOperation, Operation, RequestType, Secret
from ..compiler.serialize import asked_to_json, canonical
from .certificates import dump_certificate, dump_key, key_id, load_certificate, load_key
from .cmp import requests
from .cmp.client import run
from .cmp.errors import (
    CMPError,
    ConnectFailed,
    Rejected,
    TransportError,
)
from .cmp.protection import PasswordCredential
from .cmp.transaction import (
    CertificateReceived,
    CertificateRefused,
    Confirmed,
    Event,
    Revoked,
    Transaction,
)
from .errors import ContentMissing, SecretUnusable
from .secrets import read_secret
from .state import journal
from .state.store import Store
from .state.vault import Vault
from .uploads import content_id


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an operation acts with. `send` posts bytes to a URL, `clock` gives the time in UTC."""

    device: str
    store: Store
    vault: Vault
    send: Callable[[str, bytes], bytes]
    clock: Callable[[], datetime]
    random: Callable[[int], bytes]
    generate_key: Callable[[], PrivateKeyTypes]


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
    left_open = journal.find_open(
        around.store,
        device=around.device,
        path=operation.target.path,
        operation=operation.operation,
        intent=intent,
    )
    if left_open is not None:
        tell("taking up the operation that an earlier run left open")
        key = _load_key(around, left_open.key) if left_open.key else None
        transaction = _transaction(operation, around, resolve, key, left_open.request)
        try:
            return _run(operation, around, transaction, left_open.id, key, tell)
        except TransportError:
            raise
        except CMPError as error:
            journal.end(
                around.store, left_open.id, is_done=False, outcome=str(error), at=around.clock()
            )
            tell("the CA does not take it up: starting afresh")
    key = None
    if operation.operation is not Operation.REVOKE:
        tell("generating a key")
        key = around.generate_key()
    transaction = _transaction(operation, around, resolve, key, None)
    entry = _begin(operation, around, transaction, intent, key)
    try:
        return _run(operation, around, transaction, entry, key, tell)
    except (ConnectFailed, Rejected) as error:
        # Nothing was sent, or nothing issued, unless an earlier answer had brought a certificate.
        if not journal.is_received(around.store, entry):
            journal.end(around.store, entry, is_done=False, outcome=str(error), at=around.clock())
        raise


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
    transaction: Transaction,
    entry: int,
    key: PrivateKeyTypes | None,
    tell: Callable[[str], None],
) -> Outcome:
    url = operation.server.url
    is_refused = False

    def send(message: bytes) -> bytes:
        return around.send(url, message)

    def observe(event: Event) -> None:
        match event:
            case CertificateReceived(certificate=certificate):
                data = dump_certificate(certificate)
                with around.store.transaction():
                    around.store.put_content(content_id(data), data)
                    journal.received(around.store, entry, content_id(data))
                tell(f"received certificate {certificate.serial_number:x}, confirming it")
            case CertificateRefused():
                nonlocal is_refused
                is_refused = True
                tell("the certificate is not what was asked for: rejecting it")
            case Confirmed() | Revoked():
                tell("confirmed by the CA")

    tell(f"sending {transaction.request_type} to {url}")
    try:
        result = run(transaction, send, around.clock, observe)
    except CMPError as error:
        if is_refused and not isinstance(error, TransportError):  # the CA has been told
            journal.end(around.store, entry, is_done=False, outcome=str(error), at=around.clock())
        raise
    if isinstance(result, Revoked):
        return Outcome(entry, None)
    assert isinstance(result, CertificateReceived)  # noqa: S101
    assert key is not None  # noqa: S101
    return Outcome(entry, _record(operation, result.certificate, key))


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


def _transaction(
    operation: CmpOperation,
    around: Surroundings,
    resolve: Callable[[str], str],
    key: PrivateKeyTypes | None,
    resend: bytes | None,
) -> Transaction:
    """The transaction for `operation`; `resend` is the exact request of one that was cut off."""
    anchor = _load_certificate(around, resolve(operation.server.ca_certificate))
    now = around.clock()
    if operation.operation is Operation.INITIATE:
        assert key is not None  # noqa: S101
        return requests.initialize(
            subject=x509.Name.from_rfc4514_string(operation.subject),
            key=key,
            credential=credential_of(operation),
            anchors=(anchor,),
            recipient=anchor.subject,
            now=now,
            random=around.random,
            resend=resend,
        )
    certificate = _load_certificate(around, resolve(operation.old_certificate or ""))
    certificate_key = _load_key(around, resolve(operation.old_key or ""))
    if operation.operation is Operation.UPDATE:
        assert key is not None  # noqa: S101
        return requests.update(
            certificate=certificate,
            certificate_key=certificate_key,
            key=key,
            anchors=(anchor,),
            now=now,
            random=around.random,
            resend=resend,
        )
    return requests.revoke(
        certificate=certificate,
        certificate_key=certificate_key,
        anchors=(anchor,),
        now=now,
        random=around.random,
        resend=resend,
    )


def credential_of(operation: CmpOperation) -> PasswordCredential:
    """Reference number and secret of an initiate, as bytes: UTF-8, or what their digits say with -hex.

    Raises:
        SecretMissing: if one cannot be read.
        SecretUnusable: if one is not what it has to be.
    """
    assert operation.username is not None  # noqa: S101  (an initiate has both)
    assert operation.password is not None  # noqa: S101
    username, password = read_secret(operation.username), read_secret(operation.password)
    if operation.is_hex:
        return PasswordCredential(
            _from_hexadecimal(username, operation.username),
            _from_hexadecimal(password, operation.password),
        )
    return PasswordCredential(username.encode(), password.encode())


def _from_hexadecimal(text: str, secret: Secret) -> bytes:
    fault = hexadecimal_fault(text)
    if fault is not None:
        raise SecretUnusable(
            f"{secret.source} is not hexadecimal, and -hex says that it is: it {fault}",
            "give pairs of the digits 0-9 and a-f and nothing else, or leave -hex out",
        )
    return bytes.fromhex(text)


def _load_certificate(around: Surroundings, content: str) -> x509.Certificate:
    data = around.store.content(content)
    if data is None:
        raise ContentMissing(
            f"the certificate {content} is not in the state", "bind it again from its file"
        )
    return load_certificate(data)


def _load_key(around: Surroundings, content: str) -> PrivateKeyTypes:
    sealed = around.store.secret(content)
    if sealed is None:
        raise ContentMissing(
            f"the private key {content} is not in the state",
            "without its key a certificate cannot be updated or revoked: obtain a new one",
        )
    return load_key(around.vault.decrypt(content, sealed))


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

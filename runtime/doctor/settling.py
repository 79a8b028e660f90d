"""An orphan in; recorded here, or revoked at its CA. Both need its key, and the device for themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from ...compiler.address import Address
from ...compiler.certmgr_objects import server_in
from ...compiler.device import CERTIFICATE_FILE, KEY_FILE, CertificateRecord
from ...compiler.plan import CmpOperation, Operation, Plan, RequestType, Span, Step
from ..certificates import dump_certificate
from ..errors import ApplyError
from ..operation import carry_out
from ..routing import Route
from ..session import open_session
from ..state import audit_events, journal
from ..state.holding import Held
from ..uploads import content_id
from .comparing import Orphan, operator_text


def adopt(held: Held, orphan: Orphan) -> None:
    """Record the certificate as the newest of its object; it waits in the device files to be bound.

    Raises:
        ApplyError: if its key or its object is not known here.
        StateError: if the state cannot be written to.
    """
    _, address = _place(orphan)
    certificate = orphan.issued.certificate
    data = dump_certificate(certificate)
    store, content = held.store, content_id(data)
    earlier = store.load(held.device).certificates.get(address)
    record = CertificateRecord(
        certificate=content,
        key=orphan.key,
        request=earlier.request if earlier else "",
        subject=certificate.subject.rfc4514_string(),
        script="",
        operations=0,
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        issuer=certificate.issuer.rfc4514_string(),
        serial_number=orphan.serial_number,
    )
    with store.transaction():
        store.put_content(content, data)
        store.add_certificate(held.device, address, record)
        store.put_device_file(held.device, CERTIFICATE_FILE, content)
        store.put_device_file(held.device, KEY_FILE, orphan.key)


def revoke(
    held: Held,
    orphan: Orphan,
    routes: Sequence[Route],
    tell: Callable[[str], None],
    *,
    uses_sandbox: bool,
) -> None:
    """Ask the CA to revoke the certificate, signed with its own key (RFC 9483 4.2), by way of the journal.

    Raises:
        ApplyError: if its key, its object or the object's CMPServer is not known here.
        CMPError: if the CA does not do it.
        StateError: if the state cannot be written to.
    """
    _, address = _place(orphan)
    state = held.store.load(held.device)
    servers = (server_in(c, address) for c in (state.candidate, state.active, state.committed))
    server = next(filter(None, servers), None)
    if server is None:
        raise ApplyError(
            f"no configuration says which CMPServer {address.reference} has", operator_text(orphan)
        )
    data = dump_certificate(orphan.issued.certificate)
    content = content_id(data)
    operation = CmpOperation(
        operation=Operation.REVOKE,
        request_type=RequestType.RR,
        target=address,
        server=server,
        subject=orphan.issued.certificate.subject.rfc4514_string(),
        request="",
        script="",
        operations=0,
        certificate=content,
        key=orphan.key,
        old_certificate=content,
        old_key=orphan.key,
        reason="cessationOfOperation",
    )
    step = Step("s1", operation, (), Span("csc doctor", 1, 1, 0), "csc doctor --revoke")
    plan = Plan((step,), (), "", "", "")
    with open_session(held, plan, routes, uses_sandbox=uses_sandbox) as session:
        store = held.store
        store.put_content(content, data)
        outcome = carry_out(operation, session.surroundings, lambda planned: planned, tell)
        with store.transaction():
            now = datetime.now(UTC)
            journal.end(store, outcome.entry, is_done=True, outcome="revoked", at=now)
            audit_events.revoked_orphan(store, outcome.entry, orphan.issued.certificate)


def _place(orphan: Orphan) -> tuple[str, Address]:
    if not orphan.has_key:
        raise ApplyError(f"the key of {orphan.serial_number} is not here", operator_text(orphan))
    if orphan.place is None:
        raise ApplyError(
            f"nothing here says for which object {orphan.serial_number} was asked for",
            operator_text(orphan),
        )
    return orphan.place

"""A message as it came in, the protected answer to it out. A refusal is an answer, too."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from ..cmp.codec import decode
from ..cmp.errors import MalformedMessage
from ..cmp.model import (
    BodyType,
    CertConfirmContent,
    ErrorMsgContent,
    InfoTypeAndValue,
    NestedMessageContent,
    PKIBody,
    PKIFailureInfo,
    PKIHeader,
    PKIMessage,
    PKIStatusInfo,
    PollReqContent,
    PopResponseContent,
)
from ..cmp.protection import Credential, OwnMac, PasswordCredential, SignatureCredential, protect
from .authority.authority import Authority
from .authority.responder import Responders
from .behaviour import Behaviour
from .ledger.ledger import Ledger
from .profiles.model import Profiles
from .requests.confirmation import confirm
from .requests.desk import Desk, Order, Response
from .requests.ending import end
from .requests.examine import examine
from .requests.labels import check_label
from .requests.nested import BARE, Wrapped, Wrapping, unwrap
from .requests.original import check_originals
from .requests.outcome import Visit
from .requests.outsiders import Outsiders
from .requests.proving import prove
from .requests.refusal import Refusal
from .requests.rejecting import reject
from .requests.requester import (
    NONCE_SIZE,
    TRANSACTION_ID_SIZE,
    Requester,
    authenticate,
    check_header,
    mac_scheme,
)
from .requests.waiting import poll, put_off


@dataclass(frozen=True, slots=True)
class Site:
    """What messages are answered with. `secrets` are by reference number."""

    authority: Authority
    ledger: Ledger
    profiles: Profiles
    known: Outsiders
    secrets: Mapping[bytes, bytes] = field(repr=False)
    one_time: Set[bytes]
    """The reference numbers of secrets that are good for one certificate."""
    base_url: str | None
    responders: Responders

    def desk(self, behaviour: Behaviour, now: datetime, profile: str = "") -> Desk:
        """What a request is handled with at a time; `profile` is that of its path, if it has one."""
        return Desk(
            self.authority,
            self.ledger,
            behaviour,
            now,
            self.profiles,
            self.responders,
            profile,
            self.one_time,
            self.base_url,
        )

    @property
    def own_credential(self) -> SignatureCredential:
        """What the CA signs with."""
        signer = self.authority.signer
        return SignatureCredential(signer.certificate, signer.key, self.authority.chain)


def respond(site: Site, visit: Visit) -> bytes:
    """The answer to what was posted."""
    data = visit.posted.data
    try:
        message = decode(data)
    except MalformedMessage as error:
        refusal = Refusal(PKIFailureInfo.BAD_DATA_FORMAT, str(error))
        visit.refused(None, None, refusal.status)
        return _refuse(site, visit, None, refusal.status, site.own_credential)
    return _answer(site, visit, message, data, BARE)


def admit_failure(site: Site, visit: Visit) -> bytes:
    """The answer to what was posted, if this program failed to make one; nothing of it may be left."""
    message = decode(visit.posted.data)
    failed = Refusal(PKIFailureInfo.SYSTEM_FAILURE, "the CA failed; nothing was changed")
    return _refuse_alike(site, visit, message, failed.status)


def _answer(
    site: Site, visit: Visit, message: PKIMessage, data: bytes, wrapping: Wrapping
) -> bytes:
    """The answer to a message that could be read, which came in `wrapping`."""
    header, ledger = message.header, site.ledger
    if header.transaction_id is not None:
        earlier = ledger.answer_to(header.transaction_id, data)
        if earlier is not None:
            visit.repeated(message)
            return earlier
    credential: Credential = site.own_credential
    mac: OwnMac | None = None
    requester: Requester | None = None
    try:
        needs_time = visit.behaviour.needs_message_time
        check_header(header, site.authority, visit.now, needs_time=needs_time)
    except Refusal as refusal:
        return _refuse_alike(site, visit, message, refusal.status)
    try:
        who = _who(site, visit)
        requester = who(message)
        credential, mac = _credential_for(site, message, requester), requester.mac
        desk = site.desk(visit.behaviour, visit.now, visit.posted.profile)
        content = message.body.content
        if isinstance(content, NestedMessageContent):
            inner = unwrap(header, content, requester, wrapping)
            check_originals(header.general_info, inner.messages, who)
            if not inner.is_batch:
                return _answer_wrapped(site, visit, inner.contents[0], inner.wrapping)
            _check_new(desk, header)
            _check_unused(desk, header.transaction_id)
            answers = tuple(_answer_wrapped(site, visit, c, inner.wrapping) for c in inner.contents)
            answer = Response(PKIBody(BodyType.NESTED, NestedMessageContent(answers)))
        else:
            if requester.is_ra:
                check_originals(header.general_info, (message,), who)
            order = Order(header, message.body, requester, wrapping.vouched or requester.is_ra)
            if visit.posted.operation:
                begun_with = ledger.begun_with(order.transaction_id)
                check_label(visit.posted.operation, message.body, begun_with)
            answer = _handle(desk, order, data)
    except Refusal as refusal:
        visit.refused(message, requester, refusal.status)
        return _refuse(site, visit, header, refusal.status, credential, mac)
    nonce = os.urandom(NONCE_SIZE)
    response = protect(
        _header(site, visit, header, nonce, credential, answer.general_info),
        answer.body,
        credential,
        random=os.urandom,
        mac=mac,
        extra=answer.certificates,
    )
    assert header.transaction_id is not None  # noqa: S101  (check_header)
    assert header.sender_nonce is not None  # noqa: S101  (check_header)
    ledger.memory.keep_nonce(header.sender_nonce)
    ledger.store_answer(header.transaction_id, data, response, nonce, answer.expects)
    visit.answered(message, requester, answer)
    return response


def _who(site: Site, visit: Visit) -> Callable[[PKIMessage], Requester]:
    return partial(
        authenticate,
        secrets=site.secrets,
        find=site.ledger.find,
        now=visit.now,
        known=site.known,
    )


def _refuse_alike(site: Site, visit: Visit, message: PKIMessage, status: PKIStatusInfo) -> bytes:
    """A refusal for which it does not matter who asks; protected as the message is, if that is right."""
    try:
        requester = _who(site, visit)(message)
        credential = _credential_for(site, message, requester)
    except Exception:  # a refusal; or a fault, if that is why this is called
        visit.refused(message, None, status)
        return _refuse(site, visit, message.header, status, site.own_credential)
    visit.refused(message, requester, status)
    return _refuse(site, visit, message.header, status, credential, requester.mac)


def _answer_wrapped(site: Site, visit: Visit, wrapped: Wrapped, wrapping: Wrapping) -> bytes:
    if isinstance(wrapped.message, Refusal):
        visit.refused(None, None, wrapped.message.status)
        return _refuse(site, visit, None, wrapped.message.status, site.own_credential)
    return _answer(site, visit, wrapped.message, wrapped.data, wrapping)


def _handle(desk: Desk, order: Order, data: bytes) -> Response:
    """What comes of a request that is authenticated; `data` is the request as it came."""
    _check_new(desk, order.header)
    match order.body.content:
        case CertConfirmContent():
            return confirm(desk, order)
        case PollReqContent():
            return poll(desk, order)
        case PopResponseContent():
            return prove(desk, order)
        case ErrorMsgContent():
            return end(desk, order)
        case _:
            _check_unused(desk, order.transaction_id)
            if order.header.recip_nonce is not None:  # RFC 9483 3.5
                raise Refusal(
                    PKIFailureInfo.BAD_RECIPIENT_NONCE, "a first message has no recipNonce"
                )
            try:
                deed = examine(desk, order)
            except Refusal as refusal:
                return reject(order, refusal)
            return put_off(desk, order, data) or deed()


def _check_new(desk: Desk, header: PKIHeader) -> None:
    """RFC 9483 3.1: senderNonce is fresh."""
    if header.sender_nonce is not None and desk.ledger.memory.knows_nonce(header.sender_nonce):
        raise Refusal(PKIFailureInfo.BAD_SENDER_NONCE, "senderNonce was used before")


def _check_unused(desk: Desk, transaction_id: bytes | None) -> None:
    if transaction_id is not None and desk.ledger.last_answer(transaction_id) is not None:
        raise Refusal(PKIFailureInfo.TRANSACTION_ID_IN_USE, "transactionID was used before")


def _credential_for(site: Site, message: PKIMessage, requester: Requester) -> Credential:
    """What answers are protected with: as the request was, with the same kind of MAC (RFC 9483 3.2)."""
    if requester.reference is None:
        return site.own_credential
    secret = site.secrets[requester.reference]
    return PasswordCredential(requester.reference, secret, mac_scheme(message))


def _refuse(
    site: Site,
    visit: Visit,
    request: PKIHeader | None,
    status: PKIStatusInfo,
    credential: Credential,
    mac: OwnMac | None = None,
) -> bytes:
    header = _header(site, visit, request, os.urandom(NONCE_SIZE), credential)
    return protect(
        header,
        PKIBody(BodyType.ERROR, ErrorMsgContent(status)),
        credential,
        random=os.urandom,
        mac=mac,
    )


def _header(
    site: Site,
    visit: Visit,
    request: PKIHeader | None,
    nonce: bytes,
    credential: Credential,
    general_info: tuple[InfoTypeAndValue, ...] = (),
) -> PKIHeader:
    """The header of an answer (RFC 9483 3.1)."""
    sender = site.authority.name
    if isinstance(credential, SignatureCredential):
        sender = credential.certificate.subject
    if request is None:
        return PKIHeader(
            2,
            sender,
            None,
            visit.now,
            transaction_id=os.urandom(TRANSACTION_ID_SIZE),
            sender_nonce=nonce,
        )
    return PKIHeader(
        pvno=min(max(request.pvno, 2), 3),  # RFC 9810 7: the nearest that is supported
        sender=sender,
        recipient=request.sender,
        message_time=visit.now,
        transaction_id=request.transaction_id,
        sender_nonce=nonce,
        recip_nonce=request.sender_nonce,
        general_info=general_info,
    )

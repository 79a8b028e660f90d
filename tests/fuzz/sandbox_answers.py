"""The bytes of HTTP answers, and the CMP and OCSP messages in them, in; what is wrong with them out."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509 import ocsp
from csc.runtime.cmp.codec import decode
from csc.runtime.cmp.errors import CMPError
from csc.runtime.cmp.mac import MacKeys
from csc.runtime.cmp.model import (
    CertRepMessage,
    ErrorMsgContent,
    NestedMessageContent,
    PKIFailureInfo,
    PKIMessage,
    PKIStatusInfo,
    RevRepContent,
)
from csc.runtime.cmp.protection import is_mac, verify_signature
from peers.asker import SECRET

_STATUS = re.compile(rb"HTTP/1\.1 ([1-5][0-9][0-9]) [^\r\n]*")


class Broken(Exception):
    """Something that has to hold does not."""


@dataclass(frozen=True)
class Answer:
    status: int
    content_type: str
    body: bytes


def answers(came: bytes, *, has_heads: bool) -> list[Answer]:
    """The answers that came on a connection; `has_heads`: some may be to HEAD, and have no body."""
    found = []
    while came:
        head, blank, came = came.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        matched = _STATUS.fullmatch(lines[0])
        if matched is None or not blank:
            raise Broken("an answer that is no HTTP")
        status = int(matched[1])
        if status == 100:
            continue
        fields = dict(line.lower().split(b": ", 1) for line in lines[1:])
        length = int(fields.get(b"content-length", b"0"))
        is_empty = has_heads and (not came or _STATUS.match(came) is not None)
        if not is_empty and len(came) < length:
            raise Broken("an answer that is shorter than it says")
        if is_empty:
            length = 0
        kind = fields.get(b"content-type", b"").decode("latin-1")
        found.append(Answer(status, kind, came[:length]))
        came = came[length:]
        if status == 500:
            raise Broken(f"HTTP 500: {found[-1].body[:100]!r}")
    return found


@dataclass
class Reader:
    """Reads answers of CMP. `roots` are those that there are; `issued` is told of each certificate."""

    roots: Callable[[], list[x509.Certificate]]
    issued: Callable[[str], None]
    trusted: set[bytes] = field(default_factory=set)
    keys: MacKeys = field(default_factory=lambda: MacKeys(SECRET.secret, accepts_sha1=True))

    def read(self, sent: bytes | None, body: bytes) -> PKIMessage:
        """The answer to a message; None: it is not known to which."""
        try:
            answer = decode(body)
        except CMPError as error:
            raise Broken(f"an answer that cannot be read: {error}") from None
        self._check_protection(answer)
        if sent is not None:
            _check_pair(sent, answer)
        self._check_content(answer)
        return answer

    def _check_content(self, answer: PKIMessage) -> None:
        statuses: tuple[PKIStatusInfo, ...] = ()
        match answer.body.content:
            case ErrorMsgContent(status=status):
                statuses = (status,)
            case CertRepMessage(responses=responses):
                statuses = tuple(response.status for response in responses)
                for response in responses:
                    if response.certificate is not None:
                        certificate = x509.load_der_x509_certificate(response.certificate)
                        self.issued(f"{certificate.serial_number:x}")
            case RevRepContent(statuses=statuses):
                pass
            case NestedMessageContent(messages=messages):
                for message in messages:
                    self.read(None, message)
            case _:
                pass
        for status in statuses:
            if PKIFailureInfo.SYSTEM_FAILURE in status.fail_info:
                raise Broken("systemFailure")

    def _check_protection(self, answer: PKIMessage) -> None:
        if answer.protection is None or answer.header.protection_alg is None:
            raise Broken("an answer without protection")
        try:
            if is_mac(answer):
                self.keys.verify(answer)
                return
            signer = x509.load_der_x509_certificate(answer.extra_certs[0])
            verify_signature(answer, signer.public_key())
        except (CMPError, IndexError, ValueError) as error:
            raise Broken(f"an answer whose protection is wrong: {type(error).__name__}") from None
        if signer.subject != answer.header.sender:
            raise Broken("an answer that is not signed by its sender")
        if answer.extra_certs[0] not in self.trusted and not self._is_trusted(answer):
            raise Broken("an answer that is signed by nobody we trust")
        self.trusted.add(answer.extra_certs[0])

    def _is_trusted(self, answer: PKIMessage) -> bool:
        signer, *others = map(x509.load_der_x509_certificate, answer.extra_certs)
        roots = self.roots()
        return any(
            _issued(signer, middle) and any(_issued(middle, root) for root in roots)
            for middle in others
        )


def _issued(below: x509.Certificate, above: x509.Certificate) -> bool:
    try:
        below.verify_directly_issued_by(above)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _check_pair(sent: bytes, answer: PKIMessage) -> None:
    try:
        request = decode(sent).header
    except CMPError:
        return
    if request.transaction_id not in (None, answer.header.transaction_id):
        raise Broken("an answer with another transactionID")
    if request.sender_nonce not in (None, answer.header.recip_nonce):
        raise Broken("an answer without our senderNonce")


def check_ocsp(body: bytes) -> None:
    try:
        response = ocsp.load_der_ocsp_response(body)
    except ValueError:
        raise Broken("an OCSP answer that cannot be read") from None
    if response.response_status is ocsp.OCSPResponseStatus.INTERNAL_ERROR:
        raise Broken("an OCSP answer says internalError")

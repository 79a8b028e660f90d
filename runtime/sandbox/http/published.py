"""An HTTP request in, and what the CA publishes out: CRLs, certificates of the CAs, and answers of OCSP.

What is asked for with GET may be kept (RFC 9111) until the CA will have something newer: nextUpdate of CRLs
and of OCSP. Nobody has to authenticate.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import unquote_to_bytes

from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from ..authority.authority import Authority
from ..authority.crl import current_crl
from ..authority.ocsp import OCSPAnswer, answer_ocsp
from ..authority.places import CERTIFICATES, CRLS, OCSP, ca_named
from ..ca import SandboxCA
from ..requests.desk import Desk

OCSP_REQUEST = "application/ocsp-request"  # RFC 6960 C.1
OCSP_RESPONSE = "application/ocsp-response"
_PEM = "application/x-pem-file"
# Of certificates: they stay, but which of the CA's they are may change.
_KEPT = 3600  # seconds
# Whoever keeps an answer of OCSP asks again before nextUpdate, not at it (RFC 9919 7.2).
_EARLIER = 60  # seconds


@dataclass(frozen=True, slots=True)
class Published:
    """An HTTP response, without what every response has. HEAD is answered with it and without `body`."""

    status: int
    content_type: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _File:
    """What lies at a path; the times are those between which nothing newer is expected."""

    content_type: str
    body: bytes
    since: datetime | None = None
    until: datetime | None = None


def published(
    ca: SandboxCA, method: str, path: str, headers: Mapping[str, str], body: bytes
) -> Published | None:
    """The response to a request; None if its path is not one of those where something is published.

    `path` may have a query, which says nothing here.
    """
    path = path.partition("?")[0]
    lower = {name.lower(): value for name, value in headers.items()}
    if path == OCSP or path.startswith(f"{OCSP}/"):
        return _ocsp(ca, method, path.removeprefix(OCSP), lower, body)
    for prefix, find in _FILES.items():
        if path.startswith(prefix):
            if method not in ("GET", "HEAD"):
                return _refused(HTTPStatus.METHOD_NOT_ALLOWED, ("Allow", "GET, HEAD"))
            with ca.at_desk() as desk:
                file = find(desk, path.removeprefix(prefix))
                return _refused(HTTPStatus.NOT_FOUND) if file is None else _get(file, lower, desk)
    return None


def _get(file: _File, headers: Mapping[str, str], desk: Desk) -> Published:
    """RFC 9110 13.2.2: If-None-Match counts, and If-Modified-Since only without it."""
    tag = f'"{hashlib.sha256(file.body).hexdigest()}"'
    kept = _KEPT
    if file.until is not None:
        kept = max(0, int((file.until - desk.now).total_seconds()) - _EARLIER)
    found = [
        ("ETag", tag),
        ("Cache-Control", f"public, no-transform, must-revalidate, max-age={kept}"),
    ]
    if file.since is not None and file.until is not None:
        found += [("Last-Modified", _date(file.since)), ("Expires", _date(file.until))]
    if "if-none-match" in headers:
        tags = {one.strip().removeprefix("W/") for one in headers["if-none-match"].split(",")}
        is_known = bool(tags & {tag, "*"})
    else:
        is_known = file.since is not None and _is_since(headers, file.since)
    if is_known:
        return Published(HTTPStatus.NOT_MODIFIED, "", b"", tuple(found))
    return Published(HTTPStatus.OK, file.content_type, file.body, tuple(found))


def _is_since(headers: Mapping[str, str], since: datetime) -> bool:
    """Whether the client has what is there since `since`; a date that is none says nothing."""
    try:
        held = parsedate_to_datetime(headers.get("if-modified-since", ""))
    except ValueError:
        return False
    return since <= (held if held.tzinfo else held.replace(tzinfo=UTC))


def _date(time: datetime) -> str:
    return format_datetime(time.astimezone(UTC), usegmt=True)


def _refused(status: HTTPStatus, *headers: tuple[str, str]) -> Published:
    return Published(status, "text/plain", f"{status.phrase}\n".encode(), headers)


# -- files -----------------------------------------------------------------------------------------


def _crl(desk: Desk, name: str) -> _File | None:
    stem, _, suffix = name.rpartition(".")
    issuer = ca_named(desk.authority, stem)
    if issuer is None or suffix not in ("crl", "pem"):
        return None
    crl = current_crl(desk, issuer)
    times = crl.this_update, crl.next_update
    if suffix == "crl":
        return _File("application/pkix-crl", crl.data, *times)  # RFC 2585 4.2
    return _File(_PEM, _pem("X509 CRL", crl.data), *times)


def _certificate(desk: Desk, name: str) -> _File | None:
    stem, _, suffix = name.rpartition(".")
    if stem == "chain":
        return _chain(desk.authority, suffix)
    found = ca_named(desk.authority, stem)
    if found is None:
        return None
    match suffix:
        case "cer" | "crt":
            return _File("application/pkix-cert", found.certificate.public_bytes(Encoding.DER))
        case "pem":
            return _File(_PEM, found.certificate.public_bytes(Encoding.PEM))
        case _:
            return None


def _chain(authority: Authority, suffix: str) -> _File | None:
    """From the CA that issues to its root; or all that any chain can need, in no order."""
    match suffix:
        case "pem":
            chain = dict.fromkeys((authority.issuing.certificate, authority.root.certificate))
            return _File(_PEM, b"".join(one.public_bytes(Encoding.PEM) for one in chain))
        case "p7c":  # RFC 5280 4.2.2.1, RFC 8551 3.2.2
            body = pkcs7.serialize_certificates(list(authority.certificates), Encoding.DER)
            return _File("application/pkcs7-mime; smime-type=certs-only", body)
        case _:
            return None


def _pem(name: str, data: bytes) -> bytes:
    """RFC 7468 2."""
    text = base64.b64encode(data).decode()
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join((f"-----BEGIN {name}-----", *lines, f"-----END {name}-----", "")).encode()


_FILES: dict[str, Callable[[Desk, str], _File | None]] = {CRLS: _crl, CERTIFICATES: _certificate}


# -- OCSP ------------------------------------------------------------------------------------------


def _ocsp(
    ca: SandboxCA, method: str, rest: str, headers: Mapping[str, str], body: bytes
) -> Published:
    """RFC 6960 A.1: POST to the path itself; or GET, with the request in base64 behind it."""
    match method:
        case "POST" if rest in ("", "/"):
            kind = headers.get("content-type", "").partition(";")[0].strip().lower()
            if kind != OCSP_REQUEST:
                return _refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
            with ca.at_desk() as desk:
                answer = answer_ocsp(desk, body)
                return Published(HTTPStatus.OK, OCSP_RESPONSE, answer.der)
        case "GET" | "HEAD":
            with ca.at_desk() as desk:
                return _answer_to_get(desk, answer_ocsp(desk, _from_path(rest)), headers)
        case _:
            return _refused(HTTPStatus.METHOD_NOT_ALLOWED, ("Allow", "GET, HEAD, POST"))


def _answer_to_get(desk: Desk, answer: OCSPAnswer, headers: Mapping[str, str]) -> Published:
    """RFC 9919 7.2: what says nothing of a certificate is not kept."""
    if answer.this_update is None:
        never = ("Cache-Control", "no-store")
        return Published(HTTPStatus.OK, OCSP_RESPONSE, answer.der, (never,))
    file = _File(OCSP_RESPONSE, answer.der, answer.this_update, answer.next_update)
    return _get(file, headers, desk)


def _from_path(rest: str) -> bytes:
    """The request; what is no base64 gives one that is malformed."""
    try:
        return base64.b64decode(unquote_to_bytes(rest.removeprefix("/")), validate=True)
    except binascii.Error:
        return b""

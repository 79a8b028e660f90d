"""The admin endpoint of a running sandbox: JSON over HTTP on loopback, for who can read a file of its folder.

    GET   /behaviour    every switch
    PATCH /behaviour    {"polls": 2, ...}: other values for some
    POST  /roll-over    {}: a new root
    GET   /ledger       what came and what was issued

It listens on 127.0.0.1 only, whatever the CA itself listens on. Port and token stand in `admin.json`, mode
0600. A web page that a browser on this machine shows knows no token, and could send neither one nor JSON
before CORS is asked, which is not answered; a name that is made to lead here (DNS rebinding) is not the Host
that is expected.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, cast

from ...certificates import dump_certificate, pem_of
from ...files import write_atomically
from ..ca import SandboxCA
from ..ledger.document import document
from ..ledger.reading import Contents
from ..switches import to_json
from .loop import Limits
from .messages import Reply, Request, refusal
from .server import Server, listening

ADMIN_FILE = "admin.json"
SCHEMA = "csc/sandbox-admin/1"
_JSON = "application/json"
_LIMITS = Limits(body=64 * 1024, connections=16, idle=5.0, request=5.0)


class _Wrong(Exception):
    """A request that is refused, with its status."""

    def __init__(self, status: HTTPStatus, text: str) -> None:
        super().__init__(text)
        self.status = status


@contextmanager
def administered(ca: SandboxCA, folder: Path, server: Server) -> Generator[Server]:
    """Let a CA that `server` serves be administered for the length of the block; `folder` tells how.

    Raises:
        OSError: if the folder cannot be written.
    """
    token = secrets.token_urlsafe(32)
    desk = _Desk(ca, token)
    with listening("127.0.0.1", 0, desk.answer, _LIMITS) as admin:
        desk.hosts = tuple(f"{host}:{admin.port}" for host in ("127.0.0.1", "localhost"))
        path = folder / ADMIN_FILE
        told = {
            "schema": SCHEMA,
            "port": admin.port,
            "token": token,
            "url": server.url,
            "process": os.getpid(),
        }
        write_atomically(path, f"{json.dumps(told)}\n".encode(), 0o600)
        try:
            yield admin
        finally:
            path.unlink(missing_ok=True)


@dataclass(slots=True)
class _Desk:
    ca: SandboxCA
    token: str = field(repr=False)
    hosts: tuple[str, ...] = ()

    def answer(self, requests: Sequence[Request]) -> Sequence[Reply]:
        return [self._answer(request) for request in requests]

    def _answer(self, request: Request) -> Reply:
        try:
            self._check(request)
            handlers = _ROUTES.get(request.path)
            if handlers is None:
                raise _Wrong(HTTPStatus.NOT_FOUND, f"there are {', '.join(_ROUTES)}")
            handler = handlers.get(request.method)
            if handler is None:
                text = f"{' and '.join(handlers)} can be asked here"
                raise _Wrong(HTTPStatus.METHOD_NOT_ALLOWED, text)
            given = {} if request.method == "GET" else _read(request)
            told = handler(self.ca, given)
        except _Wrong as wrong:
            return refusal(wrong.status, str(wrong))
        except Exception as error:  # a mistake of ours, or the disk's
            return refusal(HTTPStatus.INTERNAL_SERVER_ERROR, type(error).__name__)
        return Reply(HTTPStatus.OK, _JSON, json.dumps(told).encode())

    def _check(self, request: Request) -> None:
        if request.headers.get("host", "").lower() not in self.hosts:
            raise _Wrong(HTTPStatus.MISDIRECTED_REQUEST, "this is served on loopback only")
        if "origin" in request.headers:
            raise _Wrong(HTTPStatus.FORBIDDEN, "browsers are not served")
        given = request.headers.get("authorization", "").encode()
        if not hmac.compare_digest(given, f"Bearer {self.token}".encode()):
            raise _Wrong(HTTPStatus.UNAUTHORIZED, f"the token in {ADMIN_FILE} is needed")


def _read(request: Request) -> dict[str, Any]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _JSON:
        raise _Wrong(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Content-Type is {_JSON}")
    try:
        given = json.loads(request.body)
    except (ValueError, RecursionError):
        raise _Wrong(HTTPStatus.BAD_REQUEST, "the body is no JSON") from None
    if not isinstance(given, dict):
        raise _Wrong(HTTPStatus.BAD_REQUEST, "the body is no JSON object")
    return cast("dict[str, Any]", given)


# -- what can be asked -----------------------------------------------------------------------------


def _behaviour(ca: SandboxCA, given: dict[str, Any]) -> Any:
    del given
    return to_json(ca.behaviour)


def _change(ca: SandboxCA, given: dict[str, Any]) -> Any:
    try:
        return to_json(ca.change_behaviour(given))
    except ValueError as error:
        raise _Wrong(HTTPStatus.BAD_REQUEST, str(error)) from None


def _roll_over(ca: SandboxCA, given: dict[str, Any]) -> Any:
    """A new root, of the key kind that is asked for, or of the one before."""
    kind = given.pop("key", None)
    if given or not (kind is None or isinstance(kind, str)):
        raise _Wrong(HTTPStatus.BAD_REQUEST, 'the body is {} or {"key": KIND}')
    try:
        root = ca.roll_over(kind)
    except ValueError as error:
        raise _Wrong(HTTPStatus.BAD_REQUEST, str(error)) from None
    return {"root": pem_of(dump_certificate(root))}


def _ledger(ca: SandboxCA, given: dict[str, Any]) -> Any:
    del given
    return document(Contents(ca.ledger(), ca.requests()))


_ROUTES: dict[str, dict[str, Callable[[SandboxCA, dict[str, Any]], Any]]] = {
    "/behaviour": {"GET": _behaviour, "PATCH": _change},
    "/roll-over": {"POST": _roll_over},
    "/ledger": {"GET": _ledger},
}

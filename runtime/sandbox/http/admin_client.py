"""The folder of a running sandbox and a question in, what its admin endpoint answers out."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .admin import ADMIN_FILE, SCHEMA

_PATIENCE = 30.0


class NotRunning(Exception):
    """No sandbox runs in the folder."""


class Refused(Exception):
    """The endpoint says no; the text says why."""


@dataclass(frozen=True, slots=True)
class Admin:
    """How a running sandbox is reached. `url` is the CA's own."""

    port: int
    token: str = field(repr=False)
    url: str


def find_admin(folder: Path) -> Admin:
    """The admin endpoint of the sandbox that runs in `folder`.

    Raises:
        NotRunning: if none does.
        OSError: if the folder cannot be read.
    """
    try:
        told = json.loads((folder / ADMIN_FILE).read_text(encoding="utf-8"))
        if told["schema"] != SCHEMA:
            raise NotRunning
        return Admin(int(told["port"]), str(told["token"]), str(told["url"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        raise NotRunning from None


def ask(admin: Admin, method: str, path: str, body: object = None) -> Any:
    """The endpoint's answer, read as JSON.

    Raises:
        NotRunning: if nobody answers: the sandbox was killed.
        Refused: if it refuses.
    """
    headers = {"Authorization": f"Bearer {admin.token}"}
    data = None
    if body is not None:
        data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
    connection = http.client.HTTPConnection("127.0.0.1", admin.port, timeout=_PATIENCE)
    try:
        connection.request(method, path, data, headers)
        response = connection.getresponse()
        answer = response.read()
    except (OSError, http.client.HTTPException):
        raise NotRunning from None
    finally:
        connection.close()
    if response.status == http.client.UNAUTHORIZED:
        raise NotRunning  # another process has the port of one that was killed
    if response.status != http.client.OK:
        raise Refused(answer.decode(errors="replace").strip())
    return json.loads(answer)

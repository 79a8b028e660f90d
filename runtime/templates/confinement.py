"""A user's template and its variables in, its text out: run by a process of its own, within limits."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from .rendering import Template, TemplateError


@dataclass(frozen=True, slots=True)
class Limits:
    """What a template may take: seconds of the processor, bytes of memory, characters that it makes."""

    seconds: float = 10.0
    memory: int = 2 << 30
    characters: int = 256 << 20


DEFAULT_LIMITS = Limits()
# Starting Python and reading the variables comes on top, and the machine may be busy.
_WAIT_FACTOR, _WAIT_SECONDS = 5, 60


def render_confined(
    template: Template, variables: Mapping[str, Any], limits: Limits = DEFAULT_LIMITS
) -> str:
    """What the template makes of the variables.

    Raises:
        TemplateError: if the template is wrong, or takes more than the limits allow.
    """
    request = {
        "name": template.name,
        "text": template.text,
        "folder": None if template.folder is None else str(template.folder.resolve()),
        "variables": variables,
        "seconds": limits.seconds,
        "memory": limits.memory,
        "characters": limits.characters,
    }
    package, _, _ = __name__.rpartition(".")
    try:
        done = subprocess.run(  # noqa: S603  (our own module)
            # -P: what lies in the working directory is not imported.
            [sys.executable, "-P", "-X", "utf8", "-m", f"{package}.child"],
            input=json.dumps(request, default=_plain),
            capture_output=True,
            encoding="utf-8",
            env={name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ},
            timeout=limits.seconds * _WAIT_FACTOR + _WAIT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TemplateError("it does not end", template.name) from None
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        message = f"it does not end within {limits.seconds:g} s, or takes too much memory"
        raise TemplateError(message, template.name)
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        message = "it takes too much memory, or ends the process that runs it"
        raise TemplateError(message, template.name) from None
    if "error" in answer:
        raise TemplateError(answer["error"], answer["place"])
    return answer["text"]


def _plain(value: object) -> dict[str, Any]:
    """A data class as a dictionary, in which templates find the same names."""
    assert is_dataclass(value)  # noqa: S101
    return {field.name: getattr(value, field.name) for field in fields(value)}

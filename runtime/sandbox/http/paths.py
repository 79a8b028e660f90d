"""The path of a request in, the labels in it out (RFC 9811 3.6, RFC 9483 6.1).

    /.well-known/cmp                            everything
    /.well-known/cmp/OPERATION                  the messages of one operation
    /.well-known/cmp/p/NAME                     everything, with the certificate profile NAME
    /.well-known/cmp/p/NAME/OPERATION           both

Everything is served at any other path, too: clients have the paths of other CAs in their configuration.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from urllib.parse import unquote

from ..requests.labels import LABELS

WELL_KNOWN = "/.well-known/cmp"


@dataclass(frozen=True, slots=True)
class Labels:
    """Operation and certificate profile; empty where a path has none."""

    operation: str = ""
    profile: str = ""


_NONE = Labels()


class UnknownPath(Exception):
    """A path under the well-known prefix that leads nowhere; the text says why."""


def read_path(path: str, profiles: Container[str]) -> Labels:
    """The labels in a path.

    Raises:
        UnknownPath: if it has one that is not known.
    """
    if not path.startswith(WELL_KNOWN):
        return _NONE
    rest = path[len(WELL_KNOWN) :]
    if rest in ("", "/"):
        return _NONE
    if not rest.startswith("/"):
        return _NONE  # /.well-known/cmpx is another path
    segments = [unquote(segment) for segment in rest[1:].removesuffix("/").split("/")]
    profile = ""
    if segments[0] == "p":
        if len(segments) == 1:
            raise UnknownPath("a name follows /p/")
        profile = segments[1]
        if profile not in profiles:
            raise UnknownPath("there is no certificate profile with the name in the path")
        segments = segments[2:]
    if not segments:
        return Labels("", profile)
    if len(segments) > 1 or segments[0] not in LABELS:
        raise UnknownPath(f"the operations are {', '.join(sorted(LABELS))}")
    return Labels(segments[0], profile)

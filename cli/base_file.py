"""A snapshot in a file in, a state to compile against out: so that CI needs no state of its own.

`csc show --json` gives all that matters exactly. A script, as `csc show` prints it, lacks the digests of keys
and of uploads that are no DER; the validity of certificates is read from its comments.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..compiler.address import Address
from ..compiler.compile import compile_scripts
from ..compiler.configuration import Configuration, FileValue
from ..compiler.device import CertificateRecord, DeviceState
from ..compiler.diagnostics import Severity
from ..compiler.machine import Circumstances
from ..compiler.schema.catalog import Catalog
from ..compiler.serialize import configuration_from_json
from ..grammar.frozen import frozen
from ..grammar.parser import parse
from ..grammar.script import Script
from ..runtime.snapshot_files import snapshot_files
from .encoding import BOM, decode
from .exits import Failure
from .state import Base

SCHEMA = "csc/snapshot/1"
_AGAIN = "write it again: `csc show --json > FILE`"
_HEAD = re.compile(r"# (?P<reference>[^:]+): (?P<subject>.*?)(?P<revoked> \(revoked\))?")
_VALID = re.compile(r"#   valid (?P<not_before>\S+) to (?P<not_after>\S+)")
_DIGEST = re.compile(r"#   SHA-256 (?P<sha256>[0-9a-f]{64})")


@frozen
class _Facts:
    """What a snapshot tells of one certificate; times are ISO 8601."""

    subject: str
    not_before: str
    not_after: str
    is_revoked: bool
    sha256: str = ""


def read_base(path: Path, catalog: Catalog, fingerprint: Callable[[str], str]) -> Base:
    """The state of a device whose committed configuration is in the snapshot `path`.

    Raises:
        Failure: if the file cannot be read, is none, or is of another version.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Failure(f"the base {path} cannot be read: {error.strerror}") from None
    text, unreadable = decode(str(path), data)
    if unreadable is not None:
        raise Failure(f"the base {path} is no text: {unreadable.message}", _AGAIN)
    text = text.removeprefix(BOM)
    if text.lstrip().startswith("{"):
        configuration, facts = _from_json(path, text)
    else:
        script = parse(text, str(path))
        facts = dict(_from_comments(script))
        configuration = _from_script(path, script, facts, catalog, fingerprint)
    records = dict(_records(configuration, facts))
    state = DeviceState(configuration, configuration, configuration, {}, records)
    return Base(state, snapshot_files(configuration), fingerprint)


# -- JSON ------------------------------------------------------------------------------------------


def _from_json(path: Path, text: str) -> tuple[Configuration, dict[str, _Facts]]:
    try:
        document: dict[str, Any] = json.loads(text)
        if document.get("schema") != SCHEMA:
            raise Failure(
                f"the base {path} has the schema {document.get('schema')!r}, and this csc reads {SCHEMA!r}",
                _AGAIN + ", with this csc",
            )
        facts = {
            Address.parse(place).reference: _Facts(
                str(of["subject"]),
                str(of["not_before"]),
                str(of["not_after"]),
                bool(of["is_revoked"]),
            )
            for place, of in document["certificates"].items()
        }
        return configuration_from_json(document["configuration"]), facts
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Failure(
            f"the base {path} is no snapshot of csc: {type(error).__name__} {error}", _AGAIN
        ) from None


# -- a script --------------------------------------------------------------------------------------


def _from_script(
    path: Path,
    script: Script,
    facts: Mapping[str, _Facts],
    catalog: Catalog,
    fingerprint: Callable[[str], str],
) -> Configuration:
    digests = {f"{name.replace('/', '.')}.der": of.sha256 for name, of in facts.items()}

    def content(name: str) -> str:
        return f"sha256:{digests[name]}" if digests.get(name) else f"base:{name}"

    now = datetime.now(UTC)
    circumstances = Circumstances(
        DeviceState(), now, content, catalog=catalog, fingerprint=fingerprint
    )
    compilation = compile_scripts([script], circumstances)
    if compilation.prediction is None:
        found = next(d for d in compilation.diagnostics if d.severity is Severity.ERROR)
        raise Failure(
            f"the base has an error at {found.primary.span}: {found.message}",
            f"`csc validate {path}` shows all",
        )
    return compilation.prediction.candidate


def _from_comments(script: Script) -> Iterator[tuple[str, _Facts]]:
    """The facts of certificates that stand in comments, by reference."""
    head: re.Match[str] | None = None
    valid: re.Match[str] | None = None
    for comment in script.comments:
        if match := _VALID.fullmatch(comment.text):
            valid = match
        elif (match := _DIGEST.fullmatch(comment.text)) and head and valid:
            is_revoked = head["revoked"] is not None
            times = valid["not_before"], valid["not_after"]
            yield head["reference"], _Facts(head["subject"], *times, is_revoked, match["sha256"])
        elif match := _HEAD.fullmatch(comment.text):
            head, valid = match, None


# -- what CMP obtained -----------------------------------------------------------------------------


def _records(
    configuration: Configuration, facts: Mapping[str, _Facts]
) -> Iterator[tuple[Address, CertificateRecord]]:
    """A record for each certificate that is managed with CMP and bound."""
    for address, properties in configuration.items():
        certificate, key = properties.get("CertificateData"), properties.get("PrivateKey")
        if address.type != "Certificate" or properties.get("Type") != "CMPv2":
            continue
        if not isinstance(certificate, FileValue) or not isinstance(key, FileValue):
            continue
        of = facts.get(address.reference)
        subject = of.subject if of else ""
        yield (
            address,
            CertificateRecord(
                certificate.content,
                key.content,
                f"subject {subject} from {properties.get('CMPServer')}",
                subject,
                script="",
                operations=0,
                is_revoked=of.is_revoked if of else False,
                not_before=_time(of.not_before) if of else None,
                not_after=_time(of.not_after) if of else None,
            ),
        )


def _time(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)

"""A plan in, findings out that take certificates and names to be read in full, before anything is done."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping

from ..compiler import rules
from ..compiler.configuration import FileValue
from ..compiler.diagnostics import Diagnostic, finding
from ..compiler.plan import CmpOperation, ObjectChange, Operation, Plan, Step

# What needs no closer look: loading `cryptography` takes longer than checking a usual script.
_PLAIN_SUBJECT = re.compile(r"(?:CN|O|OU|L|ST|DC)=[A-Za-z0-9][A-Za-z0-9 ._-]*[A-Za-z0-9]")
_SHORT = 64
_COUNTRY = re.compile(r"C=[A-Za-z]{2}")


def check_plan(
    plan: Plan, read: Callable[[str], bytes | None], sandbox_roots: Collection[str]
) -> tuple[Diagnostic, ...]:
    """Check what the plan will rely on. `read` gives the bytes of a content id, None if unknown.

    `sandbox_roots` are the content ids of the roots that lead to a sandbox's answers, none without one.
    """
    found: list[Diagnostic] = []
    for step in plan.steps:
        match step.action:
            case ObjectChange(before=before, after=after) if after is not None:
                files = {
                    name: value for name, value in after.items() if isinstance(value, FileValue)
                }
                new = {n: v for n, v in files.items() if (before or {}).get(n) != v}
                wrong = [f for n, v in new.items() for f in _check_file(step, n, v, read)]
                found.extend(wrong)
                if new and not wrong:
                    found.extend(_check_pair(step, files, read))
            case CmpOperation():
                found.extend(_check_operation(step, step.action, sandbox_roots))
            case _:
                pass
    return tuple(found)


def _check_file(
    step: Step, name: str, value: FileValue, read: Callable[[str], bytes | None]
) -> list[Diagnostic]:
    if not value.content.startswith("sha256:"):
        return []
    data = read(value.content)
    if data is None:
        return []
    from .certificates import load_certificate, load_key

    if value.is_secret:
        what, load = "private key (PEM or DER, without a passphrase)", load_key
    else:
        what, load = "certificate (PEM or DER)", load_certificate
    if not value.is_secret and b"PRIVATE KEY" in data:
        return [
            finding(
                rules.UNREADABLE_FILE,
                f"`{value.name}` holds a private key beside the certificate",
                step.span,
                f"{name} would be kept where everybody can read it",
                help="put certificate and key into files of their own",
            )
        ]
    try:
        load(data)
    except (ValueError, TypeError):
        return [
            finding(
                rules.UNREADABLE_FILE,
                f"`{value.name}` does not hold a {what}",
                step.span,
                f"{name} is read from it",
                help="check that the file is the right one and arrived whole",
            )
        ]
    return []


def _check_pair(
    step: Step, files: Mapping[str, FileValue], read: Callable[[str], bytes | None]
) -> list[Diagnostic]:
    """Whether an uploaded key belongs to its certificate."""
    certificate, key = files.get("CertificateData"), files.get("PrivateKey")
    if certificate is None or key is None:
        return []
    data, secret = read(certificate.content), read(key.content)
    if data is None or secret is None:
        return []
    from .certificates import load_certificate, load_key

    if load_certificate(data).public_key() == load_key(secret).public_key():
        return []
    return [
        finding(
            rules.FOREIGN_KEY,
            f"`{key.name}` is not the private key of `{certificate.name}`",
            step.span,
            "this key does not belong to the certificate",
            help="upload certificate and key of one key pair",
        )
    ]


def _check_operation(
    step: Step, operation: CmpOperation, sandbox_roots: Collection[str]
) -> list[Diagnostic]:
    found: list[Diagnostic] = []
    if operation.operation is Operation.INITIATE:
        fault = _subject_fault(operation.subject)
        if fault is not None:
            found.append(
                finding(
                    rules.WRONG_VALUE,
                    f"`-subject` is not a distinguished name: {fault}".rstrip(": "),
                    step.span,
                    help='write it as in "CN=gw.example.com,O=Example" (RFC 4514)',
                )
            )
    if sandbox_roots and operation.server.ca_certificate not in sandbox_roots:
        found.append(
            finding(
                rules.FOREIGN_ROOT,
                f"{operation.server.address} trusts another CA than the sandbox's",
                step.span,
                f"{operation.server.ca} does not hold the sandbox's root",
                help="leave the CA's file out, and the sandbox's root stands in for it; "
                "or use a --device or --state of its own",
            )
        )
    return found


def _subject_fault(subject: str) -> str | None:
    """Why `subject` is no distinguished name in the form of RFC 4514, None if it is one."""
    if all(_is_plain(part) for part in subject.split(",")):
        return None
    from cryptography import x509

    try:
        x509.Name.from_rfc4514_string(subject)
    except ValueError as error:
        return str(error)
    return None


def _is_plain(part: str) -> bool:
    if part.startswith("C="):
        return _COUNTRY.fullmatch(part) is not None
    return len(part) <= _SHORT and _PLAIN_SUBJECT.fullmatch(part) is not None

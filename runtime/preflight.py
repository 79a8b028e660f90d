"""A plan in, findings out that take certificates and names to be read in full, before anything is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cryptography import x509

from ..compiler import rules
from ..compiler.configuration import FileValue
from ..compiler.diagnostics import Diagnostic, finding
from ..compiler.plan import CmpOperation, ObjectChange, Operation, Plan, Step
from .certificates import load_certificate, load_key


def check_plan(
    plan: Plan, read: Callable[[str], bytes | None], stand_in: str | None
) -> tuple[Diagnostic, ...]:
    """Check what the plan will rely on. `read` gives the bytes of a content id, None if unknown.

    `stand_in` is the content id of the root that a sandbox will answer with, None without one.
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
                found.extend(_check_operation(step, step.action, stand_in))
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


def _check_operation(step: Step, operation: CmpOperation, stand_in: str | None) -> list[Diagnostic]:
    found: list[Diagnostic] = []
    if operation.operation is Operation.INITIATE:
        try:
            x509.Name.from_rfc4514_string(operation.subject)
        except ValueError as error:
            found.append(
                finding(
                    rules.WRONG_VALUE,
                    f"`-subject` is not a distinguished name: {error}".rstrip(": "),
                    step.span,
                    help='write it as in "CN=gw.example.com,O=Example" (RFC 4514)',
                )
            )
    if stand_in is not None and operation.server.ca_certificate != stand_in:
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

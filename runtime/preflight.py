"""A plan in, findings out that take certificates and names to be read in full, before anything is done."""

from __future__ import annotations

from collections.abc import Callable

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
                for name, value in after.items():
                    if isinstance(value, FileValue) and (before or {}).get(name) != value:
                        found.extend(_check_file(step, name, value, read))
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
    if name == "PrivateKey":
        what, load = "private key (PEM or DER, without a passphrase)", load_key
    else:
        what, load = "certificate (PEM or DER)", load_certificate
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

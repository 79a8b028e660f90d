"""What went wrong when a CA was asked in, the finding that says so out."""

from __future__ import annotations

from ...compiler import rules
from ...compiler.diagnostics import Diagnostic, Label, Rule, finding
from ..cmp.checks import BODY
from ..cmp.errors import (
    AlgorithmNotSupported,
    CMPError,
    MalformedMessage,
    NotProtected,
    ProtectionError,
    Rejected,
    TransportError,
    UnexpectedAnswer,
    UntrustedCertificate,
    WrongMac,
    describe,
)
from ..cmp.model import PKIFailureInfo, PKIStatusInfo
from .asking import ABOUT_CREDENTIALS
from .judging import Wish, revoked


def judge_failure(error: CMPError, wish: Wish) -> Diagnostic:
    """The finding: an error where the operation itself would fail in the same way, else a note."""
    refusal = _refusal(error)
    is_disbelieved = refusal is not None and bool(ABOUT_CREDENTIALS & refusal.fail_info)
    if refusal is not None and PKIFailureInfo.CERT_REVOKED in refusal.fail_info:
        return revoked(wish, f"it says: {describe(refusal)}")
    match error:
        case TransportError():
            return _server_fault(rules.CA_UNREACHABLE, f"no answer from {wish.server}", error, wish)
        case MalformedMessage():
            return _server_fault(
                rules.CA_UNREACHABLE,
                f"what answers for {wish.server} is no CMP server",
                error,
                wish,
            )
        case UnexpectedAnswer(what=what) if what != BODY:
            return _server_fault(
                rules.ANSWER_NOT_BELIEVED,
                f"the answer of {wish.server} is not to this question",
                error,
                wish,
            )
        case NotProtected() if refusal is None:
            return _server_fault(
                rules.ANSWER_NOT_BELIEVED,
                f"nobody vouches for the answer of {wish.server}",
                error,
                wish,
            )
        case WrongMac():
            return _refused(error, wish)
        case ProtectionError() | AlgorithmNotSupported() if refusal is None:
            return _server_fault(
                rules.ANSWER_NOT_BELIEVED,
                f"the answer of {wish.server} is not protected as it has to be",
                error,
                wish,
            )
        case UntrustedCertificate():
            return _server_fault(
                rules.ANSWER_NOT_BELIEVED,
                f"{wish.operation.server.ca.reference} does not vouch for the answer of"
                f" {wish.server}",
                error,
                wish,
            )
        case _ if is_disbelieved:
            return _refused(error, wish)
        case _:
            return finding(
                rules.QUESTION_OPEN,
                f"{wish.server} answers no questions",
                wish.where("clientcert"),
                "what it takes is not checked",
                notes=(error.message,),
            )


def _refusal(error: CMPError) -> PKIStatusInfo | None:
    """What the CA refuses with, or what claims to."""
    match error:
        case Rejected(status=status):
            return status
        case NotProtected(claim=claim):
            return claim
        case _:
            return None


def _uses_secret(wish: Wish) -> bool:
    return wish.operation.username is not None


def _server_fault(rule: Rule, message: str, error: CMPError, wish: Wish) -> Diagnostic:
    return finding(
        rule, message, wish.where("clientcert"), notes=(error.message,), help=error.way_out or None
    )


def _refused(error: CMPError, wish: Wish) -> Diagnostic:
    target = wish.operation.target.reference
    if _uses_secret(wish):
        return finding(
            rules.CREDENTIAL_REFUSED,
            f"{wish.server} and the script have not the same secret for {target}",
            wish.where("password"),
            "the secret, or",
            secondary=(Label(wish.where("username"), "the reference number is another one"),),
            notes=(error.message, *_transaction(error)),
            help="check both with the CA's operator; they may have been used, or have expired"
            if not wish.operation.is_hex
            else "check both with the CA's operator, and whether they are hexadecimal (-hex)",
        )
    signer = wish.operation.signer or wish.operation.target
    return finding(
        rules.CREDENTIAL_REFUSED,
        f"{wish.server} does not accept what {signer.reference} signs",
        wish.where("signer" if wish.operation.signer else "clientcert"),
        "will be refused in the same way",
        notes=(error.message, *_transaction(error)),
        help="see the CA's log: is this a certificate that it issued, or a vendor's that it trusts?",
    )


def _transaction(error: CMPError) -> tuple[str, ...]:
    """What the CA's operator finds the refusal by."""
    if error.transaction_id is None:
        return ()
    return (f"transaction {error.transaction_id.hex()}",)

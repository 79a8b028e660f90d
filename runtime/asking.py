"""A CMP operation of a plan in, the transaction that asks the CA for it out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from ..compiler.kinds import hexadecimal_fault
from ..compiler.plan import CmpOperation, Operation, Secret, Server
from .certificates import dump_certificate, load_certificate, load_chain, load_key
from .cmp import requests
from .cmp.codec import decode
from .cmp.credentials import (
    Credential,
    MacScheme,
    PasswordCredential,
    RSAPadding,
    SignatureCredential,
)
from .cmp.errors import ProtectionError
from .cmp.http.tls import SYSTEM_ROOTS, TlsTrust
from .cmp.model import BodyType
from .cmp.names import alternative_names
from .cmp.policy import Policy
from .cmp.protection import verify_mac
from .cmp.transaction import Transaction
from .errors import ContentMissing, SecretUnusable
from .secrets import read_secret
from .state.journal import OpenOperation
from .state.store import Store
from .state.vault import Vault

_MACS = {"PBM": MacScheme.PBM, "PBMAC1": MacScheme.PBMAC1, "PBM-SHA1": MacScheme.PBM_SHA1}
_PADDINGS = {"PKCS1": RSAPadding.PKCS1, "PSS": RSAPadding.PSS}
_REASONS = {reason.value: reason for reason in x509.ReasonFlags}


class Keeper(Protocol):
    """What gives certificates and keys by their content ids."""

    def certificate(self, planned: str | None) -> x509.Certificate:
        """A certificate.

        Raises:
            ContentMissing: here and below, if it is not at hand.
        """
        ...

    def chain(self, planned: str | None) -> tuple[x509.Certificate, ...]:
        """What stands behind a certificate in the file that it came in."""
        ...

    def key(self, planned: str | None) -> PrivateKeyTypes:
        """A private key."""
        ...


@dataclass(frozen=True, slots=True)
class Holdings:
    """Where certificates and keys lie; `resolve` maps planned content ids to real ones."""

    store: Store
    vault: Vault
    resolve: Callable[[str], str]

    def certificate(self, planned: str | None) -> x509.Certificate:
        """A certificate by its content id.

        Raises:
            ContentMissing: if it is not in the state.
        """
        return self.stored_certificate(self.resolve(planned or ""))

    def chain(self, planned: str | None) -> tuple[x509.Certificate, ...]:
        """What stands behind a certificate in the file that it came in."""
        return load_chain(self.store.content(self.resolve(planned or "")) or b"")

    def stored_certificate(self, content: str) -> x509.Certificate:
        """A certificate by its real content id.

        Raises:
            ContentMissing: if it is not in the state.
        """
        data = self.store.content(content)
        if data is None:
            raise ContentMissing(
                f"the certificate {content} is not in the state", "bind it again from its file"
            )
        return load_certificate(data)

    def key(self, planned: str | None) -> PrivateKeyTypes:
        """A private key by its content id.

        Raises:
            ContentMissing: if it is not in the state.
        """
        return self.stored_key(self.resolve(planned or ""))

    def stored_key(self, content: str) -> PrivateKeyTypes:
        """A private key by its real content id.

        Raises:
            ContentMissing: if it is not in the state.
        """
        sealed = self.store.secret(content)
        if sealed is None:
            raise ContentMissing(
                f"the private key {content} is not in the state",
                "without its key a certificate cannot be updated or revoked: obtain a new one",
            )
        return load_key(self.vault.decrypt(content, sealed))


def transaction_for(
    operation: CmpOperation,
    holdings: Holdings,
    key: PrivateKeyTypes | None,
    *,
    now: datetime,
    random: Callable[[int], bytes],
    earlier: OpenOperation | None,
) -> Transaction:
    """The transaction for `operation`; `earlier` is one that was cut off, and goes on.

    `key` is the new key; None for a revocation, and where the CA makes it.

    Raises:
        ApplyError: if a secret or a stored certificate is missing.
    """
    server = operation.server
    anchor = holdings.certificate(server.ca_certificate)
    policy = policy_of(server)
    resend, last = (earlier.request, earlier.last) if earlier else (None, None)
    if operation.operation is Operation.INITIATE:
        return requests.initialize(
            subject=x509.Name.from_rfc4514_string(operation.subject),
            key=key,
            credential=credential_of(operation, holdings),
            anchors=(anchor,),
            recipient=anchor.subject,
            now=now,
            random=random,
            body_type=BodyType(operation.request_type.value),
            names=alternative_names(operation.san),
            profile=operation.profile,
            policy=policy,
            resend=resend,
            last=last,
        )
    credential = pair_in_force(operation, holdings)
    certificate, certificate_key = credential.certificate, credential.private_key
    if operation.operation is Operation.UPDATE:
        return requests.update(
            certificate=certificate,
            certificate_key=certificate_key,
            key=key,
            anchors=(anchor,),
            now=now,
            random=random,
            credential=credential,
            names=alternative_names(operation.san),
            profile=operation.profile,
            policy=policy,
            resend=resend,
            last=last,
        )
    return requests.revoke(
        certificate=certificate,
        certificate_key=certificate_key,
        anchors=(anchor,),
        now=now,
        random=random,
        reason=_REASONS[operation.reason or "unspecified"],
        credential=credential,
        policy=policy,
        resend=resend,
        last=last,
    )


def policy_of(server: Server) -> Policy:
    """How answers of a CMPServer are taken: its `Tolerate` and `Confirmation`."""
    return Policy(
        unprotected_error="unprotected-error" in server.tolerate,
        unprotected_pkiconf="unprotected-pkiconf" in server.tolerate,
        unprotected_rp="unprotected-rp" in server.tolerate,
        any_signer="any-signer" in server.tolerate,
        asks_implicit_confirm=server.is_implicit,
    )


def tls_trust_of(server: Server, holdings: Keeper) -> TlsTrust | None:
    """What a CMPServer's TLS certificate may lead to, by its property TLS; None without TLS.

    Raises:
        ContentMissing: if the CACert is not in the state.
    """
    if not server.uses_tls:
        return None
    if server.tls == "System":
        return SYSTEM_ROOTS
    ca = dump_certificate(holdings.certificate(server.ca_certificate))
    return TlsTrust(ca, uses_system=server.tls != "CACert")


def pair_in_force(operation: CmpOperation, holdings: Keeper) -> SignatureCredential:
    """What signs an update or a revocation.

    Raises:
        ContentMissing: if the certificate or its key is not in the state.
    """
    return SignatureCredential(
        holdings.certificate(operation.old_certificate),
        holdings.key(operation.old_key),
        padding=_PADDINGS[operation.server.rsa_padding],
    )


def credential_of(operation: CmpOperation, holdings: Keeper) -> Credential:
    """What an initiate is authenticated with: a certificate that signs it, or reference number and secret.

    Raises:
        ContentMissing: if the certificate or its key is not in the state.
        SecretMissing, SecretUnusable: as `password_of`.
    """
    server = operation.server
    if operation.signer_certificate is not None:
        return SignatureCredential(
            holdings.certificate(operation.signer_certificate),
            holdings.key(operation.signer_key),
            holdings.chain(operation.signer_certificate),
            padding=_PADDINGS[server.rsa_padding],
        )
    return password_of(operation)


def password_of(operation: CmpOperation) -> PasswordCredential:
    """Reference number and secret of an initiate, as bytes: UTF-8, or what their digits say with -hex.

    Raises:
        SecretMissing: if one cannot be read.
        SecretUnusable: if one is not what it has to be.
    """
    assert operation.username is not None  # noqa: S101  (an initiate without a signer has both)
    assert operation.password is not None  # noqa: S101
    reference, secret = read_pair(operation.username, operation.password, is_hex=operation.is_hex)
    return PasswordCredential(reference, secret, _MACS[operation.server.mac])


def read_pair(username: Secret, password: Secret, *, is_hex: bool) -> tuple[bytes, bytes]:
    """A reference number and its secret, as bytes.

    Raises:
        SecretMissing, SecretUnusable: as `password_of`.
    """
    texts = read_secret(username), read_secret(password)
    if is_hex:
        return _from_hexadecimal(texts[0], username), _from_hexadecimal(texts[1], password)
    return texts[0].encode(), texts[1].encode()


def is_made_with(request: bytes, operation: CmpOperation) -> bool:
    """Whether a request of an earlier run has the MAC of the secret that `operation` names now.

    Raises:
        SecretMissing, SecretUnusable: as `password_of`.
    """
    if operation.username is None:
        return True
    try:
        verify_mac(decode(request), password_of(operation).secret, accepts_sha1=True)
    except ProtectionError:
        return False
    return True


def _from_hexadecimal(text: str, secret: Secret) -> bytes:
    fault = hexadecimal_fault(text)
    if fault is not None:
        raise SecretUnusable(
            f"{secret.source} is not hexadecimal, and -hex says that it is: it {fault}",
            "give pairs of the digits 0-9 and a-f and nothing else, or leave -hex out",
        )
    return bytes.fromhex(text)

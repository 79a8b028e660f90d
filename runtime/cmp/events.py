"""What a transaction asks for, and what it tells while it goes on: data of `transaction`."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from .errors import CMPError
from .model import BodyType, InfoTypeAndValue, PKIStatusInfo
from .policy import STRICT, Policy
from .protection import Credential


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for: all that an answer is held against.

    `key` is the new key and `subject` its certificate's, both None where no certificate is asked for;
    `key` is None, too, where the CA makes it (`is_central`, RFC 9483 4.1.6). `names` are the
    alternative names to be certified, `general_info` travels in the header of the first message.
    """

    type: BodyType
    credential: Credential
    anchors: tuple[x509.Certificate, ...]
    recipient: x509.Name
    key: PrivateKeyTypes | None = None
    subject: x509.Name | None = None
    names: x509.SubjectAlternativeName | None = None
    general_info: tuple[InfoTypeAndValue, ...] = ()
    policy: Policy = STRICT
    is_central: bool = False


@dataclass(frozen=True, slots=True)
class CertificateReceived:
    """The CA issued the certificate that was asked for, for the private key `key`.

    `chain` holds what came along, untrusted. `changes` says in words where the CA granted something else
    than was asked for (grantedWithMods). `issuers` lead from the certificate's own up to the CA's own
    certificate, which is the last: they are checked.
    """

    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    status: PKIStatusInfo
    key: PrivateKeyTypes
    changes: tuple[str, ...] = ()
    issuers: tuple[x509.Certificate, ...] = ()


@dataclass(frozen=True, slots=True)
class CertificateRefused:
    """The CA issued something else; `error` says what is wrong with it. `certificate` None: unreadable.

    `key` is the one that it certifies, None if that is not ours.
    """

    certificate: x509.Certificate | None
    error: CMPError
    key: PrivateKeyTypes | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """The CA has not decided yet: the next message is to be sent `check_after` seconds from now."""

    check_after: int
    reason: str


@dataclass(frozen=True, slots=True)
class Challenged:
    """The CA has the new key prove that it can decrypt (RFC 9810 5.2.8.3.3)."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The CA has taken the confirmation; `was_before`: an earlier one, says certConfirmed."""

    was_before: bool = False


@dataclass(frozen=True, slots=True)
class Revoked:
    """The CA has revoked the certificate, or did so earlier; `status` says which."""

    status: PKIStatusInfo


@dataclass(frozen=True, slots=True)
class Answered:
    """The CA answered a general message (RFC 9810 5.3.20)."""

    infos: tuple[InfoTypeAndValue, ...]


Event = (
    CertificateReceived | CertificateRefused | Waiting | Challenged | Confirmed | Revoked | Answered
)

"""What can go wrong between this end entity and its CA.

    CMPError
    +-- TransportError              HTTP: no complete answer came
    |   +-- ConnectFailed           nobody listens there: the request was never sent
    |   |   +-- TlsFailed           TLS, or the server's certificate for it, is refused
    |   |   +-- ProxyRefused        the proxy does not open the way to the server
    |   +-- TimedOut                the answer did not come, or not whole, in time
    |   +-- ConnectionBroken        the connection ended before the answer did
    |   +-- HTTPStatusError         an answer that is not a CMP message
    |   |   +-- Redirected          an answer that points elsewhere
    |   |   +-- ServerBusy          the server asks to come back later
    |   +-- AnswerTooLarge          more than a CMP message may have
    +-- MalformedMessage            bytes that are no PKIMessage
    +-- ProtectionError             MAC or signature missing, wrong, or of a kind not accepted
    |   +-- NotProtected            neither is there
    |   +-- WrongMac                a MAC that is made with another secret
    +-- UnexpectedAnswer            a header or body that does not belong to the request
    +-- StillWaiting                the CA has not decided within the time that it was given
    +-- Rejected                    the CA says no
    +-- UntrustedCertificate        a certificate that does not lead to the CA's
    +-- WrongCertificate            not the certificate that was asked for
    +-- DecryptionFailed            what the CA encrypted does not open
    +-- AlgorithmNotSupported       made in a way that is not known here, or not accepted

Texts of the peer are cut and stripped of control characters before they stand in a message.
"""

from __future__ import annotations

from .model import PKIFailureInfo, PKIStatus, PKIStatusInfo

_LONGEST_TEXT = 200
_LONGEST_MESSAGE = 2000


class CMPError(Exception):
    """Anything below. `transaction_id` is None outside a transaction; `way_out` says what to do."""

    way_out = ""

    def __init__(self, message: str, transaction_id: bytes | None = None) -> None:
        # What a peer sends may have object identifiers of any length in it, too.
        self.message = message[:_LONGEST_MESSAGE]
        super().__init__(self.message)
        self.transaction_id = transaction_id

    def __str__(self) -> str:
        if self.transaction_id is None:
            return self.message
        return f"{self.message} (transaction {self.transaction_id.hex()})"


class TransportError(CMPError):
    """No complete answer came."""


class ConnectFailed(TransportError):
    """Nobody listens there."""

    way_out = "check FQDN and Port of the CMPServer, and that the server runs and can be reached"


class TlsFailed(ConnectFailed):
    """TLS with the server did not come about: what was expected, and what came."""

    way_out = (
        "check that the CA's certificate, or the system's roots, issued the server's certificate"
    )

    def __init__(self, what: str, expected: str, got: str) -> None:
        super().__init__(f"{what}: expected {expected}, got {clean(got)}")
        self.expected = expected
        self.got = got


class ProxyRefused(ConnectFailed):
    """The proxy of the environment does not open the way to the server."""

    way_out = "check HTTP_PROXY and HTTPS_PROXY, or name the server in NO_PROXY"


class TimedOut(TransportError):
    """The answer did not come in time."""

    way_out = "apply again: the same request is sent again, and the CA answers it as before"


class ConnectionBroken(TransportError):
    """The connection ended before the answer did."""

    way_out = "apply again: the same request is sent again, and the CA answers it as before"


class HTTPStatusError(TransportError):
    """An HTTP answer that holds no CMP message."""

    way_out = "check FQDN, Port and Path of the CMPServer: is this a CMP server?"


class Redirected(HTTPStatusError):
    """An HTTP answer that points elsewhere; nobody goes there (RFC 9811 3.3)."""

    way_out = "if the CA has moved, set FQDN, Port and Path of the CMPServer to its new place"


class ServerBusy(HTTPStatusError):
    """The server asks to come back in `retry_after` seconds, which is longer than can be waited."""

    way_out = "apply again later: the same request is sent again"

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class AnswerTooLarge(TransportError):
    """More bytes than a CMP message may have."""

    way_out = "check FQDN, Port and Path of the CMPServer: is this a CMP server?"


class MalformedMessage(CMPError):
    """Bytes that are no PKIMessage."""

    way_out = "check FQDN, Port and Path of the CMPServer: is this a CMP server?"


class ProtectionError(CMPError):
    """A message that is not protected as it has to be."""

    way_out = "check -username, -password and the CACert of the CMPServer"


class NotProtected(ProtectionError):
    """A message without MAC or signature; `claim` is the refusal that it says it is, from anybody."""

    def __init__(
        self, message: str, transaction_id: bytes | None = None, claim: PKIStatusInfo | None = None
    ) -> None:
        super().__init__(message, transaction_id)
        self.claim = claim


class WrongMac(ProtectionError):
    """A MAC that is not made with the shared secret."""


class UnexpectedAnswer(CMPError):
    """An answer that does not belong to the request: what was expected, and what came."""

    way_out = "somebody between here and the CA may have exchanged messages: look at the network"

    def __init__(
        self, what: str, expected: str, got: str, transaction_id: bytes | None = None
    ) -> None:
        super().__init__(f"{what}: expected {expected}, got {clean(got)}", transaction_id)
        self.what = what
        self.expected = expected
        self.got = got


class StillWaiting(CMPError):
    """The CA has not decided within the time that it was given. Nothing is lost: it can be polled on."""

    way_out = (
        "have the request approved at the CA, then apply again: polling goes on where it stopped"
    )


class Rejected(CMPError):
    """The CA refused; `status` is its answer."""

    way_out = "the reason is the CA's: see its log, or ask its operator"

    def __init__(
        self, what: str, status: PKIStatusInfo, transaction_id: bytes | None = None
    ) -> None:
        super().__init__(f"the CA refuses the {what}: {describe(status)}", transaction_id)
        self.status = status
        if PKIFailureInfo.BAD_MESSAGE_CHECK in status.fail_info:
            self.way_out = "check -username and -password: the CA does not accept them"


class UntrustedCertificate(CMPError):
    """A certificate that does not lead to the CA's own."""

    way_out = "check that the CACert of the CMPServer is this CA's root certificate"


class WrongCertificate(CMPError):
    """The CA issued something else than was asked for."""

    way_out = "the CA made a mistake: report it to its operator"


class DecryptionFailed(CMPError):
    """What the CA encrypted for this end entity does not open."""

    way_out = "the CA encrypted for another key or password than the one at hand, or made a mistake"


class AlgorithmNotSupported(CMPError):
    """An algorithm, or a way to use it, that is not known here or not accepted; names it with its OID."""

    way_out = "have the CA use an algorithm that RFC 9481 lists"


def clean(text: str) -> str:
    """A peer's text, fit to be shown."""
    shown = "".join(c if c.isprintable() else " " for c in text)
    return shown if len(shown) <= _LONGEST_TEXT else shown[:_LONGEST_TEXT] + "…"


def describe(status: PKIStatusInfo) -> str:
    """A status in words: `rejection (badPOP): signature wrong`."""
    name = status.status.name if isinstance(status.status, PKIStatus) else f"{status.status}"
    text = name.lower().replace("_", " ")
    if status.fail_info:
        text += f" ({', '.join(failure_name(bit) for bit in sorted(status.fail_info))})"
    if status.status_string:
        text += f": {clean('; '.join(status.status_string))}"
    return text


def failure_name(bit: PKIFailureInfo) -> str:
    """The RFC's name of a failure bit: `badMessageCheck`."""
    if bit is PKIFailureInfo.BAD_POP:
        return "badPOP"
    first, *rest = bit.name.lower().split("_")
    return first + "".join(word.capitalize() for word in rest)

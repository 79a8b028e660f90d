"""A plan as data: the steps that a script means against a given state, and what each waits for.

What is in a step's action decides what `apply` does; `reason`, `span` and `Plan.unchanged` are for people.
No secret is in a plan: it names where one is read from.
"""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum

from ..grammar.ast import Span
from ..grammar.frozen import frozen
from .address import Address
from .configuration import Properties


class Change(StrEnum):
    """What happens to an object."""

    ADD = "add"
    UPDATE = "change"
    DELETE = "delete"


@frozen
class ObjectChange:
    """An object of the candidate before (None: not there) and after (None: gone)."""

    change: Change
    address: Address
    before: Properties | None
    after: Properties | None


class Operation(StrEnum):
    """certmgr's actions."""

    INITIATE = "initiate"
    UPDATE = "update"
    REVOKE = "revoke"


class RequestType(StrEnum):
    """The CMP message that asks, by its name in RFC 9810 5.1.2."""

    IR = "ir"
    CR = "cr"
    P10CR = "p10cr"
    KUR = "kur"
    RR = "rr"


# RFC 9810 5.1.2; p10cr is answered with cp (5.3.4).
ANSWERS: dict[RequestType, str] = {
    RequestType.IR: "ip",
    RequestType.CR: "cp",
    RequestType.P10CR: "cp",
    RequestType.KUR: "kup",
    RequestType.RR: "rp",
}


@frozen
class Secret:
    """Where a confidential text comes from: `${env:…}`, `${file:…}`, or `text` in the script itself.

    Only `source` is ever shown or saved.
    """

    source: str
    text: str | None = field(default=None, repr=False, compare=False)


# Where a CMPServer that does not say so is spoken to over TLS.
TLS_PORTS = (443, 8443)


@frozen
class Server:
    """A CMPServer as an operation uses it.

    `ca` is the Certificate that its CACert names, `ca_certificate` that one's content id. What follows is
    csc's own: `tls` is `No`, `CACert` or `System` (whose roots the server's certificate is checked against),
    empty if the port decides; `mac` is `PBM`, `PBMAC1` or `PBM-SHA1`, `rsa_padding` is `PKCS1` or `PSS`;
    `is_implicit`: implicitConfirm is asked for (RFC 9810 5.1.1.1); `tolerate` names deviations of the CA that
    are put up with; `poll_limit` is how many seconds an undecided CA is waited for.
    """

    address: Address
    host: str
    port: int
    path: str
    ca: Address
    ca_certificate: str
    tls: str = ""
    mac: str = "PBM"
    rsa_padding: str = "PKCS1"
    is_implicit: bool = False
    tolerate: tuple[str, ...] = ()
    poll_limit: int = 600

    @property
    def uses_tls(self) -> bool:
        """Whether messages go over TLS: as `tls` says, else by the port."""
        return self.tls != "No" if self.tls else self.port in TLS_PORTS

    @property
    def url(self) -> str:
        """Where messages go; the device supplies the slash before Path (Administration Guide 16.4)."""
        scheme = "https" if self.uses_tls else "http"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}/{self.path.lstrip('/')}"


@frozen
class Replaced:
    """A valid certificate that a fresh enrolment takes the place of; its CA goes on trusting it."""

    certificate: str
    serial_number: str
    not_after: str


@frozen
class CmpOperation:
    """One certmgr operation.

    `certificate` and `key`: content ids of the pair it obtains; for a revocation, of the pair it ends.
    `old_certificate` and `old_key`: the pair in force that signs an update or a revocation. `username` and
    `password` only with initiate; `is_hex` says that both are hexadecimal. In their place `signer` may name
    the Certificate object that signs an initiate: `signer_certificate` and `signer_key` are the content ids
    that it holds. `request`, `script` and `operations` are for the record (see `CertificateRecord`).
    `replaces`: with `--replace`, what is in force.

    `san`: subject alternative names, each `DNS:`, `IP:`, `EMAIL:` or `URI:` and a value; for an update
    without any, those of the old certificate hold. `key_type`: one of `key_types`, None for an update with
    a key of the old one's kind, and for a revocation. `is_central`: the CA makes the key (RFC 9483 4.1.6).
    `reason`: of a revocation, by its name in RFC 5280 5.3.1. `profile`: certProfile (RFC 9810 5.1.1.4).
    """

    operation: Operation
    request_type: RequestType
    target: Address
    server: Server
    subject: str
    request: str
    script: str
    operations: int
    certificate: str
    key: str
    old_certificate: str | None = None
    old_key: str | None = None
    username: Secret | None = None
    password: Secret | None = None
    is_hex: bool = False
    replaces: Replaced | None = None
    san: tuple[str, ...] = ()
    key_type: str | None = None
    is_central: bool = False
    signer: Address | None = None
    signer_certificate: str | None = None
    signer_key: str | None = None
    reason: str | None = None
    profile: str | None = None

    @property
    def messages(self) -> tuple[str, ...]:
        """The names of the messages that are exchanged, with the explicit confirmation of RFC 9810 5.3.18."""
        asked = (self.request_type.value, ANSWERS[self.request_type])
        if self.operation is Operation.REVOKE or self.server.is_implicit:
            return asked
        return (*asked, "certConf", "pkiconf")


@frozen
class Activate:
    """The candidate becomes the active configuration."""


@frozen
class Commit:
    """The active configuration becomes the committed one."""


Action = ObjectChange | CmpOperation | Activate | Commit


@frozen
class Step:
    """One step: `depends_on` names the steps that have to be done before."""

    id: str
    action: Action
    depends_on: tuple[str, ...]
    span: Span
    reason: str


@frozen
class Unchanged:
    """A command that has nothing to do, and why."""

    what: str
    why: str
    span: Span


@frozen
class LeftOut:
    """A step of the whole plan that the scope leaves out, and why."""

    step: Step
    why: str


@frozen
class Renewal:
    """A command that renews a certificate whenever the script is applied.

    With `is_refused` the script ends with the certificate revoked: applied again it stops there.
    """

    certificate: Address
    span: Span
    is_refused: bool = False


@frozen
class Undo:
    """What takes a plan back: commands of a script, which files it needs, and what no script takes back."""

    commands: tuple[str, ...]
    needs: tuple[str, ...]
    lasting: tuple[str, ...]


@frozen
class Plan:
    """The whole plan, or what of it is asked for.

    `script`, `inputs` and `base` are SHA-256 digests: of what the script says, of that with the uploads that
    it names and the scope, and of the state that the plan starts from. `only` and `skip` are the scope;
    `renewals` keep the script from being idempotent. `undo` is None where nobody has asked for it.
    """

    steps: tuple[Step, ...]
    unchanged: tuple[Unchanged, ...]
    script: str
    inputs: str
    base: str
    renewals: tuple[Renewal, ...] = ()
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    undo: Undo | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.steps

    @property
    def is_whole(self) -> bool:
        """Whether no scope was asked for."""
        return not (self.only or self.skip)

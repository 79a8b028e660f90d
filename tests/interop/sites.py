"""The three CAs, each in the variants that cells need: started when they are first met, stopped at the end.

`Sites.meet` gives what a client has to know of the CA, and what the CA has recorded.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from csc.runtime.cmp.client import Connection, run
from csc.runtime.cmp.codec import decode
from csc.runtime.cmp.credentials import PasswordCredential, SignatureCredential
from csc.runtime.cmp.events import CertificateReceived
from csc.runtime.cmp.names import alternative_names
from csc.runtime.cmp.requests import initialize
from csc.runtime.cmp.transport import HttpTransport
from csc.runtime.sandbox.behaviour import Behaviour
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.http.server import serve
from peers import bouncycastle
from peers.certificates import ISSUES, SPEAKS_FOR_CA, Issuer, make_certificate, name, new_key
from peers.openssl import mock_server
from support.command import database

from .cells import (
    BOUNCYCASTLE,
    CENTRAL,
    ERROR,
    GRANTED,
    OPENSSL,
    REJECTED,
    SANDBOX,
    SIGNERS,
    VENDOR,
    WAITING,
    Cell,
    Row,
)
from .keys import signer_key, subject_key

REFERENCE, SECRET = b"3078", b"open sesame"
SUBJECT = name("fw1")
NAMES = alternative_names(["DNS:fw1.example.com", "IP:192.0.2.1"])
# Of pollRep: how often each CA says that it is not done yet.
POLLS = 2

# The variants of BouncyCastle's CA differ in its own key, too: that is what answers are signed with.
_BOUNCYCASTLE = {
    "usual": ("--ca-key", "p256", "--root-update"),
    "implicit": ("--ca-key", "rsa2048", "--pss", "--intermediate", "--ra", "--implicit"),
    "waiting": ("--ca-key", "ed25519", "--poll", str(POLLS), "--implicit"),
    "error": ("--ca-key", "ed448", "--poll-error", str(POLLS), "--implicit", "--poll-nonce"),
    "central": ("--ca-key", "p384", "--intermediate", "--central-keys", "--implicit"),
}
_SANDBOX = {
    "usual": Behaviour(),
    "implicit": Behaviour(grants_implicit_confirm=True),
    "waiting": Behaviour(polls=POLLS, grants_implicit_confirm=True),
    "error": Behaviour(polls=POLLS, waits_by_error=True, grants_implicit_confirm=True),
}


@dataclass(frozen=True, slots=True)
class Meeting:
    """A CA that listens, as one client sees it; `answers` and `fate` are what the CA has recorded.

    `credential` is what signs where the row has signatures, and the certificate to update or revoke.
    `answers` are the bodies that it answered a transaction with, `fate` is what became of a certificate.
    """

    url: str
    root: x509.Certificate
    recipient: x509.Name
    credential: SignatureCredential | None
    answers: Callable[[bytes], list[str]]
    fate: Callable[[x509.Certificate], list[str]]
    chain: tuple[x509.Certificate, ...] = ()


class Sites:
    """The servers of one session, in a folder of their own. Close `stack` to stop them."""

    def __init__(self, folder: Path, stack: ExitStack, http: HttpTransport) -> None:
        self.folder = folder
        self.http = http
        self._stack = stack
        self._sandboxes: dict[str, tuple[SandboxCA, str, Path]] = {}
        self._bouncycastles: dict[str, tuple[Path, str]] = {}
        self._credentials: dict[tuple[str, str], SignatureCredential] = {}

    @contextmanager
    def meet(self, cell: Cell) -> Generator[Meeting]:
        """The CA of a cell, ready for it."""
        if cell.peer == OPENSSL:
            with self._meet_openssl(cell.row) as meeting:
                yield meeting
        elif cell.peer == SANDBOX:
            yield self._meet_sandbox(cell.row)
        else:
            yield self._meet_bouncycastle(cell.row)

    # -- the sandbox CA --------------------------------------------------------------------------------

    def _meet_sandbox(self, row: Row) -> Meeting:
        variant = _behaviour(row)
        if variant not in self._sandboxes:
            folder = self.folder / f"sandbox-{variant}"
            opened = SandboxCA.open(
                folder, behaviour=_SANDBOX[variant], trusts=[vendor().certificate]
            )
            ca = self._stack.enter_context(opened)
            ca.add_secret(REFERENCE, SECRET)
            server = self._stack.enter_context(serve(ca))
            self._sandboxes[variant] = (ca, server.url, folder)
        ca, url, folder = self._sandboxes[variant]

        def answers(transaction_id: bytes) -> list[str]:
            query = "SELECT response FROM answer WHERE transaction_id = ? ORDER BY rowid"
            with database(folder / "ledger.db") as opened:
                rows = opened.execute(query, (transaction_id.hex(),)).fetchall()
            return [str(decode(response).body.type) for (response,) in rows]

        def fate(certificate: x509.Certificate) -> list[str]:
            serial = f"{certificate.serial_number:x}"
            (entry,) = (e for e in ca.ledger() if e.serial_number == serial)
            return [entry.status] + ([entry.reason] if entry.status == "revoked" else [])

        credential = self._credential(f"{SANDBOX} {variant}", row, url, ca.root)
        return Meeting(url, ca.root, ca.root.subject, credential, answers, fate, ca.chain)

    # -- BouncyCastle ----------------------------------------------------------------------------------

    def _meet_bouncycastle(self, row: Row) -> Meeting:
        variant = "central" if row.operation == CENTRAL else _behaviour(row)
        if variant not in self._bouncycastles:
            folder = self.folder / f"bouncycastle-{variant}"
            folder.mkdir()
            _store(folder, "vendor", vendor().certificate)
            port = self._stack.enter_context(
                bouncycastle.bouncycastle_server(
                    folder,
                    *("--secret", f"{REFERENCE.decode()}:{SECRET.decode()}"),
                    *("--vendor-root", str(folder / "vendor.pem"), *_BOUNCYCASTLE[variant]),
                )
            )
            self._bouncycastles[variant] = (folder, f"http://127.0.0.1:{port}/")
        folder, url = self._bouncycastles[variant]
        root = x509.load_pem_x509_certificate((folder / "root.pem").read_bytes())

        def fate(certificate: x509.Certificate) -> list[str]:
            found = bouncycastle.ledger(folder)
            events = [(e, why) for e, serial, why in found if serial == certificate.serial_number]
            event, why = events[-1]
            revoked_for = {"4": "superseded"}
            return [event] + ([revoked_for[why]] if event == "revoked" else [])

        credential = self._credential(f"{BOUNCYCASTLE} {variant}", row, url, root)
        return Meeting(
            url,
            root,
            root.subject,
            credential,
            lambda transaction_id: bouncycastle.answers(folder, transaction_id),
            fate,
        )

    # -- certificates of these two CAs -----------------------------------------------------------------

    def _credential(
        self, site: str, row: Row, url: str, root: x509.Certificate
    ) -> SignatureCredential | None:
        """A certificate that this CA has issued; a new one for what ends it."""
        if row.operation == VENDOR:
            return vendor_credential(SIGNERS[row.protection])
        ends = row.operation == "rr"
        if row.protection not in SIGNERS and not ends:
            return None
        kind = row.key if row.operation in ("kur", "rr") else SIGNERS[row.protection]
        if ends:
            return self._enrol(url, root, signer_key(kind))
        if (site, kind) not in self._credentials:
            self._credentials[site, kind] = self._enrol(url, root, signer_key(kind))
        return self._credentials[site, kind]

    def _enrol(self, url: str, root: x509.Certificate, key: PrivateKeyTypes) -> SignatureCredential:
        transaction = initialize(
            subject=SUBJECT,
            key=key,
            credential=PasswordCredential(REFERENCE, SECRET),
            anchors=(root,),
            recipient=root.subject,
            now=utc_now(),
            random=secrets.token_bytes,
            names=NAMES,
        )
        outcome = run(
            transaction, over(lambda message: self.http.send(url, message)), lambda _: None
        )
        assert isinstance(outcome, CertificateReceived)
        return SignatureCredential(outcome.certificate, key, outcome.chain)

    # -- OpenSSL ---------------------------------------------------------------------------------------

    @contextmanager
    def _meet_openssl(self, row: Row) -> Generator[Meeting]:
        """A server for one cell: it issues the one certificate that it is started with."""
        folder = self.folder / "openssl"
        ca = openssl_ca()
        if not folder.exists():
            folder.mkdir()
            _store(folder, "root", ca.certificate)
            _store(folder, "vendor", vendor().certificate)
            key = signer_key("ec:p256")
            signer = _issue(ca, key, subject=name("CMP signer"), extensions=[SPEAKS_FOR_CA])
            _store(folder, "signer", signer, key)
        certified = subject_key(row.key or "ec:p256")
        # Its wrong certificate is one for another key.
        issued = signer_key(row.key) if row.confirmation == REJECTED else certified
        certificate = _issue(ca, issued)
        _store(folder, "issued", certificate)
        options = ["-rsp_cert", "issued.pem", "-verbosity", "8"]
        if row.protection in SIGNERS:
            options += ["-srv_cert", "signer.pem", "-srv_key", "signer.key"]
            options += ["-srv_trusted", "root.pem,vendor.pem"]
        else:
            options += ["-srv_ref", "the CA", "-srv_secret", f"pass:{SECRET.decode()}"]
        if row.confirmation == GRANTED:
            options.append("-grant_implicitconf")
        if row.polling == WAITING:
            options += ["-poll_count", str(POLLS + 1), "-check_after", "1"]
        if row.operation == VENDOR:
            credential = vendor_credential(SIGNERS[row.protection])
        elif row.operation in ("kur", "rr"):
            # What it updates and revokes has to be that certificate, too.
            credential = SignatureCredential(certificate, issued)
        elif row.protection in SIGNERS:
            key = signer_key(SIGNERS[row.protection])
            credential = SignatureCredential(_issue(ca, key), key)
        else:
            credential = None
        with mock_server(folder, *options) as port:
            log = folder / "mock-server.log"
            yield Meeting(
                f"http://127.0.0.1:{port}/",
                ca.certificate,
                ca.certificate.subject,
                credential,
                lambda _: _logged_answers(log, is_signed=row.protection in SIGNERS),
                lambda _: _logged_fate(log),
            )


def _behaviour(row: Row) -> str:
    if row.polling in (WAITING, ERROR):
        return row.polling.removeprefix("status ").removesuffix(" waiting")
    return "implicit" if row.confirmation == GRANTED else "usual"


def _logged_answers(log: Path, *, is_signed: bool) -> list[str]:
    """The answers of the one transaction; each request has to be found right, and protected as it should."""
    lines = log.read_text().splitlines()
    sent = [line.rpartition(": sending ")[2] for line in lines if ": sending " in line]
    # It has either the secret or the roots, and says of the MAC only that it is right.
    by_mac = sum("successfully validated PBM-based CMP message protection" in s for s in lines)
    assert by_mac == (0 if is_signed else len(sent))
    assert sum("validating CMP message" in line for line in lines) == len(sent)
    names = ("ip", "cp", "kup", "rp", "genp", "pollRep", "pkiconf", "error")
    by_logged = {body.upper(): body for body in names}
    return [by_logged[body] for body in sent]


def _logged_fate(log: Path) -> list[str]:
    text = log.read_text()
    if "received RR" in text:
        return ["revoked"]
    rejects = "certificate rejected by client with PKIStatus: rejection" in text
    return ["rejected" if rejects else "confirmed" if "received CERTCONF" in text else "issued"]


# -- certificates made here ----------------------------------------------------------------------------


@cache
def openssl_ca() -> Issuer:
    """The CA that OpenSSL's server stands for."""
    return _make_ca("Interoperability Root")


@cache
def vendor() -> Issuer:
    """Who makes the devices, and certifies each."""
    return _make_ca("Vendor Root")


@cache
def vendor_credential(kind: str) -> SignatureCredential:
    """A device's certificate from its vendor."""
    key = signer_key(kind)
    return SignatureCredential(_issue(vendor(), key, subject=name("serial 3078")), key)


@cache
def stranger() -> x509.Certificate:
    """A root that has nothing to do with any of the CAs."""
    return _make_ca("Another Root").certificate


def utc_now() -> datetime:
    return datetime.now(UTC)


def over(send: Callable[[bytes], bytes]) -> Connection:
    """A connection whose pauses take no time: the CAs do not mind."""
    return Connection(send, utc_now, lambda seconds: None, timedelta(minutes=1))


def _make_ca(common_name: str) -> Issuer:
    key = new_key()
    certificate = make_certificate(
        name(common_name),
        key.public_key(),
        name(common_name),
        key,
        is_ca=True,
        usages=ISSUES,
        **_validity(),
    )
    return Issuer(certificate, key)


def _issue(issuer: Issuer, key: PrivateKeyTypes, **options) -> x509.Certificate:
    assert NAMES is not None
    options = {
        "subject": SUBJECT,
        "extensions": [x509.Extension(NAMES.oid, False, NAMES)],
    } | options
    return issuer.issue(key=key.public_key(), **options, **_validity())


def _validity() -> dict[str, datetime]:
    now = utc_now().replace(microsecond=0)
    return {"begins": now - timedelta(days=1), "ends": now + timedelta(days=30)}


def _store(
    folder: Path, label: str, certificate: x509.Certificate, key: PrivateKeyTypes | None = None
) -> None:
    (folder / f"{label}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    if key is not None:
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / f"{label}.key").write_bytes(pem)

"""What our client asks of the sandbox CA beside a certificate: profiles, revocation lists, with a secret."""

import os
import weakref
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from csc.runtime.cmp import general, requests
from csc.runtime.cmp.client import Connection, run
from csc.runtime.cmp.errors import Rejected
from csc.runtime.cmp.events import Answered, CertificateReceived, Revoked
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.ledger.ledger import Status
from peers.asker import SECRET, SUBJECT, utc_now


class Visit:
    """A CA, and a certificate that it issued for a profile."""

    def __init__(self, folder: Path) -> None:
        self.ca = SandboxCA.open(folder)
        weakref.finalize(self, self.ca.close)
        self.ca.add_secret(SECRET.reference, SECRET.secret)
        self.key = ec.generate_private_key(ec.SECP256R1())

    def run(self, transaction: object) -> object:
        connection = Connection(self.ca.respond, utc_now, lambda s: None, timedelta(minutes=1))
        return run(transaction, connection, lambda event: None)

    def common(self) -> dict[str, object]:
        return {"anchors": (self.ca.root,), "now": utc_now(), "random": os.urandom}

    def enrol(self, profile: str | None = None) -> x509.Certificate:
        result = self.run(
            requests.initialize(
                subject=SUBJECT,
                key=self.key,
                credential=SECRET,
                recipient=self.ca.root.subject,
                profile=profile,
                **self.common(),
            )
        )
        assert isinstance(result, CertificateReceived)
        return result.certificate

    def revoke(self, certificate: x509.Certificate, reason: x509.ReasonFlags) -> object:
        return self.run(
            requests.revoke(
                certificate=certificate,
                certificate_key=self.key,
                credential=SECRET,
                reason=reason,
                **self.common(),
            )
        )

    def revoked(self) -> set[int]:
        """The serial numbers in the list that the CA gives for its own name."""
        question = general.crls(self.ca.chain[0].subject)
        result = self.run(
            requests.ask(
                infos=(question,),
                credential=SECRET,
                recipient=self.ca.root.subject,
                **self.common(),
            )
        )
        assert isinstance(result, Answered)
        (crl,) = general.read_crls(result.infos) or ()
        return {entry.serial_number for entry in crl}


def test_profile(tmp_path: Path) -> None:
    """Who asks for a profile (RFC 9810 5.1.1.4) gets its purposes, and nothing if there is none."""
    visit = Visit(tmp_path)
    certificate = visit.enrol("tls-server")
    purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(purposes) == [ExtendedKeyUsageOID.SERVER_AUTH]
    with pytest.raises(Rejected, match="badCertTemplate"):
        visit.enrol("gold")


def test_revocation_with_a_secret(tmp_path: Path) -> None:
    visit = Visit(tmp_path)
    certificate = visit.enrol()
    assert isinstance(visit.revoke(certificate, x509.ReasonFlags.superseded), Revoked)
    assert [entry.status for entry in visit.ca.ledger()] == [Status.REVOKED]
    assert visit.revoked() == {certificate.serial_number}


def test_hold_that_is_taken_back(tmp_path: Path) -> None:
    """With the secret: the certificate cannot sign for itself while it is on hold."""
    visit = Visit(tmp_path)
    certificate = visit.enrol()
    visit.revoke(certificate, x509.ReasonFlags.certificate_hold)
    assert [entry.status for entry in visit.ca.ledger()] == [Status.REVOKED]
    assert isinstance(visit.revoke(certificate, x509.ReasonFlags.remove_from_crl), Revoked)
    assert [entry.status for entry in visit.ca.ledger()] == [Status.CONFIRMED]
    assert visit.revoked() == set()

"""Devices with a manufacturer's certificate at the sandbox CA (RFC 9483 4.1.1)."""

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from csc.runtime.cmp import requests
from csc.runtime.cmp.client import Connection, run
from csc.runtime.cmp.codec import decode, encode_message, encode_protected_part
from csc.runtime.cmp.events import CertificateReceived
from csc.runtime.cmp.model import (
    AlgorithmIdentifier,
    BodyType,
    PKIBody,
    PKIFailureInfo,
    PKIHeader,
    PKIMessage,
)
from csc.runtime.cmp.protection import (
    SignatureCredential,
    protect,
    sign,
    subject_key_identifier,
    verify_signature,
)
from csc.runtime.sandbox.behaviour import Behaviour
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.http.server import serve
from csc.runtime.sandbox.ledger.ledger import Status
from peers.asker import (
    KEY,
    ROOT_NAME,
    SECRET,
    SUBJECT,
    confirm,
    enrolled,
    failures,
    genm,
    header,
    ir,
    issued,
    p10cr,
    poll,
    rr,
    utc_now,
)
from peers.certificates import make_certificate, make_intermediate, name, new_key
from peers.der import nodes, wrap
from peers.openssl import client, needs_openssl
from peers.ra import granted, message
from peers.vendor import Vendor, lifetime, new_vendor, valid_root


@dataclass
class Site:
    """The CA and a manufacturer whose devices it lets in."""

    ca: SandboxCA
    vendor: Vendor

    def ask(self, data: bytes) -> PKIMessage:
        return decode(self.ca.respond(data))

    def statuses(self) -> list[Status]:
        return [entry.status for entry in self.ca.ledger()]


@contextmanager
def opened(folder: Path, vendor: Vendor, **behaviour: object) -> Generator[Site]:
    with SandboxCA.open(
        folder, behaviour=Behaviour(**behaviour), trusts=[vendor.root.certificate]
    ) as ca:
        ca.add_secret(SECRET.reference, SECRET.secret)
        yield Site(ca, vendor)


@pytest.fixture
def site(tmp_path: Path) -> Generator[Site]:
    with opened(tmp_path, new_vendor()) as one:
        yield one


def confirmation(answer: PKIMessage, number: int = 0) -> tuple[PKIBody, PKIHeader]:
    return confirm(answer, issued(answer).fingerprint(hashes.SHA256()), number)


# -- what a device may -----------------------------------------------------------------------------


def test_a_device_gets_its_first_certificate(site: Site) -> None:
    device = site.vendor.device("serial-0815")
    answer = site.ask(message(ir(), credential=device))
    assert granted(answer) is BodyType.IP
    verify_signature(answer, site.ca._authority.signer.certificate.public_key())
    assert answer.header.recipient == name("serial-0815")
    certificate = issued(answer)
    assert (certificate.issuer, certificate.subject) == (site.ca.chain[0].subject, SUBJECT)
    (entry,) = site.ca.ledger()
    fingerprint = device.certificate.fingerprint(hashes.SHA256()).hex()
    assert entry.authenticated_by == f"external:{fingerprint}"
    answer = site.ask(message(*confirmation(answer), device))
    assert answer.body.type is BodyType.PKI_CONF
    own = SignatureCredential(certificate, KEY)
    assert granted(site.ask(message(ir(body_type=BodyType.KUR), credential=own))) is BodyType.KUP


def test_pkcs10_and_questions_are_open_to_it(site: Site) -> None:
    device = site.vendor.device()
    answer = site.ask(message(p10cr(), credential=device))
    assert site.ask(message(*confirmation(answer, -1), device)).body.type is BodyType.PKI_CONF
    assert site.ask(message(genm(), credential=device)).body.type is BodyType.GENP


def test_it_polls_for_what_it_asked(tmp_path: Path) -> None:
    with opened(tmp_path, new_vendor(), polls=1) as site:
        device, another = site.vendor.device(), site.vendor.device()
        answer = site.ask(message(ir(), credential=device))
        refused = site.ask(message(*poll(answer, 0), another))
        assert failures(refused) == {PKIFailureInfo.WRONG_INTEGRITY}
        answer = site.ask(message(*poll(answer, 0), device))
        assert answer.body.type is BodyType.POLL_REP
        assert granted(site.ask(message(*poll(answer, 0), device))) is BodyType.IP


def test_it_revokes_what_it_obtained(site: Site) -> None:
    device = site.vendor.device()
    certificate = issued(site.ask(message(ir(), credential=device)))
    assert site.ask(message(rr(certificate), credential=device)).body.type is BodyType.RP
    assert site.statuses() == [Status.REVOKED]


KINDS = {
    "RSA": lambda: rsa.generate_private_key(65537, 2048),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
}


@pytest.mark.parametrize("kind", KINDS)
def test_devices_with_other_keys(site: Site, kind: str) -> None:
    device = site.vendor.device(key=KINDS[kind]())
    assert granted(site.ask(message(ir(), credential=device))) is BodyType.IP


def test_a_vendor_whose_keys_are_ed25519(tmp_path: Path) -> None:
    """Path validation of the library does not know them; ours does."""
    root = valid_root("Vendor Root")
    below = make_intermediate(
        root, "Ed25519 Devices", ed25519.Ed25519PrivateKey.generate(), **lifetime()
    )
    with opened(tmp_path, Vendor(root, below)) as site:
        device = site.vendor.device()
        assert granted(site.ask(message(ir(), credential=device))) is BodyType.IP


def test_a_device_directly_below_the_root_brings_no_chain(tmp_path: Path) -> None:
    root = valid_root("Vendor Root")
    with opened(tmp_path, Vendor(root, root)) as site:
        device = site.vendor.device(chain=())
        assert granted(site.ask(message(ir(), credential=device))) is BodyType.IP


def test_extra_certificates_that_cannot_be_read_are_none(site: Site) -> None:
    data = message(ir(), credential=site.vendor.device())
    parts = nodes(nodes(data)[0].content)
    extra = parts[3][0].content
    more = wrap(0xA1, wrap(0x30, extra, b"\x30\x00"))
    data = wrap(0x30, *(part.der for part in parts[:3]), more)
    assert granted(site.ask(data)) is BodyType.IP


# -- what it may not -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [BodyType.CR, BodyType.KUR])
def test_what_takes_a_certificate_of_the_ca(site: Site, kind: BodyType) -> None:
    device = site.vendor.device()
    assert granted(site.ask(message(ir(), credential=device))) is BodyType.IP
    answer = site.ask(message(ir(body_type=kind), credential=device))
    assert failures(answer) == {PKIFailureInfo.NOT_AUTHORIZED}
    assert site.statuses() == [Status.ISSUED]


def test_another_device_neither_confirms_nor_revokes(site: Site) -> None:
    """Not even one of the same name."""
    device, another = site.vendor.device(), site.vendor.device()
    answer = site.ask(message(ir(), credential=device))
    refused = site.ask(message(*confirmation(answer), another))
    assert failures(refused) == {PKIFailureInfo.WRONG_INTEGRITY}
    refused = site.ask(message(rr(issued(answer)), credential=another))
    assert failures(refused) == {PKIFailureInfo.NOT_AUTHORIZED}
    assert site.statuses() == [Status.ISSUED]


def test_it_does_not_revoke_what_a_secret_obtained(site: Site) -> None:
    answer, _ = enrolled(site.ca)
    refused = site.ask(message(rr(issued(answer)), credential=site.vendor.device()))
    assert failures(refused) == {PKIFailureInfo.NOT_AUTHORIZED}


def _by(device: SignatureCredential, **changes: object) -> bytes:
    """An ir with a header of its own, protected with the device's key."""
    return protect(header(**changes), ir(), device, random=os.urandom)


def _with_identifier(device: SignatureCredential, identifier: bytes | None) -> bytes:
    """As it should be, except for senderKID."""
    message_ = decode(message(ir(), credential=device))
    part = encode_protected_part(replace(message_.header, sender_kid=identifier), message_.body)
    return encode_message(part, sign(device.private_key, part), message_.extra_certs)


def _signed_with_rsa(device: SignatureCredential) -> bytes:
    """Whatever the length of the key; ours signs with none that it would not accept."""
    head = header(
        protection_alg=AlgorithmIdentifier("1.2.840.113549.1.1.11", b"\x05\x00"),
        sender_kid=subject_key_identifier(device.certificate),
    )
    part = encode_protected_part(head, ir())
    signature = device.private_key.sign(part, PKCS1v15(), hashes.SHA256())
    certificates = [c.public_bytes(Encoding.DER) for c in (device.certificate, *device.chain)]
    return encode_message(part, signature, certificates)


def _with_another_key(device: SignatureCredential) -> SignatureCredential:
    return replace(device, private_key=new_key())


def _same_name() -> SignatureCredential:
    """A device whose maker's certificates have the names of the maker that is trusted."""
    return new_vendor().device()


def _below_a_device(vendor: Vendor) -> SignatureCredential:
    """A device has issued a certificate."""
    device = vendor.device()
    key = new_key()
    leaf = make_certificate(
        name("device"),
        key.public_key(),
        device.certificate.subject,
        device.private_key,
        **lifetime(),
    )
    return SignatureCredential(leaf, key, (device.certificate, *device.chain))


def _below_an_expired_ca(vendor: Vendor) -> SignatureCredential:
    below = make_intermediate(vendor.root, "Old Devices", **lifetime(-9, -1))
    return Vendor(vendor.root, below).device()


WRONG: dict[str, tuple[Callable[[Vendor], bytes], PKIFailureInfo]] = {
    "a chain with a gap": (
        lambda v: message(ir(), credential=v.device(chain=())),
        PKIFailureInfo.SIGNER_NOT_TRUSTED,
    ),
    "another maker": (
        lambda v: message(ir(), credential=new_vendor("Other").device()),
        PKIFailureInfo.SIGNER_NOT_TRUSTED,
    ),
    "another maker of the same name": (
        lambda v: message(ir(), credential=_same_name()),
        PKIFailureInfo.SIGNER_NOT_TRUSTED,
    ),
    "expired": (
        lambda v: message(ir(), credential=v.device(**lifetime(-9, -1))),
        PKIFailureInfo.SIGNER_NOT_TRUSTED,
    ),
    "not valid yet": (
        lambda v: message(ir(), credential=v.device(**lifetime(1, 9))),
        PKIFailureInfo.SIGNER_NOT_TRUSTED,
    ),
    "below an expired CA": (
        lambda v: message(ir(), credential=_below_an_expired_ca(v)),
        PKIFailureInfo.SIGNER_NOT_TRUSTED,
    ),
    "issued by a device": (
        lambda v: message(ir(), credential=_below_a_device(v)),
        PKIFailureInfo.SIGNER_NOT_TRUSTED,
    ),
    "a key that may not sign messages": (
        lambda v: message(ir(), credential=v.device(usages=("key_encipherment",))),
        PKIFailureInfo.BAD_MESSAGE_CHECK,
    ),
    "a signature of another key": (
        lambda v: message(ir(), credential=_with_another_key(v.device())),
        PKIFailureInfo.BAD_MESSAGE_CHECK,
    ),
    "another sender": (
        lambda v: _by(v.device("serial-0815")),
        PKIFailureInfo.BAD_MESSAGE_CHECK,
    ),
    "another senderKID": (
        lambda v: _with_identifier(v.device(), b"another"),
        PKIFailureInfo.BAD_MESSAGE_CHECK,
    ),
    "no senderKID": (
        lambda v: _with_identifier(v.device(), None),
        PKIFailureInfo.BAD_MESSAGE_CHECK,
    ),
    "a short RSA key": (
        lambda v: _signed_with_rsa(v.device(key=rsa.generate_private_key(65537, 1024))),
        PKIFailureInfo.BAD_MESSAGE_CHECK,
    ),
}


@pytest.mark.parametrize("label", WRONG)
def test_a_device_that_is_not_let_in(site: Site, label: str) -> None:
    data, failure = WRONG[label]
    assert failures(site.ask(data(site.vendor))) == {failure}
    assert site.statuses() == []


def test_the_right_senderkid_is_let_in(site: Site) -> None:
    """So that the wrong ones are refused for themselves."""
    device = site.vendor.device()
    data = _with_identifier(device, subject_key_identifier(device.certificate))
    assert granted(site.ask(data)) is BodyType.IP


def test_an_rsa_key_of_usual_length_is_let_in(site: Site) -> None:
    """As above."""
    data = _signed_with_rsa(site.vendor.device(key=rsa.generate_private_key(65537, 2048)))
    assert granted(site.ask(data)) is BodyType.IP


def test_a_ca_that_trusts_nobody_lets_no_device_in(tmp_path: Path) -> None:
    device = new_vendor().device()
    with SandboxCA.open(tmp_path) as ca:
        answer = decode(ca.respond(message(ir(), credential=device)))
    assert failures(answer) == {PKIFailureInfo.SIGNER_NOT_TRUSTED}


def test_trust_ends_when_the_ca_is_opened_without_it(tmp_path: Path) -> None:
    """A transaction that the device began is then nobody's."""
    vendor = new_vendor()
    device = vendor.device()
    with opened(tmp_path, vendor) as site:
        answer = site.ask(message(ir(), credential=device))
    with SandboxCA.open(tmp_path) as ca:
        refused = decode(ca.respond(message(*confirmation(answer), device)))
    assert failures(refused) == {PKIFailureInfo.SIGNER_NOT_TRUSTED}


def test_only_cas_certificates_can_be_trusted(tmp_path: Path) -> None:
    vendor = new_vendor()
    with pytest.raises(ValueError, match="CN=device is not a CA's"):
        SandboxCA.open(tmp_path, trusts=[vendor.device().certificate])
    assert not list(tmp_path.iterdir())


# -- clients ---------------------------------------------------------------------------------------


def test_our_own_client_as_a_device(site: Site) -> None:
    begun = requests.initialize(
        subject=SUBJECT,
        key=KEY,
        credential=site.vendor.device(),
        anchors=(site.ca.root,),
        recipient=ROOT_NAME,
        now=utc_now(),
        random=os.urandom,
    )
    connection = Connection(site.ca.respond, utc_now, lambda seconds: None, timedelta())
    assert isinstance(run(begun, connection, lambda event: None), CertificateReceived)
    assert site.statuses() == [Status.CONFIRMED]


@needs_openssl
def test_openssl_as_a_device(site: Site, tmp_path: Path) -> None:
    device = site.vendor.device()
    files = {
        "root.pem": site.ca.root.public_bytes(Encoding.PEM),
        "vendor.pem": device.certificate.public_bytes(Encoding.PEM),
        "chain.pem": device.chain[0].public_bytes(Encoding.PEM),
        "vendor.key": device.private_key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        ),
        "new.key": new_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    }
    for file, data in files.items():
        (tmp_path / file).write_bytes(data)
    options = (
        *("-cert", "vendor.pem", "-key", "vendor.key", "-trusted", "root.pem"),
        *("-newkey", "new.key", "-subject", "/CN=gateway", "-certout", "new.pem"),
        *("-issuer", "/"),  # any; without, it asks for one by the issuer of its certificate
    )
    with serve(site.ca) as server:
        result = client(tmp_path, server.port, "-cmd", "ir", *options)
        assert "signerNotTrusted" in result.stdout + result.stderr
        chain = ("-extracerts", "chain.pem")
        result = client(tmp_path, server.port, "-cmd", "ir", *options, *chain)
        assert result.returncode == 0, result.stderr
        result = client(tmp_path, server.port, "-cmd", "cr", *options, *chain)
        assert "notAuthorized" in result.stdout + result.stderr
    assert site.statuses() == [Status.CONFIRMED]

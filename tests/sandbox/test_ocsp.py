"""OCSP at the sandbox CA (RFC 6960, 9654, 9919): requests by hand, right and wrong, and by OpenSSL."""

import hashlib
import os
import subprocess
from base64 import b64encode
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.ocsp import (
    OCSPCertStatus,
    OCSPRequestBuilder,
    OCSPResponse,
    OCSPResponseStatus,
    load_der_ocsp_response,
)
from cryptography.x509.oid import ExtendedKeyUsageOID
from csc.runtime.cmp.codec.der import integer, octets, oid, sequence
from csc.runtime.cmp.codec.tlv import tlv
from csc.runtime.sandbox.authority.settings import KEY_KINDS, AuthoritySettings
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.http.published import published
from csc.runtime.sandbox.http.server import serve
from csc.runtime.sandbox.ledger.standing import State
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from peers.asker import SECRET, ask, ir, issued, utc_now
from peers.openssl import needs_openssl
from peers.status import (
    HOLD,
    KEY_COMPROMISE,
    REMOVE_FROM_CRL,
    SUPERSEDED,
    Clock,
    ca_certificate,
    confirmed,
    crl,
    rejected,
    revoke,
)

NONCE = "1.3.6.1.5.5.7.48.1.2"
SHA1 = "1.3.14.3.2.26"


@pytest.fixture
def clock() -> Clock:
    return Clock(utc_now())


@pytest.fixture
def ca(tmp_path: Path, clock: Clock) -> Generator[SandboxCA]:
    with SandboxCA.open(tmp_path / "ca", clock) as opened:
        opened.add_secret(SECRET.reference, SECRET.secret)
        yield opened


@dataclass(frozen=True)
class Asked:
    """An OCSPRequest by hand. What is None is left out; what is bytes is taken as it is."""

    issuer: x509.Certificate
    serials: tuple[int, ...] = (5,)
    version: bytes | None = None
    extensions: tuple[bytes, ...] | None = None
    single: tuple[bytes, ...] | None = None
    hash_oid: str = SHA1
    hash_name: str = "sha1"
    hash_parameters: bytes = b"\x05\x00"
    name_hash: bytes | None = None
    key_hash: bytes | None = None
    requestor: bytes | None = None
    signature: bytes | None = None
    behind: bytes = field(default=b"")

    def der(self) -> bytes:
        listed = sequence(*(self._request(serial) for serial in self.serials))
        fields = [
            b"" if self.version is None else tlv(0xA0, self.version),
            b"" if self.requestor is None else tlv(0xA1, self.requestor),
            listed,
            b"" if self.extensions is None else tlv(0xA2, sequence(*self.extensions)),
        ]
        signature = b"" if self.signature is None else tlv(0xA0, self.signature)
        return sequence(sequence(*fields), signature) + self.behind

    def cert_id(self, serial: int) -> bytes:
        key = self.issuer.public_key()
        spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        bits = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        assert spki.endswith(bits)
        name = self.issuer.subject.public_bytes()
        return sequence(
            sequence(oid(self.hash_oid), self.hash_parameters),
            octets(self.name_hash or hashlib.new(self.hash_name, name).digest()),
            octets(self.key_hash or hashlib.new(self.hash_name, bits).digest()),
            integer(serial),
        )

    def _request(self, serial: int) -> bytes:
        single = b"" if self.single is None else tlv(0xA0, sequence(*self.single))
        return sequence(self.cert_id(serial), single)


def extension(name: str, value: bytes, *, critical: bool = False) -> bytes:
    return sequence(oid(name), b"\x01\x01\xff" if critical else b"", octets(value))


def nonce(value: bytes) -> bytes:
    return extension(NONCE, octets(value))


def post(ca: SandboxCA, der: bytes) -> OCSPResponse:
    found = published(ca, "POST", "/ocsp", {"Content-Type": "application/ocsp-request"}, der)
    assert found is not None
    assert (found.status, found.content_type) == (200, "application/ocsp-response")
    return load_der_ocsp_response(found.body)


def answered(ca: SandboxCA, der: bytes) -> OCSPResponse:
    """A response that says something, with its signature checked up to the CA."""
    response = post(ca, der)
    assert response.response_status is OCSPResponseStatus.SUCCESSFUL
    check(response, ca_certificate(ca))
    return response


def check(response: OCSPResponse, issuer: x509.Certificate) -> None:
    """RFC 6960 4.2.2.2: by a responder whom the CA itself certified for it."""
    (responder,) = response.certificates
    responder.verify_directly_issued_by(issuer)
    usage = responder.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.OCSP_SIGNING]
    assert responder.extensions.get_extension_for_class(x509.OCSPNoCheck)
    own = x509.SubjectKeyIdentifier.from_public_key(responder.public_key())
    assert response.responder_key_hash == own.digest
    key = responder.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert response.signature_hash_algorithm is not None
    key.verify(
        response.signature,
        response.tbs_response_bytes,
        ec.ECDSA(response.signature_hash_algorithm),
    )


def asked(ca: SandboxCA, *certificates: x509.Certificate, **changes: object) -> bytes:
    serials = tuple(one.serial_number for one in certificates) or (5,)
    return Asked(ca_certificate(ca), **{"serials": serials, **changes}).der()  # pyright: ignore


# -- what is answered ------------------------------------------------------------------------------


def test_each_kind_of_certificate(ca: SandboxCA) -> None:
    good, held, taken_back, gone, plain = (confirmed(ca) for _ in range(5))
    refused, unconfirmed = rejected(ca), issued(ask(ca, ir()))
    revoke(ca, held, HOLD)
    revoke(ca, taken_back, HOLD)
    revoke(ca, taken_back, REMOVE_FROM_CRL)
    revoke(ca, gone, KEY_COMPROMISE)
    revoke(ca, plain, 0)
    known = [good, held, taken_back, gone, plain, refused, unconfirmed]
    response = answered(ca, asked(ca, *known, serials=(*(c.serial_number for c in known), 5)))
    reasons = x509.ReasonFlags
    assert [(one.certificate_status, one.revocation_reason) for one in response.responses] == [
        (OCSPCertStatus.GOOD, None),
        (OCSPCertStatus.REVOKED, reasons.certificate_hold),
        (OCSPCertStatus.GOOD, None),
        (OCSPCertStatus.REVOKED, reasons.key_compromise),
        (OCSPCertStatus.REVOKED, None),  # RFC 5280 5.3.1: unspecified is left out
        (OCSPCertStatus.REVOKED, reasons.cessation_of_operation),
        (OCSPCertStatus.GOOD, None),
        (OCSPCertStatus.UNKNOWN, None),
    ]
    assert [one.serial_number for one in response.responses] == [
        *(one.serial_number for one in known),
        5,
    ]


def test_what_is_not_confirmed_in_time(ca: SandboxCA, clock: Clock) -> None:
    """It is revoked as of the time when it had to be, whoever looks first."""
    certificate = issued(ask(ca, ir()))
    begun = clock.now
    clock.now += timedelta(days=2)
    response = answered(ca, asked(ca, certificate))
    assert response.revocation_reason is x509.ReasonFlags.cessation_of_operation
    assert response.revocation_time_utc is not None
    assert begun < response.revocation_time_utc < clock.now
    standing = ca.status_of(certificate.serial_number)
    assert standing is not None
    assert standing.state is State.REVOKED
    assert crl(ca).get_revoked_certificate_by_serial_number(certificate.serial_number) is not None


def test_times(ca: SandboxCA, clock: Clock) -> None:
    certificate = confirmed(ca)
    revoke(ca, certificate)
    revoked_at = clock.now.replace(microsecond=0)
    clock.now += timedelta(days=1)
    response = answered(ca, asked(ca, certificate))
    assert response.revocation_time_utc == revoked_at
    now = clock.now.replace(microsecond=0)
    assert response.produced_at_utc == response.this_update_utc == now
    assert response.next_update_utc is not None
    assert response.next_update_utc > now


def test_the_cas_own_certificates_are_good(ca: SandboxCA) -> None:
    """The issuing CA's at the root, and at the issuing CA the CMP server's and the responder's."""
    root, issuing = ca_certificate(ca, "root"), ca_certificate(ca)
    response = post(ca, Asked(root, (issuing.serial_number, root.serial_number)).der())
    check(response, root)
    assert {one.certificate_status for one in response.responses} == {OCSPCertStatus.GOOD}
    (responder,) = answered(ca, asked(ca)).certificates
    signer = ca._authority.signer.certificate  # pyright: ignore[reportPrivateUsage]
    response = answered(ca, asked(ca, responder, signer))
    assert {one.certificate_status for one in response.responses} == {OCSPCertStatus.GOOD}
    response = answered(ca, asked(ca, issuing))  # its issuer is another CA
    assert response.certificate_status is OCSPCertStatus.UNKNOWN


@pytest.mark.parametrize("algorithm", [hashes.SHA1, hashes.SHA256, hashes.SHA384, hashes.SHA512])
def test_hashes(ca: SandboxCA, algorithm: Callable[[], hashes.HashAlgorithm]) -> None:
    certificate = confirmed(ca)
    request = OCSPRequestBuilder().add_certificate(certificate, ca_certificate(ca), algorithm())
    response = answered(ca, request.build().public_bytes(Encoding.DER))
    assert response.certificate_status is OCSPCertStatus.GOOD
    assert isinstance(response.hash_algorithm, algorithm)  # pyright: ignore


def test_cert_id_comes_back_as_it_was(ca: SandboxCA) -> None:
    asked_about = Asked(ca_certificate(ca))
    assert asked_about.cert_id(5) in answered(ca, asked_about.der()).tbs_response_bytes


def test_parameters_of_a_hash_may_be_left_out(ca: SandboxCA) -> None:
    """RFC 5754 2."""
    asked_about = Asked(ca_certificate(ca), hash_parameters=b"")
    assert asked_about.cert_id(5) in answered(ca, asked_about.der()).tbs_response_bytes


def test_who_asks_and_signs_does_not_matter(ca: SandboxCA) -> None:
    """RFC 6960 4.1.2: a signature may be ignored."""
    der = asked(ca, requestor=tlv(0xA4, sequence()), signature=sequence(b"\x05\x00"))
    assert answered(ca, der).certificate_status is OCSPCertStatus.UNKNOWN
    assert answered(ca, asked(ca, version=integer(0)))


@pytest.mark.parametrize("length", [1, 16, 32, 128])
def test_nonce_comes_back(ca: SandboxCA, length: int) -> None:
    """RFC 9654 2.1."""
    value = os.urandom(length)
    response = answered(ca, asked(ca, extensions=(nonce(value),)))
    assert response.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == value


def test_256_certificates(ca: SandboxCA) -> None:
    assert len(list(answered(ca, asked(ca, serials=tuple(range(256)))).responses)) == 256


def test_without_nonce_there_is_none(ca: SandboxCA) -> None:
    assert len(answered(ca, asked(ca)).extensions) == 0


def test_other_extensions_are_ignored(ca: SandboxCA) -> None:
    others = (extension("1.2.3", b"x"),)
    assert answered(ca, asked(ca, extensions=others, single=others))


def test_responder_is_kept_while_it_is_fresh(ca: SandboxCA, clock: Clock) -> None:
    first = answered(ca, asked(ca)).certificates
    clock.now += timedelta(days=1)
    assert answered(ca, asked(ca)).certificates == first
    clock.now += timedelta(days=30)
    (later,) = answered(ca, asked(ca)).certificates
    assert [later] != first
    assert later.not_valid_before_utc <= clock.now < later.not_valid_after_utc


def test_responder_outlives_a_restart(ca: SandboxCA, tmp_path: Path, clock: Clock) -> None:
    """Who has its certificate at hand need not fetch it again."""
    first = answered(ca, asked(ca)).certificates
    ca.close()
    with SandboxCA.open(tmp_path / "ca", clock) as again:
        assert answered(again, asked(again)).certificates == first


def test_signature_is_of_this_response(ca: SandboxCA) -> None:
    """What `check` checks can fail."""
    (responder,) = answered(ca, asked(ca)).certificates
    other = answered(ca, asked(ca))
    key = responder.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    with pytest.raises(InvalidSignature):
        key.verify(other.signature, b"another", ec.ECDSA(hashes.SHA256()))


# -- what is refused -------------------------------------------------------------------------------

MALFORMED: dict[str, Callable[[x509.Certificate], bytes]] = {
    "nothing": lambda issuer: b"",
    "garbage": lambda issuer: b"garbage",
    "another value": lambda issuer: integer(1),
    "empty": lambda issuer: sequence(),
    "nothing asked": lambda issuer: Asked(issuer, ()).der(),
    "257 certificates": lambda issuer: Asked(issuer, tuple(range(257))).der(),
    "hash with parameters": lambda issuer: Asked(issuer, hash_parameters=integer(1)).der(),
    "something behind": lambda issuer: Asked(issuer, behind=b"\x05\x00").der(),
    "cut off": lambda issuer: Asked(issuer).der()[:-1],
    "version 2": lambda issuer: Asked(issuer, version=integer(1)).der(),
    "version that is no number": lambda issuer: Asked(issuer, version=b"\x05\x00").der(),
    "length not in DER": lambda issuer: b"\x30\x80" + Asked(issuer).der()[2:] + b"\x00\x00",
    "zero before a serial number": lambda issuer: (
        Asked(issuer, (0x100,)).der().replace(b"\x02\x02\x01\x00", b"\x02\x02\x00\x05")
    ),
    "endless serial number": lambda issuer: Asked(issuer, (1 << 400,)).der(),
    "empty nonce": lambda issuer: Asked(issuer, extensions=(nonce(b""),)).der(),
    "long nonce": lambda issuer: Asked(issuer, extensions=(nonce(b"x" * 129),)).der(),
    "nonce that is none": lambda issuer: Asked(
        issuer, extensions=(extension(NONCE, b"x" * 16),)
    ).der(),
    "something behind the nonce": lambda issuer: Asked(
        issuer, extensions=(extension(NONCE, octets(b"x" * 16) + b"\x05\x00"),)
    ).der(),
    "two nonces": lambda issuer: Asked(
        issuer, extensions=(nonce(b"x" * 16), nonce(b"y" * 16))
    ).der(),
    "the same nonce twice": lambda issuer: Asked(issuer, extensions=(nonce(b"x" * 16),) * 2).der(),
    "critical extension": lambda issuer: Asked(
        issuer, extensions=(extension("1.2.3", b"", critical=True),)
    ).der(),
    "critical extension of one": lambda issuer: Asked(
        issuer, single=(extension("1.2.3", b"", critical=True),)
    ).der(),
    "critical nonce of one": lambda issuer: Asked(
        issuer, single=(extension(NONCE, octets(b"x"), critical=True),)
    ).der(),
    "extension that is none": lambda issuer: Asked(issuer, extensions=(b"\x05\x00",)).der(),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed(ca: SandboxCA, name: str) -> None:
    response = post(ca, MALFORMED[name](ca_certificate(ca)))
    assert response.response_status is OCSPResponseStatus.MALFORMED_REQUEST


def _somebody() -> x509.Certificate:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name.from_rfc4514_string("CN=other")
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(utc_now())
        .not_valid_after(utc_now() + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )


UNAUTHORIZED: dict[str, Callable[[x509.Certificate], bytes]] = {
    "another issuer": lambda issuer: Asked(_somebody()).der(),
    "another name": lambda issuer: Asked(issuer, name_hash=b"x" * 20).der(),
    "another key": lambda issuer: Asked(issuer, key_hash=b"x" * 20).der(),
    "unknown hash": lambda issuer: Asked(issuer, hash_oid="1.2.3").der(),
    "hash of another kind": lambda issuer: Asked(issuer, hash_name="sha256").der(),
}


@pytest.mark.parametrize("name", UNAUTHORIZED)
def test_unauthorized(ca: SandboxCA, name: str) -> None:
    """RFC 9919 3.2.3: nobody here can speak for that issuer."""
    response = post(ca, UNAUTHORIZED[name](ca_certificate(ca)))
    assert response.response_status is OCSPResponseStatus.UNAUTHORIZED


def test_two_cas_at_once(ca: SandboxCA) -> None:
    """No responder speaks for both."""
    cert_ids = [Asked(ca_certificate(ca, name)).cert_id(5) for name in ("root", "issuing")]
    der = sequence(sequence(sequence(*(sequence(cert_id) for cert_id in cert_ids))))
    assert post(ca, der).response_status is OCSPResponseStatus.UNAUTHORIZED


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_damaged_requests_are_answered(ca: SandboxCA, data: st.DataObject) -> None:
    """Whatever is changed, cut out or put in: an OCSPResponse comes back, and vouches for nothing."""
    request = bytearray(asked(ca, extensions=(nonce(b"n" * 32), extension("1.2.3", b"x"))))
    at = data.draw(st.integers(0, len(request) - 1))
    length = data.draw(st.integers(0, 4))
    request[at : at + length] = data.draw(st.binary(max_size=4))
    response = post(ca, bytes(request))
    if response.response_status is OCSPResponseStatus.SUCCESSFUL:
        assert {one.certificate_status for one in response.responses} == {OCSPCertStatus.UNKNOWN}


# -- over GET --------------------------------------------------------------------------------------


@pytest.mark.parametrize("safe", ["", "/+="])
def test_get(ca: SandboxCA, clock: Clock, safe: str) -> None:
    """RFC 6960 A.1: base64 in the path, escaped or not; RFC 9919 7: it may be kept until nextUpdate."""
    for _ in range(8):  # base64 has `/` and `+` in some
        certificate = confirmed(ca)
        path = "/ocsp/" + quote(b64encode(asked(ca, certificate)), safe=safe)
        found = published(ca, "GET", path, {}, b"")
        assert found is not None
        response = load_der_ocsp_response(found.body)
        assert response.certificate_status is OCSPCertStatus.GOOD
        headers = dict(found.headers)
        assert "max-age=35" in headers["Cache-Control"]  # less than an hour
        assert {"ETag", "Expires", "Last-Modified"} <= headers.keys()
        assert "no-store" not in headers["Cache-Control"]


@pytest.mark.parametrize("rest", ["", "/", "/%%%", "/!!!!", "/AAA", "/AAAA", "/caf%C3%A9"])
def test_get_of_what_is_no_request(ca: SandboxCA, rest: str) -> None:
    found = published(ca, "GET", f"/ocsp{rest}", {}, b"")
    assert found is not None
    response = load_der_ocsp_response(found.body)
    assert response.response_status is OCSPResponseStatus.MALFORMED_REQUEST
    assert dict(found.headers) == {"Cache-Control": "no-store"}


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_path_is_answered(ca: SandboxCA, rest: str) -> None:
    found = published(ca, "GET", f"/ocsp/{rest}", {}, b"")
    assert found is not None
    assert found.status == 200


# -- OpenSSL ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Folder:
    """Where `openssl ocsp` runs, and the URL it asks at."""

    path: Path
    url: str

    def __call__(self, *arguments: str) -> str:
        ran = subprocess.run(
            ["openssl", "ocsp", "-url", self.url, "-no_proxy", "127.0.0.1", *arguments],
            capture_output=True,
            text=True,
            cwd=self.path,
            timeout=60,
            check=False,
        )
        return ran.stdout + ran.stderr


@pytest.fixture
def openssl(ca: SandboxCA, tmp_path: Path) -> Generator[Folder]:
    certificates = {"good": confirmed(ca), "held": confirmed(ca), "gone": confirmed(ca)}
    revoke(ca, certificates["held"], HOLD)
    revoke(ca, certificates["gone"], SUPERSEDED)
    for name in ("root", "issuing"):
        certificates[name] = ca_certificate(ca, name)
    for name, certificate in certificates.items():
        (tmp_path / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    with serve(ca) as server:
        yield Folder(tmp_path, f"{server.url}ocsp")


ISSUER = ("-issuer", "issuing.pem", "-CAfile", "root.pem")


@needs_openssl
@pytest.mark.parametrize("options", [(), ("-no_nonce",), ("-sha256",)])
def test_openssl(openssl: Folder, options: tuple[str, ...]) -> None:
    output = openssl(*ISSUER, "-verify_other", "issuing.pem", *options, "-cert", "good.pem")
    assert "good.pem: good" in output
    assert "Response verify OK" in output
    assert "WARNING: no nonce" not in output


@needs_openssl
def test_openssl_asks_about_several(openssl: Folder) -> None:
    names = [part for name in ("good", "held", "gone") for part in ("-cert", f"{name}.pem")]
    output = openssl(*ISSUER, "-verify_other", "issuing.pem", *names, "-serial", "0x1234")
    for line in ("good.pem: good", "held.pem: revoked", "gone.pem: revoked", "0x1234: unknown"):
        assert line in output
    for line in ("Reason: certificateHold", "Reason: superseded", "Response verify OK"):
        assert line in output


@needs_openssl
def test_openssl_asks_the_root_about_the_issuing_ca(openssl: Folder) -> None:
    output = openssl("-issuer", "root.pem", "-CAfile", "root.pem", "-cert", "issuing.pem")
    assert "issuing.pem: good" in output
    assert "Response verify OK" in output


@needs_openssl
def test_openssl_with_the_responder_at_hand(ca: SandboxCA, openssl: Folder) -> None:
    (responder,) = answered(ca, asked(ca)).certificates
    (openssl.path / "responder.pem").write_bytes(responder.public_bytes(Encoding.PEM))
    output = openssl(*("-issuer", "issuing.pem", "-VAfile", "responder.pem", "-cert", "good.pem"))
    assert "good.pem: good" in output
    assert "Response verify OK" in output


@needs_openssl
def test_openssl_asks_about_somebody_else(openssl: Folder) -> None:
    (openssl.path / "other.pem").write_bytes(_somebody().public_bytes(Encoding.PEM))
    output = openssl("-issuer", "other.pem", "-CAfile", "root.pem", "-cert", "good.pem")
    assert "Responder Error: unauthorized (6)" in output


@needs_openssl
@pytest.mark.parametrize("kind", [k for k in KEY_KINDS if k != "rsa:4096"])
def test_kinds_of_keys(tmp_path: Path, kind: str) -> None:
    """A responder has a key as its CA has, and what cryptography cannot verify here, openssl does."""
    with SandboxCA.open(tmp_path / "ca", settings=AuthoritySettings(kind)) as ca:
        ca.add_secret(SECRET.reference, SECRET.secret)
        certificate = issued(ask(ca, ir()))
        request = OCSPRequestBuilder().add_certificate(
            certificate, ca_certificate(ca), hashes.SHA256()
        )
        response = post(ca, request.build().public_bytes(Encoding.DER))
        assert response.certificate_status is OCSPCertStatus.GOOD
        (responder,) = response.certificates
        responder.verify_directly_issued_by(ca_certificate(ca))
        if kind.startswith("mldsa"):
            return  # OpenSSL has them from 3.5
        for name in ("root", "issuing"):
            pem = ca_certificate(ca, name).public_bytes(Encoding.PEM)
            (tmp_path / f"{name}.pem").write_bytes(pem)
        (tmp_path / "good.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        with serve(ca) as server:
            ask_openssl = Folder(tmp_path, f"{server.url}ocsp")
            output = ask_openssl(*ISSUER, "-verify_other", "issuing.pem", "-cert", "good.pem")
        assert "Response verify OK" in output

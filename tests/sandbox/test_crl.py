"""CRLs of the sandbox CA: what they list and for how long, as RFC 5280 5 has it and OpenSSL reads it."""

import subprocess
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from csc.runtime.cmp.codec.tlv import tlv
from csc.runtime.cmp.model import (
    BodyType,
    Extension,
    InfoTypeAndValue,
    PKIBody,
    PKIFailureInfo,
    RevDetails,
    RevReqContent,
)
from csc.runtime.sandbox.authority import crl as crl_module
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.http.server import serve
from csc.runtime.sandbox.ledger.ledger import Status
from csc.runtime.sandbox.ledger.standing import State
from peers import status
from peers.asker import (
    SECRET,
    ask,
    confirm,
    failures,
    fingerprint,
    genm,
    header,
    ir,
    issued,
    utc_now,
)
from peers.openssl import needs_openssl
from peers.status import (
    HOLD,
    KEY_COMPROMISE,
    REMOVE_FROM_CRL,
    SUPERSEDED,
    Clock,
    confirmed,
    rejected,
    revocation,
    revoke,
)


@pytest.fixture
def clock() -> Clock:
    return Clock(utc_now())


@pytest.fixture
def ca(tmp_path: Path, clock: Clock) -> Generator[SandboxCA]:
    with SandboxCA.open(tmp_path / "ca", clock) as opened:
        opened.add_secret(SECRET.reference, SECRET.secret)
        yield opened


def listed(ca: SandboxCA) -> dict[int, list[x509.ExtensionType]]:
    return {
        entry.serial_number: [extension.value for extension in entry.extensions]
        for entry in status.crl(ca)
    }


def number(crl: x509.CertificateRevocationList) -> int:
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


# -- what is listed --------------------------------------------------------------------------------


def test_each_kind_of_certificate(ca: SandboxCA) -> None:
    good, held, taken_back, gone = (confirmed(ca) for _ in range(4))
    refused = rejected(ca)
    revoke(ca, held, HOLD)
    revoke(ca, taken_back, HOLD)
    revoke(ca, taken_back, REMOVE_FROM_CRL)
    revoke(ca, gone, KEY_COMPROMISE)
    reasons = {
        serial: [value.reason for value in values if isinstance(value, x509.CRLReason)]
        for serial, values in listed(ca).items()
    }
    assert reasons == {
        held.serial_number: [x509.ReasonFlags.certificate_hold],
        gone.serial_number: [x509.ReasonFlags.key_compromise],
        refused.serial_number: [x509.ReasonFlags.cessation_of_operation],
    }
    states = {
        certificate.serial_number: ca.status_of(certificate.serial_number)
        for certificate in (good, held, taken_back, gone, refused)
    }
    assert [standing.state for standing in states.values() if standing] == [
        State.CONFIRMED,
        State.HELD,
        State.CONFIRMED,
        State.REVOKED,
        State.REJECTED,
    ]
    assert ca.status_of(5) is None


def test_what_expires_is_said_to(ca: SandboxCA, clock: Clock) -> None:
    good, gone = confirmed(ca), confirmed(ca)
    revoke(ca, gone)
    clock.now += timedelta(days=100)
    states = [ca.status_of(one.serial_number) for one in (good, gone)]
    assert [standing.state for standing in states if standing] == [State.EXPIRED, State.REVOKED]


def test_unspecified_has_no_extension(ca: SandboxCA) -> None:
    """RFC 5280 5.3.1."""
    certificate = confirmed(ca)
    revoke(ca, certificate, reason=0)
    assert listed(ca) == {certificate.serial_number: []}


def test_revocation_date(ca: SandboxCA, clock: Clock) -> None:
    certificate = confirmed(ca)
    clock.now += timedelta(hours=3)
    revoke(ca, certificate)
    (entry,) = status.crl(ca)
    assert entry.revocation_date_utc == clock.now.replace(microsecond=0)


def test_invalidity_date(ca: SandboxCA) -> None:
    """RFC 5280 5.3.2. It is forgotten with the hold that it came with."""
    certificate = confirmed(ca)
    revoke(ca, certificate, HOLD, b"20200102030405Z")
    (since,) = (
        value.invalidity_date_utc
        for value in listed(ca)[certificate.serial_number]
        if isinstance(value, x509.InvalidityDate)
    )
    assert since == datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)
    revoke(ca, certificate, REMOVE_FROM_CRL)
    revoke(ca, certificate, HOLD)
    assert listed(ca)[certificate.serial_number] == [
        x509.CRLReason(x509.ReasonFlags.certificate_hold)
    ]


def test_only_what_is_confirmed_is_put_on_hold(ca: SandboxCA) -> None:
    """Else taking it back would confirm it without certConf, which may be what proves possession."""
    answer = ask(ca, ir())
    certificate = issued(answer)
    for reason in (HOLD, REMOVE_FROM_CRL):
        refused = ask(ca, revocation(certificate, reason))
        assert failures(refused) == {PKIFailureInfo.BAD_REQUEST}
    (entry,) = ca.ledger()
    assert entry.status is Status.ISSUED
    assert ask(ca, *confirm(answer, fingerprint(answer))).body.type is BodyType.PKI_CONF
    revoke(ca, certificate, HOLD)
    assert certificate.serial_number in listed(ca)


WRONG_DATES = {
    "UTCTime": [tlv(0x17, b"200102030405Z")],
    "no time": [tlv(0x18, b"20201302030405Z")],
    "with an offset": [tlv(0x18, b"20200102030405+0100")],
    "empty": [b""],
    "twice": [tlv(0x18, b"20200102030405Z")] * 2,
}


@pytest.mark.parametrize("name", WRONG_DATES)
def test_wrong_invalidity_date(ca: SandboxCA, name: str) -> None:
    certificate = confirmed(ca)
    body = revocation(certificate, SUPERSEDED)
    content = body.content
    assert isinstance(content, RevReqContent)
    (details,) = content.details
    dates = tuple(Extension("2.5.29.24", False, value) for value in WRONG_DATES[name])
    wrong = RevReqContent((RevDetails(details.template, (*details.crl_entry_details, *dates)),))
    answer = ask(ca, PKIBody(BodyType.RR, wrong))
    assert _refused_with(answer) == {PKIFailureInfo.BAD_REQUEST}
    assert listed(ca) == {}


def _refused_with(answer: object) -> set[PKIFailureInfo]:
    content = answer.body.content  # pyright: ignore
    if hasattr(content, "statuses"):
        return set(content.statuses[0].fail_info)
    return failures(answer)  # pyright: ignore


def test_extensions(ca: SandboxCA) -> None:
    """RFC 5280 5.2.1 and 5.2.3: both are mandatory, and neither is critical."""
    for name in ("issuing", "root"):
        crl = status.crl(ca, name)
        key = status.ca_certificate(ca, name).extensions.get_extension_for_class(
            x509.SubjectKeyIdentifier
        )
        authority = crl.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
        assert authority.value.key_identifier == key.value.digest
        assert number(crl) > 0
        assert not any(extension.critical for extension in crl.extensions)


def test_root_lists_its_own_only(ca: SandboxCA) -> None:
    revoke(ca, confirmed(ca))
    assert len(status.crl(ca)) == 1
    assert len(status.crl(ca, "root")) == 0


# -- for how long ----------------------------------------------------------------------------------


def test_expired_certificates_drop_off_late(ca: SandboxCA, clock: Clock) -> None:
    """RFC 5280 3.3: not before a list has been made after their end."""
    certificate = confirmed(ca)
    revoke(ca, certificate)
    assert len(status.crl(ca)) == 1
    clock.now = certificate.not_valid_after_utc + timedelta(days=2)
    assert len(status.crl(ca)) == 1
    clock.now += timedelta(days=2)
    assert len(status.crl(ca)) == 0


def test_list_of_a_clock_that_was_ahead_is_replaced(ca: SandboxCA, clock: Clock) -> None:
    """Nobody takes a list of the future; numbers go on all the same (RFC 5280 5.2.3)."""
    ca.change_behaviour({"clock_offset": 400 * 86400})
    ahead = status.crl(ca)
    ca.change_behaviour({"clock_offset": 0})
    now = status.crl(ca)
    assert ahead.last_update_utc > clock.now >= now.last_update_utc
    assert number(now) > number(ahead)


def test_list_is_of_the_past_however_often_it_changes(ca: SandboxCA, clock: Clock) -> None:
    """Each is newer than the one before, and none is of the future: nobody would take it yet."""
    times: list[datetime] = []
    certificates = [confirmed(ca) for _ in range(4)]
    for certificate in certificates:
        revoke(ca, certificate)
        times.append(status.crl(ca).last_update_utc)
    assert times == sorted(set(times))
    assert times[-1] <= clock.now


def test_numbers_go_on_after_a_restart(ca: SandboxCA, tmp_path: Path, clock: Clock) -> None:
    certificate, other = confirmed(ca), confirmed(ca)
    revoke(ca, certificate)
    first = status.crl(ca)
    ca.close()
    with SandboxCA.open(tmp_path / "ca", clock) as again:
        again.add_secret(SECRET.reference, SECRET.secret)
        assert status.crl(again) == first
        revoke(again, other)
        assert number(status.crl(again)) > number(first)


def test_list_is_not_made_again_for_nothing(ca: SandboxCA, monkeypatch: pytest.MonkeyPatch) -> None:
    """While nothing is revoked, neither a list is signed nor the ledger read."""
    revoke(ca, confirmed(ca))
    first = status.crl(ca)
    held = ca._ledger  # pyright: ignore[reportPrivateUsage]

    def fail(*_: object, **__: object) -> None:
        raise AssertionError("this is not needed")

    monkeypatch.setattr(crl_module, "sign_crl", fail)
    for name in ("revoked", "entries"):
        monkeypatch.setattr(held, name, fail)
    confirmed(ca)
    assert status.crl(ca) == first
    revoke(ca, confirmed(ca))
    with pytest.raises(AssertionError, match="not needed"):
        status.crl(ca)


def test_two_processes_agree(ca: SandboxCA, tmp_path: Path, clock: Clock) -> None:
    """What one process revokes is on the list that another one gives out."""
    certificate = confirmed(ca)
    with SandboxCA.open(tmp_path / "ca", clock) as other:
        before = status.crl(other)
        revoke(ca, certificate)
        assert number(status.crl(other)) > number(before)
        assert listed(other).keys() == {certificate.serial_number}


def test_ten_thousand(ca: SandboxCA) -> None:
    certificate = confirmed(ca)
    ledger = ca._ledger  # pyright: ignore[reportPrivateUsage]
    der = certificate.public_bytes(Encoding.DER)
    now = datetime.now(UTC).isoformat()
    with ledger.transaction():
        for serial in range(10_000):
            ledger._execute(  # pyright: ignore[reportPrivateUsage]
                "INSERT INTO certificate (serial_number, subject, status, reason, transaction_id,"
                " requested_with, authenticated_by, issued_at, changed_at, data)"
                " VALUES (?, '', 'revoked', 'superseded', '', 'ir', '', ?, ?, ?)",
                *(f"{1 << 100 | serial:x}", now, now, der),
            )
    assert len(status.crl(ca)) == 10_000
    revoke(ca, certificate)
    assert len(status.crl(ca)) == 10_001


# -- by distribution point, in genm ----------------------------------------------------------------

CRL_STATUS, CRLS = "1.3.6.1.5.5.7.4.22", "1.3.6.1.5.5.7.4.23"


def asked(ca: SandboxCA, name: bytes) -> bytes | None:
    """What crlStatusList gives for a DistributionPointName."""
    value = tlv(0x30, tlv(0x30, tlv(0xA0, name)))
    head = header(message_time=ca._clock())  # pyright: ignore[reportPrivateUsage]
    answer = ask(ca, genm(InfoTypeAndValue(CRL_STATUS, value)), head)
    (info,) = answer.body.content.infos  # pyright: ignore
    assert info.oid == CRLS
    return info.value


def uri(text: str) -> bytes:
    return tlv(0xA0, tlv(0x86, text.encode()))


def test_list_of_a_distribution_point(ca: SandboxCA) -> None:
    """RFC 9483 4.3.4: what the certificate names is enough to get its CRL."""
    ca.publish_at("http://ca.example/pki")
    (point,) = confirmed(ca).extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    (name,) = point.full_name or ()
    der = status.crl(ca).public_bytes(Encoding.DER)
    assert asked(ca, uri(name.value)) == tlv(0x30, der)
    ca.publish_at("http://elsewhere.example")  # the certificate stays as it is
    assert asked(ca, uri(name.value)) == tlv(0x30, der)
    root = status.ca_certificate(ca, "root")
    identifier = root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    assert asked(ca, uri(f"http://ca.example/pki/crl/{identifier.hex()}.crl")) == tlv(
        0x30, status.crl(ca, "root").public_bytes(Encoding.DER)
    )


OTHER_POINTS = {
    "another place": uri("http://ca.example/other.crl"),
    "another key": uri(f"http://ca.example/crl/{'0' * 40}.crl"),
    "relative to the issuer": tlv(0xA1, tlv(0x30, b"")),
    "a directory": tlv(0xA0, tlv(0xA4, tlv(0x30, b""))),
}


@pytest.mark.parametrize("name", OTHER_POINTS)
def test_list_of_another_distribution_point(ca: SandboxCA, name: str) -> None:
    assert asked(ca, OTHER_POINTS[name]) is None


WRONG_POINTS = {
    "no names": tlv(0xA0, b""),
    "another choice": tlv(0xA2, tlv(0x86, b"http://ca.example/")),
    "no ASCII": tlv(0xA0, tlv(0x86, b"http://\xff/")),
    "no URI": uri("http://[/crl"),
    "no tag": tlv(0x30, b""),
}


@pytest.mark.parametrize("name", WRONG_POINTS)
def test_wrong_distribution_point(ca: SandboxCA, name: str) -> None:
    value = tlv(0x30, tlv(0x30, tlv(0xA0, WRONG_POINTS[name])))
    answer = ask(ca, genm(InfoTypeAndValue(CRL_STATUS, value)))
    assert failures(answer) == {PKIFailureInfo.BAD_DATA_FORMAT}


# -- OpenSSL ---------------------------------------------------------------------------------------


def openssl(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["openssl", *arguments], capture_output=True, text=True, cwd=folder, timeout=60, check=False
    )


@needs_openssl
def test_openssl_checks_the_whole_path(ca: SandboxCA, tmp_path: Path) -> None:
    certificates = {"good": confirmed(ca), "gone": confirmed(ca), "rejected": rejected(ca)}
    revoke(ca, certificates["gone"])
    for name, certificate in certificates.items():
        (tmp_path / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    for name in ("root", "issuing"):
        (tmp_path / f"{name}.pem").write_bytes(status.get(ca, f"/ca/{name}.pem").body)
        (tmp_path / f"{name}.crl").write_bytes(status.get(ca, f"/crl/{name}.pem").body)
        checked = openssl(tmp_path, "crl", "-in", f"{name}.crl", "-noout", "-CAfile", f"{name}.pem")
        assert "verify OK" in checked.stderr
    options = (
        *("verify", "-x509_strict", "-crl_check_all", "-CAfile", "root.pem"),
        *("-untrusted", "issuing.pem", "-CRLfile", "issuing.crl", "-CRLfile", "root.crl"),
    )
    assert openssl(tmp_path, *options, "good.pem").returncode == 0
    for name in ("gone", "rejected"):
        checked = openssl(tmp_path, *options, f"{name}.pem")
        assert "certificate revoked" in checked.stderr


@needs_openssl
def test_openssl_fetches_the_list_that_a_certificate_names(tmp_path: Path) -> None:
    with SandboxCA.open(tmp_path / "ca") as ca, serve(ca) as server:
        ca.add_secret(SECRET.reference, SECRET.secret)
        ca.publish_at(server.url)
        good, gone = confirmed(ca), confirmed(ca)
        revoke(ca, gone)
        (tmp_path / "good.pem").write_bytes(good.public_bytes(Encoding.PEM))
        (tmp_path / "gone.pem").write_bytes(gone.public_bytes(Encoding.PEM))
        for name in ("root", "issuing"):
            (tmp_path / f"{name}.pem").write_bytes(status.get(ca, f"/ca/{name}.pem").body)
        options = ("verify", "-crl_check", "-crl_download", "-CAfile", "root.pem")
        chain = ("-untrusted", "issuing.pem")
        assert openssl(tmp_path, *options, *chain, "good.pem").returncode == 0
        assert "revoked" in openssl(tmp_path, *options, *chain, "gone.pem").stderr

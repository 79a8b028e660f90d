"""`csc apply` against a CA on BouncyCastle, end to end: what the device gets, and what the CA wrote down."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from csc.runtime.state.location import in_file
from csc.runtime.state.opening import open_to_read
from peers.bouncycastle import bouncycastle_server, conversations, ledger, needs_bouncycastle
from peers.certificates import ISSUES, Issuer, make_certificate, name, new_key
from support.command import Csc

pytestmark = needs_bouncycastle

DEVICE = """\
add CertificateStore cmp
cc CertificateStore cmp
add Certificate cacert Type=Remote CertificateData=file://ca_root.der
cc
add CMPServer ca CACert=cmp/cacert FQDN=ca.example.com Port=3076 Path=cmp/
cc CertificateStore cmp
add Certificate gw Type=CMPv2 CMPServer=ca
cc
activate
commit
"""
BIND = """\
cc CertificateStore cmp
set Certificate gw CertificateData=file://cl_newcert.der PrivateKey=file://cl_newkey.pem
cc
activate
commit
"""
NAMES = x509.SubjectAlternativeName(
    [x509.DNSName("gw.example.com"), x509.UniformResourceIdentifier("https://gw.example.com/")]
)
ASKED = ' -subject="CN=gw.example.com" -keytype=ec:p256 -san=DNS:gw.example.com,'
INITIATE = (
    "certmgr -initiate -clientcert=cmp/gw -username=3078 -password=open_sesame"
    f"{ASKED}URI:https://gw.example.com/\n{BIND}"
)
WITH_SIGNER = (
    "certmgr -initiate -clientcert=cmp/gw -signer=cmp/vendor"
    f"{ASKED}URI:https://gw.example.com/\n{BIND}"
)
UPDATE = f"certmgr -update -clientcert=cmp/gw\n{BIND}"
REVOKE = "certmgr -revoke -clientcert=cmp/gw -reason=superseded\n"


def apply(csc: Csc, port: int, script: str, text: str) -> str:
    """What csc tells of its progress."""
    csc.write(script, text)
    route = f"ca.example.com:3076:127.0.0.1:{port}"
    result = csc("--connect-to", route, "apply", "--yes", script)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stderr


def trust(csc: Csc, ca: Path) -> None:
    root = x509.load_pem_x509_certificate((ca / "root.pem").read_bytes())
    (csc.folder / "ca_root.der").write_bytes(root.public_bytes(Encoding.DER))


def certificate(csc: Csc) -> x509.Certificate:
    """The one that the state holds for cmp/gw."""
    store = open_to_read(in_file(csc.folder / ".csc" / "state.db"))
    assert store is not None
    (record,) = store.load("default").certificates.values()
    data = store.content(record.certificate)
    store.close()
    assert data is not None
    return x509.load_der_x509_certificate(data)


def events(ca: Path, of: x509.Certificate) -> list[tuple[str, str]]:
    return [(event, why) for event, serial, why in ledger(ca) if serial == of.serial_number]


def check_wished(found: x509.Certificate) -> None:
    assert found.subject == name("gw.example.com")
    key = found.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"
    assert found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value == NAMES


@pytest.fixture
def ca(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bouncycastle")


def test_initiated_updated_and_revoked(csc: Csc, ca: Path) -> None:
    """Each certificate has to be polled for twice; the update keeps names and kind of key."""
    options = ("--secret", "3078:open_sesame", "--poll", "1", "--check-after", "1")
    with bouncycastle_server(ca, *options, "--intermediate", "--ra") as port:
        trust(csc, ca)
        said = apply(csc, port, "gateway.cfg", DEVICE + INITIATE)
        assert said.count("the CA has not decided yet") == 2
        first = certificate(csc)
        check_wished(first)

        apply(csc, port, "update.cfg", UPDATE)
        second = certificate(csc)
        check_wished(second)
        assert second.public_key() != first.public_key()

        apply(csc, port, "revoke.cfg", REVOKE)
    assert events(ca, first) == [("issued", "CN=gw.example.com"), ("confirmed", "")]
    assert events(ca, second) == [*events(ca, first), ("revoked", "4")]
    assert conversations(ca) == [
        [("ir", "ip"), ("pollReq", "pollRep"), ("pollReq", "ip"), ("certConf", "pkiconf")],
        [("kur", "kup"), ("pollReq", "pollRep"), ("pollReq", "kup"), ("certConf", "pkiconf")],
        [("rr", "rp")],
    ]
    shown = json.loads(csc.ok("show", "--json"))["certificates"]
    assert shown["/CertificateStore/cmp/Certificate/gw"]["serial_number"] == (
        f"{second.serial_number:x}"
    )
    assert "(revoked)" in csc.ok("show")


def test_initiated_with_a_vendors_certificate(csc: Csc, ca: Path) -> None:
    """3GPP TS 33.310 9.5: what the device was made with speaks for it, and no secret.

    The vendor's issuing CA stands behind the device's certificate in its file, and travels along.
    """
    vendor, key, issuing_key = make_vendor(), new_key(), new_key()
    now = datetime.now(UTC).replace(microsecond=0)
    day = {"begins": now, "ends": now + timedelta(days=1)}
    issuing = Issuer(
        vendor.issue(
            name("Vendor Issuing CA"), issuing_key.public_key(), is_ca=True, usages=ISSUES, **day
        ),
        issuing_key,
    )
    device = issuing.issue(name("serial 3078"), key.public_key(), **day)
    (csc.folder / "chain.pem").write_bytes(
        b"".join(c.public_bytes(Encoding.PEM) for c in (device, issuing.certificate))
    )
    (csc.folder / "vendor.pem").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    (ca / "vendor-root.pem").write_bytes(vendor.certificate.public_bytes(Encoding.PEM))
    with_vendor = DEVICE.replace(
        "add CMPServer",
        "cc CertificateStore cmp\nadd Certificate vendor Type=Local"
        " CertificateData=file://chain.pem PrivateKey=file://vendor.pem\ncc\nadd CMPServer",
    )
    with bouncycastle_server(ca, "--vendor-root", str(ca / "vendor-root.pem")) as port:
        trust(csc, ca)
        apply(csc, port, "gateway.cfg", with_vendor + WITH_SIGNER)
    found = certificate(csc)
    check_wished(found)
    assert events(ca, found) == [("issued", "CN=gw.example.com"), ("confirmed", "")]
    assert conversations(ca) == [[("ir", "ip"), ("certConf", "pkiconf")]]


def make_vendor() -> Issuer:
    key, now = new_key(), datetime.now(UTC).replace(microsecond=0)
    root = make_certificate(
        *(name("Vendor Root"), key.public_key(), name("Vendor Root"), key),
        is_ca=True,
        usages=ISSUES,
        begins=now,
        ends=now + timedelta(days=1),
    )
    return Issuer(root, key)

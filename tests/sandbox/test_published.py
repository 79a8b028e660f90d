"""What the sandbox CA publishes over HTTP: which paths, with which types, and how long it may be kept."""

import http.client
import ssl
from collections.abc import Generator
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import AuthorityInformationAccessOID
from csc.runtime.sandbox.authority.places import base_url
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.http.published import published
from csc.runtime.sandbox.http.server import serve
from peers.asker import KEY, SECRET, utc_now
from peers.status import Clock, ca_certificate, confirmed, get, revoke
from support.command import Csc


@pytest.fixture
def clock() -> Clock:
    return Clock(utc_now())


@pytest.fixture
def ca(tmp_path: Path, clock: Clock) -> Generator[SandboxCA]:
    with SandboxCA.open(tmp_path / "ca", clock) as opened:
        opened.add_secret(SECRET.reference, SECRET.secret)
        yield opened


def identifier(ca: SandboxCA, name: str) -> str:
    key = ca_certificate(ca, name).extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    return key.value.digest.hex()


TYPES = {
    "/crl/issuing.crl": "application/pkix-crl",
    "/crl/root.crl": "application/pkix-crl",
    "/crl/root.pem": "application/x-pem-file",
    "/ca/issuing.cer": "application/pkix-cert",
    "/ca/root.cer": "application/pkix-cert",
    "/ca/root.crt": "application/pkix-cert",
    "/ca/root.pem": "application/x-pem-file",
    "/ca/chain.pem": "application/x-pem-file",
    "/ca/chain.p7c": "application/pkcs7-mime; smime-type=certs-only",
    "/crl/issuing.crl?a=b": "application/pkix-crl",
}


@pytest.mark.parametrize("path", TYPES)
def test_types(ca: SandboxCA, path: str) -> None:
    """RFC 2585 4, RFC 8551 3.2.2."""
    found = get(ca, path)
    assert (found.status, found.content_type) == (200, TYPES[path])


def test_forms_are_of_the_same(ca: SandboxCA) -> None:
    root, issuing = ca_certificate(ca, "root"), ca_certificate(ca, "issuing")
    assert root == ca.root
    issuing.verify_directly_issued_by(root)
    for name, certificate in (("root", root), ("issuing", issuing)):
        assert x509.load_pem_x509_certificate(get(ca, f"/ca/{name}.pem").body) == certificate
        assert get(ca, f"/ca/{name}.crt").body == get(ca, f"/ca/{name}.cer").body
        known = identifier(ca, name)
        assert get(ca, f"/ca/{known}.cer").body == get(ca, f"/ca/{name}.cer").body
        assert get(ca, f"/crl/{known}.crl").body == get(ca, f"/crl/{name}.crl").body
        crl = x509.load_der_x509_crl(get(ca, f"/crl/{name}.crl").body)
        pem = get(ca, f"/crl/{name}.pem").body
        assert x509.load_pem_x509_crl(pem) == crl
        assert max(map(len, pem.splitlines())) == 64
    chain = x509.load_pem_x509_certificates(get(ca, "/ca/chain.pem").body)
    assert chain == [issuing, root]
    bag = pkcs7.load_der_pkcs7_certificates(get(ca, "/ca/chain.p7c").body)
    assert set(bag) == {issuing, root}


def test_after_the_root_was_rolled_over(ca: SandboxCA) -> None:
    """What certificates name stays; root and issuing are the ones of now."""
    before = {name: identifier(ca, name) for name in ("root", "issuing")}
    old = confirmed(ca)
    revoke(ca, old)
    ca.roll_over()
    assert identifier(ca, "root") != before["root"]
    for known in before.values():
        certificate = x509.load_der_x509_certificate(get(ca, f"/ca/{known}.cer").body)
        crl = x509.load_der_x509_crl(get(ca, f"/crl/{known}.crl").body)
        assert crl.is_signature_valid(certificate.public_key())  # pyright: ignore
    crl = x509.load_der_x509_crl(get(ca, f"/crl/{before['issuing']}.crl").body)
    assert crl.get_revoked_certificate_by_serial_number(old.serial_number) is not None
    assert len(x509.load_der_x509_crl(get(ca, "/crl/issuing.crl").body)) == 0


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/crl/", 404),
        ("GET", "/crl/issuing", 404),
        ("GET", "/crl/issuing.cer", 404),
        ("GET", "/crl/other.crl", 404),
        ("GET", "/crl/../ca/root.cer", 404),
        ("GET", "/crl/%69ssuing.crl", 404),
        ("GET", "/ca/root.crl", 404),
        ("GET", "/ca/root.key", 404),
        ("GET", "/ca/chain.der", 404),
        ("GET", f"/ca/{'0' * 40}.cer", 404),
        ("POST", "/crl/issuing.crl", 405),
        ("PUT", "/ca/root.cer", 405),
        ("DELETE", "/ocsp", 405),
        ("POST", "/ocsp/AAAA", 405),
        ("POST", "/ocsp", 415),
    ],
)
def test_what_is_not_there(ca: SandboxCA, method: str, path: str, status: int) -> None:
    found = published(ca, method, path, {}, b"")
    assert found is not None
    assert found.status == status
    if status == 405:
        assert "GET, HEAD" in dict(found.headers)["Allow"]


@pytest.mark.parametrize("path", ["/", "/pkix/", "/crl", "/ca", "/ocspx", "/.well-known/cmp", ""])
def test_other_paths_are_somebody_elses(ca: SandboxCA, path: str) -> None:
    for method in ("GET", "POST"):
        assert published(ca, method, path, {}, b"") is None


# -- keeping ---------------------------------------------------------------------------------------


def test_crl_may_be_kept_until_the_next(ca: SandboxCA, clock: Clock) -> None:
    crl = x509.load_der_x509_crl(get(ca, "/crl/issuing.crl").body)
    assert crl.next_update_utc is not None
    clock.now += timedelta(hours=5)
    headers = dict(get(ca, "/crl/issuing.crl").headers)
    assert parsedate_to_datetime(headers["Last-Modified"]) == crl.last_update_utc
    assert parsedate_to_datetime(headers["Expires"]) == crl.next_update_utc
    left = int((crl.next_update_utc - clock.now).total_seconds()) - 60
    assert f"max-age={left}" in headers["Cache-Control"]


def test_what_the_client_has_is_not_sent(ca: SandboxCA) -> None:
    first = get(ca, "/crl/issuing.crl")
    tag, date = dict(first.headers)["ETag"], dict(first.headers)["Last-Modified"]
    known = [
        {"If_None_Match": tag},
        {"if_none_match": f'"other", W/{tag}'},
        {"If_None_Match": "*"},
        {"If_Modified_Since": date},
        {"If_None_Match": tag, "If_Modified_Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
    ]
    for headers in known:
        found = get(ca, "/crl/issuing.crl", **headers)
        assert (found.status, found.body) == (304, b"")
        assert dict(found.headers)["ETag"] == tag
    unknown = [
        {"If_None_Match": '"other"'},
        {"If_Modified_Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
        {"If_Modified_Since": "yesterday"},
        {"If_Modified_Since": "Thu, 99 Jan 1970 00:00:00 GMT"},
        {"If_Modified_Since": ""},
        {"If_None_Match": '"other"', "If_Modified_Since": date},  # RFC 9110 13.1.3
    ]
    for headers in unknown:
        assert get(ca, "/crl/issuing.crl", **headers) == first
    revoke(ca, confirmed(ca))
    for headers in ({"If_None_Match": tag}, {"If_Modified_Since": date}):
        assert get(ca, "/crl/issuing.crl", **headers).status == 200


def test_certificates_have_a_tag(ca: SandboxCA) -> None:
    first = get(ca, "/ca/root.cer")
    assert "max-age=3600" in dict(first.headers)["Cache-Control"]
    tag = dict(first.headers)["ETag"]
    assert get(ca, "/ca/root.cer", If_None_Match=tag).status == 304
    now = format_datetime(utc_now(), usegmt=True)
    assert get(ca, "/ca/root.cer", If_Modified_Since=now).status == 200


# -- what certificates say of it -------------------------------------------------------------------


def test_certificates_name_the_places(ca: SandboxCA) -> None:
    """RFC 5280 4.2.1.13 and 4.2.2.1; what is there is what has to be there."""
    ca.publish_at("http://ca.example:8080/pki/")
    certificate = confirmed(ca)
    access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess)
    urls = {one.access_method: one.access_location.value for one in access.value}
    assert urls[AuthorityInformationAccessOID.OCSP] == "http://ca.example:8080/pki/ocsp"
    place = urls[AuthorityInformationAccessOID.CA_ISSUERS]
    issuer = get(ca, place.removeprefix("http://ca.example:8080/pki")).body
    certificate.verify_directly_issued_by(x509.load_der_x509_certificate(issuer))
    points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints)
    (name,) = points.value[0].full_name or ()
    crl = get(ca, name.value.removeprefix("http://ca.example:8080/pki")).body
    assert x509.load_der_x509_crl(crl).issuer == certificate.issuer
    assert not access.critical
    assert not points.critical


def test_certificates_of_ras_name_the_places(ca: SandboxCA) -> None:
    ca.publish_at("http://ca.example")
    certificate = ca.issue_ra(x509.Name.from_rfc4514_string("CN=ra"), KEY.public_key())
    for kind in (x509.AuthorityInformationAccess, x509.CRLDistributionPoints):
        assert certificate.extensions.get_extension_for_class(kind)


def test_certificates_name_nothing_without_a_place(ca: SandboxCA) -> None:
    extensions = confirmed(ca).extensions
    for kind in (x509.AuthorityInformationAccess, x509.CRLDistributionPoints):
        with pytest.raises(x509.ExtensionNotFound):
            extensions.get_extension_for_class(kind)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("https://ca.example", "https://ca.example"),
        ("http://[::1]:80/a/b/", "http://[::1]:80/a/b"),
    ],
)
def test_base_url(text: str, url: str) -> None:
    assert base_url(text) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ca.example",
        "ldap://ca.example",
        "http://",
        "http:///path",
        "http://ca.example/?a",
        "http://ca.example/#a",
        "http://user:secret@ca.example",
        "http://ca.example:port",
        "http://ca.example:99999",
        "http://[::1",
        "http://ca example/",
        "http://ca.example/\n",
        "http://cä.example/",
    ],
)
def test_what_is_no_base_url(ca: SandboxCA, text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (what it says is Python's in part)
        ca.publish_at(text)


# -- over the wire ---------------------------------------------------------------------------------


def test_over_the_wire(ca: SandboxCA) -> None:
    with serve(ca) as server:
        connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
        connection.request("GET", "/crl/issuing.crl")
        whole = connection.getresponse()
        body, tag = whole.read(), whole.headers["ETag"]
        assert whole.headers.get_content_type() == "application/pkix-crl"
        assert body == get(ca, "/crl/issuing.crl").body
        connection.request("HEAD", "/crl/issuing.crl")
        head = connection.getresponse()
        assert (head.status, head.read()) == (200, b"")
        assert head.headers["Content-Length"] == str(len(body))
        assert head.headers["ETag"] == tag
        connection.request("GET", "/crl/issuing.crl", headers={"If-None-Match": tag})
        known = connection.getresponse()
        assert (known.status, known.read()) == (304, b"")
        connection.request("GET", "/ca/root.pem")
        pem = connection.getresponse().read().decode()
        assert ssl.PEM_cert_to_DER_cert(pem) == get(ca, "/ca/root.cer").body
        connection.close()


def test_command_refuses_what_is_no_url(tmp_path: Path) -> None:
    """And says nothing of a password in it."""
    url = "http://user:hidden@ca.example"
    ran = Csc(tmp_path)("sandbox", "--folder", tmp_path / "made", "--url", url)
    assert ran.returncode == 64
    assert "--url" in ran.stderr
    assert "hidden" not in ran.stderr
    assert not (tmp_path / "made").exists()

"""Path validation: what leads to an anchor does, what does not is refused in words of its own."""

import subprocess
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from csc.runtime.cmp.errors import UntrustedCertificate
from csc.runtime.cmp.trust import (
    CMC_CA,
    CMC_RA,
    check_authorized,
    check_signer,
    verify_chain,
)
from peers.certificates import (
    ISSUES,
    NOW,
    SIGNS,
    Issuer,
    make_certificate,
    make_intermediate,
    make_root,
    name,
    new_key,
)
from peers.openssl import needs_openssl

LEAF = name("fw1")


@pytest.fixture(scope="module")
def root() -> Issuer:
    return make_root()


def leaf_of(issuer: Issuer, **options) -> x509.Certificate:
    return issuer.issue(LEAF, new_key().public_key(), **options)


def refused(words: str, leaf, anchors, untrusted=(), at=NOW) -> str:
    with pytest.raises(UntrustedCertificate, match=words) as caught:
        verify_chain(leaf, anchors, untrusted, at)
    assert str(caught.value).isprintable()
    assert "<Certificate" not in str(caught.value)
    assert "AlgorithmIdentifier {" not in str(caught.value)
    return str(caught.value)


def anchor_with(**options) -> Issuer:
    """A self-signed certificate that is not quite a root's."""
    key = options.pop("key", None) or new_key()
    options = {"is_ca": True, "usages": ISSUES} | options
    subject = name("odd root")
    return Issuer(make_certificate(subject, key.public_key(), subject, key, **options), key)


def test_a_leaf_leads_to_its_root(root: Issuer) -> None:
    verify_chain(leaf_of(root), [root.certificate], [], NOW)


def test_one_of_several_anchors_is_enough(root: Issuer) -> None:
    verify_chain(leaf_of(root), [make_root("other").certificate, root.certificate], [], NOW)


def test_an_anchor_leads_to_itself_while_it_is_valid(root: Issuer) -> None:
    verify_chain(root.certificate, [root.certificate], [], NOW)
    refused("not valid now", root.certificate, [root.certificate], at=NOW + timedelta(days=31))


def test_neither_names_nor_purposes_nor_key_usage_are_demanded(root: Issuer) -> None:
    """A private CA need not write SAN, EKU or keyUsage, as the web's CAs do."""
    verify_chain(leaf_of(root, usages=None, is_ca=None), [root.certificate], [], NOW)


def test_an_intermediate_links_and_is_needed(root: Issuer) -> None:
    issuing = make_intermediate(root, "Issuing CA")
    leaf = leaf_of(issuing)
    verify_chain(leaf, [root.certificate], [issuing.certificate], NOW)
    refused(
        "CN=fw1, issued by CN=Issuing CA, .*no certificate of its issuer", leaf, [root.certificate]
    )


def test_an_intermediate_may_be_the_anchor(root: Issuer) -> None:
    issuing = make_intermediate(root, "Issuing CA")
    verify_chain(leaf_of(issuing), [issuing.certificate], [], NOW)


def test_untrusted_is_not_trusted(root: Issuer) -> None:
    stranger = make_root("stranger")
    refused(
        "does not lead to CN=Test Root",
        leaf_of(stranger),
        [root.certificate],
        [stranger.certificate],
    )


def test_the_same_name_is_not_the_same_ca(root: Issuer) -> None:
    refused("signature does not match", leaf_of(make_root()), [root.certificate])


def test_nobody_is_trusted_without_anchors(root: Issuer) -> None:
    refused("no CA certificate that CN=fw1 could lead to", leaf_of(root), [], [root.certificate])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"is_ca": False}, "basicConstraints.cA"),
        ({"is_ca": None}, "no basicConstraints"),
        ({"is_ca": True, "usages": SIGNS}, "keyUsage of CN=fw2 does not let it issue"),
    ],
)
def test_an_end_entity_issues_nothing(root: Issuer, options: dict, words: str) -> None:
    """RFC 5280 6.1.4 (k) and (n)."""
    key = new_key()
    middle = Issuer(root.issue(name("fw2"), key.public_key(), **options), key)
    refused(words, leaf_of(middle), [root.certificate], [middle.certificate])


def test_an_intermediate_without_key_usage_may_issue(root: Issuer) -> None:
    key = new_key()
    middle = Issuer(root.issue(name("old CA"), key.public_key(), is_ca=True, usages=None), key)
    verify_chain(leaf_of(middle), [root.certificate], [middle.certificate], NOW)


def test_path_length(root: Issuer) -> None:
    key = new_key()
    certificate = make_certificate(
        name("last CA"),
        key.public_key(),
        root.certificate.subject,
        root.key,
        is_ca=True,
        path_length=0,
        usages=ISSUES,
    )
    last = Issuer(certificate, key)
    verify_chain(leaf_of(last), [root.certificate], [certificate], NOW)
    beyond = make_intermediate(last, "one too many")
    refused("path length", leaf_of(beyond), [root.certificate], [certificate, beyond.certificate])


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (NOW + timedelta(days=8), "expired at 2026-11-30 12:00:00 UTC"),
        (NOW - timedelta(days=8), "not valid before 2026-11-16 12:00:00 UTC"),
    ],
)
def test_the_leaf_is_valid_at_the_time_asked_for(root: Issuer, at, words: str) -> None:
    week = timedelta(days=7)
    leaf = leaf_of(root, begins=NOW - week, ends=NOW + week)
    verify_chain(leaf, [root.certificate], [], NOW)
    refused(words, leaf, [root.certificate], at=at)


def test_the_root_is_valid_at_the_time_asked_for() -> None:
    old = anchor_with(ends=NOW - timedelta(hours=1))
    refused("on the way is not valid now", leaf_of(old), [old.certificate])


def test_an_unknown_critical_extension_is_refused(root: Issuer) -> None:
    key = new_key()
    value = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    leaf = make_certificate(
        LEAF,
        key.public_key(),
        root.certificate.subject,
        root.key,
        extensions=[x509.Extension(value.oid, True, value)],
    )
    refused("1.2.3.4", leaf, [root.certificate])


# X.509v1: no builder of cryptography makes one, so openssl does.


@pytest.fixture(scope="module")
def version_1(root: Issuer, tmp_path_factory: pytest.TempPathFactory) -> x509.Certificate:
    return make_version_1(root, tmp_path_factory, "-sha256")


def make_version_1(root: Issuer, tmp_path_factory, digest: str) -> x509.Certificate:
    """What `openssl x509 -req` makes when nobody tells it about extensions; valid at the real time."""
    folder = tmp_path_factory.mktemp("v1")
    pem = root.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "ca.key").write_bytes(pem)
    (folder / "ca.pem").write_bytes(root.certificate.public_bytes(Encoding.PEM))
    pem = new_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "ee.key").write_bytes(pem)
    for command in (
        "req -config /dev/null -new -key ee.key -subj /CN=fw1 -out ee.csr",
        "x509 -req -in ee.csr -CA ca.pem -CAkey ca.key -set_serial 7 -days 2 -out ee.pem " + digest,
    ):
        subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)
    certificate = x509.load_pem_x509_certificate((folder / "ee.pem").read_bytes())
    assert certificate.version is x509.Version.v1
    return certificate


def long_lived(root: Issuer, start: datetime) -> x509.Certificate:
    """The root again, valid around `start`."""
    return make_certificate(
        root.certificate.subject,
        root.key.public_key(),
        root.certificate.subject,
        root.key,
        is_ca=True,
        usages=ISSUES,
        begins=start - timedelta(days=1),
        ends=start + timedelta(days=30),
    )


@needs_openssl
def test_a_version_1_certificate_of_the_root_is_accepted(root: Issuer, version_1) -> None:
    start = version_1.not_valid_before_utc
    anchor = long_lived(root, start)
    verify_chain(version_1, [anchor], [], start)
    refused("not valid before", version_1, [anchor], at=start - timedelta(seconds=1))
    refused("expired at", version_1, [anchor], at=start + timedelta(days=3))
    refused("not valid now", version_1, [anchor], at=start + timedelta(days=31))


@needs_openssl
def test_a_version_1_certificate_with_a_broken_hash_is_refused(root, tmp_path_factory) -> None:
    certificate = make_version_1(root, tmp_path_factory, "-sha1")
    start = certificate.not_valid_before_utc
    refused("X.509v1", certificate, [long_lived(root, start)], at=start)


@needs_openssl
def test_a_version_1_certificate_of_another_root_is_refused(root: Issuer, version_1) -> None:
    start = version_1.not_valid_before_utc
    stranger = make_root()  # of the same name
    refused(
        "X.509v1", version_1, [long_lived(stranger, start)], [long_lived(root, start)], at=start
    )


# Anchors that a user may have configured, and that path validation would refuse in riddles.


def test_a_root_without_basic_constraints_is_named() -> None:
    odd = anchor_with(is_ca=None)
    refused("CN=odd root has no BasicConstraints", leaf_of(odd), [odd.certificate])


def test_an_anchor_that_is_no_ca_is_named() -> None:
    odd = anchor_with(is_ca=False)
    refused("CN=odd root is not a CA's", leaf_of(odd), [odd.certificate])


def test_a_root_with_a_short_rsa_key_is_named() -> None:
    odd = anchor_with(key=rsa.generate_private_key(65537, 1024))
    refused("RSA key of 1024 bits, and 2048", leaf_of(odd), [odd.certificate])


def test_a_root_with_a_key_that_cannot_be_checked_is_named() -> None:
    odd = anchor_with(key=ec.generate_private_key(ec.SECP256K1()))
    refused(
        "key of the CA certificate CN=odd root cannot be trusted: its curve is secp256k1",
        leaf_of(odd),
        [odd.certificate],
    )


def test_an_rsa_root(rsa_key: rsa.RSAPrivateKey) -> None:
    root = anchor_with(key=rsa_key)
    verify_chain(leaf_of(root), [root.certificate], [], NOW)


def test_hostile_names_are_shown_harmlessly(root: Issuer) -> None:
    stranger = make_root("stranger\x1b[31m\r\nOK")
    message = refused("does not lead", leaf_of(stranger), [root.certificate])
    assert "\n" not in message


# Signers of messages.


@pytest.mark.parametrize("usages", [None, SIGNS, (*SIGNS, "key_encipherment")])
def test_a_signer_may_sign(root: Issuer, usages) -> None:
    check_signer(leaf_of(root, usages=usages))


@pytest.mark.parametrize("usages", [("key_encipherment",), ISSUES])
def test_a_signer_may_not_sign(root: Issuer, usages) -> None:
    with pytest.raises(UntrustedCertificate, match="CN=fw1 signed the answer, and its keyUsage"):
        check_signer(leaf_of(root, usages=usages))


# Who may speak for the CA.


def purposes(*oids: str) -> list[x509.Extension[x509.ExtendedKeyUsage]]:
    usage = x509.ExtendedKeyUsage([x509.ObjectIdentifier(oid) for oid in oids])
    return [x509.Extension(usage.oid, False, usage)]


@pytest.mark.parametrize("oid", [CMC_CA, CMC_RA])
def test_a_signer_that_speaks_for_the_ca(root: Issuer, oid: str) -> None:
    check_authorized(leaf_of(root, extensions=purposes("1.2.3", oid)), [root.certificate])


def test_the_ca_speaks_for_itself(root: Issuer) -> None:
    check_authorized(root.certificate, [root.certificate])
    check_authorized(make_intermediate(root, "Issuing CA").certificate, [root.certificate])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"is_ca": None},
        {"extensions": purposes("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2")},
        {"extensions": purposes("2.5.29.37.0")},  # anyExtendedKeyUsage
        {"extensions": purposes("1.3.6.1.5.5.7.3.32")},
    ],
)
def test_another_device_of_the_ca_does_not(root: Issuer, options: dict) -> None:
    with pytest.raises(
        UntrustedCertificate, match="CN=fw1 is an end entity's, and no ext"
    ) as caught:
        check_authorized(leaf_of(root, **options), [root.certificate])
    assert "Tolerate=any-signer at the CMPServer" in caught.value.way_out

"""Chains of algorithms that the library does not take: each rule of `paths` has what breaks it."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from csc.runtime.cmp.errors import UntrustedCertificate
from csc.runtime.cmp.keys import KeyType, generate
from csc.runtime.cmp.paths import LONGEST_CHAIN, MOST_LINKS, MOST_SIGNATURES, find_path
from csc.runtime.cmp.trust import verify_chain
from hypothesis import given, settings
from hypothesis import strategies as st
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

LEAF = name("fw1")
KINDS = (
    "rsa:2048",
    "ec:p256",
    "ec:p384",
    "ec:p521",
    "ed25519",
    "ed448",
    "mldsa44",
    "mldsa65",
    "mldsa87",
)
KEYS = {kind: generate(KeyType(kind)) for kind in KINDS}
RSA = KEYS["rsa:2048"]
assert isinstance(RSA, rsa.RSAPrivateKey)


def ed() -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.generate()


@pytest.fixture(scope="module")
def root() -> Issuer:
    return make_root(key=ed())


def leaf_of(issuer: Issuer, **options) -> x509.Certificate:
    return issuer.issue(LEAF, ed().public_key(), **options)


def refused(words: str, leaf, anchors, untrusted=(), at=NOW) -> str:
    """By both: the whole check, and the search alone."""
    with pytest.raises(UntrustedCertificate, match=words) as caught:
        verify_chain(leaf, anchors, untrusted, at)
    with pytest.raises(UntrustedCertificate):
        find_path(leaf, anchors, untrusted, at)
    assert str(caught.value).isprintable()
    return str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_key_at_every_place(kind: str) -> None:
    """As the root's, an issuing CA's and an end entity's, among keys of another kind."""
    key, other = KEYS[kind], ed()
    for keys in ((key, other, other), (other, key, other), (other, other, key), (key, key, key)):
        top = make_root(key=keys[0])
        issuing = make_intermediate(top, "Issuing CA", keys[1])
        leaf = issuing.issue(LEAF, keys[2].public_key())
        verify_chain(leaf, [top.certificate], [issuing.certificate], NOW)
        path = find_path(leaf, [top.certificate], [issuing.certificate], NOW)
        assert path == (leaf, issuing.certificate, top.certificate)


@pytest.mark.parametrize("kind", KINDS)
def test_a_chain_of_one_kind_of_key_and_a_stranger_of_the_same_name(kind: str) -> None:
    top, stranger = make_root(key=KEYS[kind]), make_root(key=generate(KeyType(kind)))
    words = "signature does not match|is not CN=Test Root's"
    refused(words, leaf_of(stranger), [top.certificate])
    refused(words, leaf_of(stranger), [top.certificate], [stranger.certificate])


@pytest.mark.parametrize("salt", [20, 32, padding.PSS.MAX_LENGTH])
def test_pss_with_any_salt(salt) -> None:
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), salt)
    subject = name("PSS root")
    certificate = make_certificate(
        subject, RSA.public_key(), subject, RSA, is_ca=True, usages=ISSUES, pss=pss
    )
    leaf = make_certificate(LEAF, new_key().public_key(), subject, RSA, pss=pss)
    verify_chain(leaf, [certificate], [], NOW)


def test_untrusted_is_not_trusted(root: Issuer) -> None:
    stranger = make_root("stranger", ed())
    refused(
        "no certificate of its issuer",
        leaf_of(stranger),
        [root.certificate],
        [stranger.certificate],
    )


def test_the_search_goes_on_where_a_way_is_blocked(root: Issuer) -> None:
    """Two certificates of one CA: the one for an old key, and the right one."""
    right, wrong = (make_intermediate(root, "Issuing CA", ed()) for _ in range(2))
    leaf = leaf_of(right)
    verify_chain(leaf, [root.certificate], [wrong.certificate, right.certificate], NOW)


# The rules, by number.


@pytest.mark.parametrize("at", [NOW + timedelta(days=8), NOW - timedelta(days=8)])
def test_rule_1_everything_is_valid(root: Issuer, at) -> None:
    week = {"begins": NOW - timedelta(days=7), "ends": NOW + timedelta(days=7)}
    words = "expired at" if at > NOW else "not valid before"
    refused(words, leaf_of(root, **week), [root.certificate], at=at)
    long = {"begins": NOW - timedelta(days=20), "ends": NOW + timedelta(days=20)}
    issuing = make_intermediate(root, "Issuing CA", ed(), **week)
    leaf = leaf_of(issuing, **long)
    if at > NOW:
        refused("on the way is not valid now", leaf, [root.certificate], [issuing.certificate], at)
    verify_chain(leaf, [root.certificate], [issuing.certificate], NOW)
    key, subject = ed(), name("old root")
    old = make_certificate(
        subject, key.public_key(), subject, key, is_ca=True, usages=ISSUES, **week
    )
    leaf = make_certificate(LEAF, new_key().public_key(), subject, key, **long)
    refused("on the way is not valid now", leaf, [old], at=at)
    verify_chain(leaf, [old], [], NOW)


def test_rule_2_signatures_hold_all_the_way(root: Issuer) -> None:
    stranger = make_root(key=ed())
    issuing = make_intermediate(stranger, "Issuing CA", ed())
    refused(
        "the signature of CN=Issuing CA is not CN=Test Root's",
        leaf_of(issuing),
        [root.certificate],
        [issuing.certificate],
    )


def test_rule_2_weak_algorithms_and_keys(root: Issuer) -> None:
    short = rsa.generate_private_key(65537, 1024)
    for key, words in (
        (short, "the key of CN=Issuing CA is not accepted: it has 1024 bits"),
        (ec.generate_private_key(ec.SECP256K1()), "not accepted: its curve is secp256k1"),
    ):
        issuing = make_intermediate(root, "Issuing CA", key)
        refused(words, leaf_of(issuing), [root.certificate], [issuing.certificate])
    issuing = make_intermediate(root, "Issuing CA", RSA)
    builder = (
        x509.CertificateBuilder()
        .subject_name(LEAF)
        .issuer_name(name("Issuing CA"))
        .public_key(new_key().public_key())
        .serial_number(7)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
    )
    plain = builder.sign(RSA, hashes.SHA224())
    refused("sha224WithRSA.* is not accepted", plain, [root.certificate], [issuing.certificate])
    pss = builder.sign(
        RSA, hashes.SHA224(), rsa_padding=padding.PSS(padding.MGF1(hashes.SHA224()), 28)
    )
    refused("signed with sha224, which", pss, [root.certificate], [issuing.certificate])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"is_ca": False}, "CN=fw2 has no basicConstraints.cA"),
        ({"is_ca": None}, "CN=fw2 has no basicConstraints.cA"),
        ({"usages": SIGNS}, "keyUsage of CN=fw2 does not let it issue"),
    ],
)
def test_rules_3_and_5_an_end_entity_issues_nothing(root: Issuer, options, words: str) -> None:
    middle = make_intermediate(root, "fw2", ed(), **options)
    refused(words, leaf_of(middle), [root.certificate], [middle.certificate])


def test_rule_5_no_key_usage_is_no_obstacle(root: Issuer) -> None:
    middle = make_intermediate(root, "old CA", ed(), usages=None)
    verify_chain(leaf_of(middle), [root.certificate], [middle.certificate], NOW)


def test_rule_4_path_length(root: Issuer) -> None:
    last = make_intermediate(root, "last CA", ed(), path_length=0)
    verify_chain(leaf_of(last), [root.certificate], [last.certificate], NOW)
    beyond = make_intermediate(last, "one too many", ed())
    refused(
        "the path length that CN=last CA allows is exceeded",
        leaf_of(beyond),
        [root.certificate],
        [last.certificate, beyond.certificate],
    )
    # The same CA again, with a new key that it certified itself, does not count.
    renewed = make_intermediate(last, "last CA", ed())
    links = [last.certificate, renewed.certificate]
    assert len(find_path(leaf_of(renewed), [root.certificate], links, NOW)) == 4


def critical(oid: str) -> list[x509.Extension[x509.UnrecognizedExtension]]:
    value = x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), b"\x05\x00")
    return [x509.Extension(value.oid, True, value)]


def test_rule_6_unknown_critical_extensions(root: Issuer) -> None:
    leaf = leaf_of(root, extensions=critical("1.2.3.4"))
    refused("CN=fw1 has the critical extension 1.2.3.4", leaf, [root.certificate])
    middle = make_intermediate(root, "odd CA", ed(), extensions=critical("1.2.3.4"))
    refused(
        "CN=odd CA has the critical extension 1.2.3.4",
        leaf_of(middle),
        [root.certificate],
        [middle.certificate],
    )


@pytest.mark.parametrize("is_critical", [True, False])
def test_rule_6_name_constraints(root: Issuer, is_critical: bool) -> None:
    value = x509.NameConstraints([x509.DNSName("example.com")], None)
    extension = x509.Extension(value.oid, is_critical, value)
    middle = make_intermediate(root, "bound CA", ed(), extensions=[extension])
    words = "critical extension 2.5.29.30" if is_critical else "CN=bound CA has nameConstraints"
    refused(words, leaf_of(middle), [root.certificate], [middle.certificate])


@pytest.mark.parametrize("kind", ["ed25519", "ec:p256"])
def test_rule_7_the_longest_chain(kind: str) -> None:
    """The library counts as we do."""
    above = root = make_root(key=KEYS[kind])
    links = []
    for number in range(LONGEST_CHAIN):
        above = make_intermediate(above, f"CA {number}", generate(KeyType(kind)))
        links.append(above.certificate)
    verify_chain(leaf_of(above), [root.certificate], links, NOW)
    one_more = make_intermediate(above, "CA beyond", generate(KeyType(kind)))
    with pytest.raises(UntrustedCertificate, match=r"lie between the two|max chain depth"):
        verify_chain(leaf_of(one_more), [root.certificate], [*links, one_more.certificate], NOW)


# The library is held against the same rules.

ISSUERS = st.fixed_dictionaries(
    {
        "is_ca": st.sampled_from([True, True, True, False, None]),
        "usages": st.sampled_from([ISSUES, ISSUES, None, SIGNS]),
        "begins": st.sampled_from([NOW - timedelta(days=9)] * 3 + [NOW + timedelta(days=9)]),
        "path_length": st.sampled_from([None, None, 0, 1]),
        "extensions": st.sampled_from([[], [], [], critical("1.2.3.4")]),
    }
).map(lambda o: o if o["is_ca"] else o | {"path_length": None})
EC = [new_key() for _ in range(4)]


@given(st.lists(ISSUERS, min_size=1, max_size=4), st.permutations(range(4)))
@settings(max_examples=150)
def test_the_library_and_the_search_agree(issuers: list[dict], order: list[int]) -> None:
    """On chains that both take, each certificate of which may break a rule."""
    key = EC[0]
    certificates = [make_certificate(name("0"), key.public_key(), name("0"), key, **issuers[0])]
    for number, options in enumerate(issuers[1:], 1):
        issuer, issuer_key, key = name(f"{number - 1}"), key, EC[number]
        certificates.append(
            make_certificate(name(f"{number}"), key.public_key(), issuer, issuer_key, **options)
        )
    leaf = make_certificate(LEAF, new_key().public_key(), certificates[-1].subject, key)
    links = [certificates[n] for n in order if 0 < n < len(certificates)]
    verdicts = []
    for check in (verify_chain, find_path):
        try:
            check(leaf, certificates[:1], links, NOW)
        except UntrustedCertificate:
            verdicts.append(False)
        else:
            verdicts.append(True)
    assert verdicts[0] == verdicts[1]


# Work is bounded.


def test_circles_end(root: Issuer) -> None:
    """Two CAs that certify each other, and nobody else."""
    one, other = make_root("one", ed()), make_root("other", ed())
    links = [
        other.issue(name("one"), one.key.public_key(), is_ca=True, usages=ISSUES),
        one.issue(name("other"), other.key.public_key(), is_ca=True, usages=ISSUES),
    ]
    refused("no certificate of its issuer|is not CN=", leaf_of(one), [root.certificate], links)


def test_a_thicket_of_certificates_is_left_alone(root: Issuer) -> None:
    """As many certificates for one key of one name as may come: every order of them is a path."""
    bramble = make_root("bramble", ed())
    links = [
        bramble.issue(name("bramble"), bramble.key.public_key(), is_ca=True, usages=ISSUES)
        for _ in range(MOST_LINKS)
    ]
    words = f"{MOST_SIGNATURES} signatures were checked on the way, and no path was found"
    refused(words, leaf_of(bramble), [root.certificate], links)


def test_what_lies_beyond_the_most_links_is_not_looked_at(root: Issuer) -> None:
    issuing = make_intermediate(root, "Issuing CA", ed())
    others = [make_root(f"other {n}", ed()).certificate for n in range(MOST_LINKS)]
    leaf = leaf_of(issuing)
    verify_chain(leaf, [root.certificate], [*others[1:], issuing.certificate], NOW)
    refused(
        "no certificate of its issuer", leaf, [root.certificate], [*others, issuing.certificate]
    )

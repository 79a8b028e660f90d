"""Rules of profiles by themselves: patterns, keys that are not to sign with, profiles of a path."""

from collections.abc import Sequence

import pytest
from csc.runtime.cmp.codec import encode_profile
from csc.runtime.cmp.model import InfoTypeAndValue, PKIFailureInfo
from csc.runtime.sandbox.profiles.asked import CERT_PROFILE, profiles_of
from csc.runtime.sandbox.profiles.keys import KINDS, RSA, kinds_of
from csc.runtime.sandbox.profiles.load import builtin_profiles
from csc.runtime.sandbox.profiles.patterns import matches
from csc.runtime.sandbox.profiles.usages import granted_bits, key_usage
from csc.runtime.sandbox.requests.refusal import Refusal
from peers.asker import header

PROFILES = builtin_profiles()


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("a", "a"),
        ("*", ""),
        ("*", "a.b"),
        ("*.b", "a.b"),
        ("a*", "a"),
        ("a*b*c", "abc"),
        ("a*b*c", "a-b-b-c"),
        ("**", "a"),
        ("*a*a*", "aa"),
    ],
)
def test_alike(pattern: str, text: str) -> None:
    assert matches(pattern, text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("a", "A"),
        ("a", "ab"),
        ("a*a", "a"),
        ("*.b", "b"),
        ("a*b*c", "acb"),
        ("*a*a*", "a"),
        ("?", "a"),
    ],
)
def test_not_alike(pattern: str, text: str) -> None:
    assert not matches(pattern, text)


def test_every_kind_of_key_of_the_builtin_profiles_is_known() -> None:
    assert set(kinds_of(PROFILES.default)) == set(KINDS)
    for kind in KINDS.values():
        assert set(kind.usual) <= set(kind.can)


@pytest.mark.parametrize(
    ("profile", "kind", "bits"),
    [
        ("default", RSA, ("keyEncipherment",)),
        ("default", "ec:p256", ("keyAgreement",)),
        ("tls-server", RSA, ("keyEncipherment",)),
    ],
)
def test_keys_that_are_not_to_sign_with(profile: str, kind: str, bits: Sequence[str]) -> None:
    chosen = PROFILES.get(profile)
    assert chosen is not None
    assert granted_bits(chosen, kind, None, signs=False) == (tuple(bits), ())


@pytest.mark.parametrize(("profile", "kind"), [("default", "ed25519"), ("ra", "ec:p256")])
def test_keys_that_could_do_nothing(profile: str, kind: str) -> None:
    chosen = PROFILES.get(profile)
    assert chosen is not None
    with pytest.raises(Refusal, match=r"key-usage: none that it has is for .* not to sign with"):
        granted_bits(chosen, kind, None, signs=False)


def test_signing_cannot_be_requested_for_them() -> None:
    ipsec = PROFILES.get("ipsec")
    assert ipsec is not None
    with pytest.raises(Refusal, match="digitalSignature is not for rsa keys"):
        granted_bits(ipsec, RSA, key_usage(["digitalSignature"]), signs=False)


def names(*profiles: str) -> InfoTypeAndValue:
    content = b"".join(encode_profile(name)[2:] for name in profiles)
    return InfoTypeAndValue(CERT_PROFILE, bytes([0x30, len(content)]) + content)


@pytest.mark.parametrize(
    ("in_header", "of_path", "expected"),
    [
        (None, "", ["default", "default"]),
        (None, "ra", ["ra", "ra"]),
        (["ipsec"], "", ["ipsec", "default"]),
        (["", "ipsec"], "", ["default", "ipsec"]),
        (["ra"], "ra", ["ra", "ra"]),
        (["", "ra"], "ra", ["ra", "ra"]),
    ],
)
def test_profiles_of_header_and_path(
    in_header: list[str] | None, of_path: str, expected: list[str]
) -> None:
    head = header(general_info=() if in_header is None else (names(*in_header),))
    found = profiles_of(PROFILES, head, 2, of_path)
    assert [profile.name for profile in found] == expected


def test_path_and_header_have_to_agree() -> None:
    """RFC 9811 3.6 has the path say what the header would."""
    with pytest.raises(Refusal) as caught:
        profiles_of(PROFILES, header(general_info=(names("ra"),)), 1, "ipsec")
    assert caught.value.status.fail_info == {PKIFailureInfo.BAD_CERT_TEMPLATE}

"""Files of profiles that are right: what they say, and what stands beside it."""

from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from csc.runtime.sandbox.profiles import words
from csc.runtime.sandbox.profiles.load import builtin_profiles, load_profiles
from csc.runtime.sandbox.profiles.model import (
    AlternativeNames,
    NameKind,
    Need,
    Profile,
    Subject,
    Unknown,
    Usages,
    Validity,
)

EVERYTHING = """
[profiles.gateway]
description = "a gateway"
validity = "12h"
requested-validity = false
keys = ["rsa:2560", "ec:p256"]
unknown-extensions = "refuse"
central-keys = true
ra = "required"

[profiles.gateway.key-usage]
fixed = ["digitalSignature"]
allowed = ["keyAgreement"]

[profiles.gateway.extended-key-usage]
fixed = ["ipsecIKE"]
allowed = ["1.2.3.4"]

[profiles.gateway.subject-alt-name]
policy = "required"
kinds = ["dns", "ip"]
dns = ["*.example.com"]
ip = ["10.0.0.0/8", "2001:db8::/32", "192.0.2.1"]

[profiles.gateway.subject]
required = ["CN"]
allowed = ["OU"]
fixed = { O = "Example" }
patterns = { CN = "gw-*" }
empty = true
"""


def test_everything_that_can_be_said(tmp_path: Path) -> None:
    path = tmp_path / "profiles.toml"
    path.write_text(EVERYTHING)
    networks = ("10.0.0.0/8", "2001:db8::/32", "192.0.2.1/32")
    assert load_profiles(path).get("gateway") == Profile(
        "gateway",
        Validity(timedelta(hours=12), honours_request=False),
        ("rsa:2560", "ec:p256"),
        "a gateway",
        Usages(("digitalSignature",), ("keyAgreement",)),
        Usages(("1.3.6.1.5.5.7.3.17",), ("1.2.3.4",)),
        AlternativeNames(
            Need.REQUIRED,
            (NameKind.DNS, NameKind.IP),
            ((NameKind.DNS, ("*.example.com",)),),
            tuple(map(ip_network, networks)),
        ),
        Subject(("CN",), ("OU",), (("O", "Example"),), (("CN", "gw-*"),), may_be_empty=True),
        Unknown.REFUSE,
        central_keys=True,
        ra=Need.REQUIRED,
    )


def test_builtin_profiles() -> None:
    profiles = builtin_profiles()
    assert profiles.names == ("default", "tls-server", "tls-client", "ipsec", "ra")
    assert profiles.default.name == "default"
    assert all(profile.description for profile in profiles.all)
    assert [profile.name for profile in profiles.all if profile.central_keys] == ["default"]
    assert profiles.get("gateway") is None
    assert profiles.get("") is None


def test_file_adds_and_replaces(tmp_path: Path) -> None:
    path = tmp_path / "profiles.toml"
    path.write_text(
        '[profiles.gateway]\nkeys = ["ec:p256"]\n'
        '[profiles.default]\nkeys = ["ed25519"]\nvalidity = "1y"\n'
    )
    profiles = load_profiles(path)
    assert profiles.names == ("tls-server", "tls-client", "ipsec", "ra", "gateway", "default")
    assert profiles.default.keys == ("ed25519",)
    assert profiles.default.validity == Validity(timedelta(days=365))
    assert profiles.default.subject == Subject()  # nothing of the one that it replaces


def test_empty_file_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "profiles.toml"
    path.write_text("# nothing yet\n")
    assert load_profiles(path) == builtin_profiles()


@pytest.mark.parametrize(
    ("word", "seconds"),
    [
        ("45s", 45),
        ("10min", 600),
        ("12h", 43_200),
        ("90d", 7_776_000),
        ("2w", 1_209_600),
        ("2y", 63_072_000),
        ("100y", 3_153_600_000),
    ],
)
def test_durations(word: str, seconds: int) -> None:
    assert words.duration(word) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "word", ["", "d", "1", "-1d", "1.5d", "1 d", "1d ", "1D", "1m", "٣d", "01d"]
)
def test_no_durations(word: str) -> None:
    with pytest.raises(ValueError, match="a whole number"):
        words.duration(word)

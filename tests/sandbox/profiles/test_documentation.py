"""docs/sandbox-profiles.md is true: its example loads, and its mistakes are said as it says."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from csc.runtime.sandbox.profiles.load import ProfileError, builtin_profiles, load_profiles
from csc.runtime.sandbox.profiles.model import ATTRIBUTES, NameKind
from csc.runtime.sandbox.profiles.words import PURPOSES, USAGE_BITS
from support.command import REPOSITORY

PAGE = (REPOSITORY / "docs" / "sandbox-profiles.md").read_text()


def block(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return found


def test_example(tmp_path: Path) -> None:
    path = tmp_path / "profiles.toml"
    path.write_text(block("toml"))
    gateway = load_profiles(path).get("gateway")
    assert gateway is not None
    assert gateway.validity.longest == timedelta(days=90)
    assert load_profiles(path).get("door-lock") is not None


def test_mistakes(tmp_path: Path) -> None:
    path = tmp_path / "profiles.toml"
    text = block("toml").replace("validity =", "validty =", 1).replace("ec:p256", "ec:p265", 1)
    path.write_text(text.replace("10.0.0.0/8", "10.0.0.1/8"))
    with pytest.raises(ProfileError) as caught:
        load_profiles(path)
    assert str(caught.value).replace(str(path), path.name) + "\n" == block("text")


def test_every_builtin_profile_has_its_line() -> None:
    assert tuple(re.findall(r"^\| `([\w-]+)` \| .*\|$", PAGE, re.MULTILINE))[:5] == (
        builtin_profiles().names
    )


def test_every_word_is_there() -> None:
    words = (*ATTRIBUTES, *NameKind, *PURPOSES, *USAGE_BITS)
    assert [word for word in words if not re.search(rf"\b{word}\b", PAGE)] == []

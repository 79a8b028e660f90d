"""Files of profiles with mistakes: `broken/NAME.toml` beside `NAME.expected`, which says all of them.

With CSC_REGENERATE=1 in the environment the expectations are written in place of being compared.
"""

import os
from pathlib import Path

import pytest
from csc.runtime.sandbox.profiles.load import ProfileError, load_profiles

BROKEN = sorted((Path(__file__).parent / "broken").glob("*.toml"))


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_everything_wrong_is_said(path: Path) -> None:
    with pytest.raises(ProfileError) as caught:
        load_profiles(path)
    text = str(caught.value).replace(str(path), path.name) + "\n"
    expected = path.with_suffix(".expected")
    if os.environ.get("CSC_REGENERATE"):
        expected.write_text(text)
    assert text == expected.read_text()
    assert len(caught.value.problems) == len(text.splitlines())


def test_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match=r"none\.toml: it cannot be read: No such file"):
        load_profiles(tmp_path / "none.toml")


def test_file_that_is_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="cannot be read: Is a directory"):
        load_profiles(tmp_path)


def test_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "binary.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ProfileError, match="it is not UTF-8 text"):
        load_profiles(path)


def test_file_that_is_nested_too_deep(tmp_path: Path) -> None:
    path = tmp_path / "deep.toml"
    path.write_text(f"profiles = {'[' * 100_000}")
    with pytest.raises(ProfileError, match="it is not TOML"):
        load_profiles(path)

"""What is granted, modified or refused: `grants/NAME.requests.toml` under `grants/NAME.profiles.toml`.

A request says its result itself; `NAME.expected` holds what is said, and the certificate. With
CSC_REGENERATE=1 in the environment that is written in place of being compared.
"""

import os
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from csc.runtime.sandbox.ca import SandboxCA
from csc.runtime.sandbox.profiles.load import builtin_profiles, load_profiles
from peers.asker import SECRET
from support.grants import NOW, Request, outcome, render

FILES = sorted((Path(__file__).parent / "grants").glob("*.requests.toml"))


def requests(path: Path) -> Iterator[Request]:
    document = tomllib.loads(path.read_text())
    for entry in document["request"]:
        left_out = dict.fromkeys(entry.pop("without", ()))
        yield Request(**{**document.get("common", {}), **entry, **left_out})


# cryptography warns of values of a wrong length, wherever it reads one.
@pytest.mark.filterwarnings("ignore:Attribute's length")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.partition(".")[0])
def test_what_comes_of_requests(path: Path, tmp_path: Path) -> None:
    name = path.name.partition(".")[0]
    profiles = path.with_name(f"{name}.profiles.toml")
    loaded = load_profiles(profiles) if profiles.exists() else builtin_profiles()
    found = []
    with SandboxCA.open(tmp_path, lambda: NOW, profiles=loaded) as ca:
        ca.add_secret(SECRET.reference, SECRET.secret, is_ra=True)  # who may ask for each of them
        for request in requests(path):
            result = outcome(ca, request)
            assert result.result == request.result, render(request, result)
            found.append(render(request, result))
    text = "\n".join(found)
    expected = path.with_name(f"{name}.expected")
    if os.environ.get("CSC_REGENERATE"):
        expected.write_text(text)
    assert text == expected.read_text()

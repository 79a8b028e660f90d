from collections.abc import Generator
from pathlib import Path

import pytest
from csc.runtime.cmp.protection import Credential
from csc.runtime.sandbox.ca import SandboxCA
from peers.asker import SECRET, enrolled


@pytest.fixture
def ca(tmp_path: Path) -> Generator[SandboxCA]:
    with SandboxCA.open(tmp_path) as opened:
        opened.add_secret(SECRET.reference, SECRET.secret)
        yield opened


@pytest.fixture(params=["secret", "certificate"])
def credential(ca: SandboxCA, request: pytest.FixtureRequest) -> Credential:
    """Each way in which a request may be protected."""
    return SECRET if request.param == "secret" else enrolled(ca)[1]

from collections.abc import Generator
from pathlib import Path

import pytest
from peers.bouncycastle_client import BouncyCastleClient, bouncycastle_client
from peers.sandbox_with_bouncycastle import Peer, talking


@pytest.fixture(scope="session")
def java(tmp_path_factory: pytest.TempPathFactory) -> Generator[BouncyCastleClient]:
    """The client on BouncyCastle: one for all tests."""
    with bouncycastle_client(tmp_path_factory.mktemp("bouncycastle")) as client:
        yield client


@pytest.fixture
def bouncycastle(java: BouncyCastleClient, tmp_path: Path) -> Generator[Peer]:
    """A CA that behaves as usual, and the client on BouncyCastle."""
    with talking(java, tmp_path) as peer:
        yield peer

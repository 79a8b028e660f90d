"""What tests of several folders start from."""

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest
from csc.runtime.state.location import Location, in_file, parse_url
from hypothesis import settings
from peers import postgresql
from support import vaults
from support.command import Csc

# How long an example takes is the machine's affair.
settings.register_profile("csc", deadline=None)
settings.load_profile("csc")


@pytest.fixture
def csc(tmp_path: Path) -> Csc:
    return Csc(tmp_path)


@pytest.fixture(scope="session")
def cluster() -> Generator[postgresql.Cluster]:
    """A PostgreSQL server."""
    with postgresql.running() as running:
        yield running


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=postgresql.needs_postgresql)])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> Location:
    """Where no state lies yet, in each kind of database that there is."""
    if request.param == "sqlite":
        return in_file(tmp_path / "state.db")
    url = request.getfixturevalue("cluster").new_database()
    return replace(parse_url(url), folder=tmp_path / ".csc")


@pytest.fixture
def keyrings(monkeypatch: pytest.MonkeyPatch) -> vaults.Keyrings:
    """A machine with an empty keyring, an empty environment, and nobody at its terminal."""
    return vaults.patched(monkeypatch)

"""A state in each kind of database that there is."""

from collections.abc import Generator
from pathlib import Path

import pytest
from csc.runtime.state.location import Location, in_file, parse_url
from peers import postgresql


@pytest.fixture(scope="session")
def cluster() -> Generator[postgresql.Cluster]:
    with postgresql.running() as running:
        yield running


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=postgresql.needs_postgresql)])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> Location:
    """Where no state lies yet."""
    if request.param == "sqlite":
        return in_file(tmp_path / "state.db")
    return parse_url(request.getfixturevalue("cluster").new_database())

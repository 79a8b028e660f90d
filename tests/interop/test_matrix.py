"""Our client against three independent CAs, over real HTTP: each cell of the matrix in `cells`."""

from collections.abc import Generator
from contextlib import ExitStack

import pytest
from csc.runtime.cmp.errors import CMPError
from csc.runtime.cmp.transport import HttpTransport
from peers.bouncycastle import needs_bouncycastle
from peers.openssl import needs_openssl
from support.interoperability import PAGE, render, versions_in

from interop.cells import CELLS, ERROR, PEERS, ROWS, UNKNOWN, Cell, trial, why_not
from interop.exchange import exchange
from interop.sites import Sites
from interop.versions import TRIED, versions

_NEEDS = {"OpenSSL": (needs_openssl,), "BouncyCastle": (needs_bouncycastle,)}


def parameter(cell: Cell):
    return pytest.param(cell, id=str(cell), marks=_NEEDS.get(cell.peer, ()))


@pytest.fixture(scope="session")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Generator[Sites]:
    """The CAs, each started by the first cell that needs it."""
    with ExitStack() as stack:
        http = stack.enter_context(HttpTransport())
        yield Sites(tmp_path_factory.mktemp("interop"), stack, http)


@pytest.mark.parametrize("cell", [parameter(cell) for cell in CELLS])
def test_cell(sites: Sites, cell: Cell) -> None:
    exchange(cell, sites)


UNKNOWNS = [
    pytest.param(peer, value, id=f"{peer}: {value}", marks=_NEEDS.get(peer, ()))
    for peer in PEERS
    for value in UNKNOWN[peer]
    if value != ERROR
]


@pytest.mark.parametrize(("peer", "value"), UNKNOWNS)
def test_what_a_peer_does_not_know(sites: Sites, peer: str, value: str) -> None:
    """What the table says of a peer is true: tried all the same, it ends in an error with a name."""
    if not versions()[peer].startswith(TRIED[peer]):
        pytest.skip(f"{peer} is another version than the one that this was written for")
    row = trial(peer, value)
    gap = UNKNOWN[peer][value]
    assert why_not(row, peer) == gap.reason
    with pytest.raises(CMPError, match=gap.error):
        exchange(Cell(row, peer), sites)


def test_page_is_up_to_date() -> None:
    """docs/interoperability.md has exactly these cells; `python -m support.interoperability` writes it."""
    page = PAGE.read_text(encoding="utf-8")
    assert page == render(page, {}, versions_in(page))


def test_rows_are_told_apart() -> None:
    assert len(set(ROWS)) == len(ROWS)

"""The rules of `invariants` say no where they have to: each is broken once."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from csc.compiler.address import Address
from csc.compiler.configuration import Configuration, FileValue
from csc.runtime.certificates import dump_certificate, key_id
from csc.runtime.sandbox.ledger.ledger import LedgerEntry, Status
from peers.certificates import make_root

from faults.findings import Held, Here, There
from faults.invariants import Run, after_the_fault, in_the_end, shape

DER = dump_certificate(make_root().certificate)


def _committed(certificate: str, key: str) -> Configuration:
    files = {
        "CertificateData": FileValue("cl_newcert.der", certificate),
        "PrivateKey": FileValue("cl_newkey.pem", key, True),
    }
    return {Address.parse("/CertificateStore/cmp/Certificate/gw0"): files}


ISSUED = LedgerEntry(
    *("1a", "CN=gw0", Status.CONFIRMED, "", "00", "ir", "reference:726566", "", ""), DER
)
DONE = Run(0, "Nothing to do: the device is as the script says.", "")


@pytest.fixture
def key() -> str:
    from cryptography import x509

    return key_id(x509.load_der_x509_certificate(DER).public_key())


@pytest.fixture
def here(key: str) -> Here:
    """All is well: one certificate, committed in version 1."""
    return Here(
        held=(Held("/CertificateStore/cmp/Certificate/gw0", "sha256:1", key, "1a", False),),
        contents={"sha256:1": DER},
        keys=frozenset({key}),
        committed=_committed("sha256:1", key),
        version=1,
        versions=(1,),
    )


THERE = There((ISSUED,), ())
Change = Callable[[Here], Here]
_WRONG_HERE: dict[str, Change] = {
    "not held here": lambda here: replace(here, held=()),
    "another certificate": lambda here: replace(here, contents={"sha256:1": b""}),
    "is lost": lambda here: replace(here, keys=frozenset()),
    "cannot be decrypted": lambda here: replace(here, unreadable=frozenset({"key:2"})),
    "journal never ends": lambda here: replace(here, open_operations=("initiate of gw0",)),
    "revoked here is True": lambda here: replace(
        here, held=(replace(here.held[0], is_revoked=True),)
    ),
    "is not committed": lambda here: replace(here, committed={}),
    "another one's key": lambda here: replace(here, committed=_committed("sha256:1", "key:2")),
    "the versions are": lambda here: replace(here, version=2, versions=(2,)),
    "row 7 missing": lambda here: replace(here, damage=("row 7 missing",)),
    "still held by": lambda here: replace(here, leases=("ann on north",)),
}
_WRONG_THERE = {
    "never confirmed": There((replace(ISSUED, status=Status.ISSUED),), ()),
    "2 good certificates": There((ISSUED, replace(ISSUED, serial_number="1b")), ()),
    "waits in transaction": There((ISSUED,), ("07",)),
    "the CA says revoked": There((replace(ISSUED, status=Status.REVOKED),), ()),
}


def _broken(here: Here, there: There, good: Here, again: Run = DONE, third: Run = DONE) -> str:
    return "\n".join(in_the_end(Here(), shape(good.committed), here, there, again, third))


def test_nothing_is_said_where_all_is_well(here: Here) -> None:
    assert _broken(here, THERE, here) == ""
    for run in (DONE, Run(-9, "", ""), Run(1, "", "error: no room")):
        assert not list(after_the_fault(Here(), shape(here.committed), here, run))
        assert not list(after_the_fault(here, shape(here.committed), here, run))


@pytest.mark.parametrize("said", _WRONG_HERE)
def test_what_is_wrong_here(here: Here, said: str) -> None:
    assert said in _broken(_WRONG_HERE[said](here), THERE, here)


@pytest.mark.parametrize("said", _WRONG_THERE)
def test_what_is_wrong_at_the_ca(here: Here, said: str) -> None:
    assert said in _broken(here, _WRONG_THERE[said], here)


def test_runs_that_do_not_end_well(here: Here) -> None:
    assert "the next run ended with 3: error: locked" in _broken(
        here, THERE, here, Run(3, "", "error: locked")
    )
    assert "something to do" in _broken(here, THERE, here, third=Run(0, "Plan: 1 to add.", ""))


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (Run(-11, "", ""), "ended with -11"),
        (Run(1, "", "error: this is a mistake of csc's own: KeyError"), "a mistake of csc's own"),
        (Run(1, "", ""), "did not say why"),
    ],
)
def test_spoilt_runs_that_do_not_end_well(here: Here, run: Run, said: str) -> None:
    assert said in "\n".join(after_the_fault(here, shape(here.committed), here, run))


def test_half_a_configuration(here: Here) -> None:
    half = replace(here, committed={}, version=1)
    assert "neither the old" in "\n".join(
        after_the_fault(Here(), shape(here.committed), half, Run(-9, "", ""))
    )

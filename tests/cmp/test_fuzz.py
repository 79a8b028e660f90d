"""The fuzzer of answers finds nothing in a run of a few seconds, and finds what is there to be found."""

import random
import warnings
from collections.abc import Generator

import pytest
from csc.runtime.cmp import mac, transaction
from fuzz import cmp as fuzz

ANSWERS = 400


@pytest.fixture(scope="module")
def fuzzer() -> Generator[fuzz.Fuzzer]:
    before = mac.ITERATIONS, mac.PBKDF2_ITERATIONS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of certificates with odd serial numbers
        yield fuzz.Fuzzer(random.Random(9810))
    mac.ITERATIONS, mac.PBKDF2_ITERATIONS = before


def test_a_short_run(fuzzer: fuzz.Fuzzer, capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(ANSWERS):
            fuzzer.once()
    assert not fuzzer.found, capsys.readouterr().out
    assert fuzzer.taken > ANSWERS // 20


def test_honest_answers_are_taken(fuzzer: fuzz.Fuzzer) -> None:
    """What mutation begins with is what the client takes, so that mutants get far."""
    for stage in fuzzer.stages:
        fuzzer.check(stage, stage.honest, is_raw=True)
        if "already" not in stage.name:
            assert not isinstance(fuzzer.meanings[stage.name], type), stage.name


def test_a_forged_answer_is_found(fuzzer: fuzz.Fuzzer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without check 8, which nothing but the fuzzer's own law notices."""
    monkeypatch.setattr(transaction.checks, "check_protection", lambda *arguments: None)
    monkeypatch.setattr(fuzzer, "chance", random.Random(1))
    found: set[str | None] = set()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for stage in fuzzer.stages * 5:
            found.add(fuzzer.fault(stage, fuzzer.mutant(stage, "raw"), is_raw=True))
    assert any(what is not None and what.startswith("forged") for what in found)

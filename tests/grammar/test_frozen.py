"""Frozen classes behave as frozen data classes do."""

import copy
import pickle
from dataclasses import dataclass, field, replace

import pytest
from csc.grammar.frozen import frozen


@dataclass(frozen=True, slots=True)
class Model:
    name: str
    place: int = field(default=0, compare=False)
    secret: str = field(default="", repr=False)


@frozen
class Pair:
    name: str
    place: int = field(default=0, compare=False)
    secret: str = field(default="", repr=False)


@frozen
class Other:
    name: str


@frozen
class Empty:
    pass


@frozen
class Own:
    name: str

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 1

    def __repr__(self) -> str:
        return "own"


VALUES = (("a",), ("b",), ("a", 1), ("a", 0, "s"))


@pytest.mark.parametrize("one", VALUES)
@pytest.mark.parametrize("two", VALUES)
def test_compares_as_a_data_class(one: tuple[str], two: tuple[str]) -> None:
    assert (Pair(*one) == Pair(*two)) == (Model(*one) == Model(*two))
    assert len({Pair(*one), Pair(*two)}) == len({Model(*one), Model(*two)})


@pytest.mark.parametrize("values", VALUES)
def test_shows_as_a_data_class(values: tuple[str]) -> None:
    assert repr(Pair(*values)) == repr(Model(*values)).replace("Model", "Pair")


def test_instances_of_different_classes_differ() -> None:
    assert Pair("a") != Other("a")
    assert Empty() != ()
    assert Empty() == Empty()
    assert hash(Empty()) == hash(Empty())


def test_keeps_the_methods_that_a_class_has() -> None:
    assert Own("a") == 1
    assert (hash(Own("a")), repr(Own("a"))) == (1, "own")


def test_a_class_that_holds_itself_is_shown() -> None:
    inner: list[object] = []
    inner.append(Other(inner))  # type: ignore[arg-type]
    assert repr(inner[0]) == "Other(name=[...])"


def test_is_copied_and_replaced() -> None:
    pair = Pair("a", 1, "s")
    for same in (copy.copy(pair), copy.deepcopy(pair), pickle.loads(pickle.dumps(pair))):
        assert same == pair
    assert replace(pair, name="b") == Pair("b", 1, "s")


def test_has_no_room_for_other_attributes() -> None:
    with pytest.raises(AttributeError):
        Pair("a").extra = 1  # type: ignore[attr-defined]

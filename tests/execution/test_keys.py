"""Keys that are made before their turn: never too many, never used twice, never used unwritten."""

import threading

import pytest
from csc.compiler.plan import CmpOperation, Operation, RequestType
from csc.runtime.execution.keys import AHEAD, Keys, kind_ahead
from support.fake_steps import operation


class Made:
    """Counts what is made, of which kind; `wait_for` waits until so many are."""

    def __init__(self) -> None:
        self.kinds: list[str] = []
        self._changed = threading.Condition()

    def __call__(self, kind: str) -> object:
        with self._changed:
            self.kinds.append(kind)
            self._changed.notify_all()
        return object()

    def wait_for(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.kinds) >= count, 20)


def test_what_is_expected_is_made_once() -> None:
    made = Made()
    with Keys(made) as keys:
        keys.expect(["rsa:2048", "rsa:2048"])
        keys.expect(["rsa:2048", "rsa:2048"])  # they are there already
        made.wait_for(2)
        for _ in range(3):
            keys.take("rsa:2048")
    assert len(made.kinds) == 3


def test_nobody_gets_the_key_of_another() -> None:
    with Keys(Made()) as keys:
        keys.expect(["rsa:2048"] * 3)
        taken: list[object] = []
        threads = [
            threading.Thread(target=lambda: taken.append(keys.take("rsa:2048"))) for _ in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(set(map(id, taken))) == 6


def test_a_key_is_of_the_kind_that_is_asked_for() -> None:
    with Keys(lambda kind: kind) as keys:  # type: ignore[arg-type, return-value]
        keys.expect(["rsa:2048", "ec:P-256"])
        assert [keys.take(kind) for kind in ("ec:P-256", "rsa:3072")] == ["ec:P-256", "rsa:3072"]


def test_no_more_are_made_ahead_than_is_useful() -> None:
    made = Made()
    with Keys(made) as keys:
        keys.expect(["rsa:2048"] * 100)
    assert len(made.kinds) <= AHEAD


def test_a_key_that_cannot_be_made_fails_who_takes_it() -> None:
    def cannot(kind: str) -> object:
        raise OSError(f"no {kind}")

    with Keys(cannot) as keys:  # type: ignore[arg-type]
        keys.expect(["rsa:2048"])
        with pytest.raises(OSError, match="no rsa:2048"):
            keys.take("rsa:2048")


@pytest.mark.parametrize(
    ("planned", "kind"),
    [
        (operation(), "rsa:2048"),
        (operation(key_type="ec:P-256"), "ec:P-256"),
        (operation(is_central=True), None),
        (operation(operation=Operation.REVOKE, request_type=RequestType.RR), None),
        (operation(operation=Operation.UPDATE, request_type=RequestType.KUR), None),
    ],
)
def test_which_kind(planned: CmpOperation, kind: str | None) -> None:
    assert kind_ahead(planned) == kind

"""A number in, a state in that older format out, as the csc of its time made it."""

from pathlib import Path

from csc.compiler.configuration import empty_device
from csc.runtime.state import migration, sqlite
from csc.runtime.state.store import configuration_text


def old_state(path: Path, number: int) -> None:
    """A state of format `number`, with a version of a device."""
    path.parent.mkdir()
    opened = sqlite.open_to_write(path)
    try:
        for script in range(1, number + 1):
            with opened.transaction():
                migration._carry_out(opened, script)
        text = configuration_text(empty_device())
        opened.execute("INSERT INTO device VALUES ('default', ?, ?, 1, '')", text, text)
        opened.execute(
            "INSERT INTO version VALUES ('default', 1, ?, '', '2026-01-01T00:00Z')", text
        )
    finally:
        opened.close()


def carry_out_again(path: Path, number: int) -> None:
    """Migration `number`, on a state in which what it makes was removed."""
    opened = sqlite.open_to_write(path)
    try:
        ((newest,),) = opened.execute("SELECT version FROM format")
        with opened.transaction():
            opened.execute("UPDATE format SET version = ?", number - 1)
            migration._carry_out(opened, number)
            opened.execute("UPDATE format SET version = ?", newest)
    finally:
        opened.close()

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

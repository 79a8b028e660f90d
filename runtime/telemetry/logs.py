"""A run in, lines of a log out: JSON or text, each with the run, the device, the step and the transaction.

Python's own logging writes them. The log is for people and their collectors: a run whose log cannot be
written goes on, for what has to be kept is in the audit log.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from io import TextIOWrapper
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import IO, Any

from ...compiler.plan import CmpOperation
from ..progress import ProgressEvent, StepDone, StepFailed, StepMessage, StepProgress, StepStarted
from .observing import DONE, kind_of, target_of
from .run import Ended, Exchange, RunFacts

MODE = 0o600
STDERR = Path("-")
LEVELS = ("debug", "info", "warning", "error")


class Log:
    """Writes what it is told of a run. See `run.Observer`."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._run: dict[str, Any] = {}
        self._transactions: dict[str, str] = {}

    def begin(self, run: RunFacts) -> None:
        """See `run.Observer`."""
        self._run = {"run": run.id, "device": run.device}
        self._say(
            logging.INFO,
            "run-started",
            command=run.act.command,
            who=run.who,
            pid=run.pid,
            scripts=list(run.act.scripts),
            digests=dict(run.act.digests),
            steps=run.act.steps,
            options=dict(run.act.options),
        )

    def step(self, event: ProgressEvent) -> None:
        """See `run.Observer`. What needs no CA is told of as `debug`, unless it fails."""
        step = event.step
        level = logging.INFO if isinstance(step.action, CmpOperation) else logging.DEBUG
        facts: dict[str, Any] = {"step": step.id, "kind": kind_of(step), "path": target_of(step)}
        if step.id in self._transactions:
            facts["transaction"] = self._transactions[step.id]
        match event:
            case StepStarted():
                self._say(level, "step-started", **facts)
            case StepProgress(text=text):
                self._say(logging.DEBUG, "step-progress", **facts, text=text)
            case StepMessage():
                pass  # `exchanged` tells more of it
            case StepDone(result=result):
                self._say(level, "step-done", **facts, result=result)
            case StepFailed(error=error):
                kind = type(error).__name__
                self._say(logging.ERROR, "step-failed", **facts, error=kind, text=str(error))

    def exchanged(self, exchange: Exchange) -> None:
        """See `run.Observer`."""
        if exchange.step and exchange.transaction:
            self._transactions[exchange.step] = exchange.transaction
        facts: dict[str, Any] = {
            "step": exchange.step,
            "transaction": exchange.transaction,
            "host": exchange.host,
            "port": exchange.port,
            "request": exchange.request,
            "request_size": exchange.request_size,
            "seconds": (exchange.ended_at - exchange.begun_at).total_seconds(),
        }
        if exchange.error is not None:
            kind = type(exchange.error).__name__
            self._say(
                logging.WARNING, "exchange-failed", **facts, error=kind, text=str(exchange.error)
            )
        else:
            self._say(
                logging.INFO,
                "exchange",
                **facts,
                answer=exchange.answer,
                answer_size=exchange.answer_size,
                statuses=list(exchange.statuses),
            )

    def end(self, ended: Ended) -> None:
        """See `run.Observer`."""
        self._say(
            logging.INFO if ended.outcome == DONE else logging.ERROR,
            "run-ended",
            outcome=ended.outcome,
            counts=dict(ended.counts),
            version=ended.version,
            failed=[{"step": f.step, "error": f.error} for f in ended.failed],
            error=ended.error,
            audit_hash=ended.audit_hash,
        )

    def _say(self, level: int, event: str, **facts: Any) -> None:
        self._logger.log(level, event, extra={"facts": {**self._run, **facts}})


class JsonLines(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, all of it ASCII."""
        return json.dumps(_document(record))


class TextLines(logging.Formatter):
    """A record as a line for people: time, level, event, then what is known, as name=value."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; what holds blanks is quoted as in JSON."""
        document = _document(record)
        head = [document.pop(name) for name in ("time", "level", "event")]
        told = [
            f"{name}={_word(value)}" for name, value in document.items() if value not in ("", None)
        ]
        return " ".join((head[0], f"{head[1]:7}", head[2], *told))


def _document(record: logging.LogRecord) -> dict[str, Any]:
    facts: Mapping[str, Any] = getattr(record, "facts", {})
    time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    level = record.levelname.lower()
    return {"time": time, "level": level, "event": record.getMessage(), **facts}


def _word(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    is_plain = text.isascii() and text.isprintable() and not set(text) & set(' "=')
    return text if is_plain else json.dumps(text)


FORMATS: Mapping[str, type[logging.Formatter]] = {"json": JsonLines, "text": TextLines}


@contextmanager
def open_log(path: Path, form: str, level: str, complain: Callable[[str], None]) -> Generator[Log]:
    """The log at `path` for the length of the block, which is added to; `-` is standard error.

    A file that logrotate moves away is made anew. `complain` hears once that it cannot be written any more.

    Raises:
        OSError: if it cannot be opened.
    """
    logger = logging.Logger("csc", level.upper())  # apart from all others: no root, no settings
    handler = _handler(path, complain)
    handler.setFormatter(FORMATS[form]())
    logger.addHandler(handler)
    try:
        yield Log(logger)
    finally:
        with suppress(OSError):  # it was complained of when the line was written
            handler.close()


def _handler(path: Path, complain: Callable[[str], None]) -> logging.Handler:
    is_told = False

    def complain_once() -> None:
        nonlocal is_told
        error = sys.exc_info()[1]
        if not is_told:
            is_told = True
            complain(
                f"the log {path} cannot be written: {getattr(error, 'strerror', None) or error}"
            )

    class ToStream(logging.StreamHandler[IO[str]]):
        def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
            del record
            complain_once()

    class ToFile(WatchedFileHandler):
        def _open(self) -> TextIOWrapper:
            return open(path, "a", encoding="utf-8", opener=_opener)

        def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
            del record
            complain_once()

    return ToStream(sys.stderr) if path == STDERR else ToFile(path)


def _opener(name: str, flags: int) -> int:
    return os.open(name, flags | os.O_CLOEXEC, MODE)

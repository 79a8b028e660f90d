"""A run in, spans of OpenTelemetry out: one for the run, below it one for each step, below that the messages.

The one module that knows opentelemetry. Names follow its semantic conventions where there are any; what is
CMP's begins with `cmp.`, what is ours with `csc.`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from datetime import datetime
from importlib.metadata import version
from typing import TYPE_CHECKING

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from ..progress import ProgressEvent, StepDone, StepFailed, StepMessage, StepProgress, StepStarted
from .observing import DONE, kind_of, target_of
from .run import Ended, Exchange, RunFacts

if TYPE_CHECKING:
    from opentelemetry.util.types import AttributeValue

_NAME = "csc"
_NANOSECONDS = 1_000_000_000
# Seconds in which a collector has to answer, if the environment does not say: it is waited for at the end.
_PATIENCE = 3


class Spans:
    """Makes spans of what it is told of a run. See `run.Observer`."""

    def __init__(self, tracer: Tracer, parent: Context | None = None) -> None:
        self._tracer = tracer
        self._parent = parent
        self._run: Span | None = None
        self._steps: dict[str, Span] = {}

    def begin(self, run: RunFacts) -> None:
        """See `run.Observer`."""
        attributes: dict[str, AttributeValue] = {
            "csc.run.id": run.id,
            "csc.device": run.device,
            "csc.who": run.who,
            "process.pid": run.pid,
            "csc.scripts": run.act.scripts,
            "csc.steps": run.act.steps,
            **{f"csc.digest.{name}": value for name, value in run.act.digests.items()},
        }
        self._run = self._tracer.start_span(
            f"csc {run.act.command}",
            self._parent,
            attributes=attributes,
            start_time=_nanoseconds(run.started_at),
        )

    def step(self, event: ProgressEvent) -> None:
        """See `run.Observer`."""
        step = event.step
        match event:
            case StepStarted():
                self._steps[step.id] = self._tracer.start_span(
                    f"{kind_of(step)} {target_of(step)}".rstrip(),
                    self._below(self._run),
                    attributes={
                        "csc.step.id": step.id,
                        "csc.step.operation": kind_of(step),
                        "csc.step.path": target_of(step),
                    },
                )
            case StepProgress(text=text):
                if step.id in self._steps:
                    self._steps[step.id].add_event(text)
            case StepMessage():
                pass  # `exchanged` makes a span of it
            case StepDone():
                if step.id in self._steps:
                    self._steps.pop(step.id).end()
            case StepFailed(error=error):
                if step.id in self._steps:
                    _fail(self._steps[step.id], error)
                    self._steps.pop(step.id).end()

    def exchanged(self, exchange: Exchange) -> None:
        """See `run.Observer`."""
        attributes: dict[str, AttributeValue] = {
            "csc.step.id": exchange.step,
            "server.address": exchange.host,
            "server.port": exchange.port,
            "cmp.transaction_id": exchange.transaction,
            "cmp.request.type": exchange.request,
            "cmp.request.size": exchange.request_size,
        }
        if exchange.answer is not None and exchange.answer_size is not None:
            attributes["cmp.response.type"] = exchange.answer
            attributes["cmp.response.size"] = exchange.answer_size
        if exchange.statuses:
            attributes["cmp.status"] = [status["status"] for status in exchange.statuses]
            attributes["cmp.fail_info"] = [b for s in exchange.statuses for b in s["fail_info"]]
        span = self._tracer.start_span(
            f"CMP {exchange.request}",
            self._below(self._steps.get(exchange.step, self._run)),
            SpanKind.CLIENT,
            attributes,
            start_time=_nanoseconds(exchange.begun_at),
        )
        if exchange.error is not None:
            _fail(span, exchange.error)
        elif any(status["status"] == "rejection" for status in exchange.statuses):
            span.set_status(StatusCode.ERROR, "the CA refuses")
        span.end(_nanoseconds(exchange.ended_at))

    def end(self, ended: Ended) -> None:
        """See `run.Observer`. What did not end before ends with the run."""
        for span in self._steps.values():
            span.set_status(StatusCode.ERROR, "it did not end")
            span.end()
        self._steps.clear()
        if self._run is None:
            return
        attributes: dict[str, AttributeValue] = {
            "csc.outcome": ended.outcome,
            "csc.audit.hash": ended.audit_hash,
            **{f"csc.done.{kind}": count for kind, count in ended.counts.items()},
        }
        if ended.version is not None:
            attributes["csc.version"] = ended.version
        self._run.set_attributes(attributes)
        if ended.outcome != DONE:
            kinds = ", ".join(f"{f.step} {f.error}" for f in ended.failed) or ended.error
            self._run.set_status(StatusCode.ERROR, f"{ended.outcome}: {kinds}")
        self._run.end(_nanoseconds(ended.ended_at))

    def _below(self, span: Span | None) -> Context | None:
        return self._parent if span is None else set_span_in_context(span, self._parent)


def _fail(span: Span, error: Exception) -> None:
    """An error without its traceback, in which lines of code say nothing to who operates a CA."""
    kind = type(error).__name__
    told = {"exception.type": kind, "exception.message": str(error)}
    span.add_event("exception", told)
    span.set_attribute("error.type", kind)
    span.set_status(StatusCode.ERROR, str(error))


def _nanoseconds(time: datetime) -> int:
    return int(time.timestamp() * 1_000_000) * (_NANOSECONDS // 1_000_000)


@contextmanager
def exporting(environment: Mapping[str, str], complain: Callable[[str], None]) -> Generator[Spans]:
    """Spans that go to an OTLP/HTTP collector, for the length of the block; the last ones as it ends.

    Where it is and what else the exporter needs, that reads from the process's environment by itself.
    `complain` hears once if the collector does not take them: the run has nothing to do with that.
    """
    with _heard(complain):
        timeout = None if any(name in environment for name in _TIMEOUTS) else _PATIENCE
        provider = TracerProvider(resource=_resource(environment), shutdown_on_exit=False)
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(timeout=timeout)))
        try:
            yield Spans(provider.get_tracer(_NAME, version("csc-cos")), _parent(environment))
        finally:
            provider.shutdown()


_TIMEOUTS = ("OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT")


def _resource(environment: Mapping[str, str]) -> Resource:
    attributes: dict[str, AttributeValue] = {"service.version": version("csc-cos")}
    said = f",{environment.get('OTEL_RESOURCE_ATTRIBUTES', '')}"
    if not environment.get("OTEL_SERVICE_NAME") and ",service.name=" not in said:
        attributes["service.name"] = _NAME
    return Resource.create(attributes)


def _parent(environment: Mapping[str, str]) -> Context | None:
    """The span that a CI job hands down in TRACEPARENT (W3C Trace Context)."""
    names = ("traceparent", "tracestate")
    carrier = {name: environment[name.upper()] for name in names if name.upper() in environment}
    return TraceContextTextMapPropagator().extract(carrier) if carrier else None


@contextmanager
def _heard(complain: Callable[[str], None]) -> Generator[None]:
    """What opentelemetry has to complain of, once and in one line, in place of lines on standard error."""
    heard: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(record.getMessage())

    logger = logging.getLogger("opentelemetry")
    ear, propagates = Ear(logging.WARNING), logger.propagate
    logger.addHandler(ear)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(ear)
        logger.propagate = propagates
        if heard:
            complain(f"the spans of this run could not be sent: {heard[-1]}")

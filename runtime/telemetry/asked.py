"""The environment in; whether spans are asked for, by the names that OpenTelemetry gives, out."""

from __future__ import annotations

from collections.abc import Mapping

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def wants_spans(environment: Mapping[str, str]) -> bool:
    """Whether an exporter or a collector is named, and nothing says otherwise.

    OpenTelemetry's own default is to export to localhost unasked. What nobody asked for is not done here.
    """
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    exporter = environment.get("OTEL_TRACES_EXPORTER", "")
    if exporter:
        return exporter != "none"
    return any(environment.get(name) for name in _ENDPOINTS)


def unsupported(environment: Mapping[str, str]) -> str:
    """What is asked for and not done, in words; empty if all is."""
    exporter = environment.get("OTEL_TRACES_EXPORTER", "otlp") or "otlp"
    if exporter != "otlp":
        return f"OTEL_TRACES_EXPORTER={exporter}: only otlp is known"
    general = environment.get("OTEL_EXPORTER_OTLP_PROTOCOL", "")
    protocol = environment.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", general) or "http/protobuf"
    if protocol != "http/protobuf":
        return f"spans go over http/protobuf, and {protocol} is asked for"
    return ""

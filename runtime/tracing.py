"""Traces, where an OTLP endpoint is set: webhook → conversation → activities → the calls they make.

Without an endpoint nothing of OpenTelemetry is imported: the successor of a killed worker must not wait for it.
"""

from collections.abc import MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

from temporalio.client import Interceptor

from runtime.settings import Settings

if TYPE_CHECKING:
    from fastapi import FastAPI
    from structlog.typing import Processor


class Tracing:
    """What a process does about traces; this one: nothing."""

    interceptors: Sequence[Interceptor] = ()
    """For the Temporal client; its workers take them from there."""

    def watch(self, app: "FastAPI") -> None:
        """See each request of this application; before it has answered its first."""

    async def close(self) -> None:
        """Send what is left, and stop watching; takes two seconds at most."""


def open_tracing(settings: Settings, part: str) -> Tracing:
    """Start to trace this process, a part of Everturn such as `worker`. After a fork, not before it."""
    if not settings.otel_exporter_otlp_endpoint:
        return Tracing()
    from runtime.spans import Spans  # late: see above

    return Spans(settings.otel_exporter_otlp_endpoint, part)


def span_names(settings: Settings) -> "list[Processor]":
    """What writes trace and span into every log line inside a span."""
    if not settings.otel_exporter_otlp_endpoint:
        return []
    from opentelemetry.trace import get_current_span  # late: see above

    def name_span(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        context = get_current_span().get_span_context()
        if context.is_valid:
            event["trace_id"], event["span_id"] = f"{context.trace_id:032x}", f"{context.span_id:016x}"
        return event

    return [name_span]

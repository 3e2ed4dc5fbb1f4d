"""OpenTelemetry itself: imported only where traces are wanted.

What leaves this process is chosen by name. Attributes nobody has named here stay inside: URLs hold `?secret=` and
Telegram's token, errors hold what somebody wrote.
"""

import asyncio
import os
import socket
import threading
from collections.abc import Sequence
from contextvars import ContextVar
from importlib.metadata import version

from fastapi import FastAPI
from opentelemetry import propagate
from opentelemetry.context import Context, get_current
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.instrumentation.httpx import HTTPX2ClientInstrumentor, HTTPXClientInstrumentor
from opentelemetry.propagators.textmap import TextMapPropagator
from opentelemetry.sdk.resources import SERVICE_INSTANCE_ID, SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import SpanKind, Status
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import Attributes
from temporalio.contrib.opentelemetry import TracingInterceptor
from temporalio.worker import WorkflowInboundInterceptor, WorkflowInterceptorClassInput

from runtime.relay import TELL, Hearing, Wait
from runtime.tracing import Tracing

PASSED_ON = frozenset(
    {
        "http.request.method", "http.response.status_code", "http.route", "url.scheme", "server.address", "server.port",
        "network.protocol.version", "error.type", "exception.type", "temporalWorkflowID", "temporalRunID",
        "temporalActivityID", "temporalUpdateID",
    }
)  # fmt: skip
UNWATCHED = "/health$,/metrics$,/static/,/console/events,/console/counts,/favicon"
"""Asked every few seconds, or open for hours."""
LAST_SECONDS = 2.0
"""Seconds at the end in which what is left may be sent; a collector that is away must not hold a deploy up."""

_wanted_id: ContextVar[int | None] = ContextVar("wanted_id", default=None)


class Spans(Tracing):
    """Traces of this process, sent to an OTLP endpoint over HTTP."""

    def __init__(self, endpoint: str, part: str) -> None:
        os.environ.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "http")  # the names of PASSED_ON, not their forerunners
        if "OTEL_PROPAGATORS" not in os.environ:
            # Neither do strangers at our webhooks continue a trace of ours, nor do platforms hear of it.
            propagate.set_global_textmap(_Silence())
        exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
        self._provider = TracerProvider(
            resource=Resource.create(_named(part)), id_generator=_Ids(), shutdown_on_exit=False
        )
        self._provider.add_span_processor(BatchSpanProcessor(Discreet(exporter)))
        self._clients = [HTTPXClientInstrumentor(), HTTPX2ClientInstrumentor()]
        for client in self._clients:
            client.instrument(tracer_provider=self._provider)
        self.interceptors = [_Interceptor(self._provider)]

    def watch(self, app: FastAPI) -> None:
        """See each request of this application; before it has answered its first."""
        FastAPIInstrumentor.instrument_app(
            app, tracer_provider=self._provider, excluded_urls=UNWATCHED, exclude_spans=["receive", "send"]
        )

    async def close(self) -> None:
        """Send what is left, and stop watching; takes two seconds at most."""
        for client in self._clients:
            client.uninstrument()
        # A thread that ends with the process: the exporter's own patience is ten seconds.
        last = threading.Thread(target=self._provider.shutdown, name="last-spans", daemon=True)
        last.start()
        await asyncio.to_thread(last.join, LAST_SECONDS)


def _named(part: str) -> dict[str, str]:
    """Who we are, unless OTEL_SERVICE_NAME says it, and which of several."""
    name = {} if "OTEL_SERVICE_NAME" in os.environ else {SERVICE_NAME: f"everturn-{part}"}
    which = f"{socket.gethostname()}/{os.getpid()}"
    return {**name, SERVICE_VERSION: version("everturn"), SERVICE_INSTANCE_ID: which}


class _Silence(TextMapPropagator):
    """Neither hears of traces nor tells of them."""

    def extract(self, carrier: object, context: Context | None = None, getter: object = None) -> Context:
        """The context as it was."""
        return get_current() if context is None else context

    def inject(self, carrier: object, context: Context | None = None, setter: object = None) -> None:
        """Nothing."""

    @property
    def fields(self) -> set[str]:
        """No header."""
        return set()


class _Ids(RandomIdGenerator):
    """Random ids, but for a span whose id was given out before it was made."""

    def generate_span_id(self) -> int:
        return _wanted_id.get() or super().generate_span_id()


class _Interceptor(TracingInterceptor):
    """The SDK's spans of clients and activities; in workflows ours."""

    def __init__(self, provider: TracerProvider) -> None:
        super().__init__(provider.get_tracer("everturn"))

    def workflow_interceptor_class(self, input: WorkflowInterceptorClassInput) -> type[WorkflowInboundInterceptor]:  # type: ignore[override]  # ours is another one than theirs
        """What workflows do about traces."""
        input.unsafe_extern_functions[TELL] = self._tell
        return Hearing

    def _tell(self, wait: Wait) -> None:
        """Make the span of a wait, under the id that others know it by."""
        parent = TraceContextTextMapPropagator().extract({"traceparent": wait.parent})
        attributes = {"temporalWorkflowID": wait.conversation, "temporalRunID": wait.run}
        given = _wanted_id.set(int(wait.span_id, 16))
        try:
            span = self.tracer.start_span(
                wait.name, parent, SpanKind.INTERNAL, attributes=attributes, start_time=wait.began
            )
        finally:
            _wanted_id.reset(given)
        span.end(wait.ended)


class Discreet(SpanExporter):
    """Passes spans on with what may be known of them, and nothing else."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send them on."""
        return self._exporter.export([_discreet(span) for span in spans])

    def shutdown(self) -> None:
        """No more."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """What was given has been sent already."""
        return self._exporter.force_flush(timeout_millis)


def _discreet(span: ReadableSpan) -> ReadableSpan:
    return ReadableSpan(
        name=span.name.partition("?")[0],
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_passed_on(span.attributes),
        events=[Event(event.name, _passed_on(event.attributes), event.timestamp) for event in span.events],
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _passed_on(attributes: Attributes) -> Attributes:
    return {name: value for name, value in (attributes or {}).items() if name in PASSED_ON}

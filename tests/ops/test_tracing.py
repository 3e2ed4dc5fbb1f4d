"""Traces may be switched on and off at any time, and a collector that is away costs nothing but spans."""

import base64
import hashlib
import json
import time
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from providers.servers.ports import any_free
from runtime.relay import HEADER, Wait
from runtime.sandbox import sandbox
from runtime.spans import Discreet, Spans, _Ids, _Interceptor
from runtime.temporal import data_converter
from runtime.tracing import open_tracing
from tests.api.running import settings_for
from tests.servers_here import LOOPBACK
from workflows.conversation import ConversationWorkflow

RECORDED = sorted((Path(__file__).parents[1] / "histories" / "recorded").glob("*.json"))
PARENT = f"00-{'a' * 32}-{'b' * 16}-01"
_CARRIER = json.dumps({"traceparent": PARENT}).encode()


def provider() -> tuple[TracerProvider, InMemorySpanExporter]:
    """Spans end here instead of at a collector."""
    kept, made = InMemorySpanExporter(), TracerProvider(id_generator=_Ids(), shutdown_on_exit=False)
    made.add_span_processor(SimpleSpanProcessor(Discreet(kept)))
    return made, kept


async def test_what_was_recorded_without_traces_replays_with_them() -> None:
    """And nothing is told of what happened long ago."""
    made, kept = provider()
    replayer = Replayer(
        workflows=[ConversationWorkflow], data_converter=data_converter, workflow_runner=sandbox(),
        interceptors=[_Interceptor(made)],
    )  # fmt: skip
    for file in RECORDED[:3]:
        traced = _with_headers(file.read_text())
        for text in (file.read_text(), traced):
            await replayer.replay_workflow(WorkflowHistory.from_json("conv:replayed", text))
    assert () == kept.get_finished_spans()


def _with_headers(history: str) -> str:
    """The same history, had every message come with a trace."""
    told = json.loads(history)
    encoding, carrier = (base64.b64encode(part).decode() for part in (b"json/plain", _CARRIER))
    payload = {"metadata": {"encoding": encoding}, "data": carrier}
    for event in told["events"]:
        for name in ("workflowExecutionStartedEventAttributes", "workflowExecutionSignaledEventAttributes"):
            if name in event:
                event[name]["header"] = {"fields": {HEADER: payload}}
    return json.dumps(told)


def test_a_wait_is_told_under_the_id_that_was_given_out() -> None:
    """What follows names it as its parent before it is made."""
    made, kept = provider()
    own = hashlib.sha256(b"x").hexdigest()[:16]
    _Interceptor(made)._tell(Wait("ConversationWorkflow.receive", PARENT, own, 1_000, 3_000, "conv:x", "run"))
    [span] = kept.get_finished_spans()
    assert (int("a" * 32, 16), int(own, 16)) == (span.context.trace_id, span.context.span_id)
    assert int("b" * 16, 16) == span.parent.span_id
    assert (1_000, 3_000) == (span.start_time, span.end_time)


def test_spans_pass_on_only_what_is_named() -> None:
    """URLs hold secrets, errors hold words."""
    made, kept = provider()
    tracer = made.get_tracer("test")
    with pytest.raises(ValueError), tracer.start_as_current_span("GET /x?secret=1") as span:  # noqa: PT012
        span.set_attributes({"url.full": "https://x/bot123:secret/send", "http.response.status_code": 200})
        raise ValueError("Оксана")
    [told] = kept.get_finished_spans()
    assert {"http.response.status_code": 200} == dict(told.attributes)
    assert "GET /x" == told.name
    assert [{"exception.type": "ValueError"}] == [dict(event.attributes) for event in told.events]
    assert told.status.description is None


async def test_a_collector_that_is_away_holds_nobody_up() -> None:
    """A deploy waits two seconds for it, not half a minute."""
    nobody = f"http://{LOOPBACK}:{any_free(LOOPBACK)}"
    tracing = open_tracing(settings_for(otel_exporter_otlp_endpoint=nobody), "worker")
    assert isinstance(tracing, Spans)
    tracing._provider.get_tracer("test").start_span("lost").end()
    began = time.monotonic()
    await tracing.close()
    assert time.monotonic() - began < 4


def test_without_an_endpoint_there_is_nothing_to_do() -> None:
    """No interceptor, no header, no byte."""
    assert () == open_tracing(settings_for(), "api").interceptors

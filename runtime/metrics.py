"""What is counted and timed, under the contract's names.

The contract's counters have no `_total`; the Prometheus client insists on one in the text it writes, so `render` takes
it away again. With PROMETHEUS_MULTIPROC_DIR set (by `everturn up`) all processes write into that folder and any of
them renders the sum.
"""

import os
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
REGISTRY = CollectorRegistry(auto_describe=False)
MILLISECONDS = (
    1, 2, 3, 5, 8, 12, 20, 35, 50, 75, 100, 250, 500, 1000, 2000, 3500, 5000, 10_000, 18_000, 35_000, 60_000,
)  # fmt: skip
"""The promises of the runbook (250 ms, 10 s, 18 s, 35 s) are bounds: between two of them Prometheus guesses."""
ACCOUNT = ("platform", "account")
FLOW = (*ACCOUNT, "flow")
Labels = tuple[str, ...]
"""The values of a series' labels, in the order of their names."""
_counters: list[str] = []

prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]


def _counter(name: str, what: str, labels: Sequence[str] = ACCOUNT) -> Counter:
    _counters.append(name)
    return Counter(name, what, labels, registry=REGISTRY)


def _histogram(name: str, what: str, labels: Sequence[str] = ACCOUNT) -> Histogram:
    return Histogram(name, what, labels, registry=REGISTRY, buckets=MILLISECONDS)


end_to_end_latency_ms = _histogram(
    "end_to_end_latency_ms", "First message of the burst to first reply accepted by the platform", FLOW
)
checkpointer_latency_ms = _histogram("checkpointer_latency_ms", "Time until Temporal has taken a signal")
webhook_ack_ms = _histogram(
    "webhook_ack_ms", "Time until a webhook is answered: taken (push), or with the reply (response)", (*ACCOUNT, "kind")
)
llm_latency_ms = _histogram(
    "llm_latency_ms", "Time until the language model answered, retries included, by kind of eyes", (*ACCOUNT, "kind")
)

conversations_processed = _counter("conversations_processed", "Dialogs that ended, however they ended", FLOW)
conversations_failed = _counter("conversations_failed", "Turns that failed for good", FLOW)
conversations_timed_out = _counter("conversations_timed_out", "Dialogs that expired unfinished", FLOW)
responses_generated = _counter("responses_generated", "Replies decided", FLOW)
messages_received = _counter("messages_received", "Messages received and durable", (*FLOW, "kind"))
webhooks_refused = _counter("webhooks_refused", "Webhooks not taken, by HTTP status", (*ACCOUNT, "kind"))
messages_duplicate = _counter("messages_duplicate", "Messages dropped because they had been seen")
messages_settled = _counter("messages_settled", "Accepted messages whose fate is known, by fate", (*ACCOUNT, "kind"))
messages_unwatched = _counter(
    "messages_unwatched", "Accepted messages nobody watches over: PostgreSQL was away too long"
)
messages_sent = _counter("messages_sent", "Parts a platform accepted", (*FLOW, "kind"))
sends_failed = _counter("sends_failed", "Attempts to send that failed, by kind of failure", (*ACCOUNT, "kind"))
interim_sent = _counter("interim_sent", "Interim messages sent", FLOW)
orders_created = _counter("orders_created", "Orders created", FLOW)
credits_spent = _counter("credits_spent", "Credits that turns cost by their plan's tariff")
credits_warnings = _counter("credits_warnings", "Accounts warned that their plan is nearly used up, once a period")
turns_exhausted = _counter("turns_exhausted", "Turns not taken because the account's plan was used up")
media_rejected = _counter("media_rejected", "Media that could not be used, by problem", (*ACCOUNT, "kind"))
events_ignored = _counter("events_ignored", "Webhook events that are not messages, by reason", (*ACCOUNT, "kind"))
degraded_turns = _counter("degraded_turns", "Turns in which no language model answered", FLOW)
llm_tokens = _counter("llm_tokens", "Tokens the language model was paid for: input, output, cached", (*ACCOUNT, "kind"))
llm_failures = _counter("llm_failures", "Failed questions to the language model, by kind", (*ACCOUNT, "kind"))

pending_bursts = Gauge(
    "pending_bursts", "Bursts being answered", ACCOUNT, registry=REGISTRY, multiprocess_mode="livesum"
)
burst_size = Gauge(
    "burst_size", "Messages in the latest burst", ACCOUNT, registry=REGISTRY, multiprocess_mode="mostrecent"
)
burst_idle_seconds = Gauge(
    "burst_idle_seconds", "How long the latest burst's last message waited for its turn",
    ACCOUNT, registry=REGISTRY, multiprocess_mode="mostrecent",
)  # fmt: skip

_KINDS = {
    "messages_received": "text", "messages_sent": "reply", "sends_failed": "Transient", "llm_latency_ms": "text",
    "llm_tokens": "input", "llm_failures": "transient", "webhook_ack_ms": "push", "webhooks_refused": "503",
}  # fmt: skip


def part_taken(labels: Labels, *, is_interim: bool = False, began: float | None = None) -> None:
    """A platform took a part, pushed or with a webhook's answer. `began`: when what it answers came, Unix seconds."""
    messages_sent.labels(*labels, "interim" if is_interim else "reply").inc()
    if is_interim:
        interim_sent.labels(*labels).inc()
    if began is not None:
        end_to_end_latency_ms.labels(*labels).observe(max(0.0, (time.time() - began) * 1000))


def announce(platform: str, account: str, flow: str) -> None:
    """Let every series of this account stand at zero, so that dashboards and alerts see it before its first event."""
    known = {"platform": platform, "account": account, "flow": flow}
    for metric in _announced:
        labels = {name: known.get(name) or _KINDS.get(metric._name, "other") for name in metric._labelnames}
        metric.labels(**labels)


_announced: tuple[Counter | Histogram, ...] = (
    end_to_end_latency_ms, checkpointer_latency_ms, webhook_ack_ms, webhooks_refused, conversations_processed,
    conversations_failed, conversations_timed_out, responses_generated, messages_received, messages_duplicate,
    messages_unwatched,
    messages_sent, sends_failed, interim_sent, orders_created, credits_spent, credits_warnings, turns_exhausted,
    llm_latency_ms, degraded_turns, llm_tokens, llm_failures,
)  # fmt: skip
"""Not the gauges: a burst of size 0 never was."""


def render(*more: bytes) -> bytes:
    """Everything counted so far as Prometheus text, then what others add (the worker's SDK, figures read at scrape)."""
    return b"".join((_named_as_promised(generate_latest(_source())), *more))


def forget_process(pid: int, folder: Path) -> None:
    """A process of ours died: its "now" (gauges) is over, what it counted stays."""
    mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]


def _source() -> CollectorRegistry:
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


_suffixed = re.compile(rf"^(# (?:HELP|TYPE) )?({'|'.join(_counters)}|temporal_\w+)_total\b".encode(), re.MULTILINE)
"""Ours, and those of Temporal's SDK, which has none of its own with that ending."""


def _named_as_promised(text: bytes) -> bytes:
    return _suffixed.sub(rb"\1\2", text)


def render_gauge(name: str, what: str, labels: Sequence[str], values: Mapping[Labels, float]) -> bytes:
    """A gauge that somebody else read a moment ago, as Prometheus text; `values` by the labels' values."""
    family = GaugeMetricFamily(name, what, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    registry = CollectorRegistry()
    registry.register(_Once(family))
    return generate_latest(registry)


class _Once(Collector):
    def __init__(self, family: GaugeMetricFamily) -> None:
        self._family = family

    def collect(self) -> list[GaugeMetricFamily]:
        return [self._family]


def serve(port: int, host: str = "", more: Callable[[], bytes] = bytes) -> ThreadingHTTPServer:
    """Answer `GET /metrics` from a thread: for a worker deployed apart, so on every interface unless told.

    `more` adds figures of others, such as the Temporal SDK's own.

    Raises:
        OSError: the port is taken.
    """

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = render(more())
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """A scrape is no event."""

    server = ThreadingHTTPServer((host, port), Page)
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server

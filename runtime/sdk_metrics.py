"""Carries what Temporal's SDK measures, and what workflows count through its meter, over to Prometheus.

The names are those of https://docs.temporal.io/references/sdk-metrics (`temporal_request_latency`, in milliseconds),
the labels those the SDK gives. A buffer, because the SDK's own exporter would want a port of its own in each of several
worker processes, and could not be added up with the rest.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from temporalio.runtime import (
    BUFFERED_METRIC_KIND_COUNTER,
    BUFFERED_METRIC_KIND_GAUGE,
    BufferedMetric,
    BufferedMetricUpdate,
    MetricBuffer,
    Runtime,
    TelemetryConfig,
)

from runtime import metrics
from runtime.logs import core_logging
from runtime.sdk_runtime import kept_for_ever

EVERY_SECONDS = 0.5
"""Often, so that each portion is small: it is carried by the worker's own loop."""
ROOM = 30_000
"""Updates that fit between two portions; a turn makes about a hundred."""
MILLISECONDS = (5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000)
COUNTED = {"messages_duplicate": metrics.messages_duplicate}
"""Counted by workflows, under names of ours."""

Written = Counter | Gauge | Histogram
Write = Callable[[float], None]


def measured_runtime() -> tuple[Runtime, MetricBuffer]:
    """A runtime whose metrics gather in a buffer."""
    buffer = MetricBuffer(ROOM)
    runtime = Runtime(telemetry=TelemetryConfig(core_logging(), metrics=buffer, attach_service_name=False))
    return kept_for_ever(runtime), buffer


async def carry_over(buffer: MetricBuffer) -> None:
    """Move the buffer's contents to Prometheus; runs until cancelled."""
    try:
        while True:
            drain(buffer)
            await asyncio.sleep(EVERY_SECONDS)
    finally:
        drain(buffer)


def drain(buffer: MetricBuffer) -> None:
    """Move what is in the buffer now."""
    SHELF.write(buffer.retrieve_updates())


class Shelf(Collector):
    """The SDK's metrics. One name may come with several sets of labels, which one Prometheus metric cannot have."""

    def __init__(self) -> None:
        self._written: dict[tuple[str, tuple[str, ...]], Written] = {}
        self._series: dict[tuple[str, frozenset[tuple[str, object]]], Write] = {}

    def write(self, updates: Sequence[BufferedMetricUpdate]) -> None:
        """Take a portion: a counter's differences, a gauge's values, a histogram's observations."""
        # Within a portion, whose objects all live, an id tells one from another; beyond it only the value does: the SDK
        # may make a new object for the same labels, and one that is gone may lend its id to another.
        known: dict[tuple[int, int], Write] = {}
        for update in updates:
            place = (id(update.metric), id(update.attributes))
            if (write := known.get(place)) is None:
                write = known[place] = self._series_of(update.metric, update.attributes)
            write(float(update.value))

    def _series_of(self, metric: BufferedMetric, attributes: Mapping[str, object]) -> Write:
        key = (metric.name, frozenset(attributes.items()))
        if (write := self._series.get(key)) is None:
            write = self._series[key] = self._open(metric, attributes)
        return write

    def _open(self, metric: BufferedMetric, attributes: Mapping[str, object]) -> Write:
        if counted := COUNTED.get(metric.name.removeprefix("temporal_")):
            return counted.labels(**{name: str(attributes.get(name, "")) for name in metrics.ACCOUNT}).inc
        names = tuple(sorted(attributes))
        written = self._written.get((metric.name, names))
        if written is None:
            written = self._written[metric.name, names] = _made(metric, names)
        series = written.labels(*(str(attributes[name]) for name in names)) if names else written
        if isinstance(series, Counter):
            return series.inc
        return series.set if isinstance(series, Gauge) else series.observe

    def collect(self) -> Iterable[Metric]:
        """Each name once, with the series of all its sets of labels."""
        found: dict[str, Metric] = {}
        for written in list(self._written.values()):
            for metric in written.collect():
                earlier = found.setdefault(metric.name, _empty(metric))
                earlier.samples.extend(metric.samples)
        return found.values()


def _empty(metric: Metric) -> Metric:
    """The same metric, nothing measured yet."""
    return Metric(metric.name, metric.documentation, metric.type, metric.unit)


def _made(metric: BufferedMetric, names: tuple[str, ...]) -> Written:
    # Registered by the shelf, not by themselves; with several processes they are read from their files.
    what = metric.description or metric.name
    if metric.kind == BUFFERED_METRIC_KIND_COUNTER:
        return Counter(metric.name, what, names, registry=None)
    if metric.kind == BUFFERED_METRIC_KIND_GAUGE:
        return Gauge(metric.name, what, names, registry=None, multiprocess_mode="liveall")
    return Histogram(metric.name, what, names, registry=None, buckets=MILLISECONDS)


SHELF = Shelf()
metrics.REGISTRY.register(SHELF)

"""Carries what workflows count (replay-safe, through the SDK's meter) over to our Prometheus metrics."""

import asyncio

from temporalio.runtime import MetricBuffer, Runtime, TelemetryConfig

from runtime import metrics

EVERY_SECONDS = 1.0
_COUNTED = {"messages_duplicate": metrics.messages_duplicate}


def measured_runtime() -> tuple[Runtime, MetricBuffer]:
    """A runtime whose metrics gather in a buffer."""
    buffer = MetricBuffer(10_000)
    return Runtime(telemetry=TelemetryConfig(metrics=buffer, metric_prefix="")), buffer


async def carry_over(buffer: MetricBuffer) -> None:
    """Move the buffer's contents to Prometheus; runs until cancelled."""
    while True:
        drain(buffer)
        await asyncio.sleep(EVERY_SECONDS)


def drain(buffer: MetricBuffer) -> None:
    """Move what is in the buffer now."""
    for update in buffer.retrieve_updates():
        counter = _COUNTED.get(update.metric.name.removeprefix("temporal_"))
        if counter is not None:
            labels = {name: str(update.attributes.get(name, "")) for name in ("platform", "account")}
            counter.labels(**labels).inc(float(update.value))

"""What Temporal's SDK measures arrives under the names Temporal documents, with whatever labels it has."""

import re

from prometheus_client import CollectorRegistry, generate_latest
from temporalio.runtime import MetricBuffer, Runtime, TelemetryConfig

from runtime.sdk_metrics import Shelf


def test_one_name_may_have_several_sets_of_labels() -> None:
    """As `temporal_request` has: it is told once, and each of its series."""
    buffer = MetricBuffer(100)
    meter = Runtime(telemetry=TelemetryConfig(metrics=buffer, attach_service_name=False)).metric_meter
    asked = meter.create_counter("asked", "How often")
    asked.add(2, {"operation": "Poll"})
    asked.add(3, {"operation": "Poll"})
    asked.add(1, {"operation": "Poll", "status_code": "UNAVAILABLE"})
    meter.create_gauge("room").set(7)
    meter.create_gauge("room").set(5)
    meter.create_histogram("latency", unit="ms").record(20, {"operation": "Poll"})
    shelf, registry = Shelf(), CollectorRegistry()
    shelf.write(buffer.retrieve_updates())
    registry.register(shelf)
    text = generate_latest(registry).decode()
    assert 1 == len(re.findall("^# TYPE asked_total counter$", text, re.MULTILINE))
    told = set(text.splitlines())
    assert {'asked_total{operation="Poll"} 5.0', "room 5.0", 'latency_bucket{le="25.0",operation="Poll"} 1.0'} <= told
    assert 'asked_total{operation="Poll",status_code="UNAVAILABLE"} 1.0' in told

"""How we say that we are well."""

import socket
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from temporalio import activity
from temporalio.api.taskqueue.v1 import PollerInfo
from temporalio.client import Client
from temporalio.worker import Worker

from api.checks import is_alive
from platforms.registry import names

NAMES = [
    "conversations_processed", "conversations_failed", "conversations_timed_out", "responses_generated",
    "messages_received", "messages_duplicate", "messages_sent", "sends_failed", "interim_sent", "orders_created",
    "outbox_pending", "dead_letters", "queue_backlog",
    "end_to_end_latency_ms_bucket", "checkpointer_latency_ms_bucket", "webhook_ack_ms_bucket",
]  # fmt: skip


def test_with_everything_away_it_is_503_and_says_what(lonely: httpx.Client) -> None:
    """The API itself answers, and names what is down."""
    answer = lonely.get("/health")
    found = answer.json()
    assert (503, "down") == (answer.status_code, found["status"])
    for part in ("temporal", "postgres", "worker"):
        assert ("down", True) == (found[part]["status"], bool(found[part]["reason"]))
    assert "degraded" == found["model"]["status"]
    assert "ANTHROPIC_API_KEY" in found["model"]["reason"]


@activity.defn
async def nothing() -> None:
    """There is nothing to do."""


async def test_with_a_worker_it_is_200_and_without_it_was_503(base_url: str, temporal: Client) -> None:
    """A worker that asks for work is seen."""
    async with httpx.AsyncClient(base_url=base_url, timeout=10, trust_env=False) as door:
        before = (await door.get("/health")).json()
        assert ("ok", "ok", "down") == tuple(before[part]["status"] for part in ("temporal", "postgres", "worker"))
        async with Worker(temporal, task_queue="conversations", activities=[nothing], workflows=[Sleeper]):
            found = await _until_200(door)
    assert ("degraded", "ok") == (found["status"], found["worker"]["status"])
    assert {"conversations", *(f"delivery-{name}" for name in names())} == found["backlog"].keys()


async def _until_200(door: httpx.AsyncClient) -> dict[str, Any]:
    import asyncio

    for _ in range(40):
        answer = await door.get("/health")
        if answer.status_code == 200:
            return answer.json()  # type: ignore[no-any-return]
        await asyncio.sleep(0.25)
    raise AssertionError(answer.text)


def poller(identity: str, seconds_ago: float) -> PollerInfo:
    """A poller as the server lists it."""
    seen = Timestamp()
    seen.FromDatetime(datetime.now(UTC) - timedelta(seconds=seconds_ago))
    return PollerInfo(identity=identity, last_access_time=seen)


@pytest.mark.parametrize(("who", "age", "local", "alive"), [
    ("1@elsewhere", 50, True, True),
    ("1@elsewhere", 100, True, False),
    (f"999999999@{socket.gethostname()}", 5, True, False),
    (f"999999999@{socket.gethostname()}", 5, False, True),
    (f"1@{socket.gethostname()}", 5, True, True),
    ("worker of the shop", 5, True, True),
])  # fmt: skip
def test_dead_workers_linger_in_the_servers_list(who: str, age: float, local: bool, alive: bool) -> None:
    """One that has not asked for longer than a long poll, or whose process here is gone, is no worker."""
    assert alive == is_alive(poller(who, age), datetime.now(UTC), local=local)


def test_the_metrics_have_the_promised_names(door: httpx.Client) -> None:
    """As a dashboard looks for them, from the first scrape on."""
    text = door.get("/metrics").text
    for name in NAMES:
        assert any(line.startswith(f"{name}{{") for line in text.splitlines()), name
    assert "_total{" not in text
    assert "# TYPE messages_received counter" in text


def test_metrics_do_without_the_servers(lonely: httpx.Client) -> None:
    """What cannot be read is left out; the rest is there."""
    answer = lonely.get("/metrics")
    assert 200 == answer.status_code
    assert "outbox_pending{" not in answer.text
    assert "webhook_ack_ms_bucket{" in answer.text


def test_the_root_says_who_we_are(door: httpx.Client) -> None:
    """Name, version, links."""
    found = door.get("/").json()
    assert "everturn" == found["name"]
    assert found["version"]
    assert "/health" == found["links"]["health"]


def test_the_docs_need_no_network(door: httpx.Client) -> None:
    """The page names every operation and loads nothing from elsewhere."""
    page = door.get("/docs")
    assert 200 == page.status_code
    assert "/api/dead-letters/{letter_id}/retry" in page.text
    assert "http://" not in page.text
    assert "https://" not in page.text


from temporalio import workflow  # noqa: E402 — beside the one workflow of this file


@workflow.defn(name="Sleeper", sandboxed=False)
class Sleeper:
    """Gives the worker a workflow, so that it polls for workflow tasks."""

    @workflow.run
    async def run(self) -> None:
        """Do nothing."""

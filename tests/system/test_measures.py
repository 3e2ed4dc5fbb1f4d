"""A shop in production, looked at from outside: its log, its traces, its figures, and what Prometheus makes of them."""

import asyncio
import json
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from temporalio.client import Client

from platforms.simulation import Fault, FaultKind, Gate
from tests.ops import shop as shops
from tests.ops.prometheus import asked, names_in, names_served, panel_expressions, prometheus, rules
from tests.ops.shop import Buyer, Shop, attributes, opened
from tests.servers_here import Servers

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
PICTURES = Path(__file__).parents[1] / "golden" / "pictures"
NAME = "Оксана Петренко-Світлична"
PHONE = ("067 123 45 67", "0671234567", "671234567", "+380671234567")
DIALOG = ("Доброго ранку!", "чорна сукня, розмір M", "1", "беру", "Оформити", NAME, PHONE[0], "Кременчук",
          "відділення 47", "Картка", "так")  # fmt: skip
SECRETS = (shops.BOT_TOKEN, shops.HOOK_SECRET, shops.OPERATOR_TOKEN, shops.MODEL_KEY, shops.MANYCHAT_SECRET)
PRIVATE = ("Доброго ранку", "чорна сукня", "Оксана", "Петренко", "Кременчук", "відділення 47", *PHONE, *SECRETS)
MOVED = (
    "end_to_end_latency_ms_count", "llm_latency_ms_count", "checkpointer_latency_ms_count", "webhook_ack_ms_count",
    "responses_generated", "messages_received", "messages_duplicate", "messages_sent", "sends_failed", "interim_sent",
    "degraded_turns", "orders_created", "media_rejected", "webhooks_refused", "burst_size", "burst_idle_seconds",
    "dead_letters", "llm_failures", "llm_tokens", "events_ignored", "disk_free_bytes", "workers_polling",
    "credits_spent", "temporal_request", "temporal_request_latency_count", "temporal_long_request_latency_count",
    "temporal_workflow_task_execution_latency_count", "temporal_workflow_task_schedule_to_start_latency_count",
    "temporal_activity_execution_latency_count", "temporal_activity_schedule_to_start_latency_count",
    "temporal_worker_task_slots_available", "temporal_num_pollers", "temporal_workflow_task_execution_failed",
)  # fmt: skip


@pytest.fixture(scope="module")
def shop(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop after an eventful day."""
    with opened(servers, tmp_path_factory.mktemp("shop")) as here:
        _somebody_waits(here)
        buyer = Buyer(here, NAME)
        heard = [buyer.says(text) for text in DIALOG]
        heard.append(buyer.shows((PICTURES / "receipt.jpg").read_bytes()))
        assert "Замовлення №" in "".join(heard[-2]), heard
        _everything_goes_wrong(here)
        yield here


def _somebody_waits(shop: Shop) -> None:
    """The model thinks for long: the customer is told, and the burst is seen to be under way."""
    shop.thinking_is_held = True
    patient = Buyer(shop, NAME)
    patient.writes(text=DIALOG[0])
    shop.until(patient.shown)
    assert 1 == shop.figure("pending_bursts", platform="telegram")
    shop.thinking_is_held = False
    shop.until(lambda: len(patient.shown()) > 1)


def _everything_goes_wrong(shop: Shop) -> None:
    """A doubled webhook, a picture that is none, a stranger, a blocked bot, no message, a workflow nobody knows."""
    Buyer(shop, NAME).writes(text=DIALOG[0], times=2)
    Buyer(shop, NAME).shows(b"\xff\xd8\xff no picture")
    assert 401 <= Buyer(shop, NAME).writes(text=DIALOG[0], secret="wrong") <= 403
    blocking = Buyer(shop, NAME)
    shop.world.faults.add(Fault(platform="telegram", contact=blocking.contact, kind=FaultKind.REFUSED))
    blocking.writes(text=DIALOG[0])
    told = httpx.post(
        f"{shop.url}/webhooks/telegram", json={"update_id": 1, "poll": {"id": "1"}}, trust_env=False,
        headers={"X-Telegram-Bot-Api-Secret-Token": shops.HOOK_SECRET},
    )  # fmt: skip
    assert 200 == told.status_code
    asyncio.run(_start_nonsense(*shop.temporal))
    shop.until(lambda: shop.figure("dead_letters") and shop.figure("messages_duplicate"))
    shop.until(lambda: shop.figure("temporal_workflow_task_execution_failed"))


async def _start_nonsense(address: str, namespace: str) -> None:
    client = await Client.connect(address, namespace=namespace)
    await client.start_workflow("Nonsense", id="nonsense", task_queue="conversations")


def test_no_line_holds_what_a_customer_said(shop: Shop) -> None:
    """Whatever the level, all lines are JSON, and none tells words, names, numbers or secrets."""
    happened = {"turn_decided", "order_placed", "payment_opened", "send_failed", "media_refused"}
    shop.until(lambda: happened <= {json.loads(line)["event"] for line in shop.lines()})
    lines = shop.lines()
    assert [] == [line for line in lines if any(word in line for word in PRIVATE)]


def test_a_message_is_one_trace(shop: Shop) -> None:
    """From its webhook through the conversation, what was decided and sent, to the platform's door."""
    decided = [json.loads(line) for line in shop.lines() if '"turn_decided"' in line]
    turns = {(line["conversation"], line["turn"]): line for line in decided}  # the last word on each
    told = [line["trace_id"] for line in turns.values() if line["messages"] == line["parts"] == 1]
    wanted = ["POST /webhooks/telegram", "SignalWorkflow:receive", "ConversationWorkflow.receive", "RunActivity:decide",
              "RunActivity:send", "POST"]  # fmt: skip

    def whole(id: str) -> bool:
        return sorted(wanted) == sorted(span.name for _, span in _trace(shop, id))

    mine = shop.until(lambda: next(filter(whole, told), ""))
    trace = _trace(shop, mine)
    spans = {span.span_id: span for _, span in trace}
    named = {span.name: span for span in spans.values()}
    chain = [named["POST"]]
    while chain[-1].parent_span_id:
        chain.append(spans[chain[-1].parent_span_id])
    assert ["POST", "RunActivity:send", *wanted[2::-1]] == [span.name for span in chain]
    assert named["ConversationWorkflow.receive"].span_id == named["RunActivity:decide"].parent_span_id
    assert {"everturn-api", "everturn-worker"} == {service for service, _ in trace}
    assert 200 == attributes(named["POST"])["http.response.status_code"]
    waited = named["ConversationWorkflow.receive"]
    assert 0.2 <= (waited.end_time_unix_nano - waited.start_time_unix_nano) / 1e9 < 5


def _trace(shop: Shop, trace_id: str) -> list[tuple[str, Any]]:
    return [(service, span) for service, span in shop.spans if span.trace_id.hex() == trace_id]


def test_no_span_holds_what_a_customer_said(shop: Shop) -> None:
    """Neither words nor the secrets that stand in addresses; and the model's door is seen, too."""
    whole = [span.SerializeToString() for _, span in shop.spans]
    assert [] == [told for told in whole if any(word.encode() in told for word in (*PRIVATE, "700000"))]
    assert {200, 401, 403} <= {attributes(span).get("http.response.status_code") for _, span in shop.spans}


@pytest.mark.parametrize("name", MOVED)
def test_the_figure_moves(shop: Shop, name: str) -> None:
    """What happened can be seen, all processes together."""
    shop.until(lambda: shop.figure(name))


def test_the_sdks_gauges_are_told_by_process(shop: Shop) -> None:
    """Two workers' free slots are not one worker's, and no name ends as Temporal's do not."""
    text = shop.metrics()
    slots = [line for line in text.splitlines() if line.startswith("temporal_worker_task_slots_available{")]
    assert 2 == len({re.search(r'pid="(\d+)"', line).group(1) for line in slots})  # type: ignore[union-attr]
    assert "_total{" not in text
    assert re.search(r"^# TYPE temporal_request counter$", text, re.MULTILINE)
    assert 1 == len(re.findall(r"^# TYPE temporal_request_latency histogram$", text, re.MULTILINE))


def test_what_waits_to_be_sent_is_seen(shop: Shop) -> None:
    """A platform that does not answer: the part waits, and its age is told."""
    waiting = Buyer(shop, NAME)
    shop.world.faults.set_gate(Gate(platform="telegram", contact=waiting.contact, closed=True))
    waiting.writes(text=DIALOG[0])
    shop.until(lambda: shop.figure("outbox_pending", platform="telegram"))
    assert 0 < shop.figure("outbox_oldest_seconds", platform="telegram") < 60
    shop.world.faults.set_gate(Gate(platform="telegram", contact=waiting.contact, closed=False))
    shop.until(lambda: not shop.figure("outbox_pending", platform="telegram"))


def test_a_real_prometheus_reads_it_and_knows_every_name(shop: Shop, tmp_path: Path) -> None:
    """Rules are loaded and run; each metric they and the dashboard ask for is there; each panel shows something."""
    panels, wanted = panel_expressions(), rules()
    with prometheus(tmp_path, {"everturn-api": shop.url.removeprefix("http://")}) as client:
        shop.until(lambda: asked(client, "everturn:webhook_ack_ms:p99_5m"))
        shop.until(lambda: asked(client, 'ALERTS{alertname="EverturnDeadLetters",alertstate="pending"}'))
        loaded = [rule for group in client.get("/rules").json()["data"]["groups"] for rule in group["rules"]]
        assert len(wanted) == len(loaded)
        assert set() == {rule.get("lastError") for rule in loaded} - {None, ""}
        spoken_of = {name for each in (*(rule["expr"] for rule in wanted), *panels) for name in names_in(each)}
        assert set() == spoken_of - names_served(shop.metrics()) - {rule.get("record") for rule in wanted} - {"up"}
        answers = {panel: asked(client, _for_everybody(panel)) for panel in panels}
        assert [] == [panel for panel, answer in answers.items() if not answer]


def _for_everybody(panel: str) -> str:
    return panel.replace("$platform", ".*").replace("$account", ".*").replace("$__rate_interval", "30s")


def test_a_worker_that_dies_says_nothing_amiss(shop: Shop) -> None:
    """Its keeper tells of it in JSON, too, and its free slots are gone with it."""
    [keeper] = [each for each in psutil.Process().children() if "worker" in " ".join(each.cmdline())]
    victim = keeper.children()[0].pid
    assert shop.figure("temporal_worker_task_slots_available", pid=str(victim))
    os.kill(victim, signal.SIGKILL)
    shop.until(lambda: any(json.loads(line)["event"] == "worker_died" for line in shop.lines()))
    assert 0 == shop.figure("temporal_worker_task_slots_available", pid=str(victim))
    assert 0 < shop.figure("temporal_request", operation="RespondActivityTaskCompleted")


def test_nobody_works(shop: Shop) -> None:
    """Last of all: without workers messages are taken and wait, and it is seen."""
    shop.stop("worker")
    assert 200 == Buyer(shop, NAME).writes(text=DIALOG[0])
    shop.until(lambda: shop.figure("queue_backlog", kind="conversations") > 0)
    assert 0 == shop.figure("temporal_worker_task_slots_available")

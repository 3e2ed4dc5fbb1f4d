"""How quickly the console's pages come with many conversations; beside it the same list asked of Temporal each time."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable

import httpx
import psycopg
from temporalio.client import Client
from temporalio.common import SearchAttributePair, TypedSearchAttributes

from benchmarks.figures import Row, milliseconds, percentile
from benchmarks.ground import Ground
from benchmarks.nobody import NAMESPACE, nobody_works
from contracts import search_attributes
from domain.conversation import Attention, Holder
from domain.operators import Role
from providers.records.operators import Operators, Passwords
from providers.records.pool import open_pool

AIM = 0.2
"""Seconds in which a page is usable."""
OPEN_SHARE = 10
"""One conversation in so many is open in Temporal: opening takes minutes, and fewer only flatter the way not taken."""
LINES = 6
AT_ONCE = 48
NAME, PASSWORD = "bench", "a bench with a password"
QUERY = "WorkflowType = 'ConversationWorkflow' AND ExecutionStatus = 'Running'"
ASKED = (
    *(f"{QUERY} AND Attention = '{attention}'" for attention in Attention),
    "WorkflowType = 'ConversationWorkflow' AND ExecutionStatus = 'Failed'", f"{QUERY} AND Holder = 'operator'", QUERY,
)  # fmt: skip
"""What a list of six tabs would have to be counted by."""
_FILL = """
INSERT INTO message_logs (conversation_id, client_id, message_id, direction, text, name, "timestamp")
SELECT 'conv:whatsapp:bench:' || n, n::text, 'b' || n || '/' || line,
       CASE WHEN line %% 2 = 1 THEN 'out' ELSE 'in' END,
       (ARRAY['Добрий день! Чи є сукня міді чорна, розмір M?', 'Так, є. Оформити замовлення?', 'Дякую, подумаю',
              'Гарного дня!', 'А доставка скільки коштує?', 'За тарифами перевізника'])[line + 1] || ' ' || n,
       'Покупець ' || n, now() - (%(count)s - n + 6 - line) * interval '3 s'
  FROM generate_series(1, %(count)s) AS n, generate_series(0, %(lines)s - 1) AS line ORDER BY line, n
"""
Look = Callable[[], Awaitable[object]]


async def measure(ground: Ground) -> list[Row]:
    """Pages as a browser asks for them, on conversations that nobody works at."""
    count = ground.conversations or (2_000 if ground.quick else 10_000)
    rounds = 20 if ground.quick else 60
    async with nobody_works(ground) as nobody:
        ground.tell(f"writing {count} conversations into the books")
        await _fill(ground.running.database_url, count)
        client = await Client.connect(ground.running.temporal_address, namespace=NAMESPACE)
        opened = count // OPEN_SHARE
        ground.tell(f"opening {opened} workflows")
        await _open(client, opened)
        async with httpx.AsyncClient(base_url=nobody.door.url, timeout=30, trust_env=False) as browser:
            await _log_in(browser)
            rows = [_row(name, await _timed(look, rounds), count) for name, look in _pages(browser, count).items()]
        ground.tell("the same list, asked of Temporal")
        asked = await _timed(lambda: _ask_temporal(client), max(5, rounds // 4))
    listed = next(row for row in rows if "all open" in row.figure)
    floor = f"{asked[len(asked) // 2] * 1000:.0f} ms"
    figure = f"the list and its six counts asked of Temporal, {opened:,} open"
    rows.append(Row(figure, "not used", floor, f"p95 {_p95(asked)}"))
    return [listed, *[row for row in rows if row is not listed]]


def _pages(browser: httpx.AsyncClient, count: int) -> dict[str, Look]:
    """What operators look at."""
    addresses = {
        "inbox, all open": "/console/inbox?tab=open",
        "inbox, hand-off": "/console/inbox?tab=handoff",
        "search by words": "/console/inbox?q=перевізника",
        "search by name": f"/console/inbox?q=Покупець {count // 2}",
        "a conversation": f"/console/conversations/conv%3Awhatsapp%3Abench%3A{count // 2}",
        "what changed in the list": "/console/inbox/rows?tab=open",
    }
    return {name: _look(browser, address) for name, address in addresses.items()}


def _look(browser: httpx.AsyncClient, address: str) -> Look:
    async def look() -> None:
        answer = await browser.get(address)
        if answer.status_code != 200:
            raise RuntimeError(f"{address} answered {answer.status_code}")

    return look


async def _timed(look: Look, rounds: int) -> list[float]:
    """Seconds each look took, in order; the first ones, which load and plan, are left out."""
    taken = []
    for number in range(rounds + 3):
        began = time.perf_counter()
        await look()
        if number >= 3:
            taken.append(time.perf_counter() - began)
    return sorted(taken)


def _row(name: str, taken: list[float], count: int) -> Row:
    aim = f"p95 below {AIM * 1000:.0f} ms"
    holds = percentile(taken, 0.95) < AIM
    figure = f"console, {count:,} conversations: {name}"
    return Row(figure, milliseconds(taken[len(taken) // 2]), compared=f"p95 {_p95(taken)}", aim=aim, holds=holds)


def _p95(taken: list[float]) -> str:
    return milliseconds(percentile(taken, 0.95))


async def _ask_temporal(client: Client) -> None:
    await asyncio.gather(*(client.count_workflows(query) for query in ASKED))
    found = client.list_workflows(QUERY, page_size=40)
    await found.fetch_next_page()


async def _fill(database_url: str, count: int) -> None:
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        await connection.execute(_FILL, {"count": count, "lines": LINES})
        await connection.execute("VACUUM ANALYZE message_logs")
        await connection.execute("VACUUM ANALYZE conversations")
    async with open_pool(database_url, size=1) as pool:
        await Operators(pool, Passwords()).add(NAME, Role.MANAGER, PASSWORD)


async def _open(client: Client, count: int) -> None:
    """One in fifty asks for a person."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        holder = Holder.ASSISTANT if number % 50 else Holder.OPERATOR
        labels = [SearchAttributePair(search_attributes.HOLDER, holder.value)]
        if holder is Holder.OPERATOR:
            labels.append(SearchAttributePair(search_attributes.ATTENTION, Attention.HANDOFF.value))
        async with slots:
            await client.start_workflow(
                "ConversationWorkflow", {}, id=f"conv:whatsapp:bench:{number}", task_queue=NAMESPACE,
                search_attributes=TypedSearchAttributes(labels),
            )  # fmt: skip

    await asyncio.gather(*(one(number) for number in range(1, count + 1)))


async def _log_in(browser: httpx.AsyncClient) -> None:
    page = (await browser.get("/console/login")).text
    token = re.search(r'name="csrf" value="([0-9a-f]+)"', page)
    fields = {"name": NAME, "password": PASSWORD, "csrf": token[1] if token else ""}
    answer = await browser.post("/console/login", data=fields)
    if answer.status_code != 303:
        raise RuntimeError(f"the console's door answered {answer.status_code}")

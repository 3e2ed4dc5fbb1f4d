"""What operators see of payment proofs and decide about them, through the real API and a real conversation."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import pytest
from psycopg.types.json import Jsonb
from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy
from temporalio.worker import Worker

from api import conversations
from contracts.conversation import TASK_QUEUE, ConversationState, Opening
from domain.identifiers import Address
from domain.payments import PaymentCase, PaymentStage, Urgency
from domain.turn_taking import TurnTaking
from providers.records.pool import Pool, fetch_one, open_pool
from runtime.sandbox import sandbox
from runtime.temporal import connect
from tests.api.namespaces import fresh_namespace
from tests.api.running import serving, settings_for
from tests.media.files import PDF
from tests.payments.conftest import Shop, facts
from tests.servers_here import Servers
from workflows.conversation import ConversationWorkflow

BEARER = {"Authorization": "Bearer operator-secret"}


@pytest.fixture(scope="module")
def settings(servers: Servers, payments_database: str) -> dict[str, Any]:
    """A house of this module's own."""
    return {
        "temporal_address": servers.temporal_address,
        "temporal_namespace": fresh_namespace(servers, "payments"),
        "database_url": payments_database,
    }


@pytest.fixture(scope="module")
def url(settings: dict[str, Any]) -> Iterator[str]:
    """The API."""
    with serving(settings_for(**settings)) as url:
        yield url


@pytest.fixture
async def pool(payments_database: str) -> AsyncIterator[Pool]:
    """The books."""
    async with open_pool(payments_database, size=4) as pool:
        yield pool


@pytest.fixture
async def operator(url: str) -> AsyncIterator[httpx.AsyncClient]:
    """An operator."""
    async with httpx.AsyncClient(base_url=url, headers=BEARER, timeout=20, trust_env=False) as client:
        yield client


@pytest.fixture
async def temporal(settings: dict[str, Any]) -> Client:
    """A look behind the scenes."""
    return await connect(settings_for(**settings))


@pytest.fixture
async def desk(shop: Shop, temporal: Client, operator: httpx.AsyncClient) -> AsyncIterator["Desk"]:
    """An operator's desk, with somebody at work in the conversations."""
    desk = Desk(shop, temporal, operator)
    async with desk.at_work():
        yield desk
        for conversation in desk.open:
            await temporal.get_workflow_handle(conversation).terminate()


class Desk:
    """Proofs whose conversations wait for a decision."""

    def __init__(self, shop: Shop, temporal: Client, operator: httpx.AsyncClient) -> None:
        self.shop, self.temporal, self.operator = shop, temporal, operator
        self.open: list[str] = []

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """With a worker that writes down what is decided."""
        hands = self.shop.payments
        async with Worker(
            self.temporal, task_queue=TASK_QUEUE, workflows=[ConversationWorkflow], workflow_runner=sandbox(),
            activities=[hands.open_payment, hands.note_payment, hands.settle_payment],
        ):  # fmt: skip
            yield

    async def proof(self, *, eyes: int = 1) -> tuple[int, int]:
        """A proof for an order, in a conversation that waits; gives both numbers."""
        who = self.shop.customer()
        order = await self.shop.order(who)
        opened = await self.shop.show(who, PDF, order=order, read=facts(), approvals_needed=eyes)
        await self.converse(who, PaymentCase(
            id=opened.id, order=str(order), opened_at=datetime.now(UTC), approvals_needed=eyes
        ))  # fmt: skip
        return int(opened.id), order

    async def converse(self, who: Address, payment: PaymentCase | None) -> None:
        """The conversation, in the midst of it."""
        rules = TurnTaking()
        state = ConversationState(rules=rules, payment=payment, last_message_at=datetime.now(UTC))
        opening = Opening(address=who, flow="water_order", phase="", rules=rules, carried=state)
        await self.temporal.start_workflow(
            ConversationWorkflow.run, opening, id=who.conversation_id, task_queue=TASK_QUEUE,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        )  # fmt: skip
        self.open.append(who.conversation_id)

    async def decide(self, payment: int, approve: bool = True, key: str = "", **more: Any) -> httpx.Response:
        """Press the button."""
        headers = {"Idempotency-Key": key} if key else {}
        body = {"approve": approve, "operator": "Anna", **more}
        return await self.operator.post(f"/api/payments/{payment}/decision", json=body, headers=headers)

    async def look(self, payment: int) -> dict[str, Any]:
        """One proof, as the API shows it."""
        return dict((await self.operator.get(f"/api/payments/{payment}")).json())

    async def written(self, payment: int) -> dict[str, Any]:
        """The proof, once its conversation has written down what was decided."""
        for _ in range(200):
            if (row := await self.shop.row(str(payment)))["decided_at"] is not None:
                return row
            await asyncio.sleep(0.05)
        raise AssertionError(row)


# --- decisions ------------------------------------------------------------------------------------------------------


async def test_an_approved_payment_is_seen_at_once_and_makes_the_order_paid(desk: Desk) -> None:
    """The operator presses once; list and page show it before anybody has turned round."""
    payment, order = await desk.proof()
    answer = await desk.decide(payment)
    seen = await desk.look(payment)
    listed = await desk.operator.get("/api/payments", params={"account": desk.shop.account})
    row = await desk.written(payment)

    assert (200, {"id": payment, "order_id": str(order), "stage": "approved", "approved_by": ["Anna"],
                  "approvals_needed": 1}) == (answer.status_code, answer.json())  # fmt: skip
    assert ("approved", ["Anna"], "Anna", []) == (
        seen["stage"], seen["approved_by"], seen["decided_by"], listed.json()["items"],
    )  # fmt: skip
    assert ("approved", "paid") == (row["stage"], await desk.shop.status(order))


async def test_a_refused_payment_says_why(desk: Desk) -> None:
    """The reason is kept for the customer, the order waits on."""
    payment, order = await desk.proof()
    answer = await desk.decide(payment, False, reason="  Це чек\nна іншу суму ")
    row = await desk.written(payment)
    assert (200, "refused", []) == (answer.status_code, answer.json()["stage"], answer.json()["approved_by"])
    assert ("refused", "Це чек на іншу суму", "Anna", "awaiting_payment") == (
        row["stage"], row["reason"], row["decided_by"], await desk.shop.status(order),
    )  # fmt: skip


async def test_a_large_sum_takes_two_different_people(desk: Desk) -> None:
    """The first sees that a second is needed, and cannot be the second."""
    payment, order = await desk.proof(eyes=2)
    first = await desk.decide(payment)
    shown = (await desk.look(payment))["stage"]
    again = await desk.decide(payment, operator=" anna ")
    second = await desk.decide(payment, operator="Boris")
    await desk.written(payment)

    assert (200, "approved_once", 2) == (first.status_code, first.json()["stage"], first.json()["approvals_needed"])
    assert ("approved_once", 409) == (shown, again.status_code)
    assert "a second one has to agree" in again.json()["detail"]
    assert (200, "approved", ["Anna", "Boris"]) == (
        second.status_code, second.json()["stage"], second.json()["approved_by"],
    )  # fmt: skip
    assert "paid" == await desk.shop.status(order)


async def test_who_comes_second_hears_of_the_first(desk: Desk) -> None:
    """Two operators press at the same time: one decides, the other reads who did."""
    payment, _ = await desk.proof()
    answers = await asyncio.gather(
        desk.decide(payment, operator="Anna"), desk.decide(payment, False, operator="Boris", reason="ні")
    )
    decided, late = sorted(answers, key=lambda answer: answer.status_code)
    who = "Anna" if decided.json()["stage"] == "approved" else "Boris"
    await desk.written(payment)
    later = await desk.decide(payment, operator="Clara")

    assert (200, 409, 409) == (decided.status_code, late.status_code, later.status_code)
    assert f"this payment is decided already: {decided.json()['stage']} by {who}" == later.json()["detail"]


async def test_the_same_key_twice_decides_once(desk: Desk) -> None:
    """The answer was lost on the way: asked again, it is the same."""
    payment, _ = await desk.proof(eyes=2)
    key = uuid4().hex
    first, again = await desk.decide(payment, key=key), await desk.decide(payment, key=key)
    assert (200, first.json()) == (again.status_code, again.json())
    assert "approved_once" == (await desk.look(payment))["stage"]


async def test_nobody_is_two_people_by_pressing_twice_at_once(desk: Desk) -> None:
    """Under two spellings, at the same moment: it is one pair of eyes."""
    payment, _ = await desk.proof(eyes=2)
    names = ("Anna", "ANNA", "Anna\u200b", "Ａnna")
    answers = await asyncio.gather(*(desk.decide(payment, operator=name) for name in names))
    assert [200, 409, 409, 409] == sorted(answer.status_code for answer in answers)
    assert "approved_once" == (await desk.look(payment))["stage"]


async def test_a_key_is_for_one_act(desk: Desk) -> None:
    """The same key on another act is another wish: it is done, too, and gets its own answer."""
    payment, _ = await desk.proof()
    key, at = uuid4().hex, f"/api/conversations/{desk.open[-1].replace(':', '%3A')}"
    headers = {"Idempotency-Key": key}
    taken = await desk.operator.post(f"{at}/take-over", json={"operator": "Anna"}, headers=headers)
    given = await desk.operator.post(f"{at}/release", json={"operator": "Anna"}, headers=headers)
    decided = await desk.decide(payment, key=key)
    await desk.written(payment)
    assert ("operator", "assistant") == (taken.json()["holder"], given.json()["holder"])
    assert (200, "approved") == (decided.status_code, decided.json()["stage"])


async def test_a_conversation_that_knows_of_no_such_payment_says_so(desk: Desk) -> None:
    """The customer sent a better proof in the meantime."""
    who = desk.shop.customer()
    opened = await desk.shop.show(who, read=facts())
    await desk.converse(who, None)
    answer = await desk.decide(int(opened.id))
    assert (409, "this payment does not wait for a decision any more") == (answer.status_code, answer.json()["detail"])


WRONG = [
    {}, {"approve": None}, {"approve": False}, {"approve": False, "reason": " \n "}, {"reason": "x"},
    {"approve": False, "reason": "x" * 501}, {"approve": False, "reason": "a\x07b"},
    {"approve": False, "reason": "a\u202eb"}, {"approve": True, "operator": " "},
    {"approve": True, "operator": "A\x00"}, {"approve": True, "operator": "x" * 101},
]  # fmt: skip


@pytest.mark.parametrize("body", WRONG)
async def test_a_decision_must_be_one(operator: httpx.AsyncClient, body: dict[str, Any]) -> None:
    """Refusing takes a reason the customer can read, and nothing unseen goes to anybody."""
    answer = await operator.post("/api/payments/1/decision", json=body)
    assert (422, "application/problem+json") == (answer.status_code, answer.headers["content-type"])


@pytest.mark.parametrize("payment", ["999999999", str(2**63 - 1)])
async def test_an_unknown_payment_is_404(operator: httpx.AsyncClient, payment: str) -> None:
    """To look at and to decide about."""
    looked = await operator.get(f"/api/payments/{payment}")
    decided = await operator.post(f"/api/payments/{payment}/decision", json={"approve": True})
    assert (404, 404) == (looked.status_code, decided.status_code)


async def test_without_a_worker_a_decision_is_refused_soon_and_can_be_repeated(
    shop: Shop, temporal: Client, operator: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503, and once somebody works again the same press decides, once."""
    monkeypatch.setattr(conversations, "ANSWER_WITHIN", 0.5)
    desk = Desk(shop, temporal, operator)
    payment, order = await desk.proof()
    refused = await desk.decide(payment, key="press")
    shown = (await desk.look(payment))["stage"]
    monkeypatch.undo()
    async with desk.at_work():
        decided = await desk.decide(payment, key="press")
        await desk.written(payment)
        await temporal.get_workflow_handle(desk.open[0]).terminate()

    assert (503, "waiting", 200) == (refused.status_code, shown, decided.status_code)
    assert int(refused.headers["retry-after"]) > 0
    assert "paid" == await shop.status(order)


# --- looking --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/api/payments", "/api/payments/1"])
async def test_strangers_are_turned_away(url: str, path: str) -> None:
    """Money is nobody else's business."""
    async with httpx.AsyncClient(base_url=url, trust_env=False) as stranger:
        looked, decided = await stranger.get(path), await stranger.post("/api/payments/1/decision", json={})
    assert (401, 401) == (looked.status_code, decided.status_code)


async def test_a_payment_is_shown_beside_its_order(shop: Shop, operator: httpx.AsyncClient) -> None:
    """What was read, what was found, the picture behind a link, and the order with all that was agreed."""
    who = shop.customer()
    order = await shop.order(who)
    opened = await shop.show(who, PDF, order=order, read=facts("400"))
    shown = (await operator.get(f"/api/payments/{opened.id}")).json()

    assert ("400", "1499.00", order, "awaiting_payment") == (
        shown["amount"], shown["expected"], shown["order"]["id"], shown["order"]["status"],
    )  # fmt: skip
    assert ("order", "+380501112233") == (shown["order"]["kind"], shown["order"]["client_phone"])
    assert [("amount_differs", "400.00 instead of 1499.00 UAH", "")] == [
        (one["kind"], one["text"], one["payment"]) for one in shown["findings"]
    ]
    assert ["document"] == [picture["kind"] for picture in shown["pictures"]]
    assert "/media/" in shown["pictures"][0]["url"]
    assert Decimal(400) == Decimal(shown["facts"][0]["amount"])


async def test_the_list_is_paged_most_urgent_first(shop: Shop, operator: httpx.AsyncClient) -> None:
    """And those that are decided, newest first."""
    ids = [int((await shop.show(shop.customer(), read=facts())).id) for _ in range(4)]
    await shop.grow(str(ids[2]), Urgency.ESCALATED)

    async def pages(**query: Any) -> list[int]:
        found: list[int] = []
        cursor: dict[str, str] = {}
        while True:
            wanted = {"account": shop.account, "platform": "telegram", "limit": 2, **query, **cursor}
            page = (await operator.get("/api/payments", params=wanted)).json()
            found += [item["id"] for item in page["items"]]
            if not page["next_cursor"]:
                return found
            cursor = {"cursor": page["next_cursor"]}

    waiting = await pages()
    for number in ids[:3]:
        await shop.settle(str(number), PaymentStage.REFUSED, "Anna", reason="x")

    assert [ids[2], ids[0], ids[1], ids[3]] == waiting
    assert ([ids[3]], ids[2::-1]) == (await pages(), await pages(stage="refused"))
    assert [] == await pages(platform="whatsapp")


@pytest.mark.parametrize(
    "query", ["stage=maybe", "limit=0", "platform=%00", "cursor=x", "stage=refused&cursor=WzEsMl0="]
)
async def test_wrong_questions_are_refused(operator: httpx.AsyncClient, query: str) -> None:
    """422 or 400, and never a bug."""
    answer = await operator.get(f"/api/payments?{query}")
    assert answer.status_code in (400, 422)


async def test_a_proof_that_is_still_compared_can_be_looked_at(shop: Shop, operator: httpx.AsyncClient) -> None:
    """Nothing found yet is not nothing found."""
    opened = await shop.show(shop.customer(), read=facts())
    await fetch_one(
        shop.pool, "UPDATE payments SET findings = NULL, facts = %(facts)s WHERE id = %(id)s",
        {"id": int(opened.id), "facts": Jsonb([])},
    )  # fmt: skip
    shown = (await operator.get(f"/api/payments/{opened.id}")).json()
    assert (None, None, []) == (shown["findings"], shown["order"], shown["facts"])

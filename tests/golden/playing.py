"""Plays a golden file on the house with the skipping clock, and tells what differs."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import httpx
from temporalio.service import RPCError

from commands.script_check import Bubble, dialog, differing, in_order, not_seen, numbered, rows_differing
from commands.script_file import Operator, Script, Standing, Step
from domain.identifiers import Address
from platforms.registry import PLATFORMS
from platforms.simulation import Direction, Entry, Gate
from providers.model.script import Scripted
from tests.golden.customer import OURS, Customer
from tests.golden.house import House

SEEN_WITHIN = 20.0
ORDERS = "SELECT * FROM orders WHERE conversation_id = %(conversation)s ORDER BY id"
PAYMENTS = "SELECT * FROM payments WHERE conversation_id = %(conversation)s ORDER BY id"
OUTCOMES = "SELECT outcome FROM dialog_outcomes WHERE conversation_id = %(conversation)s ORDER BY id"
LOGGED = "SELECT text FROM message_logs WHERE conversation_id = %(conversation)s ORDER BY id"
DEGRADED = "SELECT degraded FROM decisions WHERE conversation_id = %(conversation)s ORDER BY turn DESC, at DESC LIMIT 1"


class Play:
    """One file on one platform."""

    def __init__(self, house: House, script: Script, platform: str) -> None:
        self.house = house
        self.script = script
        self.platform = platform
        self.customer = Customer(house, platform, script.path.parent)
        self.address = Address(platform=platform, account="default", contact=self.customer.contact)
        self.dialog: list[list[str]] = []
        """What the phone showed, step by step."""
        self.standings: list[tuple[str, str, str]] = []
        """Phase, question and holder after each step."""

    @property
    def conversation(self) -> str:
        """Its id."""
        return self.address.conversation_id

    async def run(self) -> list[str]:
        """Play all of it; what differs, each with file and line. The first step that differs ends the play."""
        await self.house.set_up(self.script, self.platform)
        try:
            for step in self.script.story:
                if differences := await self._play(step):
                    return [f"{self.script.path.name}:{step.line} on {self.platform}: {one}" for one in differences]
        finally:
            await self._end()
        return []

    async def _end(self) -> None:
        with contextlib.suppress(RPCError):  # it never began, or is over
            await self.house.handle(self.conversation).terminate()

    # --- one step -----------------------------------------------------------------------------------------------

    async def _play(self, step: Step) -> list[str]:
        house = self.house
        await house.pass_time(step.after)
        if step.after:
            await house.settle(self.conversation)
        self._script_model(step)
        house.ears.heard = step.heard
        for sku, stock in step.shop.items():
            await house.restock(sku, stock.model_dump(exclude_none=True))
        refused = await self._act(step)
        await house.settle(self.conversation)
        bubbles = self.customer.news()
        self.dialog.append(dialog(bubbles))
        return [*refused, *await self._differences(step, bubbles)]

    def _script_model(self, step: Step) -> None:
        if step.model is None:
            self.house.refresh_model(has_model=False)
            return
        usual = self.script.model or ()
        self.house.model.play(*(_dated(one) for one in (*step.model, *usual)))

    async def _act(self, step: Step) -> list[str]:
        """What the customer and the operator do; what an operator was told otherwise than expected."""
        if not step.operator:
            if step.slow:
                await self._while_thinking(lambda: self.customer.speak(step), self._is_told_to_wait)
            else:
                await self.customer.speak(step)
            return []
        operator = step.operator
        if operator.while_ == "thinking":
            return await self._while_thinking(lambda: self.customer.speak(step), self._is_asked, operator)
        if operator.while_ == "sending":
            return await self._while_sending(step, operator)
        await self.customer.speak(step)
        if step.speaks:
            await self.house.settle(self.conversation)
        return await self._operate(operator)

    # --- gates --------------------------------------------------------------------------------------------------

    async def _while_thinking(
        self, speak: Callable[[], Awaitable[None]], until: Callable[[], bool], operator: Operator | None = None
    ) -> list[str]:
        """The model holds its answer until something is seen, and until the operator has acted."""
        street, told = self.house.street, list[str]()
        asked = street.count("messages")
        self._asked_before = asked
        street.hold("messages")
        await speak()
        passing = asyncio.create_task(self.house.pass_time(4))
        await _until(until)
        if operator:
            told = await self._operate(operator)
        street.let_go("messages")
        await passing
        return told

    def _is_asked(self) -> bool:
        return self.house.street.count("messages") > self._asked_before

    def _is_told_to_wait(self) -> bool:
        return len(self.customer.shown()) > self.customer.seen

    async def _while_sending(self, step: Step, operator: Operator) -> list[str]:
        """The first part is on the phone, the second stands before the platform's gate."""
        world = self.house.world
        gate = Gate(platform=self.platform, contact=self.customer.contact)

        def close(entry: Entry) -> None:
            if (entry.platform, entry.contact, entry.direction) == (gate.platform, gate.contact, Direction.OUT):
                world.faults.set_gate(gate)

        world.listeners.append(close)
        await self.customer.speak(step)
        passing = asyncio.create_task(self.house.pass_time(4))
        await _until(lambda: world.faults.waiting > 0)
        world.listeners.remove(close)
        told = await self._operate(operator)
        world.faults.set_gate(gate.model_copy(update={"closed": False}))
        await passing
        return told

    # --- operators ----------------------------------------------------------------------------------------------

    async def _operate(self, operator: Operator) -> list[str]:
        if operator.answers_on_the_platform:
            echo = PLATFORMS[self.platform].echo
            assert echo is not None, f"{self.platform} shows no echoes"
            await self.customer.post(echo(self.customer.say(text=operator.answers_on_the_platform), OURS))
            return []
        answer = await self._ask_api(operator)
        if operator.is_told:
            if answer.status_code == 409 and operator.is_told in answer.text:
                return []
            return [
                f"{operator.name} should be told {operator.is_told!r}, and hears {answer.status_code} {answer.text}"
            ]
        return [] if answer.is_success else [f"{operator.name} is refused: {answer.status_code} {answer.text}"]

    async def _ask_api(self, operator: Operator) -> httpx.Response:
        client, here = self.house.client, f"/api/conversations/{self.conversation}"
        who = {"operator": operator.name}
        if operator.approves or operator.refuses:
            payment = (await self.house.rows(PAYMENTS, self.conversation))[operator.payment - 1]["id"]
            verdict = who | {"approve": operator.approves, "reason": operator.refuses}
            return await client.post(f"/api/payments/{payment}/decision", json=verdict)
        if operator.cancels:
            order = (await self.house.rows(ORDERS, self.conversation))[-1]["id"]
            reason = operator.cancels if isinstance(operator.cancels, str) else ""
            return await client.post(f"/api/orders/{order}/cancel", json=who | {"reason": reason})
        if operator.takes_over:
            return await client.post(f"{here}/take-over", json=who)
        if operator.replies:
            return await client.post(f"{here}/replies", json=who | {"text": operator.replies})
        summary = operator.releases if isinstance(operator.releases, str) else ""
        return await client.post(f"{here}/release", json=who | {"summary": summary})

    # --- looking ------------------------------------------------------------------------------------------------

    async def _differences(self, step: Step, bubbles: list[Bubble]) -> list[str]:
        house, conversation = self.house, self.conversation
        told = await house.overview(conversation)
        self.standings.append((told["phase"], told["waiting_for"], told["holder"]))
        orders = [_order(row) for row in await house.rows(ORDERS, conversation)]
        payments = [_payment(row) for row in await house.rows(PAYMENTS, conversation)]
        number = str(orders[-1]["id"]) if orders else ""
        sees = step.sees and tuple(numbered(one, number) for one in step.sees)
        outcomes = [row["outcome"] for row in await house.rows(OUTCOMES, conversation)]
        found = [
            *(not_seen(sees, bubbles) if step.sees is None or step.sees else []),
            *differing("the conversation", numbered(step.conversation or Standing(), number), told),
            *rows_differing("orders", step.orders, orders),
            *rows_differing("payments", step.payments, payments),
            *self._model_differences(step),
        ]
        if step.outcomes is not None and list(step.outcomes) != outcomes:
            found.append(f"dialogs should have ended {list(step.outcomes)}, and ended {outcomes}")
        logged = "\n".join(row["text"] for row in await house.rows(LOGGED, conversation))
        found += in_order("message_logs", step.logged, logged)
        if step.degraded is not None:
            found += await self._degraded(step.degraded)
        return found

    async def _degraded(self, expected: str) -> list[str]:
        rows = await self.house.rows(DEGRADED, self.conversation)
        actual = rows[0]["degraded"] if rows else ""
        if (expected in actual) if expected else not actual:
            return []
        return [f"the decision should be degraded by {expected!r}, and was by {actual!r}"]

    def _model_differences(self, step: Step) -> list[str]:
        asked = self.house.model.asked
        whole = json.dumps([one.body for one in asked], ensure_ascii=False)
        stray = [one.said[-200:] for one in asked if one.answered_by is None and self.script.model is not None]
        return [
            *(f"the model was asked what no line of the script answers: {one!r}" for one in stray),
            *(f"the model should hear {one!r}" for one in step.model_heard if one not in whole),
            *(f"the model should not hear {one!r}" for one in step.model_not_heard if one in whole),
        ]


def _dated(line: Scripted) -> Scripted:
    """`{today}` in a scripted answer is the day of the test."""
    today = datetime.now(UTC).strftime("%d.%m.%Y")
    return Scripted.model_validate_json(line.model_dump_json().replace("{today}", today))


def _order(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"items": {one.get("sku") or one["name"]: one["quantity"] for one in row["items"]}}


def _payment(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"findings": [one["kind"] for one in row["findings"] or ()]}


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(SEEN_WITHIN):
        while not condition():
            await asyncio.sleep(0.01)

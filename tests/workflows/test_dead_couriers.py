"""A worker dies while it sends a part that we have called back: on a real server, which tries such a part no more."""

import asyncio
from datetime import timedelta

import pytest
from temporalio import activity
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from contracts.conversation import TakeOver
from contracts.delivery import SendPart, Sent
from domain.conversation import Attention
from domain.turn_taking import TurnTaking
from runtime.temporal import data_converter
from tests.api.namespaces import fresh_namespace
from tests.servers_here import Servers
from tests.workflows.harness import Chat, Shop, working
from workflows.conversation import ConversationWorkflow

ONE_BY_ONE = TurnTaking(quiet_period=0, max_burst=1)


class Mortal(Shop):
    """Its first sender falls silent in the middle of a send, as if it had been killed."""

    def __init__(self) -> None:
        super().__init__()
        self.died = asyncio.Event()

    @activity.defn(name="send")
    async def send(self, order: SendPart) -> Sent:
        """The first attempt of all beats once and never again; every later one is a successor's."""
        if not self.died.is_set():
            self.died.set()
            activity.heartbeat()
            await asyncio.sleep(60)
        return await super().send(order)


@pytest.fixture
async def real(servers: Servers) -> WorkflowEnvironment:
    """A namespace of a real server: the time-skipping one tries a called back part again."""
    namespace = await asyncio.to_thread(fresh_namespace, servers, "dead-couriers")
    client = await Client.connect(servers.temporal_address, namespace=namespace, data_converter=data_converter)
    return WorkflowEnvironment.from_client(client)


async def test_the_next_run_finds_out_what_became_of_the_part(
    real: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long conversation changes runs while its worker dies: the reply is not forgotten as if it had been refused."""
    monkeypatch.setattr("policies.history.LONG_EVENTS", 40)
    monkeypatch.setattr("policies.history.CALL_BACK_GRACE", timedelta(seconds=0.1))
    shop = Mortal()
    async with working(real, shop):
        chat = Chat(real, shop, ONE_BY_ONE)
        await chat.write("0")
        await shop.died.wait()
        run = (await chat.handle.describe()).run_id
        written = ["0"]
        async with asyncio.timeout(30):
            while run == (await chat.handle.describe()).run_id:
                if len(written) < 12:
                    written.append(str(len(written)))
                    await chat.write(written[-1])
                await asyncio.sleep(0.02)
        await chat.wait_until(lambda: len(shop.said) >= len(written))
        overview = await chat.overview()

        assert written == shop.said
        assert Attention.DEAD_LETTER not in overview.attention


async def test_a_part_taken_back_is_looked_after_in_the_books(real: WorkflowEnvironment) -> None:
    """An operator takes over while the worker dies: the part is no dead letter, and its row does not wait for ever."""
    shop = Mortal()
    async with working(real, shop):
        chat = Chat(real, shop, ONE_BY_ONE)
        await chat.write("0")
        await shop.died.wait()
        await chat.handle.execute_update(ConversationWorkflow.take_over, TakeOver(operator="olha"))
        await chat.wait_until(lambda: bool(shop.withdrawn))

        assert [chat.id] == [key.split("/")[0] for key in shop.withdrawn]
        assert [] == shop.said
        assert Attention.DEAD_LETTER not in (await chat.overview()).attention

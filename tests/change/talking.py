"""Customers of a real Temporal server: a namespace of their own, a worker in this process, and `everturn` beside it."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from temporalio.client import Client
from temporalio.worker import Worker

from cli import main
from contracts.conversation import DELIVERY_QUEUE_PREFIX, TASK_QUEUE
from domain.turn_taking import TurnTaking
from runtime.sandbox import sandbox
from runtime.temporal import data_converter
from runtime.versioning import WhichBuild
from tests.workflows.harness import Chat, Shop
from workflows.conversation import ConversationWorkflow

RULES = TurnTaking(quiet_period=0.2)


async def connected(address: str, namespace: str) -> Client:
    """A client as our processes have it."""
    return await Client.connect(address, namespace=namespace, data_converter=data_converter)


def chat_at(client: Client, shop: Shop) -> Chat:
    """A customer's conversation on that server."""
    env: Any = SimpleNamespace(client=client)
    return Chat(env, shop, RULES)


async def until(condition: Callable[[], Any]) -> None:
    """Look again and again, for as long as the test may take."""
    while not condition():
        await asyncio.sleep(0.02)


@asynccontextmanager
async def workers_of(client: Client, shop: Shop, build: WhichBuild | None = None) -> AsyncIterator[None]:
    """One build's workers on both queues, with the shop's activities."""
    which = build or WhichBuild(build_id="-")
    activities: list[Callable[..., Any]] = [shop.decide, shop.phrase, shop.place_order, shop.close_dialog]
    conversations = Worker(
        client, task_queue=TASK_QUEUE, workflows=[ConversationWorkflow], activities=activities,
        workflow_runner=sandbox(), **which,
    )  # fmt: skip
    speaking = [shop.send, shop.withdraw]
    delivery = Worker(client, task_queue=DELIVERY_QUEUE_PREFIX + "chat2desk", activities=speaking, **which)
    async with conversations, delivery:
        yield


class Everturn:
    """The command line, in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], **environment: str) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys
        for name, value in environment.items():
            monkeypatch.setenv(name, value)

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        """Run a command: exit status, output, errors."""
        self._capsys.readouterr()
        self._monkeypatch.setattr(sys, "argv", ["everturn", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = self._capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

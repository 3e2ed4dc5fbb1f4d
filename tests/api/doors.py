"""The API's doors as platforms knock at them, and a look behind: what the books and the conversations know."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import uuid4

import httpx
import psycopg
from psycopg.rows import dict_row
from temporalio.client import Client
from temporalio.worker import Worker

from contracts.conversation import TASK_QUEUE, Overview
from domain.identifiers import Address, outbox_key
from domain.messages import InboundMessage, Media, MessageKind, Part
from platforms.base import Credentials
from platforms.kit import Said
from platforms.registry import PLATFORMS
from platforms.simulation import Webhook
from providers.records.books import Books
from providers.records.media import MediaRecords, MediaRow
from providers.records.outbox import Outbox
from providers.records.pool import Pool
from runtime.sandbox import sandbox
from workflows.conversation import ConversationWorkflow

OURS = Credentials(account="default", access_token="simulator")
A_MINUTE = 5
"""Messages that the doors let one customer write in a minute."""
_numbers = count(int(datetime.now(UTC).timestamp()))


@dataclass
class Doors:
    """The doors, and a look behind them."""

    client: httpx.AsyncClient
    temporal: Client
    pool: Pool
    database: str
    asked: set[str] = field(default_factory=set)

    async def post(self, hook: Webhook) -> int:
        """One webhook; the status it is answered with."""
        query, headers = dict(hook.query), dict(hook.headers)
        return (await self.client.post(hook.path, params=query, headers=headers, content=hook.body)).status_code

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """With somebody who hears signals and answers questions, and does nothing else."""
        runner = sandbox()
        async with Worker(
            self.temporal, task_queue=TASK_QUEUE, workflows=[ConversationWorkflow], workflow_runner=runner
        ):
            yield
            for conversation in self.asked:  # nobody answers them, and their timers would go on
                await self.temporal.get_workflow_handle(conversation).terminate()

    async def overview(self, platform: str, contact: str) -> Overview:
        """A conversation at a glance."""
        conversation = address(platform, contact).conversation_id
        self.asked.add(conversation)
        handle = self.temporal.get_workflow_handle(conversation)
        return await handle.query(ConversationWorkflow.overview)

    def rows(self, query: str, *values: str) -> list[dict[str, Any]]:
        """Look into the database."""
        with psycopg.connect(self.database, autocommit=True, row_factory=dict_row) as connection:
            return connection.execute(query.encode(), values).fetchall()

    def logged(self, contact: str) -> list[tuple[str, str, str]]:
        """What the books say was said."""
        query = "SELECT direction, text, dialog_state FROM message_logs WHERE client_id = %s ORDER BY id"
        return [(row["direction"], row["text"], row["dialog_state"]) for row in self.rows(query, contact)]

    async def sent(self, platform: str, contact: str, message_id: str, text: str = "Добрий день") -> str:
        """A part of ours that the platform took; returns its outbox key."""
        to = address(platform, contact)
        key = outbox_key(to.conversation_id, "epoch", 1, "0")
        outbox = Outbox(self.pool, "worker")
        await outbox.claim(key, to, "", Part(text=text), 1)
        await outbox.mark_sent(key, message_id)
        return key


def address(platform: str, contact: str) -> Address:
    """Where a customer of the environment's account is."""
    return Address(platform=platform, account="default", contact=contact)


def said(contact: str, text: str = "Вітаю, це Анна", id: str = "") -> Said:
    """What somebody wrote just now."""
    return Said(contact=contact, text=text, message_id=id or f"{next(_numbers)}", at=datetime.now(UTC))


def echo(platform: str, said: Said) -> Webhook:
    """What the platform tells of a message written in its own app."""
    kit = PLATFORMS[platform]
    assert kit.echo is not None
    return kit.echo(said, OURS)


def fresh_contact() -> str:
    """A customer nobody else has."""
    return f"38050{next(_numbers) % 10**7:07}"


async def write_down(doors: Doors, to: Address, *messages: Said) -> None:
    """As a turn does: the burst, and a voice note of each message."""
    now = datetime.now(UTC)
    for each in messages:
        media = (Media(url="https://example.com/a.jpg"),)
        message = InboundMessage(id=each.message_id or "", received_at=now, text=each.text, media=media)
        await Books(doors.pool).log_inbound(to, [message], 1, "")
        row = MediaRow(
            id=uuid4().hex, conversation_id=to.conversation_id, platform=to.platform, account=to.account,
            message_id=each.message_id or "", place=0, kind=MessageKind.AUDIO, name=uuid4().hex, transcript="spoken",
            created_at=now, expires_at=now,
        )  # fmt: skip
        assert await MediaRecords(doors.pool).keep(row)


async def batched(doors: Doors, lines: list[tuple[str, str]]) -> int:
    """A bridge's collected messages; the same line again is the same message."""
    now = int(datetime.now(UTC).timestamp())
    messages = [
        {"id": f"false_{contact}@c.us_{text}", "body": text, "type": "chat", "t": now, "from": f"{contact}@c.us",
         "to": "380440000000@c.us", "fromMe": False, "isGroupMsg": False}
        for contact, text in lines
    ]  # fmt: skip
    body = {"session": "shop", "messages": messages}
    return (await doors.client.post("/webhook/whatsapp/batched", json=body)).status_code


async def heard(doors: Doors, contact: str, platform: str = "bridge") -> list[str]:
    """The texts that were signalled to a conversation, in their order."""
    history = await doors.temporal.get_workflow_handle(f"conv:{platform}:default:{contact}").fetch_history()
    signals = [event.workflow_execution_signaled_event_attributes for event in history.events]
    return [json.loads(signal.input.payloads[0].data)["text"] for signal in signals if signal.signal_name == "receive"]

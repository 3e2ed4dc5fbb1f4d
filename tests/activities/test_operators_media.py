"""Pictures that come while an operator holds the conversation, from a place that does not answer."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Any
from unittest.mock import AsyncMock

import pytest
from temporalio.testing import ActivityEnvironment

from activities import records
from contracts.records import KeepMessages
from domain.identifiers import Address
from domain.messages import InboundMessage, Media, MessageKind
from workflows.patience import BOOKKEEPING

BURST = 10
ADDRESS = Address(platform="chat2desk", account="default", contact="42")


async def never(*_: Any, **__: Any) -> Any:
    """What a silent host answers."""
    await asyncio.sleep(3600)


async def test_pictures_that_do_not_come_hold_the_conversation_up_once_and_not_one_after_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A whole burst of them must end within the patience of bookkeeping, or it is begun anew for ever.

    Meanwhile nothing the customer writes would be heard.
    """
    share = BOOKKEEPING["start_to_close_timeout"].total_seconds() / records.MEDIA_WITHIN
    monkeypatch.setattr(records, "MEDIA_WITHIN", 0.2)
    gallery = AsyncMock(take_in=never)
    books: Any = records.Records(AsyncMock(), gallery, AsyncMock())
    messages = tuple(
        InboundMessage(
            id=str(number), kind=MessageKind.IMAGE, received_at=datetime(2026, 11, 21, tzinfo=UTC),
            media=(Media(url="https://nowhere.example/1.jpg"),),
        )
        for number in range(BURST)
    )  # fmt: skip
    began = time.monotonic()
    await ActivityEnvironment().run(books.keep_messages, KeepMessages(address=ADDRESS, turn=1, messages=messages))
    assert time.monotonic() - began < 0.2 * share

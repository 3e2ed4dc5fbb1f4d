"""What a platform shows while we think: that the message was seen, and that somebody writes. It never delays a turn."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager

import structlog

from contracts.dialog import TakeTurn
from domain.failures import EverturnError
from platforms.base import Platform
from platforms.credentials import credentials_of
from runtime.accounts import Account

TYPING_AFTER = 0.5
"""Seconds of thinking from which the customer sees that somebody writes: a sign after the answer would be odd."""
AGAIN_BEFORE_THE_END = 0.8
LONGEST_CALL = 8.0
PROFILE_WITHIN = 2.0

log = structlog.get_logger()


class Courtesies:
    """Shows signs; every failure is somebody else's problem."""

    def __init__(self, platforms: Mapping[str, Platform]) -> None:
        self._platforms = platforms
        self._under_way: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def shown(self, account: Account, turn: TakeTurn) -> AsyncIterator[None]:
        """Mark the burst as seen at once; show the typing sign for as long as the block takes."""
        platform, last = self._platforms[turn.address.platform], turn.messages[-1]
        abilities, credentials = platform.abilities(last.route), credentials_of(account)
        if abilities.seen:
            self._beside(platform.mark_seen(turn.address, last.route, last.id, credentials))
        typing = self._keep_typing(platform, turn, account) if abilities.typing else None
        task = asyncio.create_task(typing) if typing else None
        try:
            yield
        finally:
            if task is not None:
                task.cancel()

    async def _keep_typing(self, platform: Platform, turn: TakeTurn, account: Account) -> None:
        last = turn.messages[-1]
        again = platform.abilities(last.route).typing_seconds * AGAIN_BEFORE_THE_END
        await asyncio.sleep(TYPING_AFTER)
        while True:
            await _quietly(platform.show_typing(turn.address, last.route, last.id, credentials_of(account)))
            await asyncio.sleep(again)

    async def name_of(self, account: Account, turn: TakeTurn) -> str:
        """The customer's name: as the messages tell it, else as the platform knows it; empty where nobody does."""
        told = next((message.name for message in reversed(turn.messages) if message.name), "")
        platform = self._platforms[turn.address.platform]
        route = turn.messages[-1].route if turn.messages else turn.route
        if told or not platform.abilities(route).profile:
            return told
        try:
            async with asyncio.timeout(PROFILE_WITHIN):
                return (await platform.profile(turn.address, route, credentials_of(account))).name
        except (EverturnError, TimeoutError) as error:
            log.debug("profile_not_told", platform=platform.name, error=type(error).__name__)
        except Exception:
            log.exception("profile_broke")
        return ""

    def _beside(self, call: Awaitable[None]) -> None:
        task = asyncio.create_task(_quietly(call))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)


async def _quietly(call: Awaitable[None]) -> None:
    try:
        async with asyncio.timeout(LONGEST_CALL):
            await call
    except (EverturnError, TimeoutError) as error:
        log.debug("sign_not_shown", error=type(error).__name__)
    except Exception:
        log.exception("sign_broke")

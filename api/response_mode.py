"""Replies that stand in the webhook's own answer (ManyChat's response mode), without ever losing one."""

import asyncio
from collections.abc import Callable
from typing import Any

import structlog
from cachetools import TTLCache
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from api.conversations import Conversations
from api.problems import Problem
from api.reception import Reception
from contracts.conversation import Answered, Asked, OfferedPart
from domain.failures import Unavailable
from domain.identifiers import tag_of
from domain.messages import Part, ReceiptSeen, ReceiptState, Received
from platforms.base import Platform
from platforms.credentials import credentials_of
from providers.records.outbox import Outbox
from providers.records.pool import stubbornly
from runtime import metrics
from runtime.accounts import Account

MOST_MESSAGES = 10
"""A dynamic block shows ten, a picture with its text being two; what is beyond is pushed."""

MOST_REMEMBERED = 10_000
REMEMBERED_SECONDS = 3600.0

log = structlog.get_logger(__name__)


class ResponseMode:
    """Asks the conversation and shows what it answers in time; the rest is pushed by the conversation itself."""

    def __init__(
        self,
        conversations: Conversations,
        reception: Reception,
        outbox: Outbox,
        one_moment: Callable[[str], str],
    ) -> None:
        self._conversations = conversations
        self._reception = reception
        self._outbox = outbox
        self._one_moment = one_moment
        """The interim message of a flow, by the flow's name."""
        self._told: TTLCache[str, None] = TTLCache(MOST_REMEMBERED, REMEMBERED_SECONDS)
        """Conversations that nobody answered for: their customers were told "one moment", and once is enough."""

    async def answer(
        self, request: Request, platform: Platform, account: Account, received: list[Received], patience: float
    ) -> Response:
        """The reply to the last message, or the interim message while it takes longer.

        Raises:
            Problem, Unavailable: as when a message is told.
        """
        for event in received[:-1]:
            await self._reception.take(event.address, event.message)
        if not received:
            return self._show(platform, account, "", [])
        last = received[-1]
        answered = await self._ask(last, patience)
        if not answered.decided:
            words = account.interim_text or self._one_moment(account.flow)
            parts = [] if answered.told_before else [Part(text=words)]
            if parts:
                metrics.part_taken((account.platform, account.account, account.flow), is_interim=True)
            return self._show(platform, account, last.message.route, parts)
        return await self._show_offered(request, platform, account, last, answered)

    async def _ask(self, event: Received, patience: float) -> Answered:
        """The conversation's answer, or "not yet": then the message is durable all the same.

        While Temporal is away it queues behind what waits in the inbox, and nobody is kept on the line for nothing.
        """
        conversation = event.address.conversation_id
        if not self._reception.is_away:
            try:
                answered = await self._conversations.ask(event.address, Asked(message=event.message, within=patience))
                self._told.pop(conversation, None)  # from now on the conversation itself knows
                self._reception.note(event.address, event.message)
                return answered
            except Problem as problem:  # 503, or the conversation was just closing
                log.warning("asker_not_answered", platform=event.address.platform, reason=problem.detail[:200])
        message = event.message.model_copy(update={"told_to_wait": True})
        is_first = await self._reception.take_later(event.address, message)  # twice told is once heard: inbox dedupe
        told_before, self._told[conversation] = conversation in self._told, None
        return Answered(told_before=told_before or not is_first)

    async def _show_offered(
        self, request: Request, platform: Platform, account: Account, event: Received, answered: Answered
    ) -> Response:
        """Claim the parts, so that nobody pushes them, show them, and write down that they were shown."""
        if await request.is_disconnected():
            return Response(status_code=499)
        claimed: list[OfferedPart] = []
        room = MOST_MESSAGES
        for one in answered.parts:
            room -= bool(one.part.text) + bool(one.part.image_url)
            if room < 0 or not await self._claim(event, one):
                break  # what follows a part that is pushed is pushed behind it
            claimed.append(one)
        body = self._body(platform, account, event.message.route, [one.part for one in claimed])
        return Shown(body, self._settle(account, event, claimed))

    async def _claim(self, event: Received, offered: OfferedPart) -> bool:
        try:
            row = await self._outbox.claim(offered.key, event.address, offered.route, offered.part, offered.turn)
        except Unavailable:
            return False  # then it is pushed
        return row is not None

    def _settle(self, account: Account, event: Received, claimed: list[OfferedPart]) -> "Settle":
        async def settle(*, shown: bool) -> None:
            for one in claimed:
                await self._note(one.key, shown=shown)
                if shown:
                    metrics.part_taken((account.platform, account.account, account.flow), began=one.began)
                    await self._say_it_was_shown(event, one.key)
            if not shown:
                log.info("asker_hung_up", parts=len(claimed))

        return settle

    async def _say_it_was_shown(self, event: Received, key: str) -> None:
        """So that the conversation need not wait for it; untold, it finds out a few seconds later."""
        shown = ReceiptSeen(address=event.address, message_id=tag_of(key), state=ReceiptState.SENT, key=key)
        try:
            await self._reception.take(event.address, shown, opens=False)
        except (Problem, Unavailable) as error:
            log.warning("shown_untold", key=key, error=type(error).__name__)

    async def _note(self, key: str, *, shown: bool) -> None:
        if shown:
            await stubbornly(lambda: self._outbox.mark_sent(key, ""))
        else:
            await stubbornly(lambda: self._outbox.mark_waiting(key, "the platform hung up", 0.1, counted=False))

    def _show(self, platform: Platform, account: Account, route: str, parts: list[Part]) -> Response:
        return JSONResponse(self._body(platform, account, route, parts))

    def _body(self, platform: Platform, account: Account, route: str, parts: list[Part]) -> dict[str, Any]:
        return platform.response_body(parts, route, credentials_of(account))


Settle = Callable[..., Any]


class Shown(JSONResponse):
    """An answer that finds out, as far as a server can, whether somebody was there to take it."""

    def __init__(self, body: dict[str, Any], settle: Settle) -> None:
        super().__init__(body)
        self._settle = settle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; then write down whether the other side was still there."""
        gone = await _has_gone(receive)
        if not gone:
            await super().__call__(scope, receive, send)
        await self._settle(shown=not gone)


async def _has_gone(receive: Receive) -> bool:
    """Whether the other side hung up; looked at without waiting."""
    look = asyncio.ensure_future(receive())
    await asyncio.sleep(0)
    if not look.done():
        look.cancel()
        return False
    return bool(look.result()["type"] == "http.disconnect")

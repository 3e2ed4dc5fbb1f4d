"""Writes down orders, outcomes and messages, each once."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import structlog
from temporalio import activity

from activities.failures import as_application_error
from activities.gallery import Gallery
from contracts import records as contract
from contracts.records import CloseDialog, Done, KeepMessages, NewOrder, PlacedOrder
from domain.decisions import Outcome
from domain.failures import EverturnError
from domain.identifiers import Address
from domain.messages import InboundMessage, MessageKind, Unsent
from providers.records.books import Books
from runtime import metrics
from runtime.accounts import Account, Accounts

MEDIA_WITHIN = 10.0
"""Seconds a burst's media may take while an operator holds the conversation: less than bookkeeping may."""

log = structlog.get_logger()
Row = TypeVar("Row")


async def _written(writing: Awaitable[Row]) -> Row:
    """Write; a database that is away is waited for, a bug gives up after three tries."""
    try:
        return await writing
    except Exception as error:
        raise as_application_error(error, activity.info().attempt) from error


class Orders(contract.Orders):
    """Creates orders."""

    def __init__(self, books: Books) -> None:
        self._books = books

    @activity.defn(name="place_order")
    async def place_order(self, order: NewOrder) -> PlacedOrder:
        """Create the order, or find the one that this key already made."""
        placed = await _written(self._books.place_order(order.address, order.key, order.draft))
        number = str(placed.id)
        if placed.fresh:
            metrics.orders_created.labels(order.address.platform, order.address.account, order.flow).inc()
            log.info("order_placed", conversation=order.address.conversation_id, order=number)
        if placed.shortage:
            log.warning("order_short_of_stock", conversation=order.address.conversation_id, order=number)
        return PlacedOrder(id=number, number=number, shortage=placed.shortage)


class Records(contract.Records):
    """Writes the shop's books."""

    def __init__(self, books: Books, gallery: Gallery, accounts: Accounts) -> None:
        self._books = books
        self._gallery = gallery
        self._accounts = accounts

    @activity.defn(name="close_dialog")
    async def close_dialog(self, closing: CloseDialog) -> Done:
        """Write the dialog's outcome once."""
        completed = closing.outcome is Outcome.COMPLETED
        fresh = await _written(
            self._books.close_dialog(
                {
                    "key": closing.key,
                    "conversation_id": closing.address.conversation_id,
                    "flow": closing.flow,
                    "outcome": closing.outcome,
                    "completed": completed,
                    "dropoff": "" if completed else closing.waiting_for,
                    "messages": closing.messages,
                    "seconds": (closing.ended_at - closing.opened_at).total_seconds(),
                    "order_id": int(closing.order_id) if closing.order_id else None,
                }
            )
        )
        if fresh:
            self._measure(closing)
        return Done()

    def _measure(self, closing: CloseDialog) -> None:
        labels = (closing.address.platform, closing.address.account, closing.flow)
        metrics.conversations_processed.labels(*labels).inc()
        if closing.outcome is Outcome.EXPIRED:
            metrics.conversations_timed_out.labels(*labels).inc()
        log.info("dialog_closed", conversation=closing.address.conversation_id, outcome=str(closing.outcome))

    @activity.defn(name="forget_message")
    async def forget_message(self, unsent: Unsent) -> Done:
        """Blank a message that its customer took back."""
        await _written(self._books.forget(unsent.address, unsent.message_id))
        await _written(self._gallery.keeping.forget(unsent.address, unsent.message_id))
        return Done()

    @activity.defn(name="keep_messages")
    async def keep_messages(self, kept: KeepMessages) -> Done:
        """Write inbound messages to `message_logs`."""
        await _written(self._books.log_inbound(kept.address, kept.messages, kept.turn, "operator"))
        await self._take_media_in(kept)
        return Done()

    async def _take_media_in(self, kept: KeepMessages) -> None:
        """The operator wants to see pictures before their addresses die; what does not come in time stays away."""
        account = await _written(self._accounts.find(kept.address.platform, kept.address.account))
        if account is not None:
            await asyncio.gather(*(self._take_in(account, kept.address, message) for message in kept.messages))

    async def _take_in(self, account: Account, address: Address, message: InboundMessage) -> None:
        try:
            async with asyncio.timeout(MEDIA_WITHIN):
                await self._gallery.take_in(account, address, message, allowed=frozenset(MessageKind))
        except (EverturnError, TimeoutError) as error:
            log.warning("media_not_kept", conversation=address.conversation_id, error=type(error).__name__)

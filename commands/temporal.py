"""What the commands that speak to Temporal share: the connection, and what a refusal means."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import psycopg
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from commands.found import key_settings, settings_beside
from commands.outcome import Failed
from domain.identifiers import Address
from providers.records.pool import Pool, fetch_one, open_pool
from providers.records.privacy import Discretion, open_discretion
from providers.secrets import secret_box
from runtime.codec import HistoryCodec
from runtime.logs import configure_logs
from runtime.settings import Settings
from runtime.temporal import connect

CONNECT_SECONDS = 10.0
LATEST = "SELECT id FROM conversations WHERE id = ANY(%(ids)s) ORDER BY heard_at DESC LIMIT 1"
Outcome = TypeVar("Outcome")
WHY = {
    RPCStatusCode.UNIMPLEMENTED: "this Temporal server is too old for that: worker deployments need 1.28",
    RPCStatusCode.PERMISSION_DENIED: "this Temporal server does not let us do that",
    RPCStatusCode.UNAVAILABLE: "the Temporal server does not answer",
    RPCStatusCode.DEADLINE_EXCEEDED: "the Temporal server does not answer in time",
}


@dataclass(frozen=True)
class Books:
    """PostgreSQL, and what unlocks histories and tells pseudonyms: their keys lie there."""

    pool: Pool
    discretion: Discretion


def with_temporal(home: Path, work: Callable[[Client, Settings], Awaitable[Outcome]]) -> Outcome:
    """Connect as the settings say, do the work, and say in a sentence what went wrong.

    Raises:
        Failed: the server cannot be reached, or refuses.
    """

    async def without_books(client: Client, settings: Settings, _: Books | None) -> Outcome:
        return await work(client, settings)

    return _with_books(home, without_books)


def with_conversation(
    home: Path, typed: Address, work: Callable[[Client, Settings, Address], Awaitable[Outcome]]
) -> Outcome:
    """As `with_temporal`, for a conversation that a person named: the work is told by which address it goes.

    Raises:
        Failed: as `with_temporal`.
        EverturnError: our books, or the keys in them, cannot be read.
    """

    async def with_its_own_name(client: Client, settings: Settings, books: Books | None) -> Outcome:
        return await work(client, settings, await _meant(typed, books) if books else typed)

    return _with_books(home, with_its_own_name)


def _with_books(home: Path, work: Callable[[Client, Settings, Books | None], Awaitable[Outcome]]) -> Outcome:
    settings = settings_beside(home)
    configure_logs(settings.model_copy(update={"everturn_log_level": "critical"}))

    async def connected_and_done() -> Outcome:
        async with AsyncExitStack() as stack:
            books = await _books(settings, home, stack)
            client = await _connected(settings, books.discretion.codec if books else None)
            try:
                return await work(client, settings, books)
            except RPCError as error:
                raise Failed(WHY.get(error.status) or f"Temporal refuses: {_short(error.message)}") from None

    return asyncio.run(connected_and_done())


async def _books(settings: Settings, home: Path, stack: AsyncExitStack) -> Books | None:
    if not settings.database_url:
        return None
    pool = open_pool(settings.database_url, size=2, name="everturn-command")
    await pool.open(wait=False)
    stack.push_async_callback(pool.close, 2)
    return Books(pool, open_discretion(settings, secret_box(key_settings(settings, home)), pool))


async def _meant(typed: Address, books: Books) -> Address:
    """The conversation under the pseudonym or, from while there were none, under the contact: whichever spoke last."""
    try:
        masked = await books.discretion.names.ever_masked(typed)
        row = await fetch_one(books.pool, LATEST, {"ids": [typed.conversation_id, masked.conversation_id]})
    except psycopg.errors.UndefinedTable:  # books of before pseudonyms
        return typed
    return typed if row and row["id"] == typed.conversation_id else masked


async def _connected(settings: Settings, codec: HistoryCodec | None) -> Client:
    try:
        return await asyncio.wait_for(connect(settings, codec=codec), CONNECT_SECONDS)
    except (RuntimeError, TimeoutError, OSError):
        address = settings.temporal_address or "127.0.0.1:7233"
        raise Failed(
            f"Temporal at {address} cannot be reached: start it (`everturn up` does), name its --home, or correct"
            " TEMPORAL_ADDRESS"
        ) from None


def _short(text: str) -> str:
    return " ".join(text.split())[:300]

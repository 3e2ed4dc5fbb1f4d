"""Opens the console's doors, and keeps what they lean on."""

import asyncio
import signal
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from fastapi import FastAPI

from api.console import (
    accounts,
    acts,
    conversation,
    events,
    fork,
    inbox,
    letters,
    login,
    lost,
    orders,
    payments,
    people,
    texts,
)
from api.console.office import Office
from api.console.watch import Watch
from api.house import House
from api.live import Live
from api.media import MediaShelf
from providers.media.pictures import Pictures
from providers.records.audit import Audit
from providers.records.operators import Operators, Passwords
from providers.records.sessions import Guessing, Sessions

LONGEST_SIDE = 1_600
"""Of a picture that an operator sends: customers look closely."""
ROUTERS = tuple(
    room.router
    for room in (
        login,
        inbox,
        events,
        acts,
        fork,
        conversation,
        payments,
        orders,
        letters,
        accounts,
        texts,
        people,
        lost,
    )
)


@asynccontextmanager
async def opened(app: FastAPI, house: House, shelf: MediaShelf) -> AsyncIterator[None]:
    """The console, for as long as the API runs; without a database its pages say what is missing."""
    for router in ROUTERS:
        app.include_router(router)
    if not house.settings.database_url:
        yield
        return
    async with AsyncExitStack() as stack:
        office = app.state.office = _office(house, shelf)
        stack.callback(office.pictures.close)
        for work in (office.live.keep(), office.watch.keep()):
            stack.callback(asyncio.create_task(work).cancel)
        _stop_with_the_server(office.live)
        yield


def _office(house: House, shelf: MediaShelf) -> Office:
    pool, settings = house.pool, house.settings
    return Office(
        house=house,
        shelf=shelf,
        operators=Operators(pool, Passwords()),
        sessions=Sessions(pool, settings.operator_token),
        guessing=Guessing(pool),
        audit=Audit(pool),
        live=Live(settings.database_url),
        watch=Watch(house.conversations, pool),
        pictures=Pictures(longest_side=LONGEST_SIDE),
    )


def _stop_with_the_server(live: Live) -> None:
    """Open streams would hold a server that was told to stop until its patience ends: they end with the signal."""
    if threading.current_thread() is not threading.main_thread():
        return
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        servers_own = signal.getsignal(number)

        def stop(received: int, frame: Any, servers_own: Any = servers_own) -> None:
            loop.call_soon_threadsafe(live.close)
            if callable(servers_own):
                servers_own(received, frame)

        if callable(servers_own) and servers_own is not signal.default_int_handler:
            signal.signal(number, stop)

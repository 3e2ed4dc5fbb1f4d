"""Opens the simulator's doors: the platforms played on this machine, and the page to chat through them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from starlette.responses import RedirectResponse

from api.house import House
from api.simulator.page import router
from api.simulator.posting import Learning
from api.simulator.visit import Visit
from platforms.registry import simulators
from platforms.simulation import World


@asynccontextmanager
async def opened(app: FastAPI, house: House, home: str) -> AsyncIterator[None]:
    """Mount every platform's simulator and the page, for as long as the API runs.

    With a home the phones survive a restart, as real ones would.
    """
    world = _world(home)
    visit = app.state.visit = Visit(house, world)
    app.include_router(router)
    app.add_route("/simulator/", lambda _: RedirectResponse("/simulator"), include_in_schema=False)
    app.mount("/simulator", Learning(simulators(world), visit.posting))
    try:
        yield
    finally:
        await visit.close()
        world.close()


def _world(home: str) -> World:
    if not home:
        return World()
    Path(home).mkdir(parents=True, exist_ok=True)
    return World(Path(home) / "simulator.sqlite")

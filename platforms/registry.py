"""The platforms we speak. A new one is a folder, recorded payloads and one line in each of these tables."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import httpx
from starlette.applications import Starlette
from starlette.routing import Mount

from platforms.base import Credentials, Platform
from platforms.chat2desk import simulator as chat2desk
from platforms.chat2desk.adapter import Chat2Desk
from platforms.manychat import simulator as manychat
from platforms.manychat.adapter import ManyChat
from platforms.simulation import Webhook, World, control_routes


class Inbound(Protocol):
    """Builds the webhook a platform would post for a customer's message."""

    def __call__(
        self,
        contact: str,
        text: str,
        credentials: Credentials,
        *,
        message_id: str | None = None,
        image_url: str | None = None,
        channel: str = "",
        name: str = "",
        now: datetime,
    ) -> Webhook:
        """The whole request: path, query, headers with proof of origin, body."""
        ...


PLATFORMS: dict[str, Callable[[httpx.AsyncClient], Platform]] = {
    "chat2desk": Chat2Desk,
    "manychat": ManyChat,
}
SIMULATORS: dict[str, Callable[[World, str], Starlette]] = {
    "chat2desk": chat2desk.simulator,
    "manychat": manychat.simulator,
}
INBOUND: dict[str, Inbound] = {
    "chat2desk": chat2desk.inbound,
    "manychat": manychat.inbound,
}


def names() -> list[str]:
    """Every platform's name."""
    return list(PLATFORMS)


def platforms(client: httpx.AsyncClient) -> dict[str, Platform]:
    """Every platform, speaking through `client`."""
    return {name: build(client) for name, build in PLATFORMS.items()}


def simulators(world: World) -> Starlette:
    """Every platform's simulator in one app, each under `/{name}`, and the control API at the root."""
    mounts = [Mount(f"/{name}", build(world, "")) for name, build in SIMULATORS.items()]
    return Starlette(routes=[*control_routes(world), *mounts])

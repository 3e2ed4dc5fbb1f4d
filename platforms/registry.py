"""The platforms we speak. A new one is a folder, a folder of recorded payloads, and one line in this table."""

import httpx
from starlette.applications import Starlette
from starlette.routing import Mount

from platforms.base import Platform
from platforms.bridge.kit import BRIDGE
from platforms.chat2desk.kit import CHAT2DESK
from platforms.instagram.kit import INSTAGRAM
from platforms.kit import Kit
from platforms.manychat.kit import MANYCHAT
from platforms.simulation import World, control_routes
from platforms.telegram.kit import TELEGRAM
from platforms.whatsapp.kit import WHATSAPP
from runtime.variables import Variables

PLATFORMS: dict[str, Kit] = {
    "bridge": BRIDGE,
    "chat2desk": CHAT2DESK,
    "instagram": INSTAGRAM,
    "manychat": MANYCHAT,
    "telegram": TELEGRAM,
    "whatsapp": WHATSAPP,
}


def names() -> list[str]:
    """Every platform's name."""
    return list(PLATFORMS)


def variables() -> list[Variables]:
    """Every platform's settings."""
    return [kit.variables for kit in PLATFORMS.values()]


def platforms(client: httpx.AsyncClient) -> dict[str, Platform]:
    """Every platform, speaking through `client`."""
    return {name: kit.adapter(client) for name, kit in PLATFORMS.items()}


def simulators(world: World) -> Starlette:
    """Every platform's simulator in one app, each under `/{name}`, and the control API at the root."""
    mounts = [Mount(f"/{name}", kit.simulator(world, "")) for name, kit in PLATFORMS.items()]
    return Starlette(routes=[*control_routes(world), *mounts])

"""What the simulator's page does on a customer's behalf: real webhook bodies, over real HTTP, to our own door."""

from datetime import UTC, datetime
from uuid import uuid4

import httpx
from pydantic import BaseModel, Field

from api.house import House
from api.problems import Problem, unavailable
from platforms.credentials import credentials_of
from platforms.kit import Said
from platforms.registry import PLATFORMS
from platforms.simulation import Direction, Entry, Webhook, World

CONTACT = r"^[0-9A-Za-z_.@+-]{1,64}$"


class Saying(BaseModel):
    """What a simulated customer types."""

    platform: str = Field(max_length=40)
    contact: str = Field(pattern=CONTACT)
    texts: list[str] = Field(min_length=1, max_length=20)
    twice: bool = False
    """The platform delivers each webhook twice."""
    backwards: bool = False
    """The platform delivers the last message first."""


class Delivered(BaseModel):
    """How our webhook answered, in the order of the deliveries."""

    statuses: list[int]


class Visit:
    """A customer's hand on a simulated phone."""

    def __init__(self, house: House, world: World) -> None:
        self.house = house
        self.world = world
        # Never through a proxy: it is our own door, on this machine.
        self._client = httpx.AsyncClient(timeout=15, trust_env=False)

    async def say(self, saying: Saying, base_url: str) -> Delivered:
        """Show the messages on the phone and post their webhooks.

        Raises:
            Problem: 404 no such platform; 503 our own door does not answer.
        """
        if saying.platform not in self.house.platforms:
            raise Problem(404, f"no platform {saying.platform!r} is simulated")
        hooks = [await self._type(saying, text) for text in saying.texts]
        hooks = hooks[::-1] if saying.backwards else hooks
        hooks = [hook for hook in hooks for _ in range(2 if saying.twice else 1)]
        return Delivered(statuses=[await self._post(hook, base_url) for hook in hooks])

    async def _type(self, saying: Saying, text: str) -> Webhook:
        now = datetime.now(UTC)
        direction = Direction.IN
        shown = Entry(platform=saying.platform, contact=saying.contact, at=now, direction=direction, text=text)
        self.world.show(shown)
        own_id = str(uuid4().int % 10**15)
        credentials = credentials_of(await self.house.accounts.default(saying.platform))
        said = Said(contact=saying.contact, text=text, message_id=own_id, at=now)
        return PLATFORMS[saying.platform].inbound(said, credentials)

    async def _post(self, hook: Webhook, base_url: str) -> int:
        try:
            answer = await self._client.post(
                base_url + hook.path, params=dict(hook.query), headers=dict(hook.headers), content=hook.body
            )
        except httpx.HTTPError as error:
            raise unavailable(f"our own webhook does not answer ({type(error).__name__})") from error
        return answer.status_code

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()

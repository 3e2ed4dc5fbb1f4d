"""The customers of a load: each writes, waits for the reply, thinks, and writes again."""

import asyncio
import itertools
import random
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import httpx

from commands.load.plan import Plan, Seen, Turn
from flows.registry import FLOWS
from flows.registry import flow as find_flow
from platforms import registry
from platforms.credentials import credentials_of
from platforms.kit import Said
from platforms.simulation import Webhook
from runtime.accounts import default_account
from runtime.settings import Settings

LOOK_EVERY = 0.5
"""Seconds between looks at the phones; when a reply came is read from the phone, not from the look."""
DOUBLE = 0.2
"""Share of the turns in which a customer writes twice in one breath."""
TRIES = 40
AGAIN = 0.25
"""Seconds until a webhook that was not taken is posted again, as platforms do."""
SAID = {
    "water_order": ("Здравствуйте", "2 бутылки", "ул. Киевская 120, кв. 5", "0555 123 456", "да"),
    "": ("Добрий день", "Що у вас є?", "Скільки коштує доставка?", "Дякую"),
}
"""What customers of a flow say, again and again."""


class Crowd:
    """All customers; they write to these APIs in turn."""

    def __init__(self, settings: Settings, plan: Plan, urls: Sequence[str], seen: Seen) -> None:
        self._plan = plan
        self._seen = seen
        self._random = random.Random(plan.seed)  # noqa: S311 — customers, not secrets
        limits = httpx.Limits(max_connections=200, max_keepalive_connections=200, keepalive_expiry=3)
        self._clients = [httpx.AsyncClient(base_url=url, timeout=15, trust_env=False, limits=limits) for url in urls]
        self._next = itertools.cycle(self._clients)
        self._kit = registry.PLATFORMS[plan.platform]
        account = default_account(settings, self._kit.variables, FLOWS)
        self._credentials, self._texts = credentials_of(account), SAID.get(account.flow, SAID[""])
        self._interims = {account.interim_text or find_flow(account.flow).interim()}
        self._numbers = itertools.count(time.time_ns() // 1_000)
        self._waiting: dict[str, tuple[float, asyncio.Future[float]]] = {}
        self._began = time.monotonic()

    async def close(self) -> None:
        """Hang up."""
        for client in self._clients:
            await client.aclose()

    async def live(self, progress: Callable[[float], None]) -> None:
        """Write for as long as the plan says, then wait for the last replies.

        Raises:
            httpx.HTTPError: the phones cannot be looked at.
        """
        self._began = time.monotonic()
        first = self._random.randrange(10**8, 9 * 10**8)
        after = await self._look(None)
        looking = asyncio.create_task(self._keep_looking(after, progress))
        people = [asyncio.create_task(self._customer(str(first + place))) for place in range(self._plan.conversations)]
        all_of_them = asyncio.create_task(_all(people))
        try:
            done, _ = await asyncio.wait([looking, all_of_them], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (looking, all_of_them, *people):
                task.cancel()
            await asyncio.gather(looking, all_of_them, return_exceptions=True)

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._began

    async def _customer(self, contact: str) -> None:
        pause = self._plan.pause
        await asyncio.sleep(self._random.uniform(0, pause))
        for text in itertools.cycle(self._texts):
            if self.elapsed >= self._plan.seconds or self._seen.messages >= (self._plan.most or float("inf")):
                return
            until = self.elapsed + self._random.uniform(0.7, 1.3) * pause
            more = self._plan.together - 1 + (self._random.random() < DOUBLE)
            burst = [text, *["…"] * more]
            self._seen.turns.append(await self._turn(contact, burst))
            await asyncio.sleep(max(0.0, min(until, self._plan.seconds) - self.elapsed))

    async def _turn(self, contact: str, burst: list[str]) -> Turn:
        """Write a burst; how long its first reply took."""
        began, wrote = self.elapsed, time.time()
        reply: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._waiting[contact] = wrote, reply
        for place, text in enumerate(burst):
            await asyncio.sleep(self._plan.breath if place else 0)
            await self._post(contact, text)
        try:
            came = await asyncio.wait_for(reply, self._plan.patience)
        except TimeoutError:
            return Turn(began, len(burst), None)
        finally:
            self._waiting.pop(contact, None)
        return Turn(began, len(burst), came - wrote)

    async def _post(self, contact: str, text: str) -> None:
        said = Said(contact=contact, text=text, message_id=str(next(self._numbers)), at=datetime.now(UTC))
        hook = self._kit.inbound(said, self._credentials)
        for attempt in range(TRIES):
            if await self._taken(hook):
                self._seen.retried += attempt > 0
                return
            await asyncio.sleep(AGAIN)

    async def _taken(self, hook: Webhook) -> bool:
        client, began = next(self._next), time.perf_counter()
        query, headers = dict(hook.query), dict(hook.headers)
        try:
            answer = await client.post(hook.path, params=query, headers=headers, content=hook.body)
        except httpx.HTTPError as error:
            return self._refused(type(error).__name__)
        if not answer.is_success:
            return self._refused(str(answer.status_code))
        self._seen.acks.append((self.elapsed, time.perf_counter() - began))
        return True

    def _refused(self, why: str) -> bool:
        self._seen.refused[why] = self._seen.refused.get(why, 0) + 1
        return False

    # --- the phones ------------------------------------------------------------------------------------------------

    async def _keep_looking(self, after: int, progress: Callable[[float], None]) -> None:
        """Look at the phones until the last customer has given up waiting; runs until cancelled, but for failures."""
        most = self._plan.seconds + self._plan.patience + self._plan.pause * 2
        while self.elapsed < most:
            try:
                after = await self._look(after)
            except httpx.HTTPError:  # one of several APIs is away: the next look asks another
                if len(self._clients) == 1 and self._seen.messages == 0:
                    raise
            progress(min(self.elapsed, self._plan.seconds))
            await asyncio.sleep(LOOK_EVERY)

    async def _look(self, after: int | None) -> int:
        """Give every customer who waits the first reply that came since they wrote."""
        query = {} if after is None else {"after": str(after)}
        answer = await next(self._next).get(
            f"/simulator/{self._plan.platform}/_shown/{self._plan.platform}", params=query
        )
        answer.raise_for_status()
        found = answer.json()
        for contact, at, text in found["shown"]:
            if text in self._interims:
                self._seen.interims += 1
                continue
            wrote, reply = self._waiting.get(contact, (0.0, None))
            came = datetime.fromisoformat(at).timestamp()
            if reply is not None and not reply.done() and came >= wrote:
                reply.set_result(came)
        return int(found["last"])


async def _all(people: Sequence["asyncio.Task[None]"]) -> None:
    await asyncio.gather(*people)

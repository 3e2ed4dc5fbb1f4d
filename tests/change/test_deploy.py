"""Two builds side by side on the real server: a ramp by conversation, a promotion, and back in one command."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from temporalio.client import Client

from contracts.dialog import TakeTurn
from domain.decisions import Decision
from domain.messages import Part
from runtime.settings import Settings, load_settings
from runtime.versioning import settle, which_build
from tests.api.namespaces import fresh_namespace
from tests.change.talking import Everturn, chat_at, connected, until, workers_of
from tests.servers_here import Servers
from tests.workflows.harness import Chat, Shop

pytestmark = pytest.mark.slow
CUSTOMERS = 10
SAMPLE = Path(__file__).parents[2] / "docs" / "samples" / "ci.yml"
QUEUES = ("conversations", "delivery-chat2desk")


def settings_of(build: str, **more: str | bool) -> Settings:
    """What a worker of this build is told."""
    return load_settings(_env_file=None, everturn_versioning=True, everturn_build_id=build, **more)


def says(build: str) -> Shop:
    """A shop whose flow tells which build it is."""

    def flow(turn: TakeTurn) -> Decision:
        said = f"{build}: {turn.messages[-1].text}"
        return Decision(parts=(Part(text=said),), phase="details", state={"n": turn.turn})

    return Shop(flow)


@pytest.fixture
def namespace(servers: Servers) -> str:
    """A namespace of the test's own."""
    return fresh_namespace(servers, "deploy")


@pytest.fixture
def everturn(
    servers: Servers,
    namespace: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Everturn:
    """`everturn` in that namespace."""
    return Everturn(
        monkeypatch, capsys, TEMPORAL_ADDRESS=servers.temporal_address, TEMPORAL_NAMESPACE=namespace,
        EVERTURN_HOME=str(tmp_path),
    )  # fmt: skip


@asynccontextmanager
async def build_at_work(client: Client, build: str) -> AsyncIterator[Shop]:
    """Workers of one build, and their word to the server that they are there."""
    shop, settings = says(build), settings_of(build)
    async with workers_of(client, shop, which_build(settings)):
        settling = asyncio.create_task(settle(client, settings, QUEUES))
        try:
            yield shop
        finally:
            settling.cancel()


class Town:
    """Customers who all write, and which build answered each."""

    def __init__(self, chats: list[Chat], *shops: Shop) -> None:
        self._chats = chats
        self.shops = list(shops)

    async def says(self, words: str) -> list[str]:
        """Everybody writes; which builds answered."""
        return sorted((await self.hears(words)).values())

    async def hears(self, words: str) -> dict[str, str]:
        """Everybody writes; which build decided and which sent: one and the same for each customer."""
        before = {id(shop): len(shop.said) for shop in self.shops}
        for chat in self._chats:
            await chat.write(words)

        def heard() -> list[tuple[str, str]]:
            return [(said, key) for shop in self.shops for said, key in
                    zip(shop.said[before[id(shop)]:], shop.keys[before[id(shop)]:], strict=True)]  # fmt: skip

        await until(lambda: len(heard()) >= len(self._chats))
        decided = {key.split("/")[0]: said.split(":")[0] for said, key in heard()}
        sent = {key.split("/")[0]: shop for shop in self.shops for key in shop.keys[before[id(shop)] :]}
        assert all(any(said.startswith(decided[id]) for said in sent[id].said) for id in decided)
        return decided


async def test_a_new_build_takes_a_part_of_the_customers_then_all_then_none(
    servers: Servers, namespace: str, everturn: Everturn
) -> None:
    """Nobody notices but by the better answers; and the way back is one command."""
    client = await connected(servers.temporal_address, namespace)

    async def deploy(*words: str) -> str:
        status, said, complaint = await asyncio.to_thread(everturn, "deploy", *words)
        assert (0, "") == (status, complaint), complaint
        return said

    async with AsyncExitStack() as stack:
        old = await stack.enter_async_context(build_at_work(client, "1.0"))
        town = Town([chat_at(client, old) for _ in range(CUSTOMERS)], old)
        assert ["1.0"] * CUSTOMERS == await town.says("вода")  # the first build is the current one by itself

        town.shops.append(await stack.enter_async_context(build_at_work(client, "1.1")))
        assert ["1.0"] * CUSTOMERS == await town.says("ще")  # the second waits to be told
        assert "go to 1.1" in await _when_heard_of(everturn, "ramp", "50%")
        halves = await town.hears("скільки?")
        assert {"1.0", "1.1"} == set(halves.values())
        for words in ("чорну", "дві"):  # who has met a build stays with it
            assert halves == await town.hears(words)
        assert "50% go to 1.1" in await deploy("status")

        assert "back with 1.0" in await deploy("rollback")
        assert ["1.0"] * CUSTOMERS == await town.says("добре")

        assert "every conversation goes to 1.1" in await deploy("promote")
        assert ["1.1"] * CUSTOMERS == await town.says("дякую")
        assert "back with 1.0" in await deploy("rollback")
        assert ["1.0"] * CUSTOMERS == await town.says("бувайте")

        status, _, complaint = await asyncio.to_thread(everturn, "deploy", "promote", "--build", "9.9")
        assert (1, True) == (status, "there is no build '9.9' in everturn; there are: 1.1, 1.0" in complaint)


async def _when_heard_of(everturn: Everturn, *words: str) -> str:
    """The server has heard of a build as soon as its workers ask for work on every queue."""
    while True:
        status, said, complaint = await asyncio.to_thread(everturn, "deploy", *words)
        if status == 0:
            return said
        assert "start" in complaint
        await asyncio.sleep(0.1)


@pytest.mark.parametrize("percent", ["ten", "-1%", "101", "", "nan"])
def test_a_wrong_percentage_is_wrong_use(everturn: Everturn, percent: str) -> None:
    """It says how to write one."""
    assert 2 == everturn("deploy", "ramp", "--", percent)[0]


def test_where_no_worker_has_a_build_it_is_said(everturn: Everturn) -> None:
    """With what to do about it."""
    for words in (("status",), ("ramp", "10%"), ("promote",), ("rollback",)):
        status, _, complaint = everturn("deploy", *words)
        assert (1, True) == (status, "start one with EVERTURN_VERSIONING=true" in complaint)


def test_the_sample_of_ci_gives_commands_that_there_are(everturn: Everturn) -> None:
    """Whoever copies it is not told of options that nobody knows."""
    lines = SAMPLE.read_text("utf-8").splitlines()
    given = [
        line.split(".venv/bin/everturn ")[1].split(" #")[0].split() for line in lines if ".venv/bin/everturn" in line
    ]
    assert 6 == len(given)
    for words in given:
        names = words[: 1 + (words[0] == "deploy")]
        status, said, _ = everturn(*names, "--help")
        assert (0, set()) == (status, {word for word in words if word.startswith("--") and word not in said})

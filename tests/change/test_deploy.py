"""Two builds side by side on the real server: a ramp by conversation, a promotion, and back in one command."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
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
CI: dict[str, Any] = yaml.safe_load(SAMPLE.read_text("utf-8"))
EVERTURN = Path(sys.executable).with_name("everturn")
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


def given_by(job: str) -> list[str]:
    """What a job of the sample runs with `everturn`, step by step."""
    return [step["run"] for step in CI["jobs"][job]["steps"] if ".venv/bin/everturn" in step.get("run", "")]


def test_the_sample_of_ci_names_every_secret_it_uses() -> None:
    """Whoever copies it sets them all, the namespace among them: without it the gate would ask another one."""
    used = {name for name, value in CI["env"].items() if "secrets." in str(value)}
    assert "TEMPORAL_NAMESPACE" in used
    asked = SAMPLE.read_text("utf-8").split("# Secrets: ")[1].split("\nname:")[0]
    assert set() == {name for name in used if name not in asked}


async def test_the_samples_way_back_leads_no_further_than_the_build_that_was_current(
    servers: Servers, namespace: str, everturn: Everturn
) -> None:
    """A ramp that could not begin leaves everybody where they were, one that began is ended; none meets an old one."""
    client = await connected(servers.temporal_address, namespace)

    async def go_back() -> None:
        for command in given_by("back"):
            status, _, complaint = await asyncio.to_thread(everturn, *command.split()[1:])
            assert (0, "") == (status, complaint)

    async with AsyncExitStack() as stack:
        shops = [await stack.enter_async_context(build_at_work(client, "1.0"))]
        town = Town([chat_at(client, shops[0]) for _ in range(CUSTOMERS)], *shops)
        assert ["1.0"] * CUSTOMERS == await town.says("вода")
        town.shops.append(await stack.enter_async_context(build_at_work(client, "1.1")))
        assert "every conversation goes to 1.1" in await _when_heard_of(everturn, "promote")

        await go_back()  # the ramp of 1.2 failed before there was one
        assert ["1.1"] * CUSTOMERS == await town.says("ще")

        assert 0 == (await asyncio.to_thread(everturn, "deploy", "ramp", "50%", "--build", "1.0"))[0]
        await go_back()
        assert ["1.1"] * CUSTOMERS == await town.says("дві")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder where a step of the sample can run; ten seconds pass quickly there, and leave a sign."""
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    quick = tmp_path / "quick" / "sleep"
    quick.parent.mkdir()
    quick.write_text(f'#!/bin/sh\necho "$1" >> {tmp_path}/slept\nexec /bin/sleep 0.1\n')
    quick.chmod(0o755)
    return tmp_path


def in_ci(clone: Path) -> dict[str, Any]:
    """How a step of the sample runs in that folder."""
    path = f"{clone / 'quick'}:{os.environ['PATH']}"
    return {"cwd": clone, "env": {**os.environ, "PATH": path, "GITHUB_SHA": "4f2c91a0d3b8"}}


async def test_the_samples_ramp_waits_for_the_new_workers(
    servers: Servers, namespace: str, everturn: Everturn, clone: Path
) -> None:
    """They have been started a moment ago and ask no queue for work yet: the ramp begins when they do."""
    (clone / ".venv" / "bin" / "everturn").symlink_to(EVERTURN)
    client = await connected(servers.temporal_address, namespace)
    async with AsyncExitStack() as stack:
        old = await stack.enter_async_context(build_at_work(client, "1.0"))
        assert ["1.0"] == await Town([chat_at(client, old)], old).says("вода")
        (step,) = [step for step in given_by("ramp") if "deploy ramp" in step]
        ramp = await asyncio.create_subprocess_exec("bash", "-e", "-c", step, **in_ci(clone))
        await until(lambda: (clone / "slept").exists() or ramp.returncode is not None)
        assert ramp.returncode is None, "it did not try again"
        await stack.enter_async_context(build_at_work(client, "4f2c91a"))
        assert 0 == await ramp.wait()
        assert "10% go to 4f2c91a" in (await asyncio.to_thread(everturn, "deploy", "status"))[1]


def test_the_samples_ramp_gives_up_some_day(clone: Path) -> None:
    """Workers that never come fail the job after some minutes, and the way back is gone."""
    (clone / ".venv" / "bin" / "everturn").symlink_to("/bin/false")
    (step,) = [step for step in given_by("ramp") if "deploy ramp" in step]
    assert 0 != subprocess.run(["bash", "-e", "-c", step], check=False, timeout=60, **in_ci(clone)).returncode
    waited = sum(map(int, (clone / "slept").read_text().split()))
    assert 120 <= waited <= 600

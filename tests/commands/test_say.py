"""`everturn say` with a conversation that takes its time: an interim message is not the answer."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from commands import say as command
from commands.outcome import Failed
from commands.say import Attached, Customer, say
from contracts.conversation import Overview
from domain.conversation import Holder
from platforms.registry import simulators
from platforms.simulation import Direction, Entry, World
from runtime.settings import Settings
from tests.api.running import serving_app, settings_for

TOKEN, CONTACT = "operator-secret", "42"
INTERIM = "Хвилинку…"
QUIET, THINKS = 0.2, 0.6
"""Seconds: a reply counts as whole after the first; the model takes the second, three times as long."""


@dataclass
class House:
    """An API with the simulator; its conversation says one moment, thinks, and answers."""

    thinks: float = THINKS
    answers: int = 1
    """How many parts; 0: it never does."""
    interim: bool = True
    refusal: int = 0
    """What the operator API answers instead, whoever asks."""
    world: World = field(default_factory=World)
    waiting: int = 0
    heard: list[str] = field(default_factory=list)
    shown_before: list[list[str]] = field(default_factory=list)
    """What the phone had shown when each message came."""
    _turns: set[asyncio.Task[None]] = field(default_factory=set)

    def app(self) -> Starlette:
        """The routes that the command asks."""
        return Starlette(
            routes=[
                Route("/webhooks/manychat", self.take, methods=["POST"]),
                Route("/api/conversations/{id:path}", self.tell),
                Mount("/simulator", simulators(self.world)),
            ]
        )

    async def take(self, request: Request) -> Response:
        """A webhook is durable, and a turn begins."""
        text = (await request.json())["text"]
        self.shown_before.append(self.world.said_to("manychat", CONTACT))
        self.heard.append(text)
        self.waiting += 1
        self._turns.add(asyncio.create_task(self._answer(text)))
        return JSONResponse({}, status_code=202)

    async def _answer(self, text: str) -> None:
        if self.interim:
            self._show(INTERIM)
        await asyncio.sleep(self.thinks)
        for number in range(self.answers):
            self._show(f"{text}: {number + 1}")
        self.waiting -= bool(self.answers)

    def _show(self, text: str) -> None:
        now = datetime.now(UTC)
        self.world.show(Entry(platform="manychat", contact=CONTACT, at=now, direction=Direction.OUT, text=text))

    async def tell(self, request: Request) -> Response:
        """The conversation at a glance, for operators."""
        allowed = request.headers.get("authorization") == f"Bearer {TOKEN}"
        if self.refusal or not allowed:
            return JSONResponse({"title": "no"}, status_code=self.refusal or 401)
        assert f"conv:manychat:default:{CONTACT}" == request.path_params["id"]
        return JSONResponse(_overview(waiting_messages=self.waiting).model_dump(mode="json"))


def _overview(**stands: Any) -> Overview:
    usual: dict[str, Any] = dict.fromkeys(("phase", "waiting_for", "note", "order_id"), "")
    usual |= {"platform": "manychat", "account": "default", "contact": CONTACT, "flow": "sales", "attention": ()}
    usual |= {"holder": Holder.ASSISTANT, "turn": 1, "dialog": 1, "outbox": 0, "duplicates": 0}
    usual |= {"conversation_id": f"conv:manychat:default:{CONTACT}", "last_message_at": None, "dialog_state": None}
    return Overview(**usual | stands)


@contextmanager
def living(house: House, **stated: str) -> Iterator[Settings]:
    """The house on a real socket, and the settings of whoever is its customer."""
    with serving_app(house.app()) as url:
        yield settings_for(everturn_api_url=url, manychat_account_id="default", **stated)


def tell(settings: Settings, *texts: str, wait: float = 10, each: bool = False) -> None:
    """Say it."""
    say(settings, Customer("manychat", CONTACT), list(texts), Attached(), wait=wait, each=each)


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "QUIET", QUIET)


def test_the_answer_is_waited_for_after_one_moment(capsys: pytest.CaptureFixture[str]) -> None:
    """I asked for a dress, read «Хвилинку…», and then the answer of a slow model, all of it."""
    with living(House(answers=2)) as settings:
        tell(settings, "є сукня?")
    printed, complaints = capsys.readouterr()
    assert ["> є сукня?", f"< {INTERIM}", "< є сукня?: 1", "< є сукня?: 2"] == printed.splitlines()
    assert "" == complaints


def test_each_text_follows_the_answer_to_the_one_before() -> None:
    """With --each I never interrupt a shop that has only said «Хвилинку…»."""
    house = House()
    with living(house) as settings:
        tell(settings, "сукня", "чорна", each=True)
    assert [[], [INTERIM, "сукня: 1"]] == house.shown_before


def test_no_answer_after_one_moment_is_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    """When only «Хвилинку…» came, I am told that the answer did not, and what to do; the command fails."""
    with living(House(answers=0)) as settings, pytest.raises(Failed, match=r"not done with it after 1 s") as failed:
        tell(settings, "є сукня?", wait=1)
    assert "1 message to answer" in str(failed.value)
    assert "--wait" in str(failed.value)
    assert f"< {INTERIM}" in capsys.readouterr().out


def test_nothing_at_all_is_a_failure() -> None:
    """When nothing came back, I am told so."""
    house = House(answers=0, interim=False)
    with living(house) as settings, pytest.raises(Failed, match=r"nothing came back within 0.5 s"):
        tell(settings, "є сукня?", wait=0.5)


@pytest.mark.parametrize(
    ("refusal", "token", "reason"),
    [
        (0, "", "no OPERATOR_TOKEN"),
        (0, "another", "the API refuses this OPERATOR_TOKEN"),
        (404, TOKEN, "the API knows no conv:manychat:default:42"),
    ],
)
def test_without_the_operators_sight_silence_must_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], refusal: int, token: str, reason: str
) -> None:
    """Without the right token, silence tells the end: I am told that this is a guess, and it is a patient one."""
    monkeypatch.setattr(command, "SILENCE", 2 * THINKS)
    with living(House(refusal=refusal), operator_token=token) as settings:
        tell(settings, "є сукня?")
    printed, complaints = capsys.readouterr()
    assert ["> є сукня?", f"< {INTERIM}", "< є сукня?: 1"] == printed.splitlines()
    (line,) = complaints.splitlines()
    assert line.startswith(f"~ {reason}")


def test_an_api_that_cannot_tell_now_is_asked_again(capsys: pytest.CaptureFixture[str]) -> None:
    """While Temporal is away nobody can say that the answer is whole: that is no reason to stop early."""
    house = House(refusal=503)
    with living(house) as settings, pytest.raises(Failed, match="503"):
        tell(settings, "є сукня?", wait=2 * THINKS)
    assert "< є сукня?: 1" in capsys.readouterr().out

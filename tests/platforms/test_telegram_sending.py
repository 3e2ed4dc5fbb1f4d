"""Telegram: sends within its limits, errors by their code, and a token that stands in every address."""

import json
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.failures import (
    EverturnError,
    MediaRefused,
    OutcomeUnknown,
    PartRefused,
    RateLimited,
    TokenRejected,
    Transient,
    Unavailable,
    WindowClosed,
)
from domain.identifiers import Address
from domain.media import MediaProblem
from domain.messages import Choice, Media, OutboundMessage, Part
from platforms.base import Credentials, Platform, WebhookRequest
from platforms.simulation import Direction, Entry, World
from platforms.telegram.adapter import Telegram
from platforms.telegram.hooks import CONNECTION
from platforms.telegram.sending import ABILITIES, abilities_of, call_for, failure_in
from platforms.text import fit

PAYLOADS = Path(__file__).parents[1] / "payloads" / "telegram"
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TOKEN = "5000000005:AAHsecret-token_of_the_bot"
MAIN = Credentials(account="main", access_token=TOKEN, webhook_secret="s3cret")
TO = Address(platform="telegram", account="main", contact="42")
YES_NO = (Choice(id="y", title="Так"), Choice(id="n", title="Ні"))

# --- sending --------------------------------------------------------------------------------------------------------


def test_a_part_is_written_as_the_bot_api_wants_it() -> None:
    """Text, picture and buttons; in a business account's chat in its owner's name."""
    quiet = {"link_preview_options": {"is_disabled": True}}
    assert call_for("42", "", Part(text="Привіт")) == ("sendMessage", {"chat_id": 42, "text": "Привіт"} | quiet)
    rows = [[{"text": "Так", "callback_data": "y"}], [{"text": "Ні", "callback_data": "n"}]]
    method, body = call_for("42", "bc/18", Part(text="?", choices=YES_NO))
    assert (method, body["business_connection_id"]) == ("sendMessage", "bc")
    assert body["reply_markup"] == {"inline_keyboard": rows}
    picture = "https://a.example/b.jpg"
    assert call_for("42", "", Part(text="", image_url=picture)) == ("sendPhoto", {"chat_id": 42, "photo": picture})
    _, body = call_for("42", "", Part(text="Ось", image_url=picture, choices=YES_NO))
    assert (body["caption"], len(body["reply_markup"]["inline_keyboard"])) == ("Ось", 2)


@pytest.mark.parametrize("contact", ["@channel", "-100200300", "0", "", "4 2"])
def test_nothing_is_said_in_public(contact: str) -> None:
    """A contact that is no private chat is refused before anything leaves."""
    with pytest.raises(PartRefused):
        call_for(contact, "", Part(text="Привіт"))


def test_a_business_chat_has_a_window() -> None:
    """A bot answers a customer of its own at any time, and its owner's for a day."""
    assert (None, 24) == (abilities_of("").window_hours, abilities_of("bc").window_hours)
    with pytest.raises(WindowClosed):
        call_for("42", "bc", Part(text="Привіт", outside_window=True))


def answer(status: int, body: Any = None, **headers: str) -> httpx.Response:
    return httpx.Response(status, content=json.dumps(body), headers=headers)


def said_no(code: int, words: str, **parameters: int) -> httpx.Response:
    body: dict[str, Any] = {"ok": False, "error_code": code, "description": words}
    return answer(code, body | ({"parameters": parameters} if parameters else {}))


@pytest.mark.parametrize(
    ("response", "failure", "wait"),
    [
        (said_no(429, "Too Many Requests: retry after 5", retry_after=5), RateLimited, 5),
        (said_no(429, "Too Many Requests", retry_after=10**9), RateLimited, 3600),
        (answer(429, "busy", **{"retry-after": "7"}), RateLimited, 7),
        (said_no(401, "Unauthorized"), TokenRejected, None),
        (said_no(404, "Not Found"), TokenRejected, None),
        (said_no(403, "Forbidden: bot was blocked by the user"), PartRefused, None),
        (said_no(403, "Forbidden: bot can't initiate conversation with a user"), PartRefused, None),
        (said_no(400, "Bad Request: chat not found"), PartRefused, None),
        (said_no(400, "Bad Request: group chat was upgraded to a supergroup chat"), PartRefused, None),
        (said_no(400, "Bad Request: BUSINESS_PEER_USAGE_MISSING"), WindowClosed, None),
        (said_no(400, "Bad Request: failed to get HTTP URL content"), Transient, None),
        (said_no(409, "Conflict: terminated by other getUpdates request"), Transient, None),
        (said_no(413, "Request Entity Too Large"), PartRefused, None),
        (said_no(500, "Internal Server Error"), Transient, None),
        (said_no(504, "Gateway Timeout"), OutcomeUnknown, None),
        (answer(502, "<html>"), Transient, None),
        (answer(504, "<html>"), OutcomeUnknown, None),
        (answer(403, "<html>"), PartRefused, None),
        (answer(200, {"result": {}}), OutcomeUnknown, None),
        (answer(200, "?"), OutcomeUnknown, None),
    ],
)
def test_an_error_is_named_by_its_code(response: httpx.Response, failure: type[EverturnError], wait: float) -> None:
    """Who can mend it, and when to try again."""
    found = failure_in(response, NOW)
    assert failure is type(found)
    assert wait == getattr(found, "retry_after", None)


@pytest.mark.parametrize(
    ("name", "failure"),
    [
        ("too_long", PartRefused),
        ("too_many_requests", RateLimited),
        ("user_deactivated", PartRefused),
        ("wrong_file_id", PartRefused),
    ],
)
def test_a_recorded_answer_is_understood(name: str, failure: type[EverturnError]) -> None:
    """What the Bot API really answers."""
    body = json.loads((PAYLOADS / "answers" / f"{name}__nutgram.json").read_bytes())
    found = failure_in(answer(body["error_code"], body), NOW)
    assert failure is type(found)
    assert (14.0 if failure is RateLimited else None) == getattr(found, "retry_after", None)


@given(text=st.text(max_size=9_000), choices=st.booleans(), image=st.sampled_from(["", "https://a.example/b.jpg"]))
@settings(max_examples=50, deadline=None)
def test_whatever_fits_is_taken(text: str, choices: bool, image: str) -> None:
    """No part that is made from a reply exceeds what Telegram takes."""
    message = OutboundMessage(text=text, choices=YES_NO if choices else (), image_url=image)
    for part in fit(message, ABILITIES):
        method, body = call_for("42", "", part)
        assert len(body.get("text", "")) <= 4096
        assert method != "sendPhoto" or len(body.get("caption", "")) <= 1024


# --- against the simulator ------------------------------------------------------------------------------------------


@pytest.fixture
def telegram(all_platforms: dict[str, Platform]) -> Platform:
    """The platform, speaking with its simulator."""
    return all_platforms["telegram"]


@pytest.fixture
def account(credentials: dict[str, Credentials]) -> Credentials:
    """An account on the simulator."""
    return credentials["telegram"].model_copy(update={"access_token": TOKEN})


async def test_buttons_and_pictures_reach_the_phone(telegram: Platform, account: Credentials, world: World) -> None:
    """What the customer sees, and under which name we know it."""
    part = Part(text="Дві?", choices=YES_NO, image_url="https://a.example/b.jpg")
    receipt = await telegram.send(TO, "", part, "k", account)
    [shown] = world.phone("telegram", "42")
    assert ("Дві?", YES_NO, part.image_url) == (shown.text, shown.choices, shown.image_url)
    assert receipt.message_id == f"42:{shown.id}"
    receipt = await telegram.send(TO, CONNECTION, Part(text="Так"), "k", account)
    assert receipt.message_id.endswith(f":{CONNECTION}")
    for refused in (Part(text="х" * 4097), Part(text="х" * 1025, image_url="https://a.example/b.jpg"), Part(text=" ")):
        with pytest.raises(PartRefused):
            await telegram.send(TO, "", refused, "k", account)
    with pytest.raises(PartRefused):
        await telegram.send(TO, "another-connection", Part(text="Так"), "k", account)


async def test_signs_are_shown(telegram: Platform, account: Credentials, world: World) -> None:
    """Somebody writes; and the tapped button stops turning, which is all that a bot can show to have read."""
    await telegram.show_typing(TO, "", "42:7", account)
    await telegram.mark_seen(TO, "", "42:7", account)
    await telegram.mark_seen(TO, "/42-9", "update:9", account)
    assert ["typing", "seen"] == world.signs("telegram", "42")
    world.set_unknown("telegram", "42", unknown=True)
    with pytest.raises(PartRefused):
        await telegram.show_typing(TO, "", "42:7", account)


async def test_a_business_customer_of_yesterday_is_out_of_reach(
    telegram: Platform, account: Credentials, world: World
) -> None:
    """The simulator closes the window as Telegram does; the bot's own chat stays open."""
    long_ago = datetime.now(UTC) - timedelta(hours=25)
    world.show(Entry(platform="telegram", contact="42", at=long_ago, direction=Direction.IN, text="Є вода?"))
    with pytest.raises(WindowClosed):
        await telegram.send(TO, CONNECTION, Part(text="Є"), "k", account)
    await telegram.send(TO, "", Part(text="Є"), "k", account)


class Downloading:
    """Downloads as the worker's guarded downloader would, and remembers from where."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self.asked: list[tuple[str, tuple[str, ...], int | None]] = []

    async def __call__(
        self, url: str, *, hosts: tuple[str, ...], headers: Mapping[str, str] = {}, longest: int | None = None
    ) -> bytes:
        self.asked.append((url, hosts, longest))
        return (await self._client.get(url, headers=headers)).raise_for_status().content


async def test_a_file_is_asked_for_by_id(
    telegram: Platform, account: Credentials, world: World, client: httpx.AsyncClient
) -> None:
    """Where it lies is asked first; one that is gone or too large is refused in words without the token."""
    download = Downloading(client)
    own_id = world.keep_media(b"picture", "image/jpeg")
    assert await telegram.fetch(Media(id=own_id), account, download) == b"picture"
    [(url, hosts, longest)] = download.asked
    assert (hosts, longest) == ((httpx.URL(url).netloc.decode(),), 20 * 1024 * 1024)
    large = world.keep_media(bytes(20 * 1024 * 1024 + 1), "video/mp4")
    for wanted, problem in (("5", MediaProblem.GONE), (large, MediaProblem.TOO_LARGE)):
        with pytest.raises(MediaRefused) as raised:
            await telegram.fetch(Media(id=wanted), account, download)
        assert problem is raised.value.problem
        assert "AAH" not in str(raised.value)


# --- the token ------------------------------------------------------------------------------------------------------


def bot(respond: Any) -> Telegram:
    return Telegram(httpx.AsyncClient(transport=httpx.MockTransport(respond)))


async def test_no_failure_shows_the_token(caplog: pytest.LogCaptureFixture) -> None:
    """It stands in every address, and in no error, whichever way a call fails."""

    def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route", request=request)

    def talkative(request: httpx.Request) -> httpx.Response:
        return said_no(400, f"Bad Request: no method at {request.url}")

    for respond, failure in ((broken, Unavailable), (talkative, PartRefused)):
        with pytest.raises(failure) as raised:
            await bot(respond).send(TO, "", Part(text="Привіт"), "k", MAIN)
        told = "".join(traceback.format_exception(raised.value))
        assert "AAHsecret" not in told
    assert "AAHsecret" not in "".join(r.getMessage() for r in caplog.records if r.name != "httpx")


@pytest.mark.parametrize("token", ["", "5:\n", "5:токен"])
async def test_a_token_that_can_be_none_is_refused_here(token: str) -> None:
    """Nothing leaves with it."""
    with pytest.raises(TokenRejected):
        await bot(lambda request: answer(200)).check_credentials(MAIN.model_copy(update={"access_token": token}))


async def test_a_token_cannot_lead_elsewhere() -> None:
    """What stands in the token stays in its place of the path."""
    seen: list[bytes] = []

    def note(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.raw_path)
        return said_no(404, "Not Found")

    with pytest.raises(TokenRejected):
        await bot(note).check_credentials(MAIN.model_copy(update={"access_token": "../x?y=1#z"}))
    assert [b"/bot..%2Fx%3Fy%3D1%23z/getMe"] == seen


@pytest.mark.parametrize(
    ("webhook", "told"),
    [
        ({"url": "https://a.example", "pending_update_count": 0}, ""),
        ({"url": ""}, "no webhook is set"),
        (
            {"url": "u", "pending_update_count": 3, "last_error_message": f"403 Forbidden at {TOKEN}"},
            "3 updates wait, last error: 403 Forbidden at …",
        ),
    ],
)
async def test_the_doctor_hears_how_the_webhook_fares(webhook: dict[str, Any], told: str) -> None:
    """A good token says nothing of a webhook that nobody can reach."""
    assert told == await bot(lambda request: answer(200, {"ok": True, "result": webhook})).check_credentials(MAIN)
    with pytest.raises(Transient):
        await bot(lambda request: answer(200, {"ok": True, "result": True})).check_credentials(MAIN)


async def test_proof_stands_in_a_header() -> None:
    """The word from `setWebhook`, and nowhere else."""
    asked = WebhookRequest(headers={}, query={"secret": "s3cret"}, body=b"", now=NOW)
    with pytest.raises(EverturnError):
        bot(None).authenticate(asked, MAIN)

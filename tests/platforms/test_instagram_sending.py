"""Instagram's Send API (two flavours, a window, errors that come as success), and the webhooks its simulator posts."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from domain.failures import (
    EverturnError,
    NotProven,
    OutcomeUnknown,
    PartRefused,
    RateLimited,
    TokenRejected,
    Transient,
    WindowClosed,
)
from domain.identifiers import Address
from domain.messages import (
    Choice,
    Echo,
    Inbound,
    Media,
    MessageKind,
    OutboundMessage,
    Part,
    ReceiptSeen,
    ReceiptState,
    Received,
    Unsent,
)
from platforms.base import Credentials, Platform, WebhookRequest
from platforms.instagram.adapter import Instagram
from platforms.instagram.hooks import ACCOUNT_ID, echo, inbound, receipt, unsent
from platforms.instagram.route import Network, Route
from platforms.instagram.sending import bodies_for, endpoint, failure_in
from platforms.instagram.settings import Flavour
from platforms.kit import Said
from platforms.simulation import Direction, Entry, Webhook, World
from platforms.text import fit

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
OWN, GUEST = "17841405822304914", "987654321012345"
MAIN = Credentials(account=OWN, access_token="token", webhook_secret="s3cret", options={"app_id": "2071"})
TO = Address(platform="instagram", account=OWN, contact=GUEST)
CHOICES = (Choice(id="y", title="Так"), Choice(id="n", title="Ні"))


@pytest.mark.parametrize(
    ("base", "options", "network", "expected"),
    [
        ("", {}, "instagram", "https://graph.instagram.com/v25.0/me"),
        ("https://graph.instagram.com", {"flavour": "messenger"}, "instagram", "https://graph.facebook.com/v25.0/me"),
        ("https://graph.instagram.com", {}, "page", "https://graph.facebook.com/v25.0/me"),
        ("https://graph.facebook.com/v24.0/", {}, "instagram", "https://graph.facebook.com/v24.0/me"),
        ("http://127.0.0.1:9/x", {"graph_version": "v26.0"}, "instagram", "http://127.0.0.1:9/x/v26.0/me"),
        ("http://127.0.0.1:9", {"flavour": "?"}, "page", "http://127.0.0.1:9/v25.0/me"),
    ],
)
def test_a_call_goes_to_its_flavours_host(base: str, options: dict[str, str], network: str, expected: str) -> None:
    """Instagram Login and Messenger Platform live on different hosts."""
    account = Credentials(account="1", api_base_url=base, options=options)
    assert expected == endpoint(account, Network(network), "me")


def test_a_picture_goes_before_its_words_and_choices_stay_under_them() -> None:
    """Instagram takes either in one message; quick replies vanish when another message follows."""
    part = Part(text="Беремо?", image_url="https://a.example/b.jpg", choices=CHOICES)
    picture, words = bodies_for(GUEST, part, Flavour.INSTAGRAM)
    attachment = {"type": "image", "payload": {"url": "https://a.example/b.jpg"}}
    assert {"recipient": {"id": GUEST}, "message": {"attachment": attachment}} == picture
    replies = [
        {"content_type": "text", "title": "Так", "payload": "y"},
        {"content_type": "text", "title": "Ні", "payload": "n"},
    ]
    assert {"recipient": {"id": GUEST}, "message": {"text": "Беремо?", "quick_replies": replies}} == words


@pytest.mark.parametrize(
    ("part", "flavour", "expected"),
    [
        (Part(text="x"), Flavour.INSTAGRAM, {}),
        (Part(text="x"), Flavour.MESSENGER, {"messaging_type": "RESPONSE"}),
        (
            Part(text="x", outside_window=True, by_operator=True),
            Flavour.INSTAGRAM,
            {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"},
        ),
    ],
)
def test_a_message_says_by_which_right_it_comes(part: Part, flavour: Flavour, expected: dict[str, str]) -> None:
    """A person may answer after a day; the assistant may not."""
    [body] = bodies_for(GUEST, part, flavour)
    assert expected == {name: body[name] for name in body if name not in ("recipient", "message")}


def answer(status: int, code: Any = None, subcode: Any = None, message: Any = "words", **more: Any) -> httpx.Response:
    error = {"message": message, "type": "OAuthException", "code": code, "error_subcode": subcode, **more}
    return httpx.Response(status, json={"error": error})


@pytest.mark.parametrize(
    ("response", "failure"),
    [
        (httpx.Response(200, json={"recipient_id": "1", "message_id": "m"}), None),
        (httpx.Response(200, json=[]), OutcomeUnknown),
        (httpx.Response(200, text="<html>"), OutcomeUnknown),
        (answer(200, 36000), PartRefused),
        (answer(200, "190"), TokenRejected),
        (answer(400, 190, 463), TokenRejected),
        (answer(400, 10, 2534022), WindowClosed),
        (answer(400, 10, 2018278), WindowClosed),
        (answer(403, 10), TokenRejected),
        (answer(403, 200, 1545041), PartRefused),
        (answer(403, 200), TokenRejected),
        (answer(403, 230), PartRefused),
        (answer(400, 100, 2534014), PartRefused),
        (answer(500, 100), PartRefused),
        (answer(400, 551), PartRefused),
        *((answer(403, code), RateLimited) for code in (4, 17, 32, 429, 613)),
        (answer(429), RateLimited),
        (answer(500, 1), Transient),
        (answer(400, 2), Transient),
        (answer(400, 99_999), PartRefused),
        (answer(400, 99_999, is_transient=True), Transient),
        (answer(503, 99_999), Transient),
        (httpx.Response(504), OutcomeUnknown),
        (httpx.Response(401), TokenRejected),
        (httpx.Response(400, json={"error": "no"}), PartRefused),
    ],
)
def test_the_code_decides_and_not_the_status(response: httpx.Response, failure: type[EverturnError] | None) -> None:
    """Meta answers 200 with an error, and throttles with 403."""
    assert (failure or type(None)) is type(failure_in(response, NOW))


def test_an_error_shows_neither_words_nor_people_nor_tokens() -> None:
    """What Meta repeats of ours goes into no log."""
    words = f"no user {GUEST} for token IGQVJ.x and text Секрет"
    failure = failure_in(answer(400, 100, message=words), NOW, ("Секрет", GUEST, "IGQVJ.x"))
    assert "Graph error 100/-: no user … for token … and text …" == str(failure)


Line = tuple[Platform, Credentials]


@pytest.fixture
def line(all_platforms: dict[str, Platform], credentials: dict[str, Credentials]) -> Line:
    """Instagram and an account on the simulator."""
    return all_platforms["instagram"], credentials["instagram"]


async def test_a_long_reply_with_a_picture_arrives_whole(line: Line, world: World) -> None:
    """1000 bytes are 500 Cyrillic letters: the simulator is as strict as Instagram."""
    platform, account = line
    message = OutboundMessage(text="слово " * 200, image_url="https://a.example/b.jpg", choices=CHOICES)
    for part in fit(message, platform.abilities("")):
        assert not (part.text and part.image_url)
        assert (await platform.send(TO, "", part, "k", account)).message_id
    shown = world.phone("instagram", GUEST)
    assert ["https://a.example/b.jpg", "", "", ""] == [entry.image_url for entry in shown]
    assert "слово " * 200 == " ".join(entry.text for entry in shown[1:]) + " "
    assert CHOICES == shown[-1].choices
    with pytest.raises(PartRefused):
        await platform.send(TO, "", Part(text="я" * 501), "k", account)


async def test_after_a_day_only_a_person_may_write(line: Line, world: World) -> None:
    """The platform's word counts, ours comes before it, and a week later nobody may."""
    platform, account = line
    later = Part(text="Ви ще тут?", outside_window=True)
    heard = Entry(
        platform="instagram", contact=GUEST, at=datetime.now(UTC) - timedelta(hours=25), direction=Direction.IN
    )
    world.show(heard)
    with pytest.raises(WindowClosed):
        await platform.send(TO, "", later, "k", account)
    assert [] == world.calls("instagram")
    with pytest.raises(WindowClosed):
        await platform.send(TO, "", Part(text="Ви ще тут?"), "k", account)
    by_operator = later.model_copy(update={"by_operator": True})
    await platform.send(TO, "", by_operator, "k", account)
    assert ["Ви ще тут?"] == world.said_to("instagram", GUEST)
    world.clock = lambda: datetime.now(UTC) + timedelta(days=7)
    with pytest.raises(WindowClosed):
        await platform.send(TO, "", by_operator, "k", account)


async def test_a_refusal_inside_a_success_is_a_refusal(line: Line, world: World) -> None:
    """Meta answers 200 to a picture it will not show."""
    platform, account = line
    url = f"https://a.example/{world.keep_media(bytes(9 * 1024 * 1024), 'image/png')}"
    with pytest.raises(PartRefused) as raised:
        await platform.send(TO, "", Part(text="", image_url=url), "k", account)
    assert "36000" == raised.value.code


async def test_signs_and_profile(line: Line, world: World) -> None:
    """The customer sees that somebody reads and writes; we see a name."""
    platform, account = line
    await platform.mark_seen(TO, "", "m", account)
    await platform.show_typing(TO, "", "m", account)
    assert ["seen", "typing"] == world.signs("instagram", GUEST)
    assert f"Customer {GUEST}" == (await platform.profile(TO, "", account)).name
    world.set_unknown("instagram", "13", unknown=True)
    nobody = TO.model_copy(update={"contact": "13"})
    for ask in (platform.profile(nobody, "", account), platform.mark_seen(nobody, "", "m", account)):
        with pytest.raises(PartRefused):
            await ask


async def test_a_profile_is_asked_with_fewer_fields_and_remembered() -> None:
    """One field that is not permitted makes Meta refuse them all."""
    asked: list[str] = []

    def meta(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params["fields"])
        return httpx.Response(200, json={"name": "Оля"}) if asked[-1] == "name" else answer(403, 10)

    async with httpx.AsyncClient(transport=httpx.MockTransport(meta)) as client:
        platform = Instagram(client)
        assert ["Оля", "Оля"] == [(await platform.profile(TO, "", MAIN)).name for _ in range(2)]
    assert ["name,username,profile_pic", "name,username", "name"] == asked


@pytest.mark.parametrize(("code", "calls"), [(100, 3), (190, 6), (4, 2)])
async def test_a_refused_profile_is_remembered_and_a_dead_token_is_not(code: int, calls: int) -> None:
    """Whoever does not tell is not asked at every message; what passes is asked again."""
    asked: list[str] = []

    def meta(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return answer(400, code)

    async with httpx.AsyncClient(transport=httpx.MockTransport(meta)) as client:
        platform = Instagram(client)
        for _ in range(2):
            with pytest.raises(RateLimited if code == 4 else PartRefused):
                await platform.profile(TO, "", MAIN)
    assert calls == len(asked)


async def test_an_answer_without_an_id_leaves_open_what_was_done() -> None:
    """A success that names nobody is no success."""
    silent = httpx.MockTransport(lambda request: httpx.Response(200, json={}))
    async with httpx.AsyncClient(transport=silent) as client:
        with pytest.raises(OutcomeUnknown):
            await Instagram(client).send(TO, "", Part(text="x"), "k", MAIN)
        with pytest.raises(PartRefused):
            await Instagram(client).send(TO, "", Part(text=""), "k", MAIN)


# --- what the simulator posts ----------------------------------------------------------------------------------------


def opened(hook: Webhook, account: Credentials = MAIN) -> list[Inbound]:
    """A built webhook, proven and read as the door does."""
    request = WebhookRequest(headers=hook.headers, query=hook.query, body=hook.body, now=NOW)
    platform = Instagram(httpx.AsyncClient())
    platform.authenticate(request, account)
    cut = platform.by_account(json.loads(hook.body))
    return [one for body in cut.values() for one in platform.read(body, request, account)]


def test_what_the_simulator_posts_is_read_back() -> None:
    """Taps, pictures, echoes, receipts and takebacks come as Instagram sends them."""
    said = Said(
        contact=GUEST, text="Так", choice="y", message_id="m1", at=NOW, media=(Media(url="https://a.example/b"),)
    )
    [received] = opened(inbound(said, MAIN))
    assert isinstance(received, Received)
    message = received.message
    assert ("y", "Так", MessageKind.IMAGE, "instagram") == (message.choice, message.text, message.kind, message.route)
    assert [Echo(address=TO, message_id="m1", by_operator=None, text="Так", at=NOW)] == opened(echo(said, MAIN))
    assert [Unsent(address=TO, message_id="m1")] == opened(unsent(GUEST, "m1", NOW, MAIN))
    entry = Entry(id=5, platform="instagram", contact=GUEST, at=NOW, direction=Direction.OUT)
    for state in (ReceiptState.READ, ReceiptState.DELIVERED):
        assert [ReceiptSeen(address=TO, message_id="m_5", state=state, at=NOW)] == opened(receipt(entry, state, MAIN))
    with pytest.raises(ValueError, match="failed"):
        receipt(entry, ReceiptState.FAILED, MAIN)


def test_an_account_without_an_id_takes_whatever_comes() -> None:
    """The route then says which shop the customer wrote to."""
    nameless = MAIN.model_copy(update={"account": "default"})
    [received] = opened(inbound(Said(contact=GUEST, text="x", at=NOW), nameless), nameless)
    assert isinstance(received, Received)
    assert Route(network=Network.INSTAGRAM, account_id=ACCOUNT_ID) == Route.parse(received.message.route)


def test_the_address_is_verified_by_its_token() -> None:
    """Meta gets its challenge back, and a stranger does not."""
    platform, account = Instagram(httpx.AsyncClient()), MAIN.model_copy(update={"verify_token": "v"})
    asked = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": "v"}
    request = WebhookRequest(headers={}, query=asked, body=b"", now=NOW)
    assert "1158201444" == platform.challenge(request, account)
    with pytest.raises(NotProven):
        platform.challenge(request.model_copy(update={"query": asked | {"hub.verify_token": "x"}}), account)

"""The bridge's two HTTP APIs: what is sent, what is answered, and how pictures are had."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from domain.failures import (
    EverturnError,
    MediaRefused,
    OutcomeUnknown,
    PartRefused,
    RateLimited,
    TokenRejected,
    Transient,
)
from domain.identifiers import Address
from domain.media import MediaProblem
from domain.messages import Choice, Echo, Media, Part, Received
from platforms.base import Credentials, Platform
from platforms.bridge import fetching
from platforms.bridge.dialect import read_body
from platforms.bridge.hooks import inbound
from platforms.bridge.route import Route, Whereabouts, abilities_of
from platforms.bridge.sending import failure_in, message_for, message_id_in
from platforms.bridge.settings import VARIABLES
from platforms.kit import Said
from platforms.simulation import World
from runtime.accounts import default_account
from runtime.settings import Settings

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TO = Address(platform="bridge", account="main", contact="42")


# --- sending --------------------------------------------------------------------------------------------------------


def test_a_part_is_written_for_its_bridge() -> None:
    """The webhook's bridge is answered, unless the account's settings name another."""
    image = Part(text="Оця", image_url="https://a.example/b.png?x=1", choices=(Choice(id="1", title="Так"),))
    way = Route.parse("evolution/my%20shop").completed({}, "main")
    path, body = message_for("42", image, way)
    assert path == "/message/sendMedia/my%20shop"
    assert ("image/png", "Оця", image.image_url) == (body["mimetype"], body["caption"], body["media"])
    assert message_for("9@lid", Part(text="?"), Route.parse("").completed({}, "main")) == (
        "/message/sendText/main",
        {"number": "9@lid", "text": "?"},
    )
    stated = Route.parse("evolution/").completed({"kind": "wppconnect", "instance": "loja"}, "main")
    assert message_for("9@lid", image, stated) == (
        "/api/loja/send-message",
        {"phone": "9", "isGroup": False, "isLid": True, "message": f"Оця\n{image.image_url}"},
    )


def test_an_echo_shows_the_words_of_its_part() -> None:
    """Otherwise our own picture would be taken for an operator's."""
    long = Part(text="я" * 4096, image_url="https://a.example/b.png")
    _, body = message_for("42", long, Route.parse("evolution/s").completed({}, "main"))
    node = {"key": {"remoteJid": "42@c.us", "fromMe": True, "id": "A"}, "message": {"imageMessage": body}}
    [seen] = read_body(node, NOW, Credentials(account="main"))
    assert isinstance(seen, Echo)
    assert long.text == seen.text


def error(status: int, message: Any) -> httpx.Response:
    return httpx.Response(status, json={"status": status, "error": "x", "response": {"message": message}})


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (httpx.Response(201, json={"key": {"id": "A"}, "status": "PENDING"}), None),
        (httpx.Response(201, json={"status": "success", "response": [{"id": "true_1@c.us_A"}]}), None),
        (httpx.Response(200, json={"hello": "world"}), OutcomeUnknown),
        (httpx.Response(200, text="<html>"), OutcomeUnknown),
        (httpx.Response(200, json={"status": "error", "message": "x"}), PartRefused),
        (error(400, {"exists": False, "jid": "42@s.whatsapp.net", "number": "42"}), PartRefused),
        (error(400, [[{"exists": False}]]), PartRefused),
        (error(400, [['instance requires property "text"']]), PartRefused),
        (error(400, ["Error: Connection Closed"]), Transient),
        (error(500, ["Error: Timed Out"]), OutcomeUnknown),
        (error(500, "x"), Transient),
        (error(401, "Unauthorized"), TokenRejected),
        (error(404, ['The "shop" instance does not exist']), TokenRejected),
        (error(429, "slow"), RateLimited),
        (httpx.Response(502, text="Disconnected"), Transient),
        (httpx.Response(504), OutcomeUnknown),
        (httpx.Response(403), TokenRejected),
        (httpx.Response(400, json={"status": "Connected", "message": "O número 42 não existe."}), PartRefused),
        (httpx.Response(404, json={"status": "Disconnected", "message": "A sessão não está ativa."}), Transient),
        (httpx.Response(500, json={"status": "Error", "message": "Error sending the message."}), Transient),
        (httpx.Response(500, json={"status": "Error", "error": {"message": "invalid wid"}}), PartRefused),
        (httpx.Response(501, json={"status": "not_supported"}), PartRefused),
        (httpx.Response(401, json={"error": "Check that the Session and Token are correct"}), TokenRejected),
        (httpx.Response(400, json=[5]), PartRefused),
    ],
)
def test_an_answer_is_named_by_who_can_mend_it(answer: httpx.Response, failure: type[EverturnError] | None) -> None:
    """Bridges answer with one status for many things; their words tell which."""
    assert (failure or type(None)) is type(failure_in(answer, NOW, sends=True))


def test_an_errors_text_gives_nothing_away() -> None:
    """No phone, no token, no word of the message stands in a log."""
    words = ["380671112233 got token-xyz and Привіт, Олю"]
    failure = failure_in(error(400, words), NOW, ("Привіт, Олю", "380671112233", "token-xyz"), sends=True)
    assert [False] * 3 == [secret in str(failure) for secret in ("38067", "token-xyz", "Олю")]


def test_the_new_messages_id_is_found() -> None:
    """It is what receipts and echoes will name."""
    flat: Any = {"status": "success", "response": {"id": {"_serialized": "true_1@c.us_AB"}}}
    assert message_id_in(httpx.Response(201, json=flat)) == "AB"
    assert message_id_in(httpx.Response(201, json={"key": {"id": "CD"}})) == "CD"
    assert message_id_in(httpx.Response(201, json={})) == ""


def test_a_bridge_without_an_address_is_a_broken_setup() -> None:
    """There is no vendor to fall back to; in dev the simulator stands in."""
    assert [True, False] == [abilities_of(route).images for route in ("evolution/x", "wppconnect/x")]
    account = default_account(Settings(_env_file=None), VARIABLES, ("assistant", "water_order"))
    assert (10.0, "assistant") == (account.turn_taking.quiet_period, account.flow)
    assert account.api_base_url.endswith("/simulator/bridge")


# --- over HTTP ------------------------------------------------------------------------------------------------------


@pytest.fixture
def line(all_platforms: dict[str, Platform], credentials: dict[str, Credentials]) -> tuple[Platform, Credentials]:
    """The adapter, and an account on the simulated bridges."""
    return all_platforms["bridge"], credentials["bridge"]


@pytest.mark.parametrize("route", ["evolution/shop", "wppconnect/loja"])
async def test_both_bridges_deliver(route: str, line: tuple[Platform, Credentials], world: World) -> None:
    """A customer with a phone and one behind a LID are reached through either; a missing instance stops all sends."""
    bridge, account = line
    for contact in ("42", "184726374859@lid"):
        to = TO.model_copy(update={"contact": contact})
        sent = await bridge.send(to, route, Part(text="Привіт"), "k", account)
        [entry] = world.phone("bridge", contact)
        assert (entry.text, entry.external_id) == ("Привіт", sent.message_id)
    world.set_unknown("bridge", "13", unknown=True)
    with pytest.raises(PartRefused):
        await bridge.send(TO.model_copy(update={"contact": "13"}), route, Part(text="?"), "k", account)
    world.set_unknown("bridge", "instance:shop", unknown=True)
    world.set_unknown("bridge", "instance:loja", unknown=True)
    with pytest.raises((TokenRejected, Transient)):
        await bridge.send(TO, route, Part(text="?"), "k", account)


async def test_a_picture_and_the_signs_arrive(line: tuple[Platform, Credentials], world: World) -> None:
    """Evolution shows a picture with its words, "typing" and "seen"; for wppconnect no unproven route is tried."""
    bridge, account = line
    part = Part(text="Оця", image_url="https://a.example/b.jpg")
    for route in ("evolution/shop", "wppconnect/loja"):
        await bridge.send(TO, route, part, "k", account)
        await bridge.show_typing(TO, route, "M1", account)
        await bridge.mark_seen(TO, route, "M1", account)
    shown = [(entry.text, entry.image_url) for entry in world.phone("bridge", "42")]
    assert [("Оця", part.image_url), (f"Оця\n{part.image_url}", "")] == shown
    assert world.signs("bridge", "42") == ["typing", "seen"]


@pytest.mark.parametrize("kind", ["evolution", "wppconnect"])
async def test_credentials_are_checked(kind: str, line: tuple[Platform, Credentials]) -> None:
    """The doctor asks the bridge itself."""
    bridge, account = line
    assert await bridge.check_credentials(account.model_copy(update={"options": {"kind": kind}})) == ""
    for broken in ({"access_token": ""}, {"api_base_url": ""}):
        with pytest.raises(TokenRejected):
            await bridge.check_credentials(account.model_copy(update=broken))


async def refusing(url: str, **_: Any) -> bytes:
    """A downloader for which the bridge's object store is no host of ours."""
    raise MediaRefused(MediaProblem.FORBIDDEN_ADDRESS)


@pytest.mark.parametrize("channel", ["", "wppconnect"])
@pytest.mark.parametrize("url", ["", "https://s3.example/a"])
async def test_a_picture_is_asked_of_the_bridge(
    channel: str, url: str, line: tuple[Platform, Credentials], world: World
) -> None:
    """What lies at WhatsApp is encrypted; the bridge has the key."""
    bridge, account = line
    own_id = world.keep_media(b"\x89PNG", "image/png")
    said = Said(contact="42", media=(Media(id=own_id, url=url),), message_id=own_id, channel=channel, at=NOW)
    [received] = read_body(json.loads(inbound(said, account).body), NOW, account)
    assert isinstance(received, Received)
    assert await bridge.fetch(received.message.media[0], account, refusing) == b"\x89PNG"
    gone = Media(id=str(Whereabouts(route=Route.parse(received.message.route), message_id="false_1@c.us_NO")))
    with pytest.raises(MediaRefused) as refused:
        await bridge.fetch(gone, account, refusing)
    assert refused.value.problem is MediaProblem.GONE


async def test_a_picture_is_fetched_where_the_bridge_laid_it(line: tuple[Platform, Credentials]) -> None:
    """An Evolution with an object store hands out addresses; a picture without an id cannot be asked for."""
    bridge, account = line

    async def download(url: str, **_: Any) -> bytes:
        return url.encode()

    assert await bridge.fetch(Media(url="https://s3.example/a"), account, download) == b"https://s3.example/a"
    with pytest.raises(MediaRefused):
        await bridge.fetch(Media(url="https://s3.example/a"), account, refusing)


@pytest.mark.parametrize(
    "answer",
    [
        b'{"base64": "QUJD"}',
        b'{"base64": "data:image/png;base64,QUJD"}',
        b'"QUJD"',
        b"QUJD\n",
        b'{"data":{"base64":"QUJD"}}',
    ],
)
def test_base64_is_found(answer: bytes) -> None:
    """wppconnect's exact shape is not written down anywhere."""
    assert fetching.bytes_in(httpx.Response(200, content=answer)) == b"ABC"


@pytest.mark.parametrize("answer", [b"", b"{}", b'{"base64": "!"}', b'{"base64": 5}', b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_picture_is_refused(answer: bytes) -> None:
    """Whatever a bridge answers, it is a refusal and not a bug."""
    with pytest.raises(MediaRefused):
        fetching.bytes_in(httpx.Response(200, content=answer))


async def test_an_endless_answer_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bridge gone mad does not fill our memory."""
    monkeypatch.setattr(fetching, "LARGEST_ANSWER", 10)
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=b"A" * 100))
    async with httpx.AsyncClient(transport=transport) as client:
        with pytest.raises(MediaRefused) as refused:
            await fetching.ask(client, "GET", "http://bridge.example/x")
    assert refused.value.problem is MediaProblem.TOO_LARGE

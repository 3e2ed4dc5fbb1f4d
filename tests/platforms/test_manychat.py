"""ManyChat: a flow's author writes the body, so anything may come."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from domain.failures import (
    EverturnError,
    NotProven,
    NotUnderstood,
    OutcomeUnknown,
    PartRefused,
    RateLimited,
    TokenRejected,
    Transient,
)
from domain.identifiers import Address
from domain.messages import Choice, Ignored, Part, Received
from platforms.base import Credentials, Platform, TextUnit, WebhookRequest
from platforms.manychat.adapter import ManyChat
from platforms.manychat.dialect import read_request
from platforms.manychat.sending import content_for, failure_in
from platforms.simulation import World

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
MAIN = Credentials(account="main")
NOBODY: list[object] = ["{{id}}", "", " ", "a\x00", "x" * 201, {}, [1], True, 1.5]
TO = Address(platform="manychat", account="main", contact="42")


def message(body: dict[str, Any], credentials: Credentials = MAIN) -> Any:
    [received] = read_request({"subscriber_id": "42", "text": "Так"} | body, NOW, credentials)
    assert isinstance(received, Received)
    return received.message


def test_a_message_without_an_id_is_known_by_its_fingerprint() -> None:
    """A redelivered request is the same message, a later one is not."""
    stamped = message({"timestamp": "2026-11-21T12:00:00Z"})
    assert hashlib.sha256("\0".join(("42", "Так", "", "2026-11-21T12:00:00Z")).encode()).hexdigest() == stamped.id
    assert (stamped.dedupe_seconds, stamped.sent_at) == (None, NOW)
    assert stamped.id != message({"timestamp": "2026-11-21T12:00:01Z"}).id
    assert stamped.id == message({"timestamp": "2026-11-21T12:00:00Z", "name": "Оля"}).id


def test_a_double_press_is_forgotten_soon() -> None:
    """With neither id nor time the same word is one message for two seconds, and a new one after."""
    assert message({}).dedupe_seconds == 2.0
    assert message({"timestamp": "{{timestamp}}", "message_id": "{{id}}"}).dedupe_seconds == 2.0
    assert None is message({"message_id": 7}).dedupe_seconds


def test_a_stale_interaction_is_not_the_messages_time() -> None:
    """Full Contact Data tells the last interaction; only a fresh one can be this message's."""
    fresh = message({"last_interaction": "2026-11-01T00:00:00Z", "ig_last_interaction": "2026-11-21T11:59:58+00:00"})
    assert (None, datetime(2026, 11, 21, 11, 59, 58, tzinfo=UTC)) == (fresh.dedupe_seconds, fresh.sent_at)
    stale = message({"last_interaction": "2026-11-01T00:00:00Z"})
    assert (stale.dedupe_seconds, stale.sent_at) == (2.0, None)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"text": "{{last_input_text}}"}, "unfilled_variable"),
        ({"text": " \u200b "}, "empty"),
        ({"text": None, "image_url": "javascript:alert(1)"}, "unusable_image"),
        ({"text": {"a": 1}, "image_url": "http://[broken"}, "unusable_image"),
    ],
)
def test_nothing_said_is_ignored_for_a_reason(body: dict[str, Any], reason: str) -> None:
    """An author's mistake is counted, not answered."""
    assert [Ignored(reason=reason)] == read_request({"subscriber_id": 42} | body, NOW, MAIN)


@pytest.mark.parametrize(
    "body",
    [
        *([], "x", None, {}, {"text": "Hi"}),
        *({"subscriber_id": odd, "text": "Hi"} for odd in NOBODY),
    ],
)
def test_nobody_to_answer_is_not_understood(body: Any) -> None:
    """Without a subscriber nobody could be answered; the author should see it at once."""
    with pytest.raises(NotUnderstood):
        read_request(body, NOW, MAIN)


@pytest.mark.parametrize(
    ("body", "route"),
    [
        ({"channel": "WhatsApp"}, "whatsapp"),
        ({"canal": "WA"}, "whatsapp"),
        ({"channel": "fb"}, "facebook"),
        ({"channel": "Telegram"}, "telegram"),
        ({"channel": "{{channel}}"}, "instagram"),
        ({"ig_id": 5, "whatsapp_phone": "+380501234567"}, "instagram"),
        ({"whatsapp_phone": "+380501234567"}, "whatsapp"),
    ],
)
def test_the_channel_is_kept_for_the_answer(body: dict[str, Any], route: str) -> None:
    """The answer goes where the question came from."""
    assert route == message(body).route


def test_quick_replies_need_a_flow_to_run() -> None:
    """ManyChat refuses a quick reply without a target, so buttons appear only where one is set up."""
    with_flow = Credentials(account="main", options={"quick_reply_flow": "content1"})
    platform = ManyChat(httpx.AsyncClient())
    assert platform.abilities(message({}).route).choices == 0
    assert platform.abilities(message({}, with_flow).route).choices == 11
    assert platform.abilities(message({"channel": "whatsapp"}, with_flow).route).choices == 0
    part = Part(text="?", choices=(Choice(id="y", title="Так, беремо цю сукню"), Choice(id="n", title="Н" * 30)))
    content = content_for("42", "instagram+choices", part, with_flow.options)["data"]["content"]
    assert [reply["caption"] for reply in content["quick_replies"]] == ["Так, беремо цю сукню", "Н" * 19 + "…"]
    assert "type" not in content_for("42", "facebook", part, {})["data"]["content"]


def test_limits_follow_the_network() -> None:
    """Instagram counts bytes, the others characters."""
    limits = {r: ManyChat(httpx.AsyncClient()).abilities(r) for r in ("instagram", "whatsapp", "facebook", "")}
    assert (limits[""].longest_text, limits["instagram"].unit, limits[""].images) == (1000, TextUnit.BYTES, True)
    assert (limits["whatsapp"].longest_text, limits["whatsapp"].images) == (2000, False)


@pytest.mark.parametrize(
    ("status", "body", "failure"),
    [
        (200, {"status": "success"}, None),
        (200, {"status": "error", "message": "Subscriber does not exist", "code": 2011}, PartRefused),
        (200, {"status": "error", "message": "Wrong token"}, TokenRejected),
        (200, {}, OutcomeUnknown),
        (400, {"status": "error", "message": "Provided text is longer than 2000 symbols"}, PartRefused),
        (401, {"status": "error"}, TokenRejected),
        (404, {}, PartRefused),
        (429, {}, RateLimited),
        (502, {}, Transient),
        (504, {}, OutcomeUnknown),
        (302, {}, Transient),
    ],
)
def test_the_body_decides(status: int, body: dict[str, Any], failure: type[EverturnError] | None) -> None:
    """HTTP 200 is no success by itself."""
    found = failure_in(httpx.Response(status, json=body), NOW)
    assert (failure or type(None)) is type(found)


async def test_the_simulator_is_as_strict_as_manychat(
    all_platforms: dict[str, Platform], credentials: dict[str, Credentials], world: World
) -> None:
    """A text too long is refused as a whole; a picture comes before its text; a token is needed."""
    manychat, account = all_platforms["manychat"], credentials["manychat"]
    with pytest.raises(PartRefused):
        await manychat.send(TO, "instagram", Part(text="є" * 501), "k", account)
    await manychat.send(TO, "instagram", Part(text="є" * 500, image_url="https://a.example/b.jpg"), "k", account)
    assert world.said_to("manychat", "42") == ["", "є" * 500]
    for token in ("", "їжак", "a\nb"):
        with pytest.raises(TokenRejected):
            await manychat.check_credentials(account.model_copy(update={"access_token": token}))


def test_the_secret_comes_by_header_or_query() -> None:
    """A shop may write its secret where its flow allows."""
    account = Credentials(account="main", webhook_secret="s3cret")
    platform = ManyChat(httpx.AsyncClient())

    def came(headers: dict[str, str], query: dict[str, str]) -> WebhookRequest:
        return WebhookRequest(headers=headers, query=query, body=json.dumps({}).encode(), now=NOW)

    platform.authenticate(came({"x-webhook-secret": "s3cret"}, {}), account)
    platform.authenticate(came({}, {"secret": "s3cret"}), account)
    for headers, missing in (({}, True), ({"x-webhook-secret": "їжак"}, False)):
        with pytest.raises(NotProven) as raised:
            platform.authenticate(came(headers, {}), account)
        assert missing == raised.value.missing

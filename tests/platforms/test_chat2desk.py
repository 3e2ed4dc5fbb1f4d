"""Chat2Desk: many hooks, one of which is a customer's message."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
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
)
from domain.identifiers import Address
from domain.messages import Echo, Ignored, MessageKind, Part, Received
from platforms.base import Credentials, Lookup, LostPart, Platform, WebhookRequest
from platforms.chat2desk.adapter import Chat2Desk
from platforms.chat2desk.dialect import plain, read_hook
from platforms.chat2desk.sending import external_id, failure_in, found_in, message_for
from platforms.chat2desk.signature import keys_of, sign
from platforms.chat2desk.simulator import dialog_of
from platforms.simulation import Fault, FaultKind, World

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
MAIN = Credentials(account="main", access_token="token", webhook_secret="s3cret")
TO = Address(platform="chat2desk", account="main", contact="42")
SIGNED = Path(__file__).parents[1] / "payloads" / "chat2desk" / "inbox-signed__postman.json"
INBOX = {"hook_type": "inbox", "type": "from_client", "message_id": 1, "client_id": 42, "text": "Привіт"}


def test_the_vendors_own_signature_is_reproduced() -> None:
    """The documentation's example is a proof that we count as they do."""
    expected = "88b574d8237e1b7740f88102018b734d3dd5bc6803c509a3694eff9721b0c595"
    assert expected == sign(b"md5_api_token", SIGNED.read_bytes(), "1743681006")


def came(query: dict[str, str], **headers: str) -> WebhookRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return WebhookRequest(headers=named, query=query, body=b"{}", now=NOW)


def signature_of(moment: datetime, key: bytes | None = None) -> dict[str, str]:
    stamp = str(int(moment.timestamp()))
    return {"x_signature": sign(key or keys_of("token")[0], b"{}", stamp), "x_timestamp": stamp}


@pytest.mark.parametrize("key", keys_of("token"))
def test_secret_and_signature_prove_together(key: bytes) -> None:
    """The secret proves alone; a signature beside it must be right too, in either reading of the vendor's key."""
    platform = Chat2Desk(httpx.AsyncClient())
    platform.authenticate(came({"secret": "s3cret"}), MAIN)
    platform.authenticate(came({"secret": "s3cret"}, **signature_of(NOW, key)), MAIN)
    named = MAIN.model_copy(update={"options": {"timestamp_header": "X-When"}})
    signed = signature_of(NOW, key)
    request = came({"secret": "s3cret"}, x_signature=signed["x_signature"], x_when=signed["x_timestamp"])
    platform.authenticate(request, named)


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ({}, {}),
        ({}, signature_of(NOW)),
        ({"secret": "wrong"}, signature_of(NOW)),
        ({"secret": "s3cret"}, {"x_signature": "0" * 64, "x_timestamp": str(int(NOW.timestamp()))}),
        ({"secret": "s3cret"}, signature_of(NOW - timedelta(hours=25))),
        ({"secret": "s3cret"}, {"x_signature": "0" * 64}),
        ({"secret": "s3cret"}, {"x_signature": "їжак", "x_timestamp": "nan"}),
        ({"secret": "s3cret"}, {"x_signature": ""}),
    ],
)
def test_no_proof_no_entry(query: dict[str, str], headers: dict[str, str]) -> None:
    """A missing secret, a wrong signature, and one from the day before yesterday are all refused."""
    with pytest.raises(NotProven):
        Chat2Desk(httpx.AsyncClient()).authenticate(came(query, **headers), MAIN)


@pytest.mark.parametrize(
    ("hook", "expected"),
    [
        ({"hook_type": "outbox", "type": "comment"}, Ignored(reason="outbox:comment")),
        ({"type": "to_client"}, Ignored(reason="inbox:to_client")),
        ({"type": ["x"]}, Ignored(reason="inbox:unknown_type")),
        ({"hook_type": "a-new-one"}, Ignored(reason="unknown_hook")),
        ({"insta_comment": True}, Ignored(reason="instagram_comment")),
        ({"text": None, "photo": "http://[broken"}, Ignored(reason="empty")),
        ({"hook_type": "imported_message", "type": "to_client"}, Ignored(reason="imported_message:to_client")),
        (
            {"hook_type": "imported_message", "type": "to_client", "event_time": "2026-11-21T11:59:00Z"},
            Echo(address=TO, message_id="1", by_operator=True, text="Привіт", at=NOW - timedelta(minutes=1)),
        ),
    ],
)
def test_only_a_customers_message_is_one(hook: dict[str, Any], expected: Any) -> None:
    """Operators, imports, comments and news are told apart."""
    assert [expected] == read_hook(INBOX | hook, NOW, MAIN)


@pytest.mark.parametrize("hook", [None, [], {}, {"hook_type": 1}, INBOX | {"client_id": None}])
def test_a_strangers_body_is_not_understood(hook: Any) -> None:
    """What names neither a hook nor a client is not Chat2Desk's."""
    with pytest.raises(NotUnderstood):
        read_hook(hook, NOW, MAIN)


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"audio": "https://a.example/v.ogg"}, MessageKind.AUDIO),
        ({"pdf": "https://a.example/v.pdf"}, MessageKind.DOCUMENT),
        ({"attachments": [{"name": "кіт.PNG", "link": "https://a.example/x"}]}, MessageKind.IMAGE),
        ({"attachments": [{"link": "https://a.example/v.mp4?x=1"}, 5, None]}, MessageKind.VIDEO),
        ({"coordinates": "50.45,30.52", "text": None}, MessageKind.OTHER),
        ({}, MessageKind.TEXT),
    ],
)
def test_media_name_the_message(fields: dict[str, Any], kind: MessageKind) -> None:
    """A voice note is a voice note, whatever field it came in."""
    [received] = read_hook(INBOX | fields, NOW, MAIN)
    assert isinstance(received, Received)
    assert kind == received.message.kind


def test_html_becomes_text_and_a_formula_stays() -> None:
    """The customer's words, not the transport's markup."""
    assert plain("<b>перше</b><br/>друге<script>x()</script>") == "перше\nдруге"
    assert plain("2 < 3 & 5 > 4") == "2 < 3 & 5 > 4"
    assert plain("&lt;3") == "<3"


def test_a_dialog_is_opened_only_at_a_hand_off() -> None:
    """The API's default would show every dialog to operators."""
    body = message_for("42", "telegram/17/942", Part(text="Привіт", image_url="https://a.example/b.jpg"), "k")
    assert tuple(body[f] for f in ("client_id", "open_dialog", "channel_id", "transport")) == (
        42,
        False,
        17,
        "telegram",
    )
    assert message_for("42", "", Part(text="?", open_to_operators=True), "k") == {
        "client_id": 42,
        "text": "?",
        "type": "to_client",
        "open_dialog": True,
        "external_id": external_id("k"),
    }


@pytest.mark.parametrize(
    ("status", "body", "failure"),
    [
        (200, {"status": "success", "data": {}}, None),
        (200, {"status": "error", "message": "Client not found"}, PartRefused),
        (200, {"status": "error", "errors": {"token": ["invalid token"]}}, TokenRejected),
        (200, {"status": "error", "message": "API requests limit reached"}, RateLimited),
        (200, [], OutcomeUnknown),
        (403, {}, TokenRejected),
        (422, {"errors": ["x"]}, PartRefused),
    ],
)
def test_an_error_in_a_200_is_an_error(status: int, body: Any, failure: type[EverturnError] | None) -> None:
    """`status` in the body decides."""
    assert (failure or type(None)) is type(failure_in(httpx.Response(status, json=body), NOW))


def listed(**fields: Any) -> dict[str, Any]:
    return {"text": "Привіт", "type": "to_client", "created": "2026-11-21T12:00:01 UTC"} | fields


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([listed()], Lookup.DELIVERED),
        ([listed(external_id=external_id("k"), created=None)], Lookup.DELIVERED),
        ([listed(external_id="another")], Lookup.NOT_DELIVERED),
        ([listed(created="2026-11-21T11:00:00 UTC")], Lookup.NOT_DELIVERED),
        ([listed(type="from_client")], Lookup.NOT_DELIVERED),
        ([listed(created="whenever")], Lookup.CANNOT_TELL),
        ([listed(text="інше")] * 50, Lookup.CANNOT_TELL),
        ([], Lookup.NOT_DELIVERED),
        ([5], Lookup.CANNOT_TELL),
        (None, Lookup.CANNOT_TELL),
    ],
)
def test_a_lost_part_is_looked_for(items: Any, expected: Lookup) -> None:
    """A part is sent again only when it surely did not arrive."""
    assert expected == found_in(items, LostPart(part=Part(text="Привіт"), key="k", since=NOW))


@pytest.mark.parametrize(
    ("items", "twins", "expected"),
    [
        ([listed(id=7)], ["7"], Lookup.NOT_DELIVERED),
        ([listed(id=7), listed(id=8)], ["7"], Lookup.DELIVERED),
        ([listed(id=7)], [""], Lookup.CANNOT_TELL),
        ([listed(id=7), listed(id=8)], [""], Lookup.DELIVERED),
        ([listed(id=7)], ["another list's number"], Lookup.CANNOT_TELL),
        ([listed(id=7, external_id=external_id("k"))], [""], Lookup.DELIVERED),
        ([], [""], Lookup.NOT_DELIVERED),
    ],
)
def test_another_part_of_the_same_words_is_not_the_lost_one(items: Any, twins: list[str], expected: Lookup) -> None:
    """The assistant says "which address?" twice within a second: the first is no proof that the second arrived."""
    lost = LostPart(part=Part(text="Привіт"), key="k", since=NOW, twins=tuple(twins))
    assert expected == found_in(items, lost)


@pytest.mark.parametrize(
    ("fault", "expected"), [(FaultKind.RESET, Lookup.DELIVERED), (FaultKind.RESET_BEFORE, Lookup.NOT_DELIVERED)]
)
async def test_an_unknown_outcome_is_found_out(
    fault: FaultKind,
    expected: Lookup,
    all_platforms: dict[str, Platform],
    credentials: dict[str, Credentials],
    world: World,
) -> None:
    """After a dropped connection the platform itself tells what became of the message."""
    chat2desk, account = all_platforms["chat2desk"], credentials["chat2desk"]
    route, part, since = f"telegram/1/{dialog_of('42')}", Part(text="Привіт"), datetime.now(UTC)
    world.faults.add(Fault(platform="chat2desk", kind=fault))
    with pytest.raises(OutcomeUnknown):
        await chat2desk.send(TO, route, part, "k", account)
    lost = LostPart(part=part, key="k", since=since)
    assert expected == await chat2desk.look_up(TO, route, lost, account)
    for nowhere in ("telegram/1/", "telegram/1/7"):
        assert await chat2desk.look_up(TO, nowhere, lost, account) == Lookup.CANNOT_TELL

"""WhatsApp Cloud: many things in one body, two names for one customer, and a window of a day."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from domain.failures import (
    NotUnderstood,
)
from domain.identifiers import Address
from domain.messages import (
    Echo,
    Ignored,
    Media,
    MessageKind,
    ReceiptSeen,
    ReceiptState,
    Received,
    Unsent,
)
from platforms.base import Credentials, WebhookRequest
from platforms.kit import Said
from platforms.simulation import Direction, Entry, Webhook
from platforms.whatsapp.adapter import WhatsApp
from platforms.whatsapp.dialect import by_account, read_body
from platforms.whatsapp.hooks import echo, inbound, receipt, unsent

PAYLOADS = Path(__file__).parents[1] / "payloads" / "whatsapp"
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
MAIN = Credentials(account="main", webhook_secret="s3cret")
TO = Address(platform="whatsapp", account="main", contact="380501112233")
USER_ID = "UA.13491208655302741918"


# --- reading --------------------------------------------------------------------------------------------------------


def test_a_body_is_cut_by_number_and_nothing_is_lost() -> None:
    """Several of our numbers in one POST: each account gets its own, in order."""
    body = json.loads((PAYLOADS / "two-numbers-mixed__reference.json").read_bytes())
    cut = by_account(body)
    assert list(cut) == ["106540352242922", "555", ""]
    told = [each for piece in cut.values() for each in read_body(piece, NOW, MAIN)]
    assert read_body(body, NOW, MAIN) == told
    assert [len(read_body(piece, NOW, MAIN)) for piece in cut.values()] == [3, 1, 2]


@pytest.mark.parametrize("body", [None, [], "x", {}, {"object": "page"}, {"object": ["whatsapp_business_account"]}])
def test_a_strangers_body_is_not_understood(body: Any) -> None:
    """What is not WhatsApp's is refused by both readings."""
    for read in (by_account, lambda b: read_body(b, NOW, MAIN)):
        with pytest.raises(NotUnderstood):
            read(body)


def message(type_: str, body: Any = None, **more: Any) -> Any:
    """What one message of a customer is read as."""
    said = {"from": "380501112233", "id": "wamid.1", "timestamp": "1749416383", "type": type_, type_: body} | more
    value = {"metadata": {"display_phone_number": "+1 555 078-3881", "phone_number_id": "1055"}, "messages": [said]}
    change = {"field": "messages", "value": value}
    [read] = read_body({"object": "whatsapp_business_account", "entry": [{"changes": [change]}]}, NOW, MAIN)
    return read.message if isinstance(read, Received) else read


@pytest.mark.parametrize(
    ("type_", "body", "kind", "text"),
    [
        ("text", {"body": " Привіт "}, MessageKind.TEXT, "Привіт"),
        ("text", "Привіт", MessageKind.TEXT, "Привіт"),
        ("image", {"caption": "view once"}, MessageKind.OTHER, "view once"),
        ("video", {"id": 5}, MessageKind.VIDEO, ""),
        ("document", {"url": "https://lookaside.fbsbx.com/1"}, MessageKind.DOCUMENT, ""),
        ("audio", None, MessageKind.OTHER, ""),
        ("button", {"payload": "p"}, MessageKind.TEXT, "p"),
        ("interactive", {"type": "list_reply", "list_reply": {"id": "1", "title": "Вода"}}, MessageKind.TEXT, "Вода"),
        ("interactive", {"nfm_reply": {"response_json": "{broken", "body": "Sent"}}, MessageKind.TEXT, "Sent"),
        ("interactive", {"nfm_reply": {"response_json": '{"a":["x","y"],"b":true,"c":{"d":1}}'}}, MessageKind.TEXT,
         'a: x, y\nb: true\nc: {"d": 1}'),
        ("location", {"latitude": "0", "longitude": 0.0}, MessageKind.TEXT, "0, 0.0"),
        ("location", {"latitude": float("nan"), "longitude": 1, "name": "Дім"}, MessageKind.TEXT, "Дім"),
        ("location", {}, MessageKind.OTHER, ""),
        ("contacts", [{"phones": [{"wa_id": "380671112233"}, {"phone": 5}]}], MessageKind.TEXT, "380671112233, 5"),
        ("contacts", [{"name": {"first_name": "Оля"}}, None], MessageKind.TEXT, "Оля"),
        ("order", {"text": "швидше!", "product_items": [{"product_retailer_id": 7, "quantity": "x"}]},
         MessageKind.TEXT, "швидше!\n1 × 7"),
        ("poll", {"name": "?"}, MessageKind.OTHER, ""),
    ],
)  # fmt: skip
def test_every_type_is_read_or_known_to_be_hidden(type_: str, body: Any, kind: MessageKind, text: str) -> None:
    """A customer's message is never lost, whatever it is and however little of it comes."""
    read = message(type_, body)
    assert (kind, text) == (read.kind, read.text)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"type_": "text", "body": {"body": " \u200b "}}, "empty"),
        ({"type_": "reaction", "body": {"message_id": "wamid.0"}}, "reaction"),
        ({"type_": "text", "body": {"body": "x"}, "group_id": "g"}, "group"),
        ({"type_": "text", "body": {"body": "x"}, "from": None}, "no_sender"),
        ({"type_": "text", "body": {"body": "x"}, "from": "15550783881"}, "own_number"),
        ({"type_": "unsupported", "errors": [{"code": "131060"}]}, "ghost"),
        ({"type_": "revoke", "body": {}}, "revoke_without_id"),
    ],
)
def test_what_asks_for_no_answer_is_ignored(said: dict[str, Any], reason: str) -> None:
    """Never an answer to a reaction, a group, a ghost or ourselves."""
    assert Ignored(reason=reason) == message(**said)


def test_a_redelivered_message_without_an_id_is_the_same_message() -> None:
    """Meta repeats for up to seven days."""
    first, again = (message("text", {"body": "x"}, id=None) for _ in range(2))
    assert first.id == again.id != message("text", {"body": "y"}, id=None).id


def test_an_edit_names_what_it_replaces() -> None:
    """A second edit of the same message is another one."""
    edit = {"original_message_id": "wamid.0", "message": {"type": "text", "text": {"body": "три"}}}
    read = message("edit", edit)
    assert (read.id, read.edits, read.text) == ("wamid.0:edited:wamid.1", "wamid.0", "три")
    assert message("edit", edit, id="wamid.2").id != read.id
    assert message("edit", {"message": {"text": {"body": "x"}}}).edits == ""


def test_a_cart_is_kept_as_items() -> None:
    """Odd prices are none, odd quantities one."""
    items = [{"product_retailer_id": "a", "quantity": "2", "item_price": "10.50", "currency": "UAH"},
             {"product_retailer_id": "b", "item_price": float("inf")}, {"quantity": 1}, 5]  # fmt: skip
    read = message("order", {"product_items": items})
    assert [(i.sku, i.quantity, None if i.price is None else str(i.price)) for i in read.cart] == [
        ("a", 2, "10.50"),
        ("b", 1, None),
    ]


# --- what the simulator posts ---------------------------------------------------------------------------------------


def read_hook(hook: Webhook, credentials: Credentials = MAIN) -> Any:
    """A simulated webhook, proven and read."""
    platform = WhatsApp(httpx.AsyncClient())
    request = WebhookRequest(headers=hook.headers, query=hook.query, body=hook.body, now=NOW)
    platform.authenticate(request, credentials)
    [(_, piece)] = platform.by_account(json.loads(hook.body)).items()
    read = platform.read(piece, request, credentials)
    return read[0] if len(read) == 1 else read


@pytest.mark.parametrize("contact", ["380501112233", USER_ID])
def test_receipts_echoes_and_takebacks_are_read_back(contact: str) -> None:
    """By phone or by user id: every webhook finds the same conversation."""
    address = TO.model_copy(update={"contact": contact})
    said = Said(contact=contact, text="Доброго дня", message_id="wamid.5", at=NOW)
    heard = read_hook(inbound(said, MAIN))
    assert (heard.address, heard.message.id) == (address, "wamid.5")
    expected = Echo(
        address=address, message_id="wamid.5", by_operator=True, text="Доброго дня", at=NOW, names=(address.contact,)
    )
    assert expected == read_hook(echo(said, MAIN))
    assert Unsent(address=address, message_id="wamid.5", names=(address.contact,)) == read_hook(
        unsent(contact, "wamid.5", NOW, MAIN)
    )
    entry = Entry(platform="whatsapp", contact=contact, at=NOW, direction=Direction.OUT, external_id="wamid.6")
    for state in ReceiptState:
        seen = read_hook(receipt(entry, state, MAIN))
        error = "131026: Message undeliverable: Message Undeliverable." if state is ReceiptState.FAILED else ""
        assert ReceiptSeen(address=address, message_id="wamid.6", state=state, at=NOW, error=error) == seen


def test_taps_and_albums_are_read_back() -> None:
    """A tap is a choice, and two pictures are two messages with one caption each."""
    tap = read_hook(inbound(Said(contact="42", text="Так", choice="y", at=NOW), MAIN)).message
    assert (tap.text, tap.choice) == ("Так", "y")
    media = (Media(id="1"), Media(id="2", kind=MessageKind.AUDIO, mime="audio/ogg"))
    first, second = read_hook(inbound(Said(contact="42", text="Ось", media=media, at=NOW), MAIN))
    assert (first.message.kind, first.message.text, second.message.kind) == (
        MessageKind.IMAGE,
        "Ось",
        MessageKind.AUDIO,
    )
    assert first.message.id != second.message.id

"""Telegram: updates of every kind, and taps that must be answered."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from domain.identifiers import Address
from domain.messages import Echo, Ignored, Media, MessageKind, Received, Unsent
from platforms.base import Credentials
from platforms.kit import Said
from platforms.simulation import Webhook
from platforms.telegram.buttons import word_for
from platforms.telegram.dialect import read_update
from platforms.telegram.hooks import CONNECTION, echo, edited, inbound, unsent
from platforms.telegram.sending import abilities_of

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
MAIN = Credentials(account="main", webhook_secret="s3cret")
TO = Address(platform="telegram", account="main", contact="42")


def read_hook(hook: Webhook) -> Any:
    [told] = read_update(json.loads(hook.body), NOW, MAIN)
    return told


def test_a_formatted_text_without_end_is_read() -> None:
    """However deep a text is wrapped, reading it ends."""
    text: Any = "дно"
    for _ in range(150):
        text = {"type": "bold", "text": text}
    chat = {"id": 42, "type": "private"}
    message = {"message_id": 1, "chat": chat, "rich_message": {"blocks": [{"text": text}, {"text": "верх"}]}}
    [told] = read_update({"update_id": 1, "message": message}, NOW, MAIN)
    assert isinstance(told, Received)
    assert told.message.text == "верх"


@pytest.mark.parametrize(
    "note", ["successful_payment", "refunded_payment", "gift", "unique_gift", "gift_upgrade_sent", "user_shared",
             "users_shared", "checklist_tasks_done", "suggested_post_paid", "managed_bot_created"],
)  # fmt: skip
def test_what_telegram_notes_by_itself_is_nobodys_word(note: str) -> None:
    """A payment or a gift is no message that somebody waits to have answered."""
    chat = {"id": 42, "type": "private"}
    message = {"message_id": 1, "chat": chat, "from": {"id": 42}, note: {"total_amount": 100}}
    assert [Ignored(reason="service")] == read_update({"update_id": 1, "message": message}, NOW, MAIN)


@pytest.mark.parametrize(("channel", "route"), [("", ""), ("business", CONNECTION)])
def test_what_the_simulator_posts_is_read(channel: str, route: str) -> None:
    """Words, edits and pictures reach us alike, from the bot's chat and from its owner's."""
    said = Said(contact="42", text="Дві", message_id="7", name="Оля", channel=channel, at=NOW)
    own = ":".join(filter(None, ("42", "7", route)))
    first = read_hook(inbound(said, MAIN)).message
    assert (own, route, "Дві") == (first.id, first.route, first.text)
    second = read_hook(edited(said.model_copy(update={"text": "Три"}), MAIN)).message
    assert (own, "Три") == (second.edits, second.text)
    voice = Media(id="5", kind=MessageKind.AUDIO)
    third = read_hook(inbound(said.model_copy(update={"media": (voice,), "text": ""}), MAIN)).message
    assert (MessageKind.AUDIO, (voice,)) == (third.kind, third.media)


def test_a_business_owner_is_heard() -> None:
    """What the owner writes is an operator's; what the customer takes back is forgotten."""
    said = Said(contact="42", text="Я сама", message_id="8", channel="business", at=NOW)
    told = read_hook(echo(said, MAIN))
    own = f"42:8:{CONNECTION}"
    assert Echo(address=TO, message_id=own, by_operator=True, text="Я сама", at=NOW) == told
    for name in ("8", own):
        assert Unsent(address=TO, message_id=own) == read_hook(unsent("42", name, NOW, MAIN))


@pytest.mark.parametrize(("choice", "read"), [("yes", "yes"), ("довгий" * 12, "")])
def test_a_tap_is_its_title_and_its_id(choice: str, read: str) -> None:
    """An id too long for a button comes back as its title alone."""
    said = Said(contact="42", text="Так", choice=choice, message_id="9", at=NOW)
    message = read_hook(inbound(said, MAIN)).message
    assert ("Так", read, "/42-9") == (message.text, message.choice, message.route)
    assert len(word_for(choice).encode()) <= 64
    assert abilities_of(message.route).seen
    assert not abilities_of("").seen


def test_a_tap_whose_meaning_is_lost_asks_for_words() -> None:
    """A stand-in for a long id, under a message that is no longer shown: we know that somebody tapped, not what."""
    query = {"id": "1", "from": {"id": 42}, "message": None, "data": word_for("довгий" * 12)}
    [told] = read_update({"update_id": 1, "callback_query": query}, NOW, MAIN)
    assert isinstance(told, Received)
    assert ("", MessageKind.OTHER) == (told.message.text, told.message.kind)

"""The webhooks Telegram would post: messages, taps, and what happens in a business account's chats."""

import hashlib
import json
from datetime import datetime
from typing import Any

from domain.messages import Media, MessageKind
from platforms.base import Credentials
from platforms.kit import Said
from platforms.simulation import Webhook
from platforms.telegram.buttons import word_for
from platforms.telegram.route import number_of

BOT = {"id": 5000000005, "is_bot": True, "first_name": "Simulated shop", "username": "simulated_shop_bot"}
OWNER = {"id": 7000000007, "is_bot": False, "first_name": "Owner"}
CONNECTION = "simulated-business"
BUSINESS = "business"
NETWORKS = ("bot", BUSINESS)
"""A customer writes to the bot, or to the account of its owner."""
FIELDS = {MessageKind.AUDIO: "voice", MessageKind.VIDEO: "video", MessageKind.DOCUMENT: "document"}


def inbound(said: Said, credentials: Credentials) -> Webhook:
    """A customer's message: a tap, a picture or file with a caption, or text. A bot's update holds one medium."""
    if said.choice:
        return _hook("callback_query", _tap(said), _own_number(said), credentials)
    content = _medium(said, said.media[0]) if said.media else {"text": said.text}
    return _hook(_kind("message", said), _written(said, content), _own_number(said), credentials)


def edited(said: Said, credentials: Credentials) -> Webhook:
    """A customer writes a message anew."""
    changed = _written(said, {"text": said.text, "edit_date": int(said.at.timestamp())})
    return _hook(_kind("edited_message", said), changed, int(said.at.timestamp() * 1_000), credentials)


def echo(said: Said, credentials: Credentials) -> Webhook:
    """What the owner of a business account writes to a customer."""
    message = _message(said, OWNER) | {"text": said.text, "business_connection_id": CONNECTION}
    return _hook("business_message", message, _own_number(said), credentials)


def unsent(contact: str, message_id: str, at: datetime, credentials: Credentials) -> Webhook:
    """A customer deletes a message in a business account's chat; of those to the bot itself Telegram tells nothing."""
    number = message_id.split(":")[1] if ":" in message_id else message_id
    said = Said(contact=contact, message_id=number, at=at)
    deleted = {"business_connection_id": CONNECTION, "chat": _chat(said), "message_ids": [_own_number(said)]}
    return _hook("deleted_business_messages", deleted, int(at.timestamp() * 1_000), credentials)


def _hook(kind: str, fields: dict[str, Any], number: int, credentials: Credentials) -> Webhook:
    body = json.dumps({"update_id": number, kind: fields}, ensure_ascii=False, separators=(",", ":")).encode()
    headers = {"content-type": "application/json"}
    if credentials.webhook_secret:
        headers["x-telegram-bot-api-secret-token"] = credentials.webhook_secret
    return Webhook(path="/webhooks/telegram", headers=headers, body=body)


def _kind(usual: str, said: Said) -> str:
    """`message` or `business_message`."""
    return usual.replace("message", "business_message") if said.channel == BUSINESS else usual


def _written(said: Said, content: dict[str, Any]) -> dict[str, Any]:
    connection = {"business_connection_id": CONNECTION} if said.channel == BUSINESS else {}
    return _message(said, _person(said)) | content | connection


def _message(said: Said, sender: dict[str, Any]) -> dict[str, Any]:
    return {"message_id": _own_number(said), "from": sender, "chat": _chat(said), "date": int(said.at.timestamp())}


def _tap(said: Said) -> dict[str, Any]:
    """Real queries are named by a number alone; whose button it is, the simulator reads out of these."""
    word = word_for(said.choice)
    button = {"text": said.text, "callback_data": word}
    under = _written(said, {"from": BOT}) | {"text": "?", "reply_markup": {"inline_keyboard": [[button]]}}
    return {
        "id": f"{said.contact}-{_own_number(said)}",
        "from": _person(said),
        "message": under,
        "chat_instance": "1",
        "data": word,
    }


def _person(said: Said) -> dict[str, Any]:
    return {"id": _number(said.contact), "is_bot": False, "first_name": said.name, "language_code": "uk"}


def _chat(said: Said) -> dict[str, Any]:
    return {"id": _number(said.contact), "first_name": said.name, "type": "private"}


def _medium(said: Said, media: Media) -> dict[str, Any]:
    """Telegram names files by id only; a simulated one lies at the end of its address."""
    own = media.id or media.url.rsplit("/", 1)[-1]
    file = {"file_id": own, "file_unique_id": own, "mime_type": media.mime, "file_name": media.name}
    given = {name: value for name, value in file.items() if value}
    caption = {"caption": said.text} if said.text else {}
    if (kind := media.kind or MessageKind.IMAGE) is MessageKind.IMAGE:
        return {"photo": [given | {"width": 1280, "height": 960}]} | caption
    return {FIELDS.get(kind, "document"): given} | caption


def _number(contact: str) -> int | str:
    number = number_of(contact)
    return contact if number is None else number


def _own_number(said: Said) -> int:
    """Telegram's own counters; an id that is no number becomes one."""
    own = said.message_id or str(int(said.at.timestamp() * 1_000_000))
    number = number_of(own)
    return number if number is not None else int(hashlib.sha256(own.encode()).hexdigest()[:12], 16)

"""What Telegram's updates say: messages, edits, taps, and what a business account lets its bot see."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from domain.failures import NotUnderstood
from domain.identifiers import Address, edit_id
from domain.messages import Context, Echo, Ignored, Inbound, InboundMessage, MessageKind, Received, Unsent
from domain.model import Value
from platforms.base import Credentials
from platforms.http import moment_of
from platforms.telegram.buttons import choice_in, title_in
from platforms.telegram.content import READERS, content_of, name_in
from platforms.telegram.route import MessageId, Route, number_of
from platforms.text import clean, identifier, mapping

OTHER_KINDS = frozenset(
    {
        *("business_connection", "channel_post", "chat_boost", "chat_join_request", "chat_member"),
        *("chosen_inline_result", "edited_channel_post", "inline_query", "message_reaction", "message_reaction_count"),
        *("poll", "poll_answer", "pre_checkout_query", "purchased_paid_media", "removed_chat_boost", "shipping_query"),
    }
)
"""Updates in which no customer writes to us; the names become labels."""
MIGRATED = ("migrate_to_chat_id", "migrate_from_chat_id")
"""A group became a supergroup: a private chat never does."""
SERVICE = frozenset(
    {
        *("boost_added", "channel_chat_created", "chat_background_set", "chat_owner_changed", "chat_owner_left"),
        *("chat_shared", "checklist_tasks_added", "checklist_tasks_done", "community_chat_added"),
        *("community_chat_removed", "connected_website", "delete_chat_photo", "direct_message_price_changed"),
        *("forum_topic_closed", "forum_topic_created", "forum_topic_edited", "forum_topic_reopened"),
        *("general_forum_topic_hidden", "general_forum_topic_unhidden", "gift", "gift_upgrade_sent"),
        *("giveaway_completed", "giveaway_created", "giveaway_winners", "group_chat_created", "left_chat_member"),
        *("managed_bot_created", "message_auto_delete_timer_changed", "new_chat_members", "new_chat_photo"),
        *("new_chat_title", "paid_message_price_changed", "passport_data", "pinned_message", "poll_option_added"),
        *("poll_option_deleted", "proximity_alert_triggered", "refunded_payment", "successful_payment"),
        *("suggested_post_approval_failed", "suggested_post_approved", "suggested_post_declined"),
        *("suggested_post_paid", "suggested_post_refunded", "supergroup_chat_created", "unique_gift"),
        *("user_shared", "users_shared", "video_chat_ended", "video_chat_participants_invited"),
        *("video_chat_scheduled", "video_chat_started", "write_access_allowed"),
    }
)
"""What Telegram itself notes in a chat, as if somebody had said it."""
MEMBERSHIPS = {"kicked": "blocked", "member": "unblocked"}
GROUPS = frozenset({"group", "supergroup", "channel"})
DEEP_LINK = re.compile(r"/start\s+([A-Za-z0-9_-]{1,64})")
MOST_DELETED = 1_000


class Line(Value):
    """On which account an update came, and when."""

    account: str
    now: datetime
    update_id: int

    def address(self, contact: str) -> Address:
        """Where a customer is reached."""
        return Address(platform="telegram", account=self.account, contact=contact)


Reader = Callable[[dict[str, Any], Line], list[Inbound]]


def read_update(body: Any, now: datetime, credentials: Credentials) -> list[Inbound]:
    """One update is one event; only a deletion may name several messages.

    Raises:
        NotUnderstood: this is no update.
    """
    update_id = number_of(body.get("update_id")) if isinstance(body, dict) else None
    if update_id is None:
        raise NotUnderstood("a Telegram body is a JSON object with an update_id")
    line = Line(account=credentials.account, now=now, update_id=update_id)
    for kind, read in UPDATES.items():
        if kind in body:
            return read(mapping(body[kind]), line)
    return [Ignored(reason=next((kind for kind in body if kind in OTHER_KINDS), "unknown_update"))]


# --- messages -------------------------------------------------------------------------------------------------------


def _message(message: dict[str, Any], line: Line) -> list[Inbound]:
    contact = _contact_in(message)
    return [contact if isinstance(contact, Ignored) else _received(message, contact, line)]


def _edited(message: dict[str, Any], line: Line) -> list[Inbound]:
    contact = _contact_in(message)
    return [contact if isinstance(contact, Ignored) else _edit(message, contact, line)]


def _contact_in(message: dict[str, Any]) -> str | Ignored:
    """Whose private chat it is; anything else has no customer in it."""
    chat = mapping(message.get("chat"))
    contact, kind = number_of(chat.get("id")), chat.get("type")
    if isinstance(kind, str) and kind in GROUPS:
        return Ignored(reason=kind)
    if contact is None or contact <= 0:
        return Ignored(reason="no_private_chat")
    if mapping(message.get("from")).get("is_bot") is True:
        return Ignored(reason="bot")
    if any(field in message for field in MIGRATED):
        return Ignored(reason="migrated")
    return Ignored(reason="service") if message.keys() & SERVICE and not message.keys() & READERS else str(contact)


def _received(message: dict[str, Any], contact: str, line: Line, **more: Any) -> Inbound:
    content, own = content_of(message), MessageId.of(message, contact)
    if content.kind is not MessageKind.OTHER and not (content.text or content.media):
        return Ignored(reason="empty")
    link = DEEP_LINK.fullmatch(content.text)
    said: dict[str, Any] = {
        **dict(content),
        "id": str(own or f"update:{line.update_id}"),
        "received_at": line.now,
        "text": "/start" if link else content.text,
        "sent_at": moment_of(message.get("date")),
        "name": name_in(mapping(message.get("from"))) or name_in(mapping(message.get("chat"))),
        "route": str(Route.of(message.get("business_connection_id"))),
        "context": _context(message, contact, link.group(1) if link else ""),
    }
    return Received(address=line.address(contact), message=InboundMessage(**said | more))


def _edit(message: dict[str, Any], contact: str, line: Line) -> Inbound:
    """A live location "edits" its message every few seconds, and says nothing new to anybody who sells."""
    if mapping(message.get("location")):
        return Ignored(reason="live_location")
    original = MessageId.of(message, contact)
    if original is None:
        return _received(message, contact, line)
    at = message.get("edit_date")
    mark = str(number_of(at) or line.update_id)
    more = {"edits": str(original), "id": edit_id(str(original), mark), "sent_at": moment_of(at)}
    return _received(message, contact, line, **more)


def _context(message: dict[str, Any], contact: str, ad: str) -> Context | None:
    """What it answers, and the word in the link (`t.me/bot?start=…`) the customer came by."""
    connection = message.get("business_connection_id")
    answered = mapping(message.get("reply_to_message")) | {"business_connection_id": connection}
    replies_to = MessageId.of(answered, contact)
    return Context(replies_to=str(replies_to or ""), ad=ad) if replies_to or ad else None


# --- taps -----------------------------------------------------------------------------------------------------------


def _tap(query: dict[str, Any], line: Line) -> list[Inbound]:
    """The message under which the button stands may be missing, or be too old to be shown."""
    message, person = mapping(query.get("message")), mapping(query.get("from"))
    own = number_of(person.get("id"))
    contact = _contact_in({**message, "from": person}) if message else str(own)
    if isinstance(contact, Ignored):
        return [contact]
    if own is None or own <= 0 or contact != str(own):
        return [Ignored(reason="callback:not_by_customer")]
    if not clean(query.get("data")):
        return [Ignored(reason="callback:empty")]
    return [Received(address=line.address(contact), message=_tapped(query, message, contact, line))]


def _tapped(query: dict[str, Any], message: dict[str, Any], contact: str, line: Line) -> InboundMessage:
    under, choice = MessageId.of(message, contact), choice_in(query.get("data"))
    text = title_in(message, query.get("data")) or choice
    return InboundMessage(
        id=f"update:{line.update_id}",
        kind=MessageKind.TEXT if text else MessageKind.OTHER,
        received_at=line.now,
        text=text,
        name=name_in(mapping(query.get("from"))),
        route=str(Route.of(message.get("business_connection_id"), query.get("id"))),
        choice=choice,
        context=Context(replies_to=str(under)) if under else None,
    )


# --- business accounts ----------------------------------------------------------------------------------------------


def _business(message: dict[str, Any], line: Line) -> list[Inbound]:
    contact = _contact_in(message)
    if isinstance(contact, str) and _is_ours(message, contact):
        return [_echo(message, contact, line)]
    return _message(message, line)


def _business_edited(message: dict[str, Any], line: Line) -> list[Inbound]:
    contact = _contact_in(message)
    if isinstance(contact, str) and _is_ours(message, contact):
        return [Ignored(reason="echo:edited")]
    return _edited(message, line)


def _is_ours(message: dict[str, Any], contact: str) -> bool:
    """In a private chat of two, whoever is not the customer is the account's owner."""
    sender = identifier(mapping(message.get("from")).get("id"))
    return sender not in (None, contact) or bool(message.get("sender_business_bot"))


def _echo(message: dict[str, Any], contact: str, line: Line) -> Inbound:
    """What the owner wrote, or their bot in their name. A greeting that Telegram sends by itself is nobody's word."""
    own = MessageId.of(message, contact)
    if own is None:
        return Ignored(reason="echo:without_id")
    if message.get("is_from_offline"):
        return Ignored(reason="echo:automatic")
    return Echo(
        address=line.address(contact),
        message_id=str(own),
        by_operator=not message.get("sender_business_bot"),
        text=content_of(message).text,
        at=moment_of(message.get("date")),
    )


def _deleted(deleted: dict[str, Any], line: Line) -> list[Inbound]:
    contact = _contact_in(deleted)
    if isinstance(contact, Ignored):
        return [contact]
    numbers = deleted.get("message_ids")
    ids = [{**deleted, "message_id": number} for number in (numbers if isinstance(numbers, list) else [])]
    gone = [own for own in (MessageId.of(each, contact) for each in ids[:MOST_DELETED]) if own]
    return [Unsent(address=line.address(contact), message_id=str(own)) for own in gone] or [Ignored(reason="empty")]


# --- the bot itself -------------------------------------------------------------------------------------------------


def _membership(change: dict[str, Any], line: Line) -> list[Inbound]:
    """A customer blocked the bot, or let it in again; or it was put into a group."""
    kind, status = (mapping(change.get(field)) for field in ("chat", "new_chat_member"))
    word = status.get("status")
    known = kind.get("type") == "private" and isinstance(word, str)
    return [Ignored(reason=MEMBERSHIPS.get(str(word), "my_chat_member") if known else "my_chat_member")]


UPDATES: dict[str, Reader] = {
    "message": _message,
    "edited_message": _edited,
    "callback_query": _tap,
    "business_message": _business,
    "edited_business_message": _business_edited,
    "deleted_business_messages": _deleted,
    "my_chat_member": _membership,
}

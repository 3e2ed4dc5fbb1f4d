"""The words of wppconnect and venom: WhatsApp Web's message object, flat, with a `type`."""

import hashlib
import re
from typing import Any

from domain.messages import MessageKind
from platforms.bridge.content import (
    HIDDEN,
    UNREADABLE,
    Aside,
    Changed,
    Content,
    Reader,
    Said,
    Shown,
    TakenBack,
    cards,
    context,
    hidden,
    place,
    tapped,
    web_url,
)
from platforms.bridge.evolution import number
from platforms.bridge.jids import message_id_of
from platforms.text import clean, listed, mapping

BASE64 = re.compile(r"[A-Za-z0-9+/\r\n]{60,}={0,2}\s*")
"""Longer than any word, shorter than any picture."""
SAID = ("body", "content", "text", "message", "caption")
"""Where the words of a text may stand, by whoever wrapped it."""
ASIDES = {
    **dict.fromkeys(("protocol", "e2e_notification", "notification", "notification_template", "gp2"), "system"),
    **dict.fromkeys(("debug", "groups_v4_invite", "broadcast_notification", "biz_content_placeholder"), "system"),
    **dict.fromkeys(("call_log", "call"), "call"),
    **dict.fromkeys(("reaction", "reaction_enc"), "reaction"),
    **dict.fromkeys(("poll_update", "vote"), "vote"),
    **dict.fromkeys(("pinned_message", "pin"), "pin"),
    "keep_in_chat": "kept",
    "album": "album",
}


def said_in(message: dict[str, Any], shown: Shown, *, is_edit: bool = False) -> Said:
    """What a message object says; a type we do not know hides what was said, except for its words."""
    kind = message.get("type")
    kind = kind if isinstance(kind, str) else ""
    if kind in ASIDES:
        return Aside(reason=ASIDES[kind])
    if kind == "revoked":
        return taken_back(message)
    if message.get("isViewOnce") is True:
        return hidden(clean(message.get("caption")))
    if url := web_url(message.get("mediaUrl")):
        shown = shown.model_copy(update={"url": url})
    reader: Reader = READERS.get(kind, _unknown)
    content = reader(message, shown)
    if not isinstance(content, Content):
        return content
    content = content.model_copy(update={"context": content.context or _context(message)})
    return _edit_of(message, content) if is_edit or message.get("latestEditMsgKey") else content


def taken_back(message: dict[str, Any]) -> Said:
    """A takeback names the original in `refId`; where the message itself has become one, in its own id."""
    for field in ("refId", "protocolMessageKey", "id"):
        if original := message_id_of(message.get(field)):
            return TakenBack(original=original)
    return Aside(reason="takeback_without_id")


def _edit_of(message: dict[str, Any], content: Content) -> Said:
    """An edited message keeps its id; without a time the edit is marked by its new words."""
    original = message_id_of(message.get("id"))
    if original is None:
        return Aside(reason="edit_without_id")
    moment = number(message.get("latestEditSenderTimestampMs"))
    mark = str(moment) if moment else hashlib.sha256(content.text.encode()).hexdigest()[:16]
    return Changed(original=original, mark=mark, content=content)


def _context(message: dict[str, Any]) -> Any:
    quoted = message.get("quotedMsgObj") or message.get("quotedMsg")
    replies_to = message_id_of(mapping(quoted).get("id")) or message_id_of(message.get("quotedStanzaID"))
    return context(replies_to, message.get("ctwaContext"))


def words(value: object) -> str:
    """A body's words; it holds a file's bytes instead where the bridge downloads by itself (`autoDownload`)."""
    if isinstance(value, str) and (value.startswith("data:") or BASE64.fullmatch(value[:2_000])):
        return ""
    return clean(value)


# --- the types ------------------------------------------------------------------------------------------------------


def _text(message: dict[str, Any], _: Shown) -> Content:
    """Even a long word without a space is a word here."""
    return Content(text=next(filter(None, (clean(message.get(field)) for field in SAID)), ""))


def _media(kind: MessageKind) -> Reader:
    def read(message: Any, shown: Shown) -> Content:
        name = clean(message.get("filename"), 200) or clean(message.get("fileName"), 200)
        caption = clean(message.get("caption")) or words(message.get("body"))
        media = shown.media(kind, message.get("mimetype"), name)
        return Content(kind=kind, text="" if caption == name else caption, media=media)

    return read


def _location(message: dict[str, Any], _: Shown) -> Content:
    return place(message.get("lat"), message.get("lng"), message.get("loc"), message.get("caption"))


def _card(message: dict[str, Any], _: Shown) -> Content:
    return cards([(message.get("vcardFormattedName"), message.get("body"))])


def _cards(message: dict[str, Any], _: Shown) -> Content:
    shared = map(mapping, listed(message.get("vcardList")))
    return cards([(card.get("displayName"), card.get("vcard")) for card in shared])


def _list_answer(message: dict[str, Any], _: Shown) -> Content:
    answer = mapping(message.get("listResponse"))
    row = mapping(answer.get("singleSelectReply")).get("selectedRowId") or message.get("selectedRowId")
    return tapped(row, clean(message.get("body")) or answer.get("title"))


def _button_answer(message: dict[str, Any], _: Shown) -> Content:
    answer = mapping(message.get("buttonsResponse")) or message
    own = answer.get("selectedButtonId") or answer.get("selectedId") or message.get("selectedId")
    return tapped(own, clean(message.get("body")) or answer.get("selectedDisplayText"))


def _poll(message: dict[str, Any], _: Shown) -> Content:
    return hidden(clean(message.get("pollName")) or words(message.get("body")))


def _order(message: dict[str, Any], _: Shown) -> Content:
    """A cart: only how much is in it is told, not what, so the customer has to say it."""
    return hidden(clean(message.get("message")) or clean(message.get("orderTitle")))


def _product(message: dict[str, Any], _: Shown) -> Content:
    text = "\n".join(filter(None, (words(message.get("body")), clean(message.get("title"), 300))))
    about = context("", None, message.get("productId") or message.get("businessProductId"))
    return Content(kind=MessageKind.TEXT if text else MessageKind.OTHER, text=text, context=about)


def _unreadable(message: dict[str, Any], _: Shown) -> Content:
    return UNREADABLE


def _unknown(message: dict[str, Any], shown: Shown) -> Content:
    """Without any type, words are words; with a mime type it is a file."""
    if message.get("type") is None and isinstance(message.get("mimetype"), str):
        main = message["mimetype"].partition("/")[0]
        kinds = {"image": MessageKind.IMAGE, "audio": MessageKind.AUDIO, "video": MessageKind.VIDEO}
        content = _media(kinds.get(main, MessageKind.DOCUMENT))(message, shown)
        return content if isinstance(content, Content) else HIDDEN
    if message.get("type") in (None, "text") and (content := _text(message, shown)).text:
        return content.model_copy(update={"text": words(content.text)}) if words(content.text) else HIDDEN
    return hidden(words(message.get("body")) or clean(message.get("caption")))


READERS: dict[str, Reader] = {
    "chat": _text,
    "image": _media(MessageKind.IMAGE),
    "sticker": _media(MessageKind.IMAGE),
    "audio": _media(MessageKind.AUDIO),
    "ptt": _media(MessageKind.AUDIO),
    "video": _media(MessageKind.VIDEO),
    "ptv": _media(MessageKind.VIDEO),
    "document": _media(MessageKind.DOCUMENT),
    "location": _location,
    "vcard": _card,
    "multi_vcard": _cards,
    "list_response": _list_answer,
    "buttons_response": _button_answer,
    "template_button_reply": _button_answer,
    "poll_creation": _poll,
    "order": _order,
    "product": _product,
    "ciphertext": _unreadable,
}

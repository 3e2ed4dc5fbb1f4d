"""The words of Evolution API, which are those of Baileys: `key`, and one node under `message`."""

import hashlib
import json
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
from platforms.bridge.jids import message_id_of
from platforms.text import clean, listed, mapping

WRAPPERS = ("ephemeralMessage", "documentWithCaptionMessage", "deviceSentMessage", "associatedChildMessage")
ONCE = ("viewOnceMessage", "viewOnceMessageV2", "viewOnceMessageV2Extension")
BESIDE = frozenset({"messageContextInfo", "senderKeyDistributionMessage", "base64", "mediaUrl", "speechToText"})
"""What may stand beside the node that says something."""
CIPHERTEXT = (2, "2", "CIPHERTEXT")
"""Of Baileys' stub types the one behind which a customer's message stands that could not be decrypted."""
EDITED = (14, "14", "MESSAGE_EDIT")
REVOKED = (0, "0", "REVOKE", None)
"""The protocol's first number is often left out."""
DEEPEST = 6


def said_in(item: dict[str, Any], shown: Shown) -> Said:
    """What `data` of a message event says."""
    raw = item.get("message")
    if isinstance(raw, str):
        return Content(text=clean(raw))
    message = mapping(raw)
    if url := web_url(message.get("mediaUrl")) or web_url(item.get("mediaUrl")):
        shown = shown.model_copy(update={"url": url})
    if not message.keys() - BESIDE:
        return _wordless(item, message)
    said = read_node(message, shown)
    if isinstance(said, Content) and said.context is None:
        return said.model_copy(update={"context": _context(item, message)})
    return said


def _wordless(item: dict[str, Any], message: dict[str, Any]) -> Said:
    """No node at all: phones exchanging keys, a notice of WhatsApp's own, or a message that could not be decrypted."""
    if "senderKeyDistributionMessage" in message:
        return Aside(reason="protocol")
    stub = item.get("messageStubType")
    return UNREADABLE if stub is None or stub in CIPHERTEXT else Aside(reason="system")


def read_node(message: dict[str, Any], shown: Shown, depth: int = 0) -> Said:
    """The one node that says something, out of its wrappers. A view-once message is not ours to keep."""
    for name in (*WRAPPERS, *ONCE):
        inner = mapping(mapping(message.get(name)).get("message"))
        if inner and depth < DEEPEST:
            said = read_node(inner, shown, depth + 1)
            return hidden(said.text) if name in ONCE and isinstance(said, Content) else said
    for name, reader in READERS.items():
        if message.get(name) is not None:
            return reader(message[name], shown)
    return _unknown(message)


def _unknown(message: dict[str, Any]) -> Said:
    """A node we do not know hides what was said, except for what words it has."""
    for name, node in message.items():
        if name not in BESIDE:
            words = (clean(mapping(node).get(field)) for field in ("text", "caption", "contentText", "title", "name"))
            return hidden(next(filter(None, words), ""))
    return HIDDEN


def _context(item: dict[str, Any], message: dict[str, Any]) -> Any:
    """`contextInfo` stands beside the message (Evolution lifts it) or in its node."""
    nodes = (mapping(node).get("contextInfo") for node in message.values())
    beside = next((mapping(each) for each in (item.get("contextInfo"), *nodes) if mapping(each)), {})
    return context(message_id_of(beside.get("stanzaId")), beside.get("externalAdReply"))


# --- the nodes ------------------------------------------------------------------------------------------------------


def _text(node: Any, _: Shown) -> Content:
    return Content(text=clean(node.get("text") if isinstance(node, dict) else node))


def _media(kind: MessageKind) -> Reader:
    def read(node: Any, shown: Shown) -> Content:
        fields = mapping(node)
        name = clean(fields.get("fileName"), 200) or clean(fields.get("title"), 200)
        caption = clean(fields.get("caption"))
        return Content(
            kind=kind,
            text="" if caption == name else caption,
            media=shown.media(kind, fields.get("mimetype"), name),
        )

    return read


def _location(node: Any, _: Shown) -> Content:
    fields = mapping(node)
    point = fields.get("degreesLatitude"), fields.get("degreesLongitude")
    return place(*point, fields.get("name"), fields.get("address"), fields.get("caption"))


def _contact(node: Any, _: Shown) -> Content:
    return cards([(mapping(node).get("displayName"), mapping(node).get("vcard"))])


def _contacts(node: Any, _: Shown) -> Content:
    shared = map(mapping, listed(mapping(node).get("contacts")))
    return cards([(card.get("displayName"), card.get("vcard")) for card in shared])


def _list_answer(node: Any, _: Shown) -> Content:
    row = mapping(mapping(node).get("singleSelectReply")).get("selectedRowId")
    return tapped(row, mapping(node).get("title"))


def _button_answer(node: Any, _: Shown) -> Content:
    fields = mapping(node)
    title = fields.get("selectedDisplayText")
    return tapped(fields.get("selectedButtonId") or fields.get("selectedId"), title)


def _flow_answer(node: Any, _: Shown) -> Content:
    """Newer buttons answer with JSON in a string."""
    fields = mapping(node)
    raw = mapping(fields.get("nativeFlowResponseMessage")).get("paramsJson")
    try:
        answer = mapping(json.loads(raw)) if isinstance(raw, str) else {}
    except (ValueError, RecursionError):
        answer = {}
    title = clean(mapping(fields.get("body")).get("text")) or answer.get("display_text") or answer.get("title")
    return tapped(answer.get("id"), title)


def _poll(node: Any, _: Shown) -> Content:
    return hidden(clean(mapping(node).get("name")))


def _order(node: Any, _: Shown) -> Content:
    """A cart: only how much is in it is told, not what, so the customer has to say it."""
    return hidden(clean(mapping(node).get("message")) or clean(mapping(node).get("orderTitle")))


def _product(node: Any, _: Shown) -> Content:
    fields, product = mapping(node), mapping(mapping(node).get("product"))
    text = "\n".join(filter(None, (clean(fields.get("body"), 2_000), clean(product.get("title"), 300))))
    about = context("", None, clean(product.get("retailerId"), 200) or product.get("productId"))
    return Content(kind=MessageKind.TEXT if text else MessageKind.OTHER, text=text, context=about)


def _protocol(node: Any, shown: Shown) -> Said:
    """A takeback or an edit; the rest is phones talking among themselves.

    Of the inner key only the id counts: the rest of it is written as its author sees it.
    """
    fields = mapping(node)
    original, kind = message_id_of(mapping(fields.get("key")).get("id")), fields.get("type")
    new = mapping(fields.get("editedMessage"))
    if original and (kind in EDITED or new):
        return changed(original, new, shown, fields.get("timestampMs"))
    if original and kind in REVOKED:
        return TakenBack(original=original)
    return Aside(reason="protocol")


def _edited(node: Any, shown: Shown) -> Said:
    inner = mapping(mapping(node).get("message"))
    return _protocol(inner.get("protocolMessage"), shown)


def changed(original: str, message: dict[str, Any], shown: Shown, when: object) -> Said:
    """An edit. Without a time it is marked by its new words, so a redelivery is still the same edit."""
    said = read_node(message, shown, DEEPEST - 2)
    if not isinstance(said, Content):
        return Aside(reason="edit_without_words")
    moment = number(when)
    mark = str(moment) if moment else hashlib.sha256(said.text.encode()).hexdigest()[:16]
    return Changed(original=original, mark=mark, content=said)


def _aside(reason: str) -> Reader:
    return lambda node, shown: Aside(reason=reason)


def number(value: object) -> int | None:
    """A number, a text of digits, or a Long of protobuf (`{low, high, unsigned}`)."""
    if isinstance(value, dict):
        low, high = value.get("low"), value.get("high", 0)
        if isinstance(low, int) and isinstance(high, int) and abs(high) < 2**32:
            return (high << 32) + (low & 0xFFFFFFFF)
        return None
    if isinstance(value, str) and value.isascii() and value.strip().isdigit() and len(value) < 20:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() < 64 else None


READERS: dict[str, Reader] = {
    "conversation": _text,
    "extendedTextMessage": _text,
    "text": _text,
    "imageMessage": _media(MessageKind.IMAGE),
    "stickerMessage": _media(MessageKind.IMAGE),
    "lottieStickerMessage": _media(MessageKind.IMAGE),
    "audioMessage": _media(MessageKind.AUDIO),
    "videoMessage": _media(MessageKind.VIDEO),
    "ptvMessage": _media(MessageKind.VIDEO),
    "documentMessage": _media(MessageKind.DOCUMENT),
    "locationMessage": _location,
    "liveLocationMessage": _location,
    "contactMessage": _contact,
    "contactsArrayMessage": _contacts,
    "listResponseMessage": _list_answer,
    "buttonsResponseMessage": _button_answer,
    "templateButtonReplyMessage": _button_answer,
    "interactiveResponseMessage": _flow_answer,
    "pollCreationMessage": _poll,
    "pollCreationMessageV2": _poll,
    "pollCreationMessageV3": _poll,
    "orderMessage": _order,
    "productMessage": _product,
    "editedMessage": _edited,
    "protocolMessage": _protocol,
    "reactionMessage": _aside("reaction"),
    "encReactionMessage": _aside("reaction"),
    "pollUpdateMessage": _aside("vote"),
    "keepInChatMessage": _aside("kept"),
    "pinInChatMessage": _aside("pin"),
    "albumMessage": _aside("album"),
    "groupStatusMentionMessage": _aside("status_mention"),
    "statusMentionMessage": _aside("status_mention"),
    "call": _aside("call"),
    "bcallMessage": _aside("call"),
    "callLogMesssage": _aside("call"),
}
"""Baileys' own spelling of the last one. An album only announces pictures, which come one by one."""

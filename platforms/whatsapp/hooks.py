"""The webhooks Meta would post: messages, statuses, echoes and messages taken back, signed as Meta signs."""

import base64
import hashlib
import json
from datetime import datetime
from typing import Any

from domain.messages import Media, MessageKind, ReceiptState
from platforms.base import Credentials
from platforms.kit import Said
from platforms.meta import SIGNATURE_HEADER, sign
from platforms.simulation import Entry, Webhook
from platforms.whatsapp.adapter import ANY
from platforms.whatsapp.dialect import OBJECT
from platforms.whatsapp.route import is_user_id

BUSINESS_ID = "102290129340398"
NUMBER_ID = "106540352242922"
"""Our number where the account does not name one."""
DISPLAY_PHONE = "15550783881"
TYPES = {
    MessageKind.IMAGE: "image",
    MessageKind.AUDIO: "audio",
    MessageKind.VIDEO: "video",
    MessageKind.DOCUMENT: "document",
}
WHY_FAILED = {
    "code": 131026,
    "title": "Message undeliverable",
    "message": "Message undeliverable",
    "error_data": {"details": "Message Undeliverable."},
}


def inbound(said: Said, credentials: Credentials) -> Webhook:
    """A customer's message: a tap, media with a caption, or text. Several media are several messages, as on a phone."""
    pieces = [_with_media(said, media) for media in said.media] or [_words(said)]
    pieces[1:] = [piece | {"id": f"{piece['id']}{place}"} for place, piece in enumerate(pieces[1:], start=2)]
    return _messages(said.contact, said.name, pieces, credentials)


def unsent(contact: str, message_id: str, at: datetime, credentials: Credentials) -> Webhook:
    """A customer deletes a message for everyone."""
    own = _wamid(contact, f"revoke {message_id} {at.isoformat()}")
    message = {"id": own, "timestamp": _seconds(at), "type": "revoke", "revoke": {"original_message_id": message_id}}
    return _messages(contact, "", [message], credentials)


def edited(said: Said, credentials: Credentials) -> Webhook:
    """A customer writes a message anew."""
    own = _wamid(said.contact, f"edit {said.message_id} {said.at.isoformat()}")
    edit = {"original_message_id": said.message_id, "message": {"type": "text", "text": {"body": said.text}}}
    message = {"id": own, "timestamp": _seconds(said.at), "type": "edit", "edit": edit}
    return _messages(said.contact, said.name, [message], credentials)


def receipt(entry: Entry, state: ReceiptState, credentials: Credentials) -> Webhook:
    """How far one of our messages came."""
    key = "recipient_user_id" if is_user_id(entry.contact) else "recipient_id"
    status: dict[str, Any] = {
        "id": entry.external_id,
        "status": state.value,
        "timestamp": _seconds(entry.at),
        key: entry.contact,
    }
    if state is ReceiptState.FAILED:
        status["errors"] = [WHY_FAILED]
    return _hook("messages", {"contacts": [_contact(entry.contact, "")], "statuses": [status]}, credentials)


def echo(said: Said, credentials: Credentials) -> Webhook:
    """What staff typed in the WhatsApp Business app."""
    to = "to_user_id" if is_user_id(said.contact) else "to"
    message = _words(said) | {"from": DISPLAY_PHONE, to: said.contact}
    return _hook("smb_message_echoes", {"message_echoes": [message]}, credentials)


def _messages(contact: str, name: str, messages: list[dict[str, Any]], credentials: Credentials) -> Webhook:
    sender = "from_user_id" if is_user_id(contact) else "from"
    value = {"contacts": [_contact(contact, name)], "messages": [{sender: contact, **each} for each in messages]}
    return _hook("messages", value, credentials)


def _contact(contact: str, name: str) -> dict[str, Any]:
    own = {"user_id" if is_user_id(contact) else "wa_id": contact}
    return ({"profile": {"name": name}} if name else {}) | own


def _words(said: Said) -> dict[str, Any]:
    common = {"id": _id_of(said), "timestamp": _seconds(said.at)}
    if said.choice:
        reply = {"id": said.choice, "title": said.text}
        return common | {"type": "interactive", "interactive": {"type": "button_reply", "button_reply": reply}}
    return common | {"type": "text", "text": {"body": said.text}}


def _with_media(said: Said, media: Media) -> dict[str, Any]:
    kind = TYPES.get(media.kind or MessageKind.IMAGE, "document")
    body = {"id": media.id, "mime_type": media.mime, "filename": media.name, "link": "" if media.id else media.url}
    body |= {"caption": "" if kind == "audio" else said.text}
    given = {name: value for name, value in body.items() if value}
    return {"id": _id_of(said), "timestamp": _seconds(said.at), "type": kind, kind: given}


def _hook(field: str, value: dict[str, Any], credentials: Credentials) -> Webhook:
    """Meta escapes what is not ASCII in what it signs."""
    number = NUMBER_ID if credentials.account == ANY else credentials.account
    ours = {"display_phone_number": DISPLAY_PHONE, "phone_number_id": number}
    change = {"value": {"messaging_product": "whatsapp", "metadata": ours, **value}, "field": field}
    whole = {"object": OBJECT, "entry": [{"id": BUSINESS_ID, "changes": [change]}]}
    body = json.dumps(whole, separators=(",", ":")).encode()
    headers = {"content-type": "application/json"}
    if credentials.webhook_secret:
        headers[SIGNATURE_HEADER] = sign(credentials.webhook_secret, body)
    return Webhook(path="/webhooks/whatsapp", headers=headers, body=body)


def _id_of(said: Said) -> str:
    return said.message_id or _wamid(said.contact, f"{said.at.isoformat()} {said.text}")


def _wamid(contact: str, seed: str) -> str:
    """An id which, like the real ones, has the customer in it."""
    digest = hashlib.sha256(f"{contact} {seed}".encode()).hexdigest()[:20].upper()
    return f"wamid.{base64.urlsafe_b64encode(f'{contact} {digest}'.encode()).decode()}"


def contact_in(wamid: str) -> str:
    """Whose message this is; empty where the id is none of ours."""
    try:
        contact, _, digest = base64.urlsafe_b64decode(wamid.removeprefix("wamid.")).decode().partition(" ")
    except ValueError:
        return ""
    return contact if digest else ""


def _seconds(at: datetime) -> str:
    return str(int(at.timestamp()))

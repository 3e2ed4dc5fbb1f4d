"""The webhooks a bridge would post, proof of origin included: what the simulated phones tell."""

import json
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from domain.messages import MessageKind, ReceiptState
from platforms.base import Credentials
from platforms.bridge.jids import LID_SUFFIX
from platforms.bridge.route import Family
from platforms.kit import Said
from platforms.simulation import Entry, Webhook

NODES = {
    MessageKind.IMAGE: ("imageMessage", "image/jpeg"),
    MessageKind.AUDIO: ("audioMessage", "audio/ogg; codecs=opus"),
    MessageKind.VIDEO: ("videoMessage", "video/mp4"),
    MessageKind.DOCUMENT: ("documentMessage", "application/pdf"),
}
TYPES = {
    MessageKind.IMAGE: "image",
    MessageKind.AUDIO: "ptt",
    MessageKind.VIDEO: "video",
    MessageKind.DOCUMENT: "document",
}
STATUSES = {
    ReceiptState.SENT: "SERVER_ACK",
    ReceiptState.DELIVERED: "DELIVERY_ACK",
    ReceiptState.READ: "READ",
    ReceiptState.FAILED: "ERROR",
}


def inbound(said: Said, credentials: Credentials) -> Webhook:
    """A customer's message: in Evolution's envelope, or flat where the channel is `wppconnect`."""
    if said.channel == Family.WPPCONNECT:
        return _hook(_web_message(said, credentials, own=False), credentials)
    return _hook(_envelope("messages.upsert", _upsert(said, own=False), said.at, credentials), credentials)


def echo(said: Said, credentials: Credentials) -> Webhook:
    """What a person wrote on the phone that the bridge is linked to."""
    if said.channel == Family.WPPCONNECT:
        return _hook(_web_message(said, credentials, own=True), credentials)
    return _hook(_envelope("messages.upsert", _upsert(said, own=True), said.at, credentials), credentials)


def receipt(entry: Entry, state: ReceiptState, credentials: Credentials) -> Webhook:
    """How far one of our messages came."""
    update = {
        "keyId": entry.external_id,
        "remoteJid": jid_of_contact(entry.contact),
        "fromMe": True,
        "status": STATUSES[state],
        "instanceId": "b7f6",
        "messageId": f"row-{entry.id}",
    }
    return _hook(_envelope("messages.update", update, entry.at, credentials), credentials)


def unsent(contact: str, message_id: str, at: datetime, credentials: Credentials) -> Webhook:
    """A customer takes a message back."""
    key = {"remoteJid": jid_of_contact(contact), "fromMe": False, "id": message_id}
    return _hook(_envelope("messages.delete", key, at, credentials), credentials)


def edited(said: Said, credentials: Credentials) -> Webhook:
    """A customer writes a message anew."""
    change = {
        "key": {"remoteJid": jid_of_contact(said.contact), "fromMe": False, "id": said.message_id},
        "type": "MESSAGE_EDIT",
        "editedMessage": {"conversation": said.text},
        "timestampMs": str(int(said.at.timestamp() * 1000)),
    }
    return _hook(_envelope("messages.edited", change, said.at, credentials), credentials)


def jid_of_contact(contact: str) -> str:
    """A contact as Evolution writes it."""
    return contact if contact.endswith(LID_SUFFIX) else f"{contact}@s.whatsapp.net"


def message_id_for(said: Said) -> str:
    """Its own; that of a picture the bridge has to be asked for; or one made from its time."""
    asked_for = said.media[0].id if said.media and not said.media[0].url else ""
    return said.message_id or asked_for or f"3EB0{int(said.at.timestamp() * 1_000_000):X}"


def _envelope(event: str, fields: dict[str, Any], at: datetime, credentials: Credentials) -> dict[str, Any]:
    return {
        "event": event,
        "instance": _instance(credentials),
        "data": fields,
        "destination": "https://everturn.example/webhook/whatsapp/batched",
        "date_time": at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "sender": "380440000000@s.whatsapp.net",
        "server_url": "http://bridge.example",
        "apikey": None,
    }


def _upsert(said: Said, *, own: bool) -> dict[str, Any]:
    kind, message = _node(said)
    return {
        "key": {"remoteJid": jid_of_contact(said.contact), "fromMe": own, "id": message_id_for(said)},
        "pushName": "Você" if own else said.name,
        "status": "SERVER_ACK" if own else "DELIVERY_ACK",
        "message": message,
        "contextInfo": None,
        "messageType": kind,
        "messageTimestamp": int(said.at.timestamp()),
        "instanceId": "b7f6",
        "source": "android",
    }


def _node(said: Said) -> tuple[str, dict[str, Any]]:
    if said.choice:
        answer = {"title": said.text, "listType": 1, "singleSelectReply": {"selectedRowId": said.choice}}
        return "listResponseMessage", {"listResponseMessage": answer}
    if not said.media:
        return "conversation", {"conversation": said.text}
    [medium, *_] = said.media
    name, mime = NODES.get(medium.kind or MessageKind.IMAGE, NODES[MessageKind.DOCUMENT])
    node = {"url": "https://mmg.whatsapp.net/encrypted.enc", "mimetype": medium.mime or mime, "mediaKey": {"0": 1}}
    node |= {"caption": said.text} if said.text else {}
    node |= {"fileName": medium.name} if medium.name else {}
    return name, {name: node} | ({"mediaUrl": medium.url} if medium.url else {})


def _web_message(said: Said, credentials: Credentials, *, own: bool) -> dict[str, Any]:
    chat = said.contact if said.contact.endswith(LID_SUFFIX) else f"{said.contact}@c.us"
    ours = "380440000000@c.us"
    sender, receiver = (ours, chat) if own else (chat, ours)
    kind = TYPES.get(said.media[0].kind or MessageKind.IMAGE, "document") if said.media else "chat"
    return {
        "event": "onmessage",
        "session": _instance(credentials),
        "id": f"{'true' if own else 'false'}_{chat}_{message_id_for(said)}",
        "body": said.text if kind == "chat" else "",
        "type": kind,
        "t": int(said.at.timestamp()),
        "notifyName": said.name,
        "from": sender,
        "to": receiver,
        "fromMe": own,
        "isGroupMsg": False,
        "chatId": chat,
        "sender": {"id": sender, "pushname": said.name},
        "ack": 1,
    } | _web_media(said)


def _web_media(said: Said) -> dict[str, Any]:
    if not said.media:
        return {}
    [medium, *_] = said.media
    name = medium.name or urlsplit(medium.url).path.rpartition("/")[2]
    return {"mimetype": medium.mime, "caption": said.text, "filename": name, "mediaUrl": medium.url or None}


def _instance(credentials: Credentials) -> str:
    return credentials.options.get("instance") or credentials.account


def _hook(fields: dict[str, Any], credentials: Credentials) -> Webhook:
    headers = {"content-type": "application/json"}
    if credentials.webhook_secret:
        headers["x-webhook-secret"] = credentials.webhook_secret
    body = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
    return Webhook(path="/webhook/whatsapp/batched", headers=headers, body=body)

"""The webhooks Instagram would post, signed as Meta signs them."""

import json
from datetime import datetime
from typing import Any

from domain.messages import Media, MessageKind, ReceiptState
from platforms.base import Credentials
from platforms.instagram.route import Network
from platforms.kit import Said
from platforms.meta import SIGNATURE_HEADER, sign
from platforms.simulation import Entry, Webhook

ACCOUNT_ID = "17841400000000001"
"""The professional account of an account of ours that states no id."""
TYPES = {
    MessageKind.IMAGE: "image",
    MessageKind.AUDIO: "audio",
    MessageKind.VIDEO: "video",
    MessageKind.DOCUMENT: "file",
}


def inbound(said: Said, credentials: Credentials) -> Webhook:
    """A customer writes, taps a quick reply, sends a picture. Instagram tells no name: it is asked for (`profile`)."""
    message = _message(said)
    if said.choice:
        message["quick_reply"] = {"payload": said.choice}
    network = Network.PAGE if said.channel == Network.PAGE else Network.INSTAGRAM
    return _hook(said.contact, said.at, credentials, network=network, message=message)


def echo(said: Said, credentials: Credentials) -> Webhook:
    """An operator writes to `contact` in Instagram's own app: the parties are reversed."""
    message = _message(said) | {"is_echo": True}
    return _hook(said.contact, said.at, credentials, from_us=True, message=message)


def unsent(contact: str, message_id: str, at: datetime, credentials: Credentials) -> Webhook:
    """A customer takes a message back: only its id is told."""
    return _hook(contact, at, credentials, message={"mid": message_id, "is_deleted": True})


def edited(said: Said, credentials: Credentials) -> Webhook:
    """A customer writes a message anew."""
    told = {"mid": said.message_id, "text": said.text, "num_edit": int(said.at.timestamp())}
    network = Network.PAGE if said.channel == Network.PAGE else Network.INSTAGRAM
    return _hook(said.contact, said.at, credentials, network=network, message_edit=told)


def receipt(entry: Entry, state: ReceiptState, credentials: Credentials) -> Webhook:
    """Instagram tells what was read, and nothing else; Messenger also what was delivered.

    Raises:
        ValueError: neither tells this.
    """
    if state is ReceiptState.READ:
        return _hook(entry.contact, entry.at, credentials, read={"mid": mid_of(entry)})
    if state is ReceiptState.DELIVERED and entry.network != Network.INSTAGRAM:
        told = {"mids": [mid_of(entry)], "watermark": _milliseconds(entry.at)}
        return _hook(entry.contact, entry.at, credentials, network=Network.PAGE, delivery=told)
    raise ValueError(f"Instagram tells nobody that a message is {state}")


def mid_of(entry: Entry) -> str:
    """The id the simulated API gives a message it has shown."""
    return f"m_{entry.id}"


def _message(said: Said) -> dict[str, Any]:
    own = said.message_id if said.message_id is not None else str(int(said.at.timestamp() * 1_000_000))
    message: dict[str, Any] = {"mid": own}
    if said.text:
        message["text"] = said.text
    if said.media:
        message["attachments"] = [_attachment(one) for one in said.media]
    return message


def _attachment(media: Media) -> dict[str, Any]:
    return {"type": TYPES.get(media.kind or MessageKind.IMAGE, "file"), "payload": {"url": media.url}}


def _hook(
    contact: str,
    at: datetime,
    credentials: Credentials,
    *,
    from_us: bool = False,
    network: Network = Network.INSTAGRAM,
    **told: Any,
) -> Webhook:
    own = ACCOUNT_ID if credentials.account == "default" else credentials.account
    parties = ({"id": own}, {"id": contact}) if from_us else ({"id": contact}, {"id": own})
    event = {"sender": parties[0], "recipient": parties[1], "timestamp": _milliseconds(at), **told}
    fields = {"object": network.value, "entry": [{"id": own, "time": _milliseconds(at), "messaging": [event]}]}
    body = json.dumps(fields, separators=(",", ":")).encode()
    headers = {"content-type": "application/json"}
    if credentials.webhook_secret:
        headers[SIGNATURE_HEADER] = sign(credentials.webhook_secret, body)
    return Webhook(path="/webhooks/instagram", headers=headers, body=body)


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)

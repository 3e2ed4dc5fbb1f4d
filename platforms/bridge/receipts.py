"""How far a message came: Evolution's statuses and WhatsApp Web's acks count differently."""

from typing import Any

from domain.messages import ReceiptState
from platforms.bridge.evolution import number
from platforms.text import clean, mapping

DELETED = "DELETED"
NAMED = {
    "ERROR": ReceiptState.FAILED,
    "SERVER_ACK": ReceiptState.SENT,
    "DELIVERY_ACK": ReceiptState.DELIVERED,
    "READ": ReceiptState.READ,
    "PLAYED": ReceiptState.READ,
}
"""`PENDING` is none of them: nothing has happened yet."""
STATUSES = ("ERROR", "PENDING", "SERVER_ACK", "DELIVERY_ACK", "READ", "PLAYED")
"""Baileys' numbers, from 0."""
ACKS = ("PENDING", "SERVER_ACK", "DELIVERY_ACK", "READ", "PLAYED")
"""WhatsApp Web's numbers, from 0; below it went wrong."""


def status_in(update: dict[str, Any]) -> str:
    """Evolution's word for how far it came, wherever it stands; empty where there is none."""
    value = next((v for v in (mapping(update.get("update")).get("status"), update.get("status")) if v is not None), "")
    place = number(value)
    if place is not None:
        return STATUSES[place] if 0 <= place < len(STATUSES) else ""
    return clean(value, 30).upper()


def ack_in(message: dict[str, Any]) -> str:
    """The same for WhatsApp Web's `ack`, which runs from -1."""
    value = message.get("ack")
    if isinstance(value, str) and value.strip().startswith("-"):
        return "ERROR"
    place = number(value)
    if place is None:
        return clean(value, 30).upper()
    return "ERROR" if place < 0 else ACKS[place] if place < len(ACKS) else ""

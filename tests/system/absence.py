"""Servers that stand still, and what customers do meanwhile."""

import signal
import time
from datetime import UTC, datetime

import psutil

from platforms.base import Credentials
from platforms.kit import Said
from platforms.registry import PLATFORMS
from tests.system.house import House


def post(house: House, contact: str, text: str, id: str) -> tuple[int, float]:
    """One delivery of one webhook: its status, and the seconds it took."""
    said = Said(contact=contact, text=text, message_id=id, at=datetime.now(UTC))
    hook = PLATFORMS["chat2desk"].inbound(said, Credentials(account="default", access_token="simulator"))
    began = time.monotonic()
    answer = house.client.post(hook.path, params=dict(hook.query), headers=dict(hook.headers), content=hook.body)
    return answer.status_code, time.monotonic() - began


def freeze(*victims: psutil.Process) -> None:
    for victim in victims:
        victim.send_signal(signal.SIGSTOP)


def thaw(*victims: psutil.Process) -> None:
    for victim in victims:
        victim.send_signal(signal.SIGCONT)


def heard(house: House, contact: str) -> list[str]:
    """What the books say the customer wrote, in order."""
    query = f"SELECT text FROM message_logs WHERE client_id = '{contact}' AND direction = 'in' ORDER BY id"
    return [text for (text,) in house.rows(query)]

"""What a platform's folder brings along: the adapter, its settings, and the platform played on this machine."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import httpx
from starlette.applications import Starlette

from domain.messages import Media, ReceiptState
from domain.model import Value
from platforms.base import Credentials, Platform
from platforms.simulation import Entry, Webhook, World
from runtime.variables import Variables


class Said(Value):
    """What a simulated customer does on the phone: writes, sends a picture or a voice note, taps a choice."""

    contact: str
    text: str = ""
    media: tuple[Media, ...] = ()
    message_id: str | None = None
    """None: the platform gives none (ManyChat), or the simulator makes one up."""
    channel: str = ""
    """The network, where a platform carries several."""
    name: str = ""
    choice: str = ""
    """The id of the tapped choice; `text` is then its title."""
    at: datetime


Inbound = Callable[[Said, Credentials], Webhook]
"""Builds the webhook a platform would post for what a customer said, proof of origin included."""


@dataclass(frozen=True)
class Kit:
    """One platform, whole."""

    adapter: Callable[[httpx.AsyncClient], Platform]
    variables: Variables
    simulator: Callable[[World, str], Starlette]
    """The platform's API played on this machine; the second argument is the token it wants, "" for any."""
    inbound: Inbound
    receipt: Callable[[Entry, ReceiptState, Credentials], Webhook] | None = None
    """The webhook that tells how far one of our messages came; None: the platform tells nothing."""
    echo: Callable[[Said, Credentials], Webhook] | None = None
    """The webhook that shows what an operator wrote to `contact` in the platform's own app."""
    unsent: Callable[[str, str, datetime, Credentials], Webhook] | None = None
    """The webhook of a customer (first argument) who takes a message (the second) back."""
    edited: Inbound | None = None
    """The webhook of a customer who writes the message `message_id` anew; `text` is its new wording."""
    networks: tuple[str, ...] = ()
    """What may stand in `Said.channel`, where a platform carries several networks; the first is the usual one."""

    @property
    def name(self) -> str:
        """The platform's name."""
        return self.variables.platform

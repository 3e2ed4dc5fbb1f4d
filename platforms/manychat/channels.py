"""The networks behind ManyChat, and what each can show."""

import re
from collections.abc import Mapping
from enum import StrEnum

from platforms.base import Abilities, TextUnit

REQUESTS_PER_MINUTE = 25 * 60
"""`sendContent` takes 25 a second per page (Public API limits)."""
MOST_QUICK_REPLIES = 11
WITH_CHOICES = "+choices"
"""Marks a route whose account has set up quick replies."""
QUICK_REPLY_FLOW = "quick_reply_flow"
"""Option: `flow_ns` of the flow a tapped quick reply runs (one that calls our webhook). The Public API knows no quick
reply without a target and refuses `node` targets, so without this option choices are written out as text."""


class Channel(StrEnum):
    """A network; its value is `content.type` in the Public API (Facebook has none)."""

    INSTAGRAM = "instagram"
    WHATSAPP = "whatsapp"
    FACEBOOK = "facebook"
    TELEGRAM = "telegram"


SPELLINGS = {
    "ig": Channel.INSTAGRAM,
    "insta": Channel.INSTAGRAM,
    "instagramdm": Channel.INSTAGRAM,
    "instagramdirect": Channel.INSTAGRAM,
    "wa": Channel.WHATSAPP,
    "wapp": Channel.WHATSAPP,
    "whatsappcloud": Channel.WHATSAPP,
    "fb": Channel.FACEBOOK,
    "messenger": Channel.FACEBOOK,
    "facebookmessenger": Channel.FACEBOOK,
    "fbmessenger": Channel.FACEBOOK,
    "tg": Channel.TELEGRAM,
    **{channel.value: channel for channel in Channel},
}


def channel_named(name: str) -> Channel | None:
    """The channel a flow's author meant; None: none we know."""
    return SPELLINGS.get(re.sub(r"[\s_.-]+", "", name.lower()))


def route_of(channel: Channel, options: Mapping[str, str]) -> str:
    """What is needed later to answer on this channel."""
    taps = channel in (Channel.FACEBOOK, Channel.INSTAGRAM) and bool(options.get(QUICK_REPLY_FLOW))
    return channel.value + (WITH_CHOICES if taps else "")


def channel_of(route: str) -> Channel:
    """The channel in a route. A contact without one is taken for Instagram, the strictest network of the four."""
    return channel_named(route.removesuffix(WITH_CHOICES)) or Channel.INSTAGRAM


def abilities_of(route: str) -> Abilities:
    """What the network behind `route` can show.

    ManyChat refuses a text above 2000 characters as a whole; Instagram itself takes 1000 bytes, and whether ManyChat
    splits for it is unconfirmed. Quick replies exist on Facebook and Instagram, images are not listed for WhatsApp
    (manychat/dynamic_block_docs).
    """
    channel = channel_of(route)
    on_instagram = channel is Channel.INSTAGRAM
    return Abilities(
        longest_text=1000 if on_instagram else 2000,
        unit=TextUnit.BYTES if on_instagram else TextUnit.CHARACTERS,
        choices=MOST_QUICK_REPLIES if route.endswith(WITH_CHOICES) else 0,
        images=channel is not Channel.WHATSAPP,
        requests_per_minute=REQUESTS_PER_MINUTE,
    )

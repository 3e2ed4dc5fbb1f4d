"""What is kept from a message in order to answer it: transport, channel and dialog, as one small string."""

import re
from typing import Any, Self

from domain.model import Value
from platforms.base import Abilities, TextUnit
from platforms.text import identifier

REQUESTS_PER_MINUTE = 300
"""(unconfirmed); there is a monthly quota too."""


class Route(Value):
    """`transport/channel_id/dialog_id`; what is not known is empty."""

    transport: str = ""
    channel_id: str = ""
    dialog_id: str = ""

    @classmethod
    def of_hook(cls, hook: dict[str, Any]) -> Self:
        """Read it from a webhook's body."""
        transport = hook.get("transport")
        known = isinstance(transport, str) and re.fullmatch(r"[a-z0-9_]{1,40}", transport)
        return cls(
            transport=str(transport) if known else "",
            channel_id=_number(hook.get("channel_id")),
            dialog_id=_number(hook.get("dialog_id")),
        )

    @classmethod
    def parse(cls, route: str) -> Self:
        """Read it back; a route we do not know says nothing."""
        transport, channel_id, dialog_id = [*route.split("/"), "", "", ""][:3]
        return cls(transport=transport, channel_id=_number(channel_id), dialog_id=_number(dialog_id))

    def __str__(self) -> str:
        return f"{self.transport}/{self.channel_id}/{self.dialog_id}"


def _number(value: object) -> str:
    number = identifier(value, 30) or ""
    return number if number.isascii() and number.isdigit() else ""


def abilities_of(route: str) -> Abilities:
    """What the transport can show.

    Chat2Desk names no limit of its own (unconfirmed), so it is the transport's: Instagram 1000 bytes, the others 4096
    characters. Buttons exist on some transports only, in a shape no source shows, so choices are written out.
    """
    on_instagram = Route.parse(route).transport.startswith("insta")
    return Abilities(
        longest_text=1000 if on_instagram else 4096,
        unit=TextUnit.BYTES if on_instagram else TextUnit.CHARACTERS,
        images=True,
        can_look_up=True,
        opens_to_operators=True,
        echoes=True,
        requests_per_minute=REQUESTS_PER_MINUTE,
    )

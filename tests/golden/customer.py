"""A customer of a golden file: writes through real webhooks, and looks at a simulated phone."""

import json
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from commands.script_check import Bubble
from commands.script_file import Step
from domain.messages import Media, MessageKind
from platforms.base import Credentials
from platforms.kit import Said
from platforms.registry import PLATFORMS
from platforms.simulation import Direction, Entry, Webhook
from tests.golden.house import House

OURS = Credentials(account="default", access_token="simulator")
MIMES = {
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".pdf": "application/pdf",
    ".ogg": "audio/ogg",
    ".txt": "text/plain",
}
_contacts = count(380_501_000_000)
_messages = count(1)


class Customer:
    """Somebody new, on one platform."""

    def __init__(self, house: House, platform: str, folder: Path) -> None:
        self.platform = platform
        self.contact = str(next(_contacts))
        self.seen = 0
        """How many bubbles they have looked at."""
        self._house = house
        self._folder = folder

    async def speak(self, step: Step) -> None:
        """Post what the platform would post for all the customer does in this step."""
        for said in self._said(step):
            await self.post(PLATFORMS[self.platform].inbound(said, OURS))
        if step.cart:
            await self.post(self._cart_message(step))

    def _said(self, step: Step) -> list[Said]:
        media = [
            *(self._medium(name, MessageKind.IMAGE) for name in step.photo),
            *(self._medium(name, MessageKind.DOCUMENT) for name in step.document),
            *(self._medium(name, MessageKind.AUDIO) for name in step.voice),
        ]
        said = [self.say(media=(one,)) for one in media]
        if step.tap:
            said.append(self.say(text=step.tap, choice=self._choice(step.tap)))
        return [*said, *(self.say(text=text) for text in step.customer)]

    def say(self, **what: Any) -> Said:
        """One message; ManyChat gives none an id."""
        number = f"g{next(_messages)}"
        own = None if self.platform == "manychat" else number
        return Said(contact=self.contact, name="Олена", message_id=own, at=datetime.now(UTC), **what)

    def _medium(self, name: str, kind: MessageKind) -> Media:
        file = self._folder / name
        mime = MIMES[Path(name).suffix]
        own_id = self._house.world.keep_media(file.read_bytes(), mime)
        return Media(id=own_id, url=f"{self._house.played}/_media/{own_id}", name=Path(name).name, mime=mime, kind=kind)

    def _choice(self, title: str) -> str:
        """The id of the choice with this title; a title that is only written out is typed."""
        for entry in reversed(self.shown()):
            for choice in entry.choices:
                if choice.title == title:
                    return choice.id
        return ""

    def _cart_message(self, step: Step) -> Webhook:
        """WhatsApp's order message: the kit knows texts and media alone."""
        whole = PLATFORMS["whatsapp"].inbound(self.say(text="cart"), OURS)
        body = json.loads(whole.body)
        message = body["entry"][0]["changes"][0]["value"]["messages"][0]
        del message["text"]
        lines = [
            {"product_retailer_id": one.sku, "quantity": one.quantity, "item_price": 1, "currency": "UAH"}
            for one in step.cart_items
        ]
        message |= {"type": "order", "order": {"catalog_id": "1", "text": "", "product_items": lines}}
        return whole.model_copy(update={"body": json.dumps(body).encode()})

    async def post(self, hook: Webhook) -> None:
        """Post a webhook, as its platform would."""
        answer = await self._house.client.post(
            hook.path, params=dict(hook.query), headers=dict(hook.headers), content=hook.body
        )
        assert answer.is_success, f"the door answered {answer.status_code}: {answer.text}"

    def shown(self) -> list[Entry]:
        """What of ours the phone shows."""
        return [e for e in self._house.world.phone(self.platform, self.contact) if e.direction is Direction.OUT]

    def news(self) -> list[Bubble]:
        """What came since the last look."""
        shown = self.shown()
        new, self.seen = shown[self.seen :], len(shown)
        return [
            Bubble(text=one.text, choices=tuple(choice.title for choice in one.choices), picture=one.image_url)
            for one in new
        ]

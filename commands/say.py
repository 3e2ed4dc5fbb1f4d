"""`everturn say`: be a customer of the running API, by real webhooks, and see what the phone would show."""

import mimetypes
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from commands.outcome import Failed, WrongUse
from domain.identifiers import Address
from domain.messages import Media, MessageKind
from flows.registry import FLOWS
from platforms import registry
from platforms.credentials import credentials_of
from platforms.kit import Said
from runtime.accounts import default_account
from runtime.settings import Settings

QUIET = 1.5
"""Seconds without another part after which a conversation with nothing left to do has said all of it."""
SILENCE = 5.0
"""The same where nobody lets us look at the conversation: an answer may follow its interim message by so much."""
POLL = 0.1
LOOK = 0.25
"""Seconds between two looks at a conversation that has begun to answer."""
NEVER = float("-inf")


@dataclass(frozen=True)
class Customer:
    """Who writes, and where."""

    platform: str
    contact: str
    name: str = ""
    channel: str = ""


@dataclass(frozen=True)
class Message:
    """One thing a customer sends: words, a tapped choice, or a medium."""

    text: str = ""
    choice: str = ""
    media: tuple[Media, ...] = ()

    def __str__(self) -> str:
        shown = [f"[{medium.name or medium.url}]" for medium in self.media]
        return " ".join([*shown, f"[{self.text}]" if self.choice else self.text]).strip()


@dataclass(frozen=True)
class Attached:
    """What `--image`, `--audio` and `--choice` say: an address or a file, an address or a file, an id or a title."""

    image: str | None = None
    audio: str | None = None
    choice: str | None = None


class Standing:
    """What a conversation still has to do, as operators see it: no phone tells an interim message from a reply."""

    def __init__(self, client: httpx.Client, settings: Settings, address: Address) -> None:
        self._client = client
        self._token = settings.operator_token
        self._conversation = address.conversation_id
        self.left = ""
        """What it was not done with at the last look, in words; empty: nothing is left, or nobody lets us look."""
        self.hidden = "" if self._token else "no OPERATOR_TOKEN is known here"
        """Why we may not look."""

    @property
    def pause(self) -> float:
        """Seconds of silence after which nothing more comes."""
        return SILENCE if self.hidden else QUIET

    def look(self) -> bool:
        """Whether something is left to do."""
        if self.hidden:
            return False
        path = f"/api/conversations/{quote(self._conversation, safe='')}"
        answer = self._client.get(path, headers={"authorization": f"Bearer {self._token}"})
        self.left = ""
        if answer.status_code in (401, 403):
            self.hidden = "the API refuses this OPERATOR_TOKEN"
        elif answer.status_code == 404:
            self.hidden = f"the API knows no {self._conversation}"
        else:
            self.left = _left(answer.json()) if answer.is_success else f"the API answered {answer.status_code}"
        return bool(self.left)


class Phone:
    """A simulated customer's phone."""

    def __init__(self, client: httpx.Client, settings: Settings, customer: Customer) -> None:
        if customer.platform not in registry.PLATFORMS:
            raise WrongUse(f"--platform {customer.platform}: is none of {', '.join(registry.names())}")
        self._client = client
        self._settings = settings
        self._customer = customer
        account = default_account(settings, registry.PLATFORMS[customer.platform].variables, FLOWS)
        address = Address(platform=customer.platform, account=account.account, contact=customer.contact)
        self._account = account
        self.standing = Standing(client, settings, address)
        self._seen = max((entry["id"] for entry in self._entries(0)), default=0)

    def post(self, message: Message) -> None:
        """Post the webhook the platform would post.

        Raises:
            Failed: it was not taken.
        """
        who = self._customer
        kit = registry.PLATFORMS[who.platform]
        own_id = str(time.time_ns() // 1000)
        said = Said(
            contact=who.contact,
            text=message.text,
            media=message.media,
            message_id=own_id,
            channel=who.channel,
            name=who.name,
            choice=message.choice,
            at=datetime.now(UTC),
        )
        webhook = kit.inbound(said, credentials_of(self._account))
        answer = self._client.post(
            webhook.path, params=dict(webhook.query), headers=dict(webhook.headers), content=webhook.body
        )
        if not answer.is_success:
            raise Failed(f"the webhook was answered {answer.status_code}: {' '.join(answer.text.split())[:300]}")
        shown = {"said": message.text, "id": own_id, "media": [medium.model_dump() for medium in message.media]}
        self._client.post(f"/simulator/_world/{who.platform}/{who.contact}", json=shown)

    def medium(self, named: str, kind: MessageKind) -> Media:
        """An address as it is; a file once it lies with the simulated platform.

        Raises:
            Failed: there is no such file, or it was not taken.
        """
        if named.startswith(("http://", "https://")):
            return Media(url=named, kind=kind)
        path = Path(named)
        mime = mimetypes.guess_type(path.name)[0] or {MessageKind.AUDIO: "audio/ogg"}.get(kind, "image/jpeg")
        try:
            content = path.read_bytes()
        except OSError as error:
            raise Failed(f"{named}: {error.strerror or 'cannot be read'}") from None
        address = f"/simulator/{self._customer.platform}/_media"
        answer = self._client.post(address, content=content, headers={"content-type": mime})
        if answer.status_code != 201:
            raise Failed(f"the simulator did not take {named} (HTTP {answer.status_code})")
        return Media(**answer.json(), name=path.name, mime=mime, kind=kind)

    def choice(self, named: str) -> Message:
        """The choice of this id or title that the phone shows.

        Raises:
            Failed: it shows none such.
        """
        offered = [choice for entry in reversed(self._entries(0)) for choice in entry["choices"]]
        for choice in offered:
            if named in (choice["id"], choice["title"]):
                return Message(text=choice["title"], choice=choice["id"])
        titles = ", ".join(dict.fromkeys(choice["title"] for choice in offered)) or "none"
        raise Failed(f"the phone shows no choice {named!r}; it shows {titles}")

    def replies(self, wait: float) -> Iterator[dict[str, Any]]:
        """What appears on the phone, until the conversation is done with what it heard, or the wait is over.

        What it was not done with then is what its standing has `left`.
        """
        end, shown, busy = time.monotonic() + wait, NEVER, NEVER
        while time.monotonic() < end or time.monotonic() - shown < self.standing.pause:
            # Before the phone is read: what the conversation was done with by then stands on the phone already.
            if shown > NEVER and self.standing.look():
                busy = time.monotonic()
            for entry in self._fresh():
                shown = time.monotonic()
                yield entry
            if shown > NEVER and time.monotonic() - max(shown, busy) >= self.standing.pause:
                return
            time.sleep(LOOK if shown > NEVER else POLL)
        self.standing.look()

    def _fresh(self) -> Iterator[dict[str, Any]]:
        """What was shown to the customer since it was last asked for."""
        for entry in self._entries(self._seen):
            self._seen = entry["id"]
            if entry["direction"] == "out":
                yield entry

    def _entries(self, after: int) -> list[dict[str, Any]]:
        path = f"/simulator/_world/{self._customer.platform}/{self._customer.contact}"
        answer = self._client.get(path, params={"after": after})
        if answer.status_code == 404:
            raise Failed(
                "the API has no simulator (it runs with EVERTURN_ENV=production), so nobody's phone can be seen"
            )
        if not answer.is_success:
            raise Failed(f"the simulator answered {answer.status_code}: {' '.join(answer.text.split())[:300]}")
        found: list[dict[str, Any]] = answer.json()
        return found


def say(
    settings: Settings, customer: Customer, texts: list[str], attached: Attached, *, wait: float, each: bool
) -> None:
    """Say all of it in one breath, or each text after the reply to the one before; print what comes back.

    What is tapped and attached comes before the texts.

    Raises:
        Failed: the API cannot be reached, refuses the webhook, or the answer did not come in time.
    """
    if not texts and attached == Attached():
        raise WrongUse("there is nothing to say: give a text, --image, --audio or --choice")
    try:
        with httpx.Client(base_url=settings.everturn_api_url, timeout=15, trust_env=False) as client:
            phone = Phone(client, settings, customer)
            messages = [*_attached(phone, attached), *map(Message, texts)]
            for burst in [[message] for message in messages] if each else [messages]:
                _say_burst(phone, burst)
                _show_replies(phone, wait)
            if phone.standing.hidden:
                _remark(phone.standing.hidden)
    except httpx.HTTPError as error:
        raise Failed(
            f"the API at {settings.everturn_api_url} cannot be reached ({type(error).__name__}): start it with"
            " `everturn up`, or name it with --api"
        ) from None


def _attached(phone: Phone, attached: Attached) -> Iterator[Message]:
    if attached.choice:
        yield phone.choice(attached.choice)
    if attached.image:
        yield Message(media=(phone.medium(attached.image, MessageKind.IMAGE),))
    if attached.audio:
        yield Message(media=(phone.medium(attached.audio, MessageKind.AUDIO),))


def _say_burst(phone: Phone, burst: list[Message]) -> None:
    for message in burst:
        print(f"> {message}", flush=True)
        phone.post(message)


def _show_replies(phone: Phone, wait: float) -> None:
    nothing = True
    for entry in phone.replies(wait):
        nothing = False
        picture = f"[{entry['image_url']}]" if entry.get("image_url") else ""
        for line in filter(None, [picture, *entry["text"].splitlines()]):
            print(f"< {line}", flush=True)
        if entry.get("choices"):
            print("< " + " ".join(f"[{choice['title']}]" for choice in entry["choices"]), flush=True)
    left = f"; not done yet: {phone.standing.left}" if phone.standing.left else ""
    if nothing:
        raise Failed(
            f"nothing came back within {wait:g} s{left}; `everturn doctor` may know why (an operator may hold the"
            " conversation, or the platform's real API is used instead of the simulator)"
        )
    if left:
        raise Failed(
            f"the conversation is not done with it after {wait:g} s ({phone.standing.left}): wait longer with --wait;"
            " `everturn doctor` may know why"
        )


def _left(overview: dict[str, Any]) -> str:
    counted = {"to answer": ("message", overview["waiting_messages"]), "to send": ("part", overview["outbox"])}
    return ", ".join(f"{n} {what}{'s' * (n > 1)} {why}" for why, (what, n) in counted.items() if n)


def _remark(hidden: str) -> None:
    sys.stderr.write(
        f"~ {hidden}: that the answer is whole was guessed from {SILENCE:g} s of silence"
        " (set OPERATOR_TOKEN, or name the home with --home)\n"
    )

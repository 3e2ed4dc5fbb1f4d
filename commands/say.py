"""`everturn say`: be a customer of the running API, by real webhooks, and see what the phone would show."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from commands.outcome import Failed, WrongUse
from domain.messages import Media, MessageKind
from flows.registry import FLOWS
from platforms import registry
from platforms.credentials import credentials_of
from platforms.kit import Said
from runtime.accounts import default_account
from runtime.settings import Settings

QUIET = 1.5
"""Seconds without another part after which a reply is taken to be whole."""
POLL = 0.1


@dataclass(frozen=True)
class Customer:
    """Who writes, and where."""

    platform: str
    contact: str
    name: str = ""
    channel: str = ""


class Phone:
    """A simulated customer's phone."""

    def __init__(self, client: httpx.Client, settings: Settings, customer: Customer) -> None:
        if customer.platform not in registry.PLATFORMS:
            raise WrongUse(f"--platform {customer.platform}: is none of {', '.join(registry.names())}")
        self._client = client
        self._settings = settings
        self._customer = customer
        self._seen = max((entry["id"] for entry in self._entries(0)), default=0)

    def post(self, text: str, image_url: str | None = None) -> None:
        """Post the webhook the platform would post.

        Raises:
            Failed: it was not taken.
        """
        who = self._customer
        kit = registry.PLATFORMS[who.platform]
        said = Said(
            contact=who.contact,
            text=text,
            media=(Media(url=image_url, kind=MessageKind.IMAGE),) if image_url else (),
            message_id=str(time.time_ns() // 1000),
            channel=who.channel,
            name=who.name,
            at=datetime.now(UTC),
        )
        webhook = kit.inbound(said, credentials_of(default_account(self._settings, kit.variables, FLOWS)))
        answer = self._client.post(
            webhook.path, params=dict(webhook.query), headers=dict(webhook.headers), content=webhook.body
        )
        if not answer.is_success:
            raise Failed(f"the webhook was answered {answer.status_code}: {' '.join(answer.text.split())[:300]}")
        self._client.post(f"/simulator/_world/{who.platform}/{who.contact}", json={"said": text or image_url})

    def replies(self, wait: float) -> Iterator[dict[str, Any]]:
        """What appears on the phone, until nothing more does."""
        until = time.monotonic() + wait
        while time.monotonic() < until:
            for entry in self._entries(self._seen):
                self._seen = entry["id"]
                if entry["direction"] == "out":
                    until = time.monotonic() + QUIET
                    yield entry
            time.sleep(POLL)

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
    settings: Settings, customer: Customer, texts: list[str], image_url: str | None, *, wait: float, each: bool
) -> None:
    """Say the texts in one breath, or each after the reply to the one before; print what comes back.

    Raises:
        Failed: the API cannot be reached, refuses the webhook, or nothing came back in time.
    """
    if not texts and not image_url:
        raise WrongUse("there is nothing to say: give a text, or --image")
    bursts = [[text] for text in texts] if each else [texts]
    try:
        with httpx.Client(base_url=settings.everturn_api_url, timeout=15, trust_env=False) as client:
            phone = Phone(client, settings, customer)
            for number, burst in enumerate(bursts):
                _say_burst(phone, burst, image_url if number == 0 else None)
                _show_replies(phone, wait)
    except httpx.HTTPError as error:
        raise Failed(
            f"the API at {settings.everturn_api_url} cannot be reached ({type(error).__name__}): start it with"
            " `everturn up`, or name it with --api"
        ) from None


def _say_burst(phone: Phone, texts: list[str], image_url: str | None) -> None:
    if image_url:
        print(f"> [{image_url}]", flush=True)
        phone.post("", image_url)
    for text in texts:
        print(f"> {text}", flush=True)
        phone.post(text)


def _show_replies(phone: Phone, wait: float) -> None:
    nothing = True
    for entry in phone.replies(wait):
        nothing = False
        picture = f"[{entry['image_url']}]" if entry.get("image_url") else ""
        for line in filter(None, [picture, *entry["text"].splitlines()]):
            print(f"< {line}", flush=True)
        if entry.get("choices"):
            print("< " + " ".join(f"[{choice['title']}]" for choice in entry["choices"]), flush=True)
    if nothing:
        raise Failed(
            f"nothing came back within {wait:g} s; `everturn doctor` may know why (an operator may hold the"
            " conversation, or the platform's real API is used instead of the simulator)"
        )

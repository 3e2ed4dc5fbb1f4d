"""Opens what bridges post: one message or many, bare or in an envelope. Nothing in a batch is left out."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from domain.failures import NotUnderstood
from platforms.bridge.route import Family, Route, instance_of
from platforms.text import clean

MOST_NOTICES = 10_000
"""In one body; 4 MiB of real messages hold fewer. More is refused aloud, for a cut batch would lose messages."""
DEEPEST = 6
BATCHES = ("batch", "messages")
WRAPPERS = (*BATCHES, "events", "items", "data", "payload", "message", "body")
SIDES = ("from", "chatId", "phone")
"""Whom it is about; an envelope may say it once for all it holds."""
TELLING = (*SIDES, "to", "body", "text", "type", "ack")
"""Two of these, or one beside an `id`, make a message object of WhatsApp Web."""


@dataclass(frozen=True)
class Notice:
    """One thing a bridge tells, with what its envelopes say about it."""

    event: str = ""
    """Letters only, in lower case: `messages.upsert` and `MESSAGES_UPSERT` are one event."""
    family: Family | None = None
    instance: str = ""
    own_jid: str = ""
    """The account's own address, where the envelope names it."""
    chat: Any = None
    """The customer, where the envelope names them for everything in it."""
    fields: Any = None

    @property
    def route(self) -> Route:
        """Where it came from. A bare object has the family of its own words."""
        return Route(family=Family.EVOLUTION if self.is_evolution else Family.WPPCONNECT, instance=self.instance)

    @property
    def is_evolution(self) -> bool:
        """Whether it is written in Baileys' words rather than WhatsApp Web's."""
        if self.family is None or is_message(self.fields):
            return is_keyed(self.fields)
        return self.family is Family.EVOLUTION

    def wrapped(self) -> dict[str, Any]:
        """As a body of its own."""
        name = "instance" if self.family is Family.EVOLUTION else "session"
        body = {"event": self.event, name: self.instance, "sender": self.own_jid, "data": self.fields}
        return {field: value for field, value in body.items() if value or field == "data"}


def is_keyed(fields: Any) -> bool:
    """Whether it names its message as Baileys does."""
    return isinstance(fields, dict) and (isinstance(fields.get("key"), dict) or "keyId" in fields or _is_key(fields))


def _is_key(fields: dict[str, Any]) -> bool:
    """Whether it is nothing but a key (`messages.delete`)."""
    return "remoteJid" in fields and "id" in fields


def is_message(fields: Any) -> bool:
    """Whether it is about one message, and not an envelope around others."""
    if not isinstance(fields, dict):
        return False
    told = sum(field in fields for field in TELLING) + isinstance(fields.get("message"), str)
    return is_keyed(fields) or told > 1 or ("id" in fields and told > 0)


def notices_in(body: Any) -> list[Notice]:
    """Everything a body tells, in its order.

    Raises:
        NotUnderstood: it is neither an object nor an array, or holds more than anybody sends.
    """
    if not isinstance(body, dict | list):
        raise NotUnderstood("a bridge posts a JSON object or an array of them")
    found = list(islice(_opened(body, Notice(), 0), MOST_NOTICES + 1))
    if len(found) > MOST_NOTICES:
        raise NotUnderstood(f"more than {MOST_NOTICES} messages in one body")
    return found


def by_instance(body: Any) -> dict[str, Any]:
    """The body, cut by the instance or session that each message came through.

    Raises:
        NotUnderstood: as `notices_in`.
    """
    cut: dict[str, list[Any]] = {}
    for notice in notices_in(body):
        cut.setdefault(notice.instance, []).append(notice.wrapped())
    return dict(cut) or {"": body}


def _opened(body: Any, around: Notice, depth: int) -> Iterator[Notice]:
    if isinstance(body, list) and depth < DEEPEST:
        for item in body:
            yield from _opened(item, around, depth + 1)
    elif isinstance(body, dict):
        around = _within(body, around)
        inner = None if depth >= DEEPEST else _inner(body)
        if inner is None:
            yield replace(around, fields=_addressed(body, around.chat))
        else:
            chat = next((body[side] for side in SIDES if body.get(side)), around.chat)
            yield from _opened(inner, replace(around, chat=chat), depth + 1)
    else:
        bare = isinstance(body, str) and around.chat is not None
        yield replace(around, fields=_addressed({"body": body}, around.chat) if bare else body)


def _addressed(fields: dict[str, Any], chat: Any) -> dict[str, Any]:
    """A message that names nobody is its envelope's customer's."""
    named = chat is None or is_keyed(fields) or any(fields.get(side) for side in (*SIDES, "to", "sender"))
    return fields if named else {**fields, "from": chat}


def _within(body: dict[str, Any], around: Notice) -> Notice:
    """What an envelope adds to those around it."""
    event = "".join(filter(str.isalpha, clean(body.get("event"), 100).lower()))
    family, named = _named(body)
    own = clean(body.get("sender"), 100) if "event" in body and isinstance(body.get("sender"), str) else ""
    return Notice(
        event=event or around.event,
        family=family or around.family,
        instance=named or around.instance,
        own_jid=own or around.own_jid,
        chat=around.chat,
    )


def _named(body: dict[str, Any]) -> tuple[Family | None, str]:
    if name := instance_of(body.get("instance")):
        return Family.EVOLUTION, name
    name = instance_of(body.get("session"))
    return (Family.WPPCONNECT, name) if name else (None, "")


def _inner(body: dict[str, Any]) -> Any:
    """What an envelope holds; None: it holds nothing but itself."""
    held = [body[name] for name in WRAPPERS if isinstance(body.get(name), dict | list)]
    batches = (body.get(name) for name in BATCHES)
    if batch := next((value for value in batches if value and isinstance(value, list)), None):
        return batch  # also where the rest looks like a message: what it holds must not vanish
    for value in held:
        if is_message(value) or (isinstance(value, list) and any(map(is_message, value))):
            return value
    if is_message(body):
        return None
    if held:
        return held[0]
    # An array flattened into an envelope becomes `{"0": {…}, "1": {…}, "event": …}`.
    numbered = [value for name, value in body.items() if name.isdigit() and isinstance(value, dict)]
    return numbered or None

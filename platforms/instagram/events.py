"""One event of a thread: a message, a tap, an edit, a receipt, an echo; and who is behind it."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from domain.identifiers import Address, edit_id
from domain.messages import (
    Context,
    Echo,
    Ignored,
    Inbound,
    InboundMessage,
    MessageKind,
    ReceiptSeen,
    ReceiptState,
    Received,
    Unsent,
)
from platforms.base import Credentials
from platforms.http import moment_of
from platforms.instagram.attachments import LONGEST_ID, Content, content_of, link
from platforms.instagram.route import Network, Route
from platforms.meta import plausible
from platforms.text import clean, identifier, listed, mapping

LONGEST_ACCOUNT = 64
LONGEST_PAYLOAD = 1_000
DOUBLE_PRESS_SECONDS = 2.0
SILENT = {
    **{name: name for name in ("reaction", "referral", "optin", "account_linking", "messaging_feedback", "app_roles")},
    **dict.fromkeys(("pass_thread_control", "take_thread_control", "request_thread_control"), "handover"),
    **dict.fromkeys(("policy_enforcement", "policy-enforcement"), "policy_enforcement"),
}
"""Events without words, and the labels they are counted by."""


class Scene(NamedTuple):
    """Where an event stands, and who reads it."""

    network: Network
    entry: dict[str, Any]
    overheard: bool
    now: datetime
    credentials: Credentials

    def told(self, event: dict[str, Any]) -> datetime | None:
        """When it happened; seconds occur where milliseconds are promised."""
        return moment_of(event.get("timestamp")) or moment_of(self.entry.get("time"))

    def address(self, contact: str) -> Address:
        """Where a customer is reached."""
        return Address(platform="instagram", account=self.credentials.account, contact=contact)

    def route(self) -> str:
        """The network, and whom the customer wrote to where our account's name does not say it."""
        own = identifier(self.entry.get("id"), LONGEST_ACCOUNT) or ""
        return str(Route(network=self.network, account_id="" if own == self.credentials.account else own))


class Heard(NamedTuple):
    """What a customer did: the event's own part (`message`, `postback`, …), the event around it, and who did it."""

    told: dict[str, Any]
    event: dict[str, Any]
    scene: Scene
    customer: Address

    def mid(self) -> str | None:
        """The id of the message it is, or is about."""
        return identifier(self.told.get("mid"), LONGEST_ID)


def read_event(event: Any, scene: Scene) -> list[Inbound]:
    """One event is one value, but for receipts that name several messages.

    Who speaks is told by `is_self` and `is_echo`, not by the ids: echoes with both orders of them are known.
    """
    fields = mapping(event)
    name = next((name for name in READERS if isinstance(fields.get(name), dict)), None)
    if name is None:
        return [Ignored(reason=next((label for field, label in SILENT.items() if field in fields), "unknown_event"))]
    told = fields[name]
    if _says(told, "is_self"):
        return [Ignored(reason="self")]
    if _says(told, "is_echo"):
        return [_echo(told, fields, scene) if name == "message" else Ignored(reason="own_edit")]
    customer = _customer(fields, scene)
    return [customer] if isinstance(customer, Ignored) else READERS[name](Heard(told, fields, scene, customer))


# --- what customers do ------------------------------------------------------------------------------------------


def _message(heard: Heard) -> list[Inbound]:
    if _says(heard.told, "is_deleted"):
        return [_unsent(heard)]
    if heard.customer.contact == identifier(heard.scene.entry.get("id"), LONGEST_ACCOUNT):
        return [Ignored(reason="own_message")]  # ours, though nothing marks it as an echo
    content = content_of(heard.told)
    nothing = content.kind is MessageKind.OTHER and not content.media
    if nothing and not heard.mid() and not _says(heard.told, "is_unsupported"):
        return [Ignored(reason="empty")]
    payload = mapping(heard.told.get("quick_reply")).get("payload")
    return [_received(heard, content, clean(payload, LONGEST_PAYLOAD))]


def _unsent(heard: Heard) -> Inbound:
    if mid := heard.mid():
        return Unsent(address=heard.customer, message_id=mid)
    return Ignored(reason="deleted_without_id")


def _postback(heard: Heard) -> list[Inbound]:
    """A tapped button or ice breaker. Older ones have no `mid`."""
    payload = clean(heard.told.get("payload"), LONGEST_PAYLOAD)
    text = clean(heard.told.get("title")) or payload
    content = Content(kind=MessageKind.TEXT if text else MessageKind.OTHER, text=text)
    return [_received(heard, content, payload)]


def _edit(heard: Heard) -> list[Inbound]:
    """A new wording of an earlier message. Nothing marks an operator's edit but its sender."""
    mid, text = heard.mid(), clean(heard.told.get("text"))
    if heard.customer.contact == identifier(heard.scene.entry.get("id")):
        return [Ignored(reason="own_edit")]
    if mid is None or not text:
        return [Ignored(reason="empty_edit")]
    received = _received(heard, Content(kind=MessageKind.TEXT, text=text), "")
    times = identifier(heard.told.get("num_edit"), 20)
    if times == "0":  # not edited yet: it is the message itself, which may come as such, too
        return [received]
    own_id = edit_id(mid, times or _digest(text)[:16])
    message = received.message.model_copy(update={"id": own_id, "edits": mid})
    return [received.model_copy(update={"message": message})]


def _customer(event: dict[str, Any], scene: Scene) -> Address | Ignored:
    """Who an event comes from; why nobody is answered where that is not a customer."""
    sender, recipient = _id_of(event.get("sender")), _id_of(event.get("recipient"))
    if sender is None:
        return Ignored(reason="no_sender")
    if sender == recipient:
        return Ignored(reason="self")
    return Ignored(reason="own_message") if sender == scene.credentials.account else scene.address(sender)


def _received(heard: Heard, content: Content, choice: str) -> Received:
    """What all kinds of messages have in common."""
    scene, moment, mid = heard.scene, heard.scene.told(heard.event), heard.mid()
    message = InboundMessage(
        id=mid or _fingerprint(heard, content, choice),
        kind=content.kind,
        received_at=scene.now,
        text=content.text,
        media=content.media,
        sent_at=moment,
        route=scene.route(),
        dedupe_seconds=None if mid or moment else DOUBLE_PRESS_SECONDS,
        by_receipt=not (mid or moment),
        choice=choice,
        context=_context(heard.told, content),
        overheard=scene.overheard,
    )
    return Received(address=heard.customer, message=message)


def _fingerprint(heard: Heard, content: Content, choice: str) -> str:
    """SHA-256 of what makes a message without an id this one: the same when Meta delivers it again."""
    urls = [one.url for one in content.media]
    stamp = clean(heard.event.get("timestamp"), 100)
    return _digest("\0".join([heard.customer.contact, stamp, content.text, choice, *urls]))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _context(told: dict[str, Any], content: Content) -> Context | None:
    """What it answers (a message or a story), what it asks about, and the advertisement or link it came from."""
    answered, referral = mapping(told.get("reply_to")), mapping(told.get("referral"))
    story, ads = mapping(answered.get("story")), mapping(referral.get("ads_context_data"))
    said = (ads.get("ad_title"), referral.get("ref"), referral.get("ad_id"))
    context = Context(
        replies_to=identifier(answered.get("mid"), LONGEST_ID) or identifier(story.get("id"), LONGEST_ID) or "",
        story_url=link(story.get("url")) or content.story_url,
        product=content.product or identifier(mapping(referral.get("product")).get("id")) or "",
        ad=" · ".join(filter(None, (clean(words, 200) for words in said))),
    )
    return None if context == Context() else context


# --- what we and the platform do --------------------------------------------------------------------------------


def _echo(told: dict[str, Any], event: dict[str, Any], scene: Scene) -> Inbound:
    """A message of ours, of an operator's in the app, or of another app's; only our own app's id settles whose."""
    sender, recipient = _id_of(event.get("sender")), _id_of(event.get("recipient"))
    mid, own = identifier(told.get("mid"), LONGEST_ID), identifier(scene.entry.get("id"))
    customer = sender if recipient in (own, scene.credentials.account) else recipient
    if _says(told, "is_deleted"):
        return Ignored(reason="echo_deleted")
    if mid is None or customer is None:
        return Ignored(reason="echo_without_id")
    app = identifier(told.get("app_id"))
    return Echo(
        address=scene.address(customer),
        message_id=mid,
        by_operator=False if app and app == scene.credentials.options.get("app_id") else None,
        text=content_of(told).text,
        at=plausible(scene.told(event), scene.now),
    )


def _seen(heard: Heard) -> list[Inbound]:
    """`mid` names the last message the customer has read; Messenger names a moment instead."""
    return _receipts(heard, [heard.mid()], ReceiptState.READ) or [Ignored(reason="read")]


def _delivered(heard: Heard) -> list[Inbound]:
    """Messenger only."""
    mids = [identifier(mid, LONGEST_ID) for mid in listed(heard.told.get("mids"))]
    return _receipts(heard, mids, ReceiptState.DELIVERED) or [Ignored(reason="delivery")]


def _receipts(heard: Heard, mids: list[str | None], state: ReceiptState) -> list[Inbound]:
    at = heard.scene.told(heard.event)
    return [ReceiptSeen(address=heard.customer, message_id=mid, state=state, at=at) for mid in mids if mid]


def _id_of(party: Any) -> str | None:
    return identifier(mapping(party).get("id"))


def _says(told: dict[str, Any], flag: str) -> bool:
    return told.get(flag) in (True, "true", "True")


READERS: dict[str, Callable[[Heard], list[Inbound]]] = {
    "message": _message,
    "postback": _postback,
    "message_edit": _edit,
    "read": _seen,
    "delivery": _delivered,
}

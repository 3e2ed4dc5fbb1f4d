"""What Meta's messaging webhooks hold, for Instagram and for a Facebook Page (wire reference D2): the envelope."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from domain.failures import NotUnderstood
from domain.messages import Ignored, Inbound
from platforms.base import Credentials
from platforms.instagram.events import LONGEST_ACCOUNT, Scene, read_event
from platforms.instagram.route import Network
from platforms.meta import is_other_subscription
from platforms.text import clean, identifier, listed, mapping

PUBLIC = frozenset({"comments", "live_comments", "mentions", "story_insights", "feed", "story_reactions"})
"""Said before everybody, or about posts: no conversation."""
PRIVATE = frozenset(
    {
        *("messages", "message_edit", "message_edits", "message_echoes", "messaging_postbacks", "messaging_seen"),
        *("message_reactions", "messaging_referral", "messaging_referrals", "messaging_handover", "standby"),
    }
)
"""Fields whose `value` has the shape of a `messaging` event; so come the samples of Meta's dashboard ("Test")."""


def cut_by_account(body: Any) -> dict[str, Any]:
    """One body for each account (`entry[].id`); "" for what names none.

    Raises:
        NotUnderstood: the body is not Meta's messaging.
    """
    if isinstance(body, list):
        _require_ours(*body)
        return {"": body}
    if is_other_subscription(body):
        return {"": body}
    _require_ours(body)
    cut: dict[str, list[Any]] = {}
    for entry in listed(body.get("entry")):
        cut.setdefault(identifier(mapping(entry).get("id"), LONGEST_ACCOUNT) or "", []).append(entry)
    return {account: body | {"entry": entries} for account, entries in cut.items()} or {"": body}


def read_body(body: Any, now: datetime, credentials: Credentials) -> list[Inbound]:
    """Every event of one account's body.

    Raises:
        NotUnderstood: the body is not Meta's messaging.
    """
    if isinstance(body, list):  # as the documentation prints mentions; no message was ever seen so
        _require_ours(*body)
        return [Ignored(reason="array_body")]
    if is_other_subscription(body):
        return [Ignored(reason="other_subscription")]
    network = _require_ours(body)
    entries = listed(body.get("entry"))
    told = [one for entry in entries for one in _read_entry(mapping(entry), network, now, credentials)]
    return told or [Ignored(reason="no_entry")]


def _require_ours(*bodies: Any) -> Network:
    for body in bodies:
        if isinstance(body, dict) and body.get("object") in list(Network):
            return Network(body["object"])
    raise NotUnderstood("an Instagram body is a JSON object whose object is instagram or page")


def _read_entry(entry: dict[str, Any], network: Network, now: datetime, credentials: Credentials) -> list[Inbound]:
    """`messaging`, `standby` (another app owns the thread), and `changes` or a lone `field` with its `value`."""
    ours = Scene(network, entry, overheard=False, now=now, credentials=credentials)
    theirs = ours._replace(overheard=True)
    told = [one for event in listed(entry.get("messaging")) for one in read_event(event, ours)]
    told += [one for event in listed(entry.get("standby")) for one in read_event(event, theirs)]
    for field, value in _changes(entry):
        told += _read_change(field, value, theirs if field == "standby" else ours)
    return told or [Ignored(reason="unknown_entry")]


def _changes(entry: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    lone = [entry] if "field" in entry else []
    for change in [*listed(entry.get("changes")), *lone]:
        yield clean(mapping(change).get("field"), 40), mapping(change).get("value")


def _read_change(field: str, value: Any, scene: Scene) -> list[Inbound]:
    if field in PRIVATE and isinstance(value, dict):
        return read_event(value, scene)
    return [Ignored(reason=field if field in PUBLIC else "unknown_change")]

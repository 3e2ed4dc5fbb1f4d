"""One medium to be taken in, and what is written down about it."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.failures import MediaRefused
from domain.identifiers import Address
from domain.media import MediaProblem, SeenMedia
from domain.messages import Media, MessageKind
from providers.media.store import random_name
from providers.media.transcription import Heard
from providers.records.media import MediaRow
from runtime.accounts import Account

TAKEN = frozenset({MessageKind.IMAGE, MessageKind.AUDIO, MessageKind.DOCUMENT})


@dataclass(frozen=True)
class Errand:
    """One medium to be taken in."""

    account: Account
    address: Address
    message_id: str
    place: int
    media: Media
    declared: MessageKind
    """What the platform says it is."""
    allowed: Collection[MessageKind]
    now: datetime


@dataclass(frozen=True)
class Kept:
    """A medium that is in the store."""

    kind: MessageKind
    mime: str
    content: bytes
    name: str = ""
    width: int = 0
    height: int = 0
    problem: MediaProblem | None = None
    heard: Heard | None = None


def check(kind: MessageKind, allowed: Collection[MessageKind]) -> None:
    """Whether a kind is taken at all, and in this plan. A kind nobody named is looked at first.

    Raises:
        MediaRefused: it is not.
    """
    if kind in (MessageKind.VIDEO, MessageKind.OTHER):
        raise MediaRefused(MediaProblem.WRONG_TYPE, f"a {kind}")
    if kind in TAKEN and kind not in allowed:
        raise MediaRefused(MediaProblem.NOT_IN_PLAN, f"{kind} is not in the plan")


def row_of(errand: Errand, kept: Kept, retention: timedelta) -> MediaRow:
    """What is written down about a medium."""
    heard = kept.heard or Heard(text="")
    return MediaRow(
        id=random_name(),
        conversation_id=errand.address.conversation_id,
        platform=errand.address.platform,
        account=errand.address.account,
        message_id=errand.message_id,
        place=errand.place,
        kind=kept.kind,
        mime=kept.mime,
        bytes_count=len(kept.content),
        width=kept.width,
        height=kept.height,
        sha256=hashlib.sha256(kept.content).hexdigest() if kept.name else "",
        name=kept.name,
        transcript=heard.text,
        seconds=heard.seconds,
        problem=kept.problem or "",
        created_at=errand.now,
        expires_at=errand.now + retention,
    )


def seen_of(row: MediaRow) -> SeenMedia:
    """A row as a flow sees it."""
    return SeenMedia(
        kind=row.kind,
        problem=MediaProblem(row.problem) if row.problem else None,
        media_id=row.id if row.name else "",
        mime=row.mime,
        text=row.transcript,
        seconds=row.seconds,
        bytes_count=row.bytes_count,
        width=row.width,
        height=row.height,
    )

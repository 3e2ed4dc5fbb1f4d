"""Takes media in: each is fetched, looked at, kept and written down once, whatever is retried."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog

from activities.errands import Errand, Kept, check, row_of, seen_of
from activities.patiently import patiently
from domain.failures import MediaRefused, Rejected
from domain.identifiers import Address
from domain.media import MediaProblem, SeenMedia
from domain.messages import InboundMessage, MessageKind
from platforms.base import Download, Platform
from platforms.credentials import credentials_of
from providers.media.download import Downloader
from providers.media.keeping import Keeping
from providers.media.kinds import Found, recognise
from providers.media.pictures import Pictures
from providers.media.store import MediaStore, random_name
from providers.media.targets import host_of
from providers.media.transcription import Transcriber
from providers.records.media import MediaRecords, MediaRow
from runtime import metrics
from runtime.accounts import Account

AT_ONCE = 4
"""Media taken in at one time by a worker: each may be some megabytes."""

log = structlog.get_logger()


@dataclass(frozen=True)
class GalleryRules:
    """What a gallery is told by the settings."""

    longest: Mapping[MessageKind, int]
    """Bytes, by kind."""
    retention: Callable[[Account], timedelta]
    fetching: float = 20.0
    """Seconds one medium is asked for, again and again, before the customer hears that it did not come."""
    listening: float = 20.0
    """Seconds for a transcription."""


class Gallery:
    """Used inside the activities; every method may raise `Unavailable` when our own books cannot be reached."""

    def __init__(
        self,
        platforms: Mapping[str, Platform],
        downloader: Downloader,
        pictures: Pictures,
        store: MediaStore,
        records: MediaRecords,
        transcriber: Transcriber,
        rules: GalleryRules,
    ) -> None:
        self._platforms = platforms
        self._downloader = downloader
        self._pictures = pictures
        self._store = store
        self._records = records
        self._transcriber = transcriber
        self._rules = rules
        self._slots = asyncio.Semaphore(AT_ONCE)
        self.keeping = Keeping(store, records)
        """How what was taken in is let go of."""

    async def take_in(
        self, account: Account, address: Address, message: InboundMessage, *, allowed: Collection[MessageKind]
    ) -> tuple[SeenMedia, ...]:
        """What the media of a message are, in their order; `allowed` are the kinds of the account's plan."""
        if not message.media:
            return ()
        key = message.key
        known = await self._records.of_message(address, key)
        now = datetime.now(UTC)
        errands = [
            Errand(account, address, key, place, media, media.kind or message.kind, allowed, now)
            for place, media in enumerate(message.media)
        ]
        return tuple(await asyncio.gather(*(self._seen(errand, known.get(errand.place)) for errand in errands)))

    async def content(self, media_id: str) -> bytes | None:
        """The bytes of a medium, for a model to look at; None when nothing is kept of it."""
        row = await self._records.find(media_id)
        return await self._store.get(row.name) if row and row.name else None

    async def _seen(self, errand: Errand, known: MediaRow | None) -> SeenMedia:
        if known is not None:
            return seen_of(known)
        async with self._slots:
            row = await self._taken(errand)
        if await self._records.keep(row):
            return seen_of(row)
        return await self._of_somebody_else(errand, row)

    async def _of_somebody_else(self, errand: Errand, row: MediaRow) -> SeenMedia:
        """Another attempt was faster, or the message was unsent meanwhile: what we put is deleted."""
        await self.keeping.delete([row.name] if row.name else [])
        known = await self._records.of_message(errand.address, errand.message_id)
        if (winner := known.get(errand.place)) is not None:
            return seen_of(winner)
        return SeenMedia(kind=row.kind, problem=MediaProblem.GONE)

    async def _taken(self, errand: Errand) -> MediaRow:
        """The row of a medium, whatever became of it."""
        try:
            return row_of(errand, await self._obtained(errand), self._rules.retention(errand.account))
        except Rejected as refusal:
            problem = refusal.problem if isinstance(refusal, MediaRefused) else MediaProblem.GONE
            log.warning("media_refused", conversation=errand.address.conversation_id, message=errand.message_id,
                        place=errand.place, problem=problem.value, reason=str(refusal))  # fmt: skip
            labels = (errand.address.platform, errand.address.account, problem.value)
            metrics.media_rejected.labels(*labels).inc()
            refused = Kept(errand.declared, "", b"", problem=problem)
            return row_of(errand, refused, self._rules.retention(errand.account))

    async def _obtained(self, errand: Errand) -> Kept:
        """Fetched, recognised, made harmless, kept and listened to.

        Raises:
            Rejected: it is not taken.
        """
        check(errand.declared, errand.allowed)
        content = await patiently(partial(self._fetch, errand), self._rules.fetching)
        found = recognise(content, errand.declared)
        check(found.kind, errand.allowed)
        if len(content) > self._rules.longest[found.kind]:
            raise MediaRefused(MediaProblem.TOO_LARGE, f"{len(content)} bytes of {found.mime}")
        match found.kind:
            case MessageKind.IMAGE:
                return await self._picture(content)
            case MessageKind.AUDIO:
                return await self._voice(found, content)
            case _:
                return Kept(found.kind, found.mime, content, await self._shelved(content, found.mime))

    async def _fetch(self, errand: Errand) -> bytes:
        platform = self._platforms[errand.address.platform]
        return await platform.fetch(errand.media, credentials_of(errand.account), self._download_for(errand))

    def _download_for(self, errand: Errand) -> Download:
        """The download a platform is lent: it knows the account's own API host, and where to stop."""
        most = self._rules.longest.get(errand.declared, max(self._rules.longest.values()))
        trusted = tuple(filter(None, [host_of(errand.account.api_base_url)]))

        async def download(
            url: str, *, hosts: tuple[str, ...], headers: Mapping[str, str] | None = None, longest: int | None = None
        ) -> bytes:
            return await self._downloader.fetch(
                url, hosts=hosts, headers=headers, longest=min(longest or most, most), trusted_hosts=trusted
            )

        return download

    async def _picture(self, content: bytes) -> Kept:
        picture = await self._pictures.normalise(content)
        name = await self._shelved(picture.content, picture.mime)
        return Kept(MessageKind.IMAGE, picture.mime, picture.content, name, picture.width, picture.height)

    async def _voice(self, found: Found, content: bytes) -> Kept:
        name = await self._shelved(content, found.mime)
        listening = partial(self._transcriber.listen, content, found.mime)
        try:
            heard = await patiently(listening, self._rules.listening, MediaProblem.NO_TRANSCRIPTION)
        except Rejected as refusal:  # it is kept all the same
            log.warning("voice_note_not_heard", reason=str(refusal))
            return Kept(found.kind, found.mime, content, name, problem=MediaProblem.NO_TRANSCRIPTION)
        problem = None if heard.text else MediaProblem.NOTHING_HEARD
        return Kept(found.kind, found.mime, content, name, problem=problem, heard=heard)

    async def _shelved(self, content: bytes, mime: str) -> str:
        """Put into the store, announced before: an object without a row is known by name, and swept."""
        name = random_name()

        async def put() -> None:
            await self._store.put(name, content, mime)

        await self._records.announce(name)
        await patiently(put, self._rules.fetching)
        return name

"""Media as a conversation meets them: fetched once, kept for a while, forgotten when the customer wishes."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from activities.gallery import Gallery, GalleryRules
from domain.failures import Unavailable
from domain.identifiers import Address
from domain.media import MediaProblem, SeenMedia
from domain.messages import InboundMessage, Media, MessageKind
from domain.turn_taking import TurnTaking
from platforms.base import Plain
from providers.media.download import Downloader, transports
from providers.media.keeping import BATCH
from providers.media.pictures import Pictures
from providers.media.store import S3, MediaStore, open_store
from providers.media.transcription import NobodyListens, OpenAITranscriber, Transcriber
from providers.records.media import MediaRecords, MediaRow
from providers.records.pool import Pool, fetch_all
from runtime.accounts import Account
from tests.media.conftest import NOW, QUICK, TLS
from tests.media.elsewhere import Answer, Elsewhere, body, endless, raw, redirect, status, telling
from tests.media.files import M4A, OGG, PDF, SVG, photo_taken_sideways, picture, png_that_promises

IMAGE, AUDIO, DOCUMENT = MessageKind.IMAGE, MessageKind.AUDIO, MessageKind.DOCUMENT
EVERYTHING = frozenset({IMAGE, AUDIO, DOCUMENT})
EARS = "/v1/audio/transcriptions"
LONGEST = {IMAGE: 50_000, AUDIO: 5_000, DOCUMENT: 2_000}
CUSTOMER = Address(platform="albums", account="main", contact="42")


class Albums(Plain):
    """A platform whose media lie at plain URLs."""


@dataclass
class Room:
    """A gallery, and everything it stands on."""

    elsewhere: Elsewhere
    store: MediaStore
    pool: Pool
    folder: Path
    transcriber: Transcriber
    days: dict[str, float] = field(default_factory=dict)

    @property
    def records(self) -> MediaRecords:
        """The books of media."""
        return MediaRecords(self.pool)

    def gallery(self, **instead: Any) -> Gallery:
        """A worker's gallery; each call is another worker."""
        parts: dict[str, Any] = {
            "platforms": {"albums": Albums()},
            "downloader": Downloader(open_transport=transports(TLS)),
            "pictures": Pictures(),
            "store": self.store,
            "records": self.records,
            "transcriber": self.transcriber,
            "rules": GalleryRules(LONGEST, self.retention, fetching=15, listening=15),
        }
        return Gallery(**(parts | instead))

    def hurried(self) -> dict[str, Any]:
        """What makes a gallery give up soon: for tests about trouble that lasts."""
        return {
            "downloader": Downloader(pace=QUICK, open_transport=transports(TLS)),
            "rules": GalleryRules(LONGEST, self.retention, fetching=0.8, listening=0.8),
        }

    def retention(self, account: Account) -> timedelta:
        """How long this account's media are kept."""
        return timedelta(days=self.days.get(account.account, 30))

    def account(self, name: str = "main") -> Account:
        """An account whose own host is `elsewhere`."""
        return Account(
            platform="albums", account=name, api_base_url=f"{self.elsewhere.url}/api", flow="water_order",
            turn_taking=TurnTaking(),
        )  # fmt: skip

    def message(self, *paths: str, kind: MessageKind = IMAGE, id: str = "m1", **more: Any) -> InboundMessage:
        """A message with media at these paths."""
        media = tuple(Media(url=f"{self.elsewhere.url}{path}") for path in paths)
        return InboundMessage(id=id, kind=kind, received_at=NOW, media=media, **more)

    async def see(self, content: bytes, kind: MessageKind = IMAGE, **instead: Any) -> SeenMedia:
        """What becomes of one medium of this content."""
        path = f"/{hashlib.sha256(content).hexdigest()[:8]}"
        self.elsewhere.on(path, body(content))
        (seen,) = await self.take_in(self.message(path, kind=kind, id=path), **instead)
        return seen

    async def take_in(
        self, message: InboundMessage, address: Address = CUSTOMER, allowed: frozenset[MessageKind] = EVERYTHING,
        **instead: Any,
    ) -> tuple[SeenMedia, ...]:  # fmt: skip
        """What becomes of a message's media."""
        return await self.gallery(**instead).take_in(self.account(address.account), address, message, allowed=allowed)

    async def rows(self, query: str = "SELECT * FROM media ORDER BY place") -> list[dict[str, Any]]:
        """Look into the database."""
        return await fetch_all(self.pool, query)

    def objects(self) -> list[str]:
        """What lies in the store."""
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture
async def room(pool: Pool, elsewhere: Elsewhere, tmp_path: Path) -> AsyncIterator[Room]:
    """Everything real: PostgreSQL, a store, HTTP, and an endpoint that listens."""
    folder = tmp_path / "media"
    elsewhere.on(EARS, telling({"text": "так"}))
    async with httpx.AsyncClient(verify=TLS, trust_env=False) as client:
        transcriber = OpenAITranscriber(client, f"{elsewhere.url}/v1", "key")
        yield Room(elsewhere, open_store(folder.as_uri()), pool, folder, transcriber)


async def test_a_picture_is_taken_in(room: Room) -> None:
    """A customer's photo is kept small, upright, nameless, and can be looked at."""
    seen = await room.see(photo_taken_sideways(6))
    assert (IMAGE, None, "image/jpeg", 32, 64) == (seen.kind, seen.problem, seen.mime, seen.width, seen.height)
    content = await room.gallery().content(seen.media_id)
    assert content is not None
    assert content.startswith(b"\xff\xd8\xff")
    assert b"PhoneMaker" not in content
    (row,) = await room.rows()
    assert [row["name"]] == room.objects()
    assert (hashlib.sha256(content).hexdigest(), len(content)) == (row["sha256"], row["bytes"])
    assert seen.bytes_count == len(content)
    assert row["name"] != row["id"]
    assert [] == await room.rows("SELECT * FROM media_leftovers")


async def test_a_voice_note_is_heard(room: Room) -> None:
    """A voice note is kept as it is, and its words stand beside it."""
    room.elsewhere.on(EARS, telling({"text": "Дві пляшки", "duration": 2.5}))
    seen = await room.see(OGG, AUDIO)
    assert (AUDIO, None, "Дві пляшки", 2.5, "audio/ogg") == (
        seen.kind, seen.problem, seen.text, seen.seconds, seen.mime,
    )  # fmt: skip
    assert OGG == await room.gallery().content(seen.media_id)


async def test_nobody_listens(room: Room) -> None:
    """Without an endpoint the voice note is kept, and the flow knows to ask for words."""
    seen = await room.see(OGG, AUDIO, transcriber=NobodyListens())
    assert seen.problem is MediaProblem.NO_TRANSCRIPTION
    assert OGG == await room.gallery().content(seen.media_id)


@pytest.mark.parametrize(
    ("answer", "listening", "problem"),
    [
        (telling("oh", 500), 0.8, MediaProblem.NO_TRANSCRIPTION),
        (telling("who are you", 401), 60, MediaProblem.NO_TRANSCRIPTION),
        (telling({"text": "  "}), 60, MediaProblem.NOTHING_HEARD),
    ],
    ids=["down", "token", "silence"],
)
async def test_nothing_is_heard(room: Room, answer: Answer, listening: float, problem: MediaProblem) -> None:
    """An endpoint in trouble, or a note without words: the customer does not wait for ever."""
    room.elsewhere.on(EARS, answer)
    rules = GalleryRules(LONGEST, room.retention, fetching=15, listening=listening)
    began = time.monotonic()
    seen = await room.see(M4A, AUDIO, rules=rules)
    assert (problem, M4A) == (seen.problem, await room.gallery().content(seen.media_id))
    assert time.monotonic() - began < 10


async def test_trouble_of_a_moment_is_ridden_out(room: Room) -> None:
    """A platform and an endpoint that stumble once are asked again, and the customer notices nothing."""
    room.elsewhere.on("/a", status(503, "Retry-After: 0"), body(OGG))
    room.elsewhere.on(EARS, telling("oh", 500), telling({"text": "так"}))
    (seen,) = await room.take_in(room.message("/a", kind=AUDIO))
    assert (None, "так") == (seen.problem, seen.text)


@pytest.mark.parametrize(
    ("content", "kind", "problem"),
    [
        (b"", IMAGE, MediaProblem.BROKEN),
        (picture()[:300], IMAGE, MediaProblem.BROKEN),
        (SVG, IMAGE, MediaProblem.WRONG_TYPE),
        (b"<html>", DOCUMENT, MediaProblem.WRONG_TYPE),
        (png_that_promises(30_000, 30_000), IMAGE, MediaProblem.TOO_MANY_PIXELS),
        (b"x" * 50_001, IMAGE, MediaProblem.TOO_LARGE),
        (OGG + bytes(5_000), AUDIO, MediaProblem.TOO_LARGE),
        (PDF + bytes(2_000), IMAGE, MediaProblem.TOO_LARGE),
        (picture(), MessageKind.VIDEO, MediaProblem.WRONG_TYPE),
        (picture(), MessageKind.OTHER, MediaProblem.WRONG_TYPE),
    ],
)
async def test_what_is_refused(room: Room, content: bytes, kind: MessageKind, problem: MediaProblem) -> None:
    """Broken, too large, or nothing we take: the flow is told which, nothing is kept, and it is not fetched again."""
    seen = await room.see(content, kind)
    assert (problem, "") == (seen.problem, seen.media_id)
    asked = len(room.elsewhere.asked)
    assert seen == await room.see(content, kind)
    assert (asked, []) == (len(room.elsewhere.asked), room.objects() if room.folder.exists() else [])


async def test_attacks_on_the_way_are_refused(room: Room, another: Elsewhere) -> None:
    """Redirects inwards, endless bodies and slow ones end as a problem that can be said in words."""
    room.elsewhere.on("/inwards", redirect(f"{another.url}/"))
    room.elsewhere.on("/endless", endless(bytes(10_000)))
    room.elsewhere.on("/slow", raw(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", *[b"x"] * 50, pause=0.05))
    room.elsewhere.on("/gone", status(404))
    room.elsewhere.on("/locked", status(401))
    room.elsewhere.on("/down", status(500))
    message = room.message("/inwards", "/endless", "/slow", "/gone", "/locked", "/down")
    began = time.monotonic()
    seen = await room.take_in(message, **room.hurried())
    assert [
        MediaProblem.FORBIDDEN_ADDRESS, MediaProblem.TOO_LARGE, MediaProblem.TOO_SLOW, MediaProblem.GONE,
        MediaProblem.GONE, MediaProblem.TOO_SLOW,
    ] == [medium.problem for medium in seen]  # fmt: skip
    assert [] == another.asked
    assert time.monotonic() - began < 3


async def test_a_foreign_host_is_not_asked(room: Room, another: Elsewhere) -> None:
    """A link to a machine beside the shop's is not followed, whoever sent it."""
    message = InboundMessage(id="m1", kind=IMAGE, received_at=NOW, media=(Media(url=f"{another.url}/a.jpg"),))
    (seen,) = await room.take_in(message)
    assert (MediaProblem.FORBIDDEN_ADDRESS, []) == (seen.problem, another.asked)


async def test_the_plan_decides(room: Room) -> None:
    """What the account's plan does not hold is not even fetched, whatever a file pretends to be."""
    room.elsewhere.on("/a", body(OGG))
    images = frozenset({IMAGE})
    (seen,) = await room.take_in(room.message("/a", kind=AUDIO), allowed=images)
    assert (MediaProblem.NOT_IN_PLAN, []) == (seen.problem, room.elsewhere.asked)
    (seen,) = await room.take_in(room.message("/a", kind=IMAGE, id="m2"), allowed=images)
    assert (MediaProblem.NOT_IN_PLAN, 1) == (seen.problem, len(room.elsewhere.asked))


async def test_a_picture_sent_as_a_file_is_a_picture(room: Room) -> None:
    """Some customers send photos as files; what it is, its content tells."""
    assert (await room.see(picture(), DOCUMENT)).kind is IMAGE
    assert (await room.see(PDF, IMAGE)).kind is DOCUMENT


async def test_a_retry_fetches_nothing_again(room: Room) -> None:
    """A turn that is decided twice sees the same media, in their order, and the platform is asked once."""
    for place in range(3):
        room.elsewhere.on(f"/{place}", body(picture((40 + place, 40))))
    message = room.message("/0", "/1", "/2")
    first = await room.take_in(message)
    assert [40, 41, 42] == [seen.width for seen in first]
    assert first == await room.take_in(message)
    assert ["/0", "/1", "/2"] == sorted(room.elsewhere.paths)
    assert 3 == len(room.objects())


async def test_two_workers_at_once_keep_one(room: Room) -> None:
    """Two attempts at the same time end with one row, one object and the same answer."""
    room.elsewhere.on("/a", body(picture()))
    message = room.message("/a")
    first, second, third = await asyncio.gather(*(room.take_in(message) for _ in range(3)))
    assert first == second == third
    assert [row["name"] for row in await room.rows()] == room.objects()
    assert [] == await room.rows("SELECT * FROM media_leftovers")


async def test_a_worker_that_dies_in_between_leaves_nothing_for_ever(room: Room) -> None:
    """Killed after the object and before its row: the retry keeps another one, and the orphan is swept."""

    class Dies(MediaRecords):
        async def keep(self, row: MediaRow) -> bool:
            raise Unavailable("the worker died here")

    room.elsewhere.on("/a", body(picture()))
    with pytest.raises(Unavailable):
        await room.take_in(room.message("/a"), records=Dies(room.pool))
    assert 1 == len(room.objects())
    (seen,) = await room.take_in(room.message("/a"))
    assert 2 == len(room.objects())
    assert 0 == await room.gallery().keeping.sweep(datetime.now(UTC))
    assert 1 == await room.gallery().keeping.sweep(datetime.now(UTC) + timedelta(hours=2))
    assert [row["name"] for row in await room.rows()] == room.objects()
    assert await room.gallery().content(seen.media_id)


async def test_a_fingerprint_may_come_again(room: Room) -> None:
    """Where a platform gives no ids, a later picture is not mistaken for an earlier one."""
    room.elsewhere.on("/1", body(picture((40, 40))))
    room.elsewhere.on("/2", body(picture((50, 50))))
    one = room.message("/1", dedupe_seconds=2.0)
    two = room.message("/2", dedupe_seconds=2.0).model_copy(update={"received_at": NOW + timedelta(minutes=1)})
    assert [40, 50, 40] == [(await room.take_in(message))[0].width for message in (one, two, one)]


async def test_unsent_is_forgotten(room: Room) -> None:
    """A customer who takes a message back takes its pictures and its spoken words back."""
    room.elsewhere.on("/a", body(picture()))
    room.elsewhere.on("/b", body(OGG))
    picture_seen, voice_seen = await room.take_in(room.message("/a", "/b"))
    await room.see(picture((33, 33)))
    await room.gallery().keeping.forget(CUSTOMER, "m1")
    await room.gallery().keeping.forget(CUSTOMER, "m1")
    assert 1 == len(room.objects())
    assert (None, None) == (
        await room.gallery().content(picture_seen.media_id), await room.gallery().content(voice_seen.media_id),
    )  # fmt: skip
    again = await room.take_in(room.message("/a", "/b"))
    assert [(MediaProblem.GONE, "", "")] * 2 == [(seen.problem, seen.media_id, seen.text) for seen in again]
    assert 3 == len([path for path in room.elsewhere.paths if path != EARS])
    assert [] == await room.rows("SELECT * FROM media_leftovers")


async def test_unsent_while_it_is_fetched(room: Room) -> None:
    """Nor is it kept when it was still on its way here."""
    whole = picture()
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(whole)}\r\n\r\n".encode()
    room.elsewhere.on("/a", raw(head, whole, pause=0.05))
    fetching = asyncio.create_task(room.take_in(room.message("/a")))
    while not room.elsewhere.asked:
        await asyncio.sleep(0.005)
    await room.gallery().keeping.forget(CUSTOMER, "m1")
    (seen,) = await fetching
    assert (MediaProblem.GONE, "", [], []) == (seen.problem, seen.media_id, await room.rows(), room.objects())


async def test_unsent_in_the_very_moment_it_is_written(room: Room) -> None:
    """A row that slipped in beside the note that its message was unsent goes with the next sweep."""
    room.elsewhere.on("/a", body(picture()))
    await room.take_in(room.message("/a"))
    await room.records.forget(CUSTOMER, "m1")
    assert 1 == await room.gallery().keeping.sweep(datetime.now(UTC))
    assert [] == room.objects()


async def test_each_account_keeps_media_its_own_time(room: Room) -> None:
    """When an account's time is over, its media go, and nobody else's; their rows say that there were some."""
    room.days["brief"] = 1
    brief = CUSTOMER.model_copy(update={"account": "brief"})
    room.elsewhere.on("/a", body(picture()))
    (gone,) = await room.take_in(room.message("/a"), brief)
    (kept,) = await room.take_in(room.message("/a"))
    now = datetime.now(UTC)
    assert 0 == await room.gallery().keeping.sweep(now)
    assert 1 == await room.gallery().keeping.sweep(now + timedelta(days=2))
    assert 0 == await room.gallery().keeping.sweep(now + timedelta(days=2))
    assert await room.gallery().content(kept.media_id)
    assert await room.gallery().content(gone.media_id) is None
    (seen,) = await room.take_in(room.message("/a"), brief)
    assert seen.problem is MediaProblem.GONE
    assert 1 == await room.gallery().keeping.sweep(now + timedelta(days=31))
    assert [] == room.objects()


async def test_a_sweep_interrupted_by_the_store_is_finished_later(room: Room) -> None:
    """Objects that could not be deleted are remembered, though their rows have let go of them."""

    class Away(MediaStore):
        async def delete(self, names: object) -> None:
            raise Unavailable("the store is away")

    room.elsewhere.on("/a", body(picture()))
    await room.take_in(room.message("/a"))
    later = datetime.now(UTC) + timedelta(days=31)
    with pytest.raises(Unavailable):
        await room.gallery(store=Away(room.store._opened)).keeping.sweep(later)
    assert 1 == len(room.objects())
    assert 1 == await room.gallery().keeping.sweep(later)
    assert [] == room.objects()


async def test_a_sweep_takes_many(room: Room) -> None:
    """A shop's month of pictures goes in batches."""
    rows = [
        MediaRow(
            id=f"id{number}", conversation_id=CUSTOMER.conversation_id, platform="albums", account="main",
            message_id=f"m{number}", place=0, kind=IMAGE, name=f"name{number}", created_at=NOW, expires_at=NOW,
        )
        for number in range(BATCH + 20)
    ]  # fmt: skip
    for row in rows:
        await room.store.put(row.name, b"x", "image/jpeg")
        assert await room.records.keep(row)
    assert BATCH + 20 == await room.gallery().keeping.sweep(NOW)
    assert [] == room.objects()


async def test_a_conversation_is_erased(room: Room) -> None:
    """A customer who asks for it is forgotten whole."""
    room.elsewhere.on("/a", body(picture()))
    other = CUSTOMER.model_copy(update={"contact": "43"})
    for number in range(3):
        await room.take_in(room.message("/a", id=f"m{number}"))
    await room.take_in(room.message("/a"), other)
    assert 3 == len(await room.records.of_conversation(CUSTOMER))
    await room.gallery().keeping.erase(CUSTOMER)
    assert ([], 1) == (await room.records.of_conversation(CUSTOMER), len(room.objects()))


async def test_a_store_that_is_away_does_not_silence_the_assistant(room: Room) -> None:
    """When nothing can be kept, the customer hears so in time."""
    away = open_store("s3://shop", S3(endpoint="http://127.0.0.1:9", access_key_id="k", secret_access_key="s"))
    began = time.monotonic()
    seen = await room.see(picture(), store=away, **room.hurried())
    assert (MediaProblem.TOO_SLOW, "") == (seen.problem, seen.media_id)
    assert time.monotonic() - began < 2


async def test_media_lie_with_whoever_speaks_s3(room: Room, s3: S3) -> None:
    """The whole way, with an S3 server at its end."""
    room.store = open_store("s3://shop/media", s3)
    seen = await room.see(picture())
    content = await room.gallery().content(seen.media_id)
    assert content is not None
    assert content.startswith(b"\xff\xd8\xff")
    assert 1 == await room.gallery().keeping.sweep(datetime.now(UTC) + timedelta(days=31))
    assert await room.gallery().content(seen.media_id) is None


async def test_no_media_no_trouble(room: Room) -> None:
    """Words need no gallery."""
    assert () == await room.take_in(room.message(kind=MessageKind.TEXT))

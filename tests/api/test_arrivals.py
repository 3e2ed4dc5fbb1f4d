"""What platforms tell beside messages: staff writing in their own apps, parts that failed, messages taken back, floods.

The real doors, PostgreSQL and Temporal; a worker that only listens, so that conversations can be asked.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest

from domain.conversation import Attention, Holder
from domain.messages import InboundMessage, ReceiptState, Received
from platforms.base import WebhookRequest
from platforms.registry import PLATFORMS
from platforms.simulation import Direction, Entry
from providers.records.books import Books
from providers.records.pool import open_pool
from runtime.settings import Settings
from runtime.temporal import connect
from tests.api.doors import A_MINUTE, OURS, Doors, address, batched, echo, fresh_contact, heard, said, write_down
from tests.api.namespaces import fresh_namespace
from tests.api.running import serving, settings_for
from tests.servers_here import Servers


@dataclass
class Place:
    """Where this module's servers are."""

    url: str
    namespace: str
    temporal_address: str
    database: str


@pytest.fixture(scope="module")
def place(servers: Servers) -> Iterator[Place]:
    """An API in a namespace of its own."""
    database = servers.fresh_database(f"arrivals_{uuid4().hex[:12]}")
    namespace = fresh_namespace(servers, "arrivals")
    settings = settings_for(
        temporal_address=servers.temporal_address,
        temporal_namespace=namespace,
        database_url=database,
        flood_messages_per_minute=A_MINUTE,
    )
    with serving(settings) as url:
        asyncio.run(_namespace_is_known(settings, url))
        yield Place(url, namespace, servers.temporal_address, database)


@pytest.fixture
async def doors(place: Place) -> AsyncIterator[Doors]:
    """The doors."""
    settings = settings_for(temporal_address=place.temporal_address, temporal_namespace=place.namespace)
    pool = open_pool(place.database, size=2, name="test")
    await pool.open()
    async with httpx.AsyncClient(base_url=place.url, timeout=20, trust_env=False) as client:
        yield Doors(client, await connect(settings), pool, place.database)
    await pool.close()


async def _namespace_is_known(settings: Settings, url: str) -> None:
    """Every part of Temporal must have heard of a new namespace first."""
    async with httpx.AsyncClient(base_url=url, timeout=20, trust_env=False) as client:
        for _ in range(50):
            body = {"subscriber_id": uuid4().hex, "text": "hi"}
            if (await client.post("/webhooks/manychat", json=body)).status_code == 202:
                break
            await asyncio.sleep(0.2)
    await (await connect(settings)).get_workflow_handle(f"conv:manychat:default:{body['subscriber_id']}").terminate()


# --- staff in the platform's own app -------------------------------------------------------------------------------


@pytest.mark.parametrize("platform", ["chat2desk", "whatsapp", "instagram"])
async def test_staff_who_write_first_open_a_conversation_that_is_theirs(doors: Doors, platform: str) -> None:
    """Nobody had written: what staff say in the app is kept, and the assistant will not answer in between."""
    contact = fresh_contact()
    status = await doors.post(echo(platform, said(contact)))
    async with doors.listening():
        overview = await doors.overview(platform, contact)

    assert (200, Holder.OPERATOR) == (status, overview.holder)
    assert [("out", "Вітаю, це Анна", "operator")] == doors.logged(contact)


@pytest.mark.parametrize("platform", ["chat2desk", "whatsapp", "instagram"])
async def test_staff_who_answer_take_the_conversation_over(doors: Doors, platform: str) -> None:
    """The customer wrote; an operator answers in the app: the assistant holds its tongue, however often it is told."""
    contact = fresh_contact()
    hook = echo(platform, said(contact))
    async with doors.listening():
        await doors.post(PLATFORMS[platform].inbound(said(contact, "є хтось?"), OURS))
        before = await doors.overview(platform, contact)
        statuses = [await doors.post(hook) for _ in range(2)]
        after = await doors.overview(platform, contact)

    assert (Holder.ASSISTANT, Holder.OPERATOR, [200, 200]) == (before.holder, after.holder, statuses)
    assert [("out", "Вітаю, це Анна", "operator")] == doors.logged(contact), "once"


@pytest.mark.parametrize("platform", [name for name, kit in PLATFORMS.items() if kit.edited])
async def test_an_edit_that_changes_no_word_is_no_second_wish(doors: Doors, platform: str) -> None:
    """Telegram tells of changes that nobody sees, too: «так» would be a yes again; a real correction is heard."""
    contact, kit = fresh_contact(), PLATFORMS[platform]
    assert kit.edited is not None
    wish = said(contact, "дві пляшки", id="4711")
    same, other = (kit.edited(wish.model_copy(update={"text": text}), OURS) for text in ("дві пляшки", "три пляшки"))
    came = WebhookRequest(headers=same.headers, query=same.query, body=same.body, now=wish.at)
    [edit] = kit.adapter(doors.client).read(json.loads(same.body), came, OURS)
    assert isinstance(edit, Received)
    original = InboundMessage(id=edit.message.edits, received_at=wish.at, text=wish.text)
    await Books(doors.pool).log_inbound(address(platform, contact), [original], 1, "")
    statuses = [await doors.post(hook) for hook in (kit.inbound(wish, OURS), same, other)]

    assert {200, 202} >= set(statuses)
    assert ["дві пляшки", "три пляшки"] == await heard(doors, contact, platform)


async def test_a_customer_whose_phone_is_hidden_once_stays_who_they_are(doors: Doors) -> None:
    """A bridge tells both names, and the next time only the one behind which the phone is hidden: one conversation."""
    contact = fresh_contact()
    key = {"remoteJid": f"{contact}7@lid", "fromMe": False}
    both = key | {"remoteJidAlt": f"{contact}@s.whatsapp.net", "id": f"A{contact}"}
    now = int(datetime.now(UTC).timestamp())
    hidden, plain = key | {"id": f"B{contact}"}, {"remoteJid": f"{contact}@s.whatsapp.net", "id": f"C{contact}"}
    for own_key, text in ((both, "добрий день"), (hidden, "є розмір M?"), (plain | {"fromMe": False}, "беру")):
        data = {"key": own_key, "message": {"conversation": text}, "messageTimestamp": now}
        body = {"event": "messages.upsert", "instance": "shop", "data": data}
        assert (await doors.client.post("/webhook/whatsapp/batched", json=body)).is_success
    assert ["добрий день", "є розмір M?", "беру"] == await heard(doors, contact)


async def test_our_own_message_in_the_app_is_no_operator(doors: Doors) -> None:
    """Instagram shows us what we sent ourselves: its id is in our outbox, and nobody has taken over."""
    contact = fresh_contact()
    await doors.sent("instagram", contact, "m_ours")
    async with doors.listening():
        await doors.post(PLATFORMS["instagram"].inbound(said(contact, "привіт"), OURS))
        status = await doors.post(echo("instagram", said(contact, "Добрий день", id="m_ours")))
        overview = await doors.overview("instagram", contact)

    assert (200, Holder.ASSISTANT) == (status, overview.holder)
    assert ["Добрий день"] == [text for _, text, _ in doors.logged(contact)], "as we sent it, and not twice"


async def test_our_own_message_in_chat2desk_is_no_operator(doors: Doors) -> None:
    """An outbox hook without an operator's id is what our own API call looks like from there."""
    contact = fresh_contact()
    hook = echo("chat2desk", said(contact))
    body = json.loads(hook.body) | {"operator_id": None}
    status = (await doors.client.post(hook.path, json=body)).status_code

    assert (200, []) == (status, doors.logged(contact))


async def test_our_own_message_is_ours_whoever_was_logged_in(doors: Doors) -> None:
    """Chat2Desk may name an operator beside what our own API call sent: its id is in our outbox."""
    contact = fresh_contact()
    await doors.sent("chat2desk", contact, "28781")
    hook = echo("chat2desk", said(contact, "Добрый день", id="28781"))
    assert json.loads(hook.body)["operator_id"]
    async with doors.listening():
        await doors.post(PLATFORMS["chat2desk"].inbound(said(contact, "привет"), OURS))
        status = await doors.post(hook)
        overview = await doors.overview("chat2desk", contact)

    assert (200, Holder.ASSISTANT) == (status, overview.holder)


# --- parts that failed ---------------------------------------------------------------------------------------------


async def test_a_message_that_whatsapp_could_not_deliver_becomes_a_dead_letter(doors: Doors) -> None:
    """It was taken, and then it was not: an operator sees it, with WhatsApp's reason, told however often."""
    contact, own_id = fresh_contact(), f"wamid.{uuid4().hex}"
    key = await doors.sent("whatsapp", contact, own_id)
    kit = PLATFORMS["whatsapp"]
    assert kit.receipt is not None
    at = datetime.now(UTC)
    entry = Entry(platform="whatsapp", contact=contact, at=at, direction=Direction.OUT, external_id=own_id)
    async with doors.listening():
        await doors.post(kit.inbound(said(contact, "де моє замовлення?"), OURS))
        states = (ReceiptState.SENT, ReceiptState.FAILED, ReceiptState.FAILED, ReceiptState.DELIVERED)
        statuses = [await doors.post(kit.receipt(entry, state, OURS)) for state in states]
        overview = await doors.overview("whatsapp", contact)
    (letter,) = doors.rows("SELECT * FROM dead_letters WHERE conversation_id = %s", f"conv:whatsapp:default:{contact}")
    (logged,) = doors.rows("SELECT * FROM message_logs WHERE client_id = %s AND direction = 'out'", contact)

    assert [200] * 4 == statuses
    assert (key, True, (Attention.DEAD_LETTER,)) == (
        letter["outbox_key"], "131026" in letter["reason"], overview.attention,
    )  # fmt: skip
    assert (False, True) == (logged["success"], "131026" in logged["error_reason"])


async def test_a_failure_of_a_message_that_is_not_ours_is_only_counted(doors: Doors) -> None:
    """Staff's own message failed in the app: there is nothing to send again."""
    contact = fresh_contact()
    kit, at = PLATFORMS["whatsapp"], datetime.now(UTC)
    assert kit.receipt is not None
    entry = Entry(platform="whatsapp", contact=contact, at=at, direction=Direction.OUT, external_id="wamid.theirs")
    status = await doors.post(kit.receipt(entry, ReceiptState.FAILED, OURS))

    letters = "SELECT * FROM dead_letters WHERE conversation_id = %s"
    assert (200, []) == (status, doors.rows(letters, f"conv:whatsapp:default:{contact}"))


# --- messages taken back -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("platform", ["instagram", "whatsapp"])
async def test_a_message_taken_back_is_forgotten(doors: Doors, platform: str) -> None:
    """Its words and its picture are blanked, it is not answered, and what was said beside it stays."""
    contact, kit = fresh_contact(), PLATFORMS[platform]
    taken_back, kept = said(contact, "моя карта 4441…"), said(contact, "добрий день")
    assert kit.unsent is not None
    async with doors.listening():
        for each in (taken_back, kept):
            await doors.post(kit.inbound(each, OURS))
        waiting = (await doors.overview(platform, contact)).waiting_messages
        await write_down(doors, address(platform, contact), taken_back, kept)
        hook = kit.unsent(contact, taken_back.message_id or "", datetime.now(UTC), OURS)
        statuses = [await doors.post(hook) for _ in range(2)]
        left = (await doors.overview(platform, contact)).waiting_messages
    media = {row["message_id"]: row for row in doors.rows("SELECT * FROM media WHERE account = 'default'")}

    assert ([200, 200], 2, 1) == (statuses, waiting, left)
    assert [("in", "", ""), ("in", "добрий день", "")] == doors.logged(contact)
    assert [[], [{"url": "https://example.com/a.jpg"}]] == [
        [{"url": one["url"]} for one in row["media"]]
        for row in doors.rows("SELECT media FROM message_logs WHERE client_id = %s ORDER BY id", contact)
    ]
    gone, stays = media[taken_back.message_id or ""], media[kept.message_id or ""]
    assert (("", "", "gone"), "spoken") == ((gone["name"], gone["transcript"], gone["problem"]), stays["transcript"])


# --- floods --------------------------------------------------------------------------------------------------------


async def test_a_flood_in_a_batch_stops_nobody_else(doors: Doors) -> None:
    """One customer of a bridge floods: 429, and what others wrote in the same body is taken, once, in its order."""
    hasty, calm, quiet = fresh_contact(), fresh_contact(), fresh_contact()
    first = await batched(doors, [(hasty, f"спам {number}") for number in range(A_MINUTE)])
    mixed = [(calm, "раз"), (hasty, "ще спам"), (quiet, "привіт"), (calm, "два")]
    statuses = [await batched(doors, mixed) for _ in range(3)]
    async with doors.listening():
        overviews = {name: await doors.overview("bridge", name) for name in (hasty, calm, quiet)}

    assert (202, [429] * 3) == (first, statuses)
    assert {hasty: A_MINUTE, calm: 2, quiet: 1} == {name: one.waiting_messages for name, one in overviews.items()}
    assert (0, 4) == (overviews[hasty].duplicates, overviews[calm].duplicates)
    assert ["раз", "два"] == [text for text in await heard(doors, calm) if text][:2]

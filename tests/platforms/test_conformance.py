"""Every platform keeps the protocol's promises: parametrised over the registry and the recorded payloads."""

import asyncio
import json
import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import to_jsonable_python

from domain.failures import NotProven, NotUnderstood, OutcomeUnknown, PartRefused, RateLimited, TokenRejected, Transient
from domain.identifiers import LONGEST_CONTACT, Address
from domain.messages import LONGEST_TEXT, Ignored, Inbound, MessageKind, Part, Received
from platforms.base import Credentials, Platform, WebhookRequest
from platforms.kit import Said
from platforms.registry import PLATFORMS, names, platforms
from platforms.simulation import Direction, Entry, Fault, FaultKind, Gate, Setting, World

PAYLOADS = Path(__file__).parents[1] / "payloads"
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
RECORDED = [path for name in names() for path in sorted((PAYLOADS / name).glob("*.json"))]
KEY = "conv:p:main:42/e/1/0"
LABEL = re.compile(r"[a-z0-9_:.-]{1,60}")
"""A word of ours: what a vendor, or a stranger, writes in its place would not look like it for long."""

Json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = [
    *("subscriber_id", "id", "text", "last_input_text", "image_url", "channel", "name", "message_id", "timestamp"),
    *("last_interaction", "custom_fields", "contact", "hook_type", "type", "client_id", "client", "photo", "audio"),
    *("attachments", "event_time", "operator_id", "dialog_id", "transport", "coordinates", "insta_comment"),
]
WORDS = ["inbox", "outbox", "imported_message", "from_client", "to_client", "{{x}}", "1763719200", "edit", "order"]
Values = Json | st.sampled_from(WORDS)
Bodies = Json | st.dictionaries(st.sampled_from(FIELDS), Values, max_size=12)


def request(body: bytes = b"", **more: Any) -> WebhookRequest:
    fields: dict[str, Any] = {"headers": {}, "query": {}, "body": body, "now": NOW} | more
    return WebhookRequest(**fields)


def seen(inbound: Inbound) -> tuple[str, dict[str, Any]]:
    """An inbound value as the sidecar files write it."""
    fields = to_jsonable_python(inbound.model_dump())
    contact = {"contact": fields["address"]["contact"]} if "address" in fields else {}
    if isinstance(inbound, Received):
        return "received", contact | fields["message"] | {"urls": [m.url for m in inbound.message.media]}
    return type(inbound).__name__.lower(), contact | fields


@cache
def alone(name: str) -> Platform:
    """A platform that is not asked to send; built once, for its client reads certificates."""
    return platforms(httpx.AsyncClient())[name]


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_recorded_body_is_read_as_its_sidecar_says(path: Path) -> None:
    """What platforms really send is understood, or ignored for a known reason."""
    raw, sidecar = path.read_bytes(), path.with_suffix(".yaml")
    try:
        read = alone(path.parent.name).read(json.loads(raw), request(raw), Credentials(account="main"))
        actual = [seen(inbound) for inbound in read]
    except NotUnderstood:
        actual = [("not_understood", {})]
    if not sidecar.exists():
        draft = yaml.safe_dump([{kind: fields} for kind, fields in actual], allow_unicode=True, sort_keys=False)
        pytest.fail(f"{sidecar.name} is missing. The body is read as below; keep what is right:\n{draft}")
    expected = yaml.safe_load(sidecar.read_text())
    wanted = [next(iter(item.items())) for item in expected]
    assert [kind for kind, _ in wanted] == [kind for kind, _ in actual]
    for (_, fields), (_, got) in zip(wanted, actual, strict=True):
        assert fields == {name: got[name] for name in fields}


@pytest.mark.parametrize("name", names())
def test_every_platform_has_recorded_bodies(name: str) -> None:
    """A platform without recorded payloads is not finished."""
    assert list((PAYLOADS / name).glob("*.json")) != []


@pytest.mark.parametrize("name", names())
@given(body=Bodies)
@settings(max_examples=150, deadline=None)
def test_no_body_breaks_the_door(name: str, body: Any) -> None:
    """Whatever JSON comes in, it is understood, ignored, or refused as not this platform's; and it can be stored."""
    try:
        read = alone(name).read(body, request(), Credentials(account="main"))
    except NotUnderstood:
        return
    for inbound in read:
        stored = inbound.model_dump_json()
        assert "\\u0000" not in stored
        if not isinstance(inbound, Ignored):
            assert len(inbound.address.contact) in range(1, LONGEST_CONTACT + 1)
        if isinstance(inbound, Received):
            assert inbound.message.text or inbound.message.media or inbound.message.kind is MessageKind.OTHER
            assert len(inbound.message.text) <= LONGEST_TEXT


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where in a JSON value something can be replaced."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inside for place in places(item, (*path, key)))]


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """The value with something else in one place."""
    if not path:
        return new
    if isinstance(value, dict):
        return {**value, path[0]: replaced(value[path[0]], path[1:], new)}
    return [replaced(item, path[1:], new) if place == path[0] else item for place, item in enumerate(value)]


@cache
def recorded(name: str) -> list[Any]:
    """A platform's recorded bodies."""
    return [json.loads(path.read_bytes()) for path in RECORDED if path.parent.name == name]


@pytest.mark.parametrize("name", names())
@given(picked=st.data())
@settings(max_examples=100, deadline=None)
def test_a_recorded_body_with_anything_in_any_place_is_read(name: str, picked: st.DataObject) -> None:
    """Vendors change their bodies without asking: no field breaks the door, nothing is lost when a body is cut by
    account, and no label is made of what they say."""
    body = picked.draw(st.sampled_from(recorded(name)))
    for _ in range(picked.draw(st.integers(1, 3))):
        body = replaced(body, picked.draw(st.sampled_from(places(body))), picked.draw(Values))
    platform, account = alone(name), Credentials(account="main")
    try:
        pieces = platform.by_account(body).values()
        read = [inbound for piece in pieces for inbound in platform.read(piece, request(), account)]
    except NotUnderstood:
        return
    assert len(read) >= len(platform.read(body, request(), account)) > 0
    for inbound in read:
        assert "\\u0000" not in inbound.model_dump_json()
        assert not isinstance(inbound, Ignored) or LABEL.fullmatch(inbound.reason)


@pytest.mark.parametrize("name", names())
def test_a_simulated_customer_is_read_back(name: str) -> None:
    """What `everturn say` posts is proven and read as what the customer typed; a wrong secret is refused."""
    account = Credentials(account="main", access_token="token", webhook_secret="s3cret")
    said = Said(contact="42", text="Привіт 👋", message_id="7", name="Оля", at=NOW)
    hook = PLATFORMS[name].inbound(said, account)
    came = request(hook.body, headers=hook.headers, query=hook.query)
    platform = alone(name)
    platform.authenticate(came, account)
    [received] = platform.read(json.loads(hook.body), came, account)
    assert isinstance(received, Received)
    message = received.message
    told = message.name or platform.abilities("").profile  # what the webhook does not tell is asked for
    assert (received.address.contact, message.text, message.sent_at) == ("42", "Привіт 👋", NOW)
    assert told in (True, "Оля")
    assert platform.webhook_path == hook.path
    with pytest.raises(NotProven):
        platform.authenticate(came, account.model_copy(update={"webhook_secret": "other"}))
    platform.authenticate(request(hook.body), Credentials(account="main"))


@pytest.fixture(params=list(PLATFORMS))
def name(request: pytest.FixtureRequest) -> str:
    """Each platform in turn."""
    return str(request.param)


class Line:
    """A platform and an account on it."""

    def __init__(self, platform: Platform, credentials: Credentials) -> None:
        self.platform, self.credentials = platform, credentials

    async def say(self, text: str, contact: str = "42") -> None:
        to = Address(platform=self.platform.name, account="main", contact=contact)
        await self.platform.send(to, "", Part(text=text), KEY, self.credentials)


@pytest.fixture
def line(name: str, all_platforms: dict[str, Platform], credentials: dict[str, Credentials]) -> Line:
    """A line to the simulator, ready to speak."""
    return Line(all_platforms[name], credentials[name])


async def test_a_sent_part_reaches_the_phone(name: str, line: Line, world: World) -> None:
    """The customer reads what was sent, once, and in order."""
    await line.platform.check_credentials(line.credentials)
    await line.say("Перша")
    await line.say("Друга")
    assert world.said_to(name, "42") == ["Перша", "Друга"]


@pytest.mark.parametrize(
    ("fault", "failure", "shown"),
    [
        (FaultKind.RATE_LIMITED, RateLimited, []),
        (FaultKind.SERVER_ERROR, Transient, []),
        (FaultKind.UNAUTHORIZED, TokenRejected, []),
        (FaultKind.REFUSED, PartRefused, []),
        (FaultKind.HANG, OutcomeUnknown, []),
        (FaultKind.RESET_BEFORE, OutcomeUnknown, []),
        (FaultKind.ANSWER_LOST, OutcomeUnknown, ["Привіт"]),
        (FaultKind.RESET, OutcomeUnknown, ["Привіт"]),
    ],
)
async def test_a_fault_is_named_by_who_can_mend_it(  # the table's columns
    name: str, line: Line, world: World, fault: FaultKind, failure: type[Exception], shown: list[str]
) -> None:
    """A platform's bad day becomes the right failure, and the customer sees no more than it says."""
    world.faults.add(Fault(platform=name, kind=fault, contact="42", retry_after=3))
    with pytest.raises(failure) as raised:
        await line.say("Привіт")
    assert failure is raised.type
    if fault is FaultKind.RATE_LIMITED:
        assert getattr(raised.value, "retry_after", None) == 3
    assert shown == world.said_to(name, "42")
    await line.say("Знову")
    assert [*shown, "Знову"] == world.said_to(name, "42")
    assert [fault.value, "2xx"] == [re.sub(r"^2\d\d$", "2xx", call["outcome"]) for call in world.calls(name)]


async def test_a_closed_gate_holds_calls(name: str, base_url: str, client: httpx.AsyncClient, line: Line) -> None:
    """Tests of other processes can hold a send, and let it go, through the control API."""
    await client.post(f"{base_url}/_gate", json={"platform": name})
    with pytest.raises(OutcomeUnknown):
        await line.say("held")
    await client.post(f"{base_url}/_gate", json={"platform": name, "closed": False})
    await client.post(f"{base_url}/_faults", json={"platform": name, "kind": "500"})
    with pytest.raises(Transient):
        await line.say("refused")
    await line.say("через API")
    entries = (await client.get(f"{base_url}/_world/{name}/42")).json()
    assert entries[-1]["text"] == "через API"
    assert (await client.post(f"{base_url}/_faults", json={"platform": name, "kind": "?"})).status_code == 422


async def test_a_gate_that_opens_lets_the_call_go_on(name: str, line: Line, world: World) -> None:
    """A held send arrives once the gate opens, and not before."""
    world.faults.set_gate(Gate(platform=name, contact="42"))
    held = asyncio.create_task(line.say("held"))
    async with asyncio.timeout(5):
        while not world.faults.waiting:
            await asyncio.sleep(0.01)
    assert world.said_to(name, "42") == []
    world.faults.set_gate(Gate(platform=name, contact="42", closed=False))
    await held
    assert world.said_to(name, "42") == ["held"]


async def test_an_unknown_customer_is_refused_for_good(name: str, line: Line, world: World) -> None:
    """Somebody the platform never met is not tried for ever, nor is a contact that can be none of its numbers."""
    world.set_unknown(name, "13", unknown=True)
    for contact in ("13", "не число"):
        with pytest.raises(PartRefused):
            await line.say("Привіт", contact)


async def test_the_platforms_own_rate_is_kept(name: str, line: Line, world: World) -> None:
    """Too many calls within the platform's span are refused and may be repeated."""
    world.faults.change(Setting(platform=name, rate=1, retry_after=2))
    await line.say("1")
    with pytest.raises(RateLimited) as raised:
        await line.say("2")
    assert raised.value.retry_after == 2


def test_a_world_survives_its_process(tmp_path: Path) -> None:
    """What a phone showed is still there after a restart."""
    first = World(tmp_path / "world.sqlite")
    first.show(Entry(platform="manychat", contact="42", at=NOW, direction=Direction.OUT, text="Привіт"))
    second = World(tmp_path / "world.sqlite")  # the first was never closed: it was killed
    assert second.said_to("manychat", "42") == ["Привіт"]

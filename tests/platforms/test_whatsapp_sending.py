"""WhatsApp Cloud: sends within its limits, errors by their code, and a window of a day."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.failures import (
    EverturnError,
    OutcomeUnknown,
    PartRefused,
    RateLimited,
    TokenRejected,
    Transient,
    WindowClosed,
)
from domain.identifiers import Address, tag_of
from domain.messages import (
    Choice,
    OutboundMessage,
    Part,
)
from platforms.base import Credentials, Platform
from platforms.kit import Said
from platforms.simulation import Direction, Entry, World
from platforms.text import fit
from platforms.whatsapp.adapter import WhatsApp
from platforms.whatsapp.hooks import inbound
from platforms.whatsapp.limits import refused
from platforms.whatsapp.sending import ABILITIES, failure_in, message_for

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
MAIN = Credentials(account="main", access_token="token")
TO = Address(platform="whatsapp", account="main", contact="380501112233")
ROUTE = "1055/380501112233/"
USER_ID = "UA.13491208655302741918"
TEMPLATE = {"template_name": "we_answered", "template_language": "uk"}
YES_NO = (Choice(id="y", title="Так"), Choice(id="n", title="Ні"))


# --- sending --------------------------------------------------------------------------------------------------------


def sent(part: Part, contact: str = TO.contact, route: str = ROUTE, **options: str) -> dict[str, Any]:
    return message_for(contact, route, part, "k", options)


def test_a_message_is_written_as_the_graph_api_wants_it() -> None:
    """Text, picture, buttons and list."""
    assert sent(Part(text="Привіт")) == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "380501112233",
        "type": "text",
        "text": {"body": "Привіт", "preview_url": False},
        "biz_opaque_callback_data": tag_of("k"),
    }
    picture = {"link": "https://a.example/b.jpg"}
    assert sent(Part(text="", image_url=picture["link"]))["image"] == picture
    assert sent(Part(text="Ось", image_url=picture["link"]))["image"] == picture | {"caption": "Ось"}
    assert sent(Part(text="?", choices=YES_NO))["interactive"]["action"] == {
        "buttons": [{"type": "reply", "reply": {"id": c.id, "title": c.title}} for c in YES_NO]
    }
    long = (*YES_NO, Choice(id="x", title="Передзвоніть, будьте л."))
    listed = sent(Part(text="?", choices=long), list_button="Обрати")["interactive"]
    assert (listed["type"], listed["action"]["button"]) == ("list", "Обрати")
    assert [row["id"] for row in listed["action"]["sections"][0]["rows"]] == ["y", "n", "x"]


@pytest.mark.parametrize(
    ("contact", "route", "recipient"),
    [
        ("380501112233", "", {"to": "380501112233"}),
        (USER_ID, "", {"recipient": USER_ID}),
        (USER_ID, f"1055//{USER_ID}", {"recipient": USER_ID}),
        (USER_ID, f"1055/380501112233/{USER_ID}", {"to": "380501112233"}),
        ("не число", "x", {"to": "не число"}),
    ],
)
def test_a_customer_is_reached_by_phone_or_by_user_id(contact: str, route: str, recipient: dict[str, str]) -> None:
    """A hidden phone is no obstacle; a known one reaches further."""
    body = sent(Part(text="x"), contact, route)
    assert recipient == {name: body[name] for name in ("to", "recipient") if name in body}


def test_after_a_day_only_the_template_goes_out() -> None:
    """The words become the template's one parameter, on one line."""
    part = Part(text="Готово!\n\nМожна\tзабирати", choices=YES_NO, image_url="https://a.example/b", outside_window=True)
    template = sent(part, **TEMPLATE)["template"]
    assert (template["name"], template["language"]) == ("we_answered", {"code": "uk"})
    [component] = template["components"]
    assert component["parameters"][0]["text"] == "Готово! Можна забирати https://a.example/b • Так • Ні"
    for options, text in (({}, "x"), (TEMPLATE, "x" * 1025), (TEMPLATE, " ")):
        with pytest.raises(WindowClosed):
            sent(Part(text=text, outside_window=True), **options)


Titles = st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=30), max_size=12, unique=True)


@given(text=st.text(st.characters(categories=["L", "N", "Z", "P"]), max_size=6_000), titles=Titles, image=st.booleans())
@settings(max_examples=60, deadline=None)
def test_whatever_a_flow_says_is_within_the_limits(text: str, titles: list[str], image: bool) -> None:
    """Every part of every reply is one that WhatsApp takes."""
    choices = tuple(Choice(id=str(place), title=title) for place, title in enumerate(titles))
    said = OutboundMessage(text=text, choices=choices, image_url="https://a.example/b.jpg" if image else "")
    for part in fit(said, ABILITIES):
        assert None is refused(sent(part))


# --- answers --------------------------------------------------------------------------------------------------------


def answer(status: int, body: Any, **headers: str) -> EverturnError | None:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return failure_in(httpx.Response(status, json=body, headers=named), NOW, ("Привіт",))


@pytest.mark.parametrize(
    ("status", "code", "failure"),
    [
        *((401, code, TokenRejected) for code in (0, 3, 10, 190, 200, 299)),
        *((400, code, TokenRejected) for code in (368, 131031, 131037, 131042)),
        *((403, code, RateLimited) for code in (4, 80007, 130429, 131048, 131056, 133016)),
        (400, "131056", RateLimited),
        (429, 613, RateLimited),
        (429, 77, RateLimited),
        *((400, code, Transient) for code in (1, 2, 131000, 131016, 131053, 131057, 135000)),
        *((400, code, PartRefused) for code in (100, 131008, 131009, 131026, 131049, 131050, 131051, 131062, 132001)),
        *((500, code, Transient) for code in (131000, 99)),
        (400, 130472, PartRefused),
        (400, 131047, WindowClosed),
        (200, 131047, WindowClosed),
        (200, 131026, PartRefused),
    ],
)
def test_the_code_decides_and_not_the_status(status: int, code: object, failure: type[EverturnError]) -> None:
    """Meta answers one error with several statuses, even with 200."""
    found = answer(status, {"error": {"message": f"(#{code}) x", "code": code, "error_data": "a plain string"}})
    assert failure is type(found)


def test_the_pair_limit_asks_for_longer_and_longer_pauses() -> None:
    """4, 16, 64 … seconds; unless Meta says how long."""
    found = answer(403, {"error": {"code": 131056}}, retry_after="7")
    assert isinstance(found, RateLimited)
    assert (found.growth, found.retry_after) == (4.0, 7.0)


def test_an_unknown_error_may_call_itself_passing() -> None:
    """Else it is refused for good, and says nothing it must not."""
    error = {"code": 77, "message": "to 380501112233: Привіт", "error_data": {"details": "no"}, "error_subcode": 5}
    found = answer(400, {"error": error})
    assert isinstance(found, PartRefused)
    assert (found.code, str(found)) == ("77", "WhatsApp error 77: to …: …: no")
    assert type(answer(400, {"error": error | {"is_transient": True}})) is Transient
    assert type(answer(200, {"error": "what?"})) is PartRefused
    assert type(answer(404, {})) is PartRefused
    assert None is answer(200, {"success": True})


# --- a real conversation with the simulator -------------------------------------------------------------------------


@pytest.fixture
def whatsapp(all_platforms: dict[str, Platform]) -> Platform:
    """WhatsApp, speaking with its simulator."""
    return all_platforms["whatsapp"]


@pytest.fixture
def account(credentials: dict[str, Credentials]) -> Credentials:
    """An account on it."""
    return credentials["whatsapp"]


async def test_rich_parts_reach_the_phone(whatsapp: Platform, account: Credentials, world: World) -> None:
    """Buttons, a list and a picture; and each message has an id of its own."""
    ten = tuple(Choice(id=str(n), title=f"Варіант {n}") for n in range(10))
    parts = [
        Part(text="?", choices=YES_NO),
        Part(text="??", choices=ten),
        Part(text="", image_url="https://a.example/b"),
    ]
    ids = {(await whatsapp.send(TO, ROUTE, part, "k", account)).message_id for part in parts}
    shown = world.phone("whatsapp", TO.contact)
    assert parts == [Part(text=e.text, choices=e.choices, image_url=e.image_url) for e in shown]
    assert ids == {entry.external_id for entry in shown}
    reached = TO.model_copy(update={"contact": USER_ID})
    await whatsapp.send(reached, f"1055//{USER_ID}", Part(text="Привіт"), "k", account)
    assert world.said_to("whatsapp", USER_ID) == ["Привіт"]


async def test_the_simulator_is_as_strict_as_whatsapp(whatsapp: Platform, account: Credentials, world: World) -> None:
    """Too long is refused as a whole; after a day only a template passes; one customer is not flooded."""
    for part in (Part(text="x" * 4097), Part(text="x" * 1025, choices=YES_NO), Part(text="")):
        with pytest.raises(PartRefused):
            await whatsapp.send(TO, ROUTE, part, "k", account)
    late = world.clock() - timedelta(hours=25)
    world.show(Entry(platform="whatsapp", contact="7", at=late, direction=Direction.IN, text="?"))
    seventh = TO.model_copy(update={"contact": "7"})
    with pytest.raises(WindowClosed):
        await whatsapp.send(seventh, "", Part(text="x"), "k", account)
    templated = account.model_copy(update={"options": TEMPLATE})
    await whatsapp.send(seventh, "", Part(text="Пишемо\nВам", outside_window=True), "k", templated)
    assert world.said_to("whatsapp", "7") == ["Пишемо Вам"]
    for _ in range(45):
        await whatsapp.send(TO, ROUTE, Part(text="x"), "k", account)
    with pytest.raises(RateLimited) as raised:
        await whatsapp.send(TO, ROUTE, Part(text="x"), "k", account)
    assert (raised.value.growth, len(world.said_to("whatsapp", TO.contact))) == (4.0, 45)


async def test_read_and_typing_are_shown(whatsapp: Platform, account: Credentials, world: World) -> None:
    """One call shows both; an edited message is read under its first id."""
    hook = json.loads(inbound(Said(contact="42", text="?", at=NOW), account).body)
    message_id = hook["entry"][0]["changes"][0]["value"]["messages"][0]["id"]
    await whatsapp.mark_seen(TO, ROUTE, f"{message_id}:edited:wamid.9", account)
    await whatsapp.show_typing(TO, ROUTE, message_id, account)
    assert world.signs("whatsapp", "42") == ["seen", "seen", "typing"]


async def test_credentials_are_checked_and_rated(whatsapp: Platform, account: Credentials, world: World) -> None:
    """A number has a quality; the account that takes any number has none, and answers by the one written to."""
    assert await whatsapp.check_credentials(account) == "GREEN"
    anybody = account.model_copy(update={"account": "default"})
    assert await whatsapp.check_credentials(anybody) == ""
    await whatsapp.send(TO, ROUTE, Part(text="Привіт"), "k", anybody)
    with pytest.raises(PartRefused, match="WHATSAPP_ACCOUNT_ID"):
        await whatsapp.send(TO, "", Part(text="Привіт"), "k", anybody)
    for token in ("", "їжак", "a\nb"):
        with pytest.raises(TokenRejected):
            await whatsapp.check_credentials(account.model_copy(update={"access_token": token}))


@pytest.mark.parametrize("body", [{}, {"messages": []}, {"messages": [{"id": None}]}, [], "x"])
async def test_a_200_without_an_id_leaves_the_outcome_open(body: Any) -> None:
    """It may have been sent: it is not sent again blindly."""
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=body))
    async with httpx.AsyncClient(transport=transport) as client:
        with pytest.raises(OutcomeUnknown):
            await WhatsApp(client).send(TO, ROUTE, Part(text="x"), "k", MAIN)


async def test_the_version_and_the_number_are_in_the_address() -> None:
    """A version is a setting; the number is the one that was written to, and no path of its own."""
    asked: list[str] = []

    def answering(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(201, json={"messages": [{"id": "wamid.1", "message_status": "accepted"}]})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answering)) as client:
        later = MAIN.model_copy(update={"options": {"graph_version": "v25.0"}})
        assert (await WhatsApp(client).send(TO, ROUTE, Part(text="x"), "k", MAIN)).message_id == "wamid.1"
        await WhatsApp(client).send(TO, "a?b", Part(text="x"), "k", later)
    assert [
        "https://graph.facebook.com/v23.0/1055/messages",
        "https://graph.facebook.com/v25.0/a%3Fb/messages",
    ] == asked

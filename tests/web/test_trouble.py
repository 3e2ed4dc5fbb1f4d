"""Breaking things on purpose: what the page can spoil, and that it says so."""

import asyncio

import pytest
from playwright.async_api import Route, expect

from api.simulator.page import FAULTS
from platforms.simulation import FaultKind
from tests.web.conftest import Visit, Visitor

pytestmark = pytest.mark.slow
in_browser = pytest.mark.asyncio(loop_scope="session")

GREETING = "Здравствуйте"
NOTE_VALUES = """field => {
    const {get, set} = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value");
    window.shown = [];
    Object.defineProperty(field, "value", {
        get, set(value) { window.shown.push(String(value)); set.call(this, value); },
    });
}"""


async def dead_letters(visitor: Visitor) -> list[str]:
    """Why parts for this customer could not be delivered."""
    items = (await visitor.site.ask("/api/dead-letters")).json()["items"]
    return [item["reason"] for item in items if item["contact"] == visitor.contact]


def test_every_fault_has_words() -> None:
    """Nothing that can break is missing on the page."""
    assert {kind.value for kind in FaultKind} == FAULTS.keys()


@in_browser
async def test_a_fault_waits_and_can_be_cleared(visit: Visit) -> None:
    """What is about to break is shown in words, for whom and how often, and taken back."""
    visitor = await visit("whatsapp")
    await visitor.page.get_by_label("The next").select_option("3")
    waiting = visitor.page.locator("#faults li")
    for kind, (title, _) in FAULTS.items():
        await visitor.page.get_by_role("button", name=title, exact=True).click()
        await expect(waiting).to_contain_text(f"{title}: the next 3 calls, this customer")
        [rule] = visitor.site.world.faults.rules()
        assert (kind, 3, visitor.contact) == (rule.kind, rule.times, rule.contact)
        await visitor.page.get_by_role("button", name="Clear").click()
        await expect(waiting).to_have_count(0)
    await visitor.page.get_by_label("The next").select_option("")
    await visitor.page.get_by_label("to", exact=True).select_option("all")
    await visitor.page.get_by_role("button", name="Too many requests").click()
    await expect(waiting).to_contain_text("until cleared, everybody")
    await visitor.page.get_by_role("button", name="Clear").click()
    await expect(waiting).to_have_count(0)


@in_browser
async def test_a_refused_send_is_tried_again(visit: Visit) -> None:
    """The platform has a bad second: the customer is answered a little later, and both calls are listed."""
    visitor = await visit("chat2desk")
    await visitor.page.get_by_role("button", name="Server error").click()
    await expect(visitor.page.locator("#faults li")).to_have_count(1)
    await visitor.write(GREETING)
    await expect(visitor.page.locator("#messages li.out")).not_to_have_count(0)
    await expect(visitor.page.locator("#calls .bad")).to_have_text("Server error")
    await expect(visitor.page.locator("#calls .good").first).to_contain_text("taken")
    await expect(visitor.page.locator("#faults li")).to_have_count(0)


@in_browser
async def test_what_is_not_delivered_becomes_a_dead_letter(visit: Visit) -> None:
    """WhatsApp took the message and says later that it never arrived."""
    visitor = await visit("whatsapp")
    await visitor.page.get_by_role("button", name="Do not deliver").click()
    await visitor.write(GREETING)
    await expect(visitor.page.locator("#messages li.failed .state").first).to_have_text("! Not delivered")
    await visitor.until(lambda: dead_letters(visitor))
    assert "131026" in (await dead_letters(visitor))[0]


@in_browser
async def test_a_slow_platform_that_reports_nothing(visit: Visit) -> None:
    """ManyChat tells nobody what became of a message; and every call takes longer, until it is set back."""
    visitor = await visit("manychat")
    for seconds in ("1.5", "0"):
        await visitor.page.get_by_label("Every call takes").fill(seconds)
        await visitor.page.get_by_label("Every call takes").press("Tab")

        async def is_set(wanted: float = float(seconds)) -> bool:
            return wanted == visitor.site.world.faults.setting("manychat").latency

        await visitor.until(is_set)
    await expect(visitor.page.get_by_role("button", name="Do not deliver")).to_be_disabled()
    await expect(visitor.page.locator("#no-echo")).to_contain_text("manychat does not tell us")


@in_browser
async def test_a_look_from_before_takes_back_nothing(visit: Visit) -> None:
    """What was asked for before a change and comes after it shows how it was: the page keeps what was just set."""
    visitor = await visit("manychat")
    asked, may_answer = asyncio.Event(), asyncio.Event()

    async def late(route: Route) -> None:
        before = await route.fetch()
        asked.set()
        await may_answer.wait()
        await route.fulfill(response=before)

    await visitor.page.route("**/_about*", late, times=1)
    await visitor.write(GREETING)
    await asked.wait()
    field = visitor.page.get_by_label("Every call takes")
    await field.fill("0.5")
    async with visitor.page.expect_response("**/_about*"):  # the change is made, and looked at
        await field.press("Tab")
    await expect(field).to_have_value("0.5")
    await field.evaluate(NOTE_VALUES)
    async with visitor.page.expect_event("requestfinished", lambda request: "_about" in request.url):
        may_answer.set()
    await asyncio.sleep(0.3)  # it must not happen: there is no sign to wait for
    assert {"0.5"} >= set(await visitor.page.evaluate("() => window.shown"))
    await field.fill("0")
    async with visitor.page.expect_response("**/_about*"):
        await field.press("Tab")


@in_browser
async def test_unread_until_somebody_looks(visit: Visit) -> None:
    """A phone in a pocket: delivered, and read once it is taken out."""
    visitor = await visit("whatsapp")
    await visitor.page.get_by_label("The customer looks at the phone").uncheck()
    await asyncio.sleep(0.5)
    await visitor.write(GREETING)
    last = visitor.page.locator("#messages li.out .state").last
    await expect(last).to_have_text("✓✓ Delivered")
    await visitor.page.get_by_label("The customer looks at the phone").check()
    await expect(last).to_have_text("✓✓ Read")


@in_browser
async def test_a_closed_gate_holds_the_answer(visit: Visit) -> None:
    """Calls wait in front of the gate; opened, it lets them through."""
    visitor = await visit("instagram")
    await visitor.page.get_by_label("to this customer").check()
    await visitor.write(GREETING)
    await expect(visitor.page.locator("#waiting")).to_have_text("(1 waiting)")
    assert [] == visitor.site.world.said_to("instagram", visitor.contact)
    await visitor.page.get_by_label("to this customer").uncheck()
    await expect(visitor.page.locator("#messages li.out")).not_to_have_count(0)


@in_browser
async def test_a_closed_window(visit: Visit) -> None:
    """25 hours have passed: an operator's answer meets the closed window, and nothing reaches the phone."""
    visitor = await visit("whatsapp")
    await visitor.write(GREETING)
    await expect(visitor.page.locator("#messages li.out .state").last).to_have_text("✓✓ Read")
    shown = len(visitor.site.world.said_to("whatsapp", visitor.contact))
    await visitor.page.get_by_role("button", name="Let 25 hours pass").click()
    await expect(visitor.page.locator("#status")).to_contain_text("25 hours have passed")
    path = visitor.site.conversation("whatsapp", visitor.contact, "/replies")
    await visitor.site.ask(path, method="POST", json={"text": "Ещё актуально?", "operator": "Anna"})
    await visitor.until(lambda: dead_letters(visitor))
    assert "window" in (await dead_letters(visitor))[0]
    assert shown == len(visitor.site.world.said_to("whatsapp", visitor.contact))


@in_browser
async def test_doubled_and_the_wrong_way_round(visit: Visit) -> None:
    """Delivered twice it is one message; held back until the second went out, the first comes last."""
    visitor = await visit("chat2desk")
    await visitor.page.get_by_label("twice").check()
    await visitor.write("двічі")
    await visitor.takes("HTTP 200, 200")
    await visitor.page.get_by_label("after the one I write next").check()
    await visitor.write("перше")
    await visitor.takes("Held back")
    await visitor.write("друге")
    await visitor.takes("HTTP 200, 200")
    await expect(visitor.page.locator("#messages li.in .bubble")).to_have_text(["двічі", "перше", "друге"])

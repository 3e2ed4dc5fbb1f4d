"""The simulator's page, as a developer uses it."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest
from playwright.async_api import Browser, Page, ViewportSize, expect

SIZES = {"phone": ViewportSize(width=375, height=812), "desk": ViewportSize(width=1280, height=800)}


@pytest.fixture(params=SIZES, ids=list(SIZES))
async def page(browser: Browser, site: str, request: pytest.FixtureRequest) -> AsyncIterator[Page]:
    """The page, freshly opened; any error in its console fails the test."""
    errors: list[str] = []
    context = await browser.new_context(viewport=SIZES[request.param], locale="uk-UA")
    opened = await context.new_page()
    opened.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    opened.on("pageerror", lambda error: errors.append(str(error)))
    await opened.goto(f"{site}/simulator")
    await opened.get_by_role("button", name="New customer").click()
    yield opened
    await context.close()
    assert [] == errors


async def write(page: Page, text: str) -> None:
    """Type as the customer and press Enter."""
    box = page.get_by_role("textbox", name="Message")
    await box.fill(text)
    await box.press("Enter")


async def answer(site: str, page: Page, text: str) -> None:
    """The assistant answers, as the worker would."""
    contact = await page.get_by_label("Customer", exact=True).input_value()
    body = {"client_id": int(contact), "text": text, "transport": "telegram", "channel_id": 1}
    async with httpx.AsyncClient(base_url=site, trust_env=False) as client:
        sent = await client.post("/simulator/chat2desk/v1/messages", json=body, headers={"Authorization": "simulator"})
    assert 200 == sent.status_code


async def test_a_message_is_posted_to_the_real_webhook_and_the_answer_appears(page: Page, site: str) -> None:
    """What I write stands in the chat, the webhook took it, and the reply comes by itself."""
    await write(page, "Добрий день! Хочу воду 💧")
    await expect(page.get_by_role("log")).to_contain_text("Хочу воду 💧")
    await expect(page.locator("#status")).to_contain_text("HTTP 200")
    await answer(site, page, "Вітаю! Скільки бутлів привезти?")
    await expect(page.locator("#messages li.out .bubble")).to_have_text("Вітаю! Скільки бутлів привезти?")


async def test_markup_stays_text(page: Page) -> None:
    """Nobody can write a script into the page."""
    await write(page, "<img src=x onerror=alert(1)><b>bold</b>")
    await expect(page.locator("#messages .bubble")).to_have_text("<img src=x onerror=alert(1)><b>bold</b>")
    assert 0 == await page.locator("#messages b, #messages img").count()


async def test_a_doubled_webhook_shows_both_answers(page: Page) -> None:
    """The platform delivers twice: both deliveries are answered, the phone shows one message."""
    await page.get_by_label("twice").check()
    await write(page, "двічі")
    await expect(page.locator("#status")).to_contain_text("HTTP 200, 200")
    await expect(page.locator("#messages li")).to_have_count(1)


async def test_two_messages_can_arrive_the_wrong_way_round(page: Page) -> None:
    """The first is held back until the second went out."""
    await page.get_by_label("after the one I write next").check()
    await write(page, "перше")
    await expect(page.locator("#status")).to_contain_text("Held back")
    await write(page, "друге")
    await expect(page.locator("#status")).to_contain_text("HTTP 200, 200")
    await expect(page.locator("#messages .bubble")).to_have_text(["перше", "друге"])


async def test_a_fault_waits_and_can_be_cleared(page: Page) -> None:
    """What is about to break is shown, and taken back."""
    await page.get_by_role("button", name="Too many requests").click()
    await expect(page.locator("#faults")).to_contain_text("429")
    await page.get_by_role("button", name="Clear").click()
    await expect(page.locator("#faults")).to_have_text("")


async def test_the_page_fits_its_screen(page: Page) -> None:
    """Nothing sticks out sideways, and every control has a name."""
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for control in await page.locator("button, select, textarea").all():
        if await control.is_visible():
            named = await control.evaluate("e => e.innerText || e.labels?.length || e.ariaLabel")
            assert named


async def test_the_conversation_links_to_temporal(page: Page) -> None:
    """One click leads to the workflow."""
    link = page.get_by_role("link", name="This conversation in Temporal")
    await expect(link).to_have_attribute("href", re.compile(r"/namespaces/default/workflows/conv%3A"))

"""The simulator's page, as a developer uses it: on a phone and at a desk, by keyboard, with words that mean harm."""

import re
from typing import Any

import pytest
from playwright.async_api import expect

from platforms.registry import names
from tests.web.conftest import DESK, PHONE, Site, Visit

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

sizes = pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
UNNAMED = """() => [...document.querySelectorAll("button, select, textarea, input, audio, img, a")]
    .filter(e => e.offsetParent)
    .filter(e => !(e.innerText || e.labels?.length || e.ariaLabel || e.alt || e.querySelector("img[alt]")))
    .map(e => e.outerHTML)"""
MARKUP = "<img src=x onerror=alert(1)><b>bold</b>"


@sizes
async def test_the_page_fits_its_screen(visit: Visit, size: tuple[int, int]) -> None:
    """Nothing sticks out sideways, and every control has a name, with a chat, pictures and an open menu."""
    visitor = await visit("whatsapp", size=size)
    await visitor.write("х" * 300)
    await visitor.page.get_by_role("button", name="Attach a photo or voice note").click()
    await visitor.page.get_by_role("button", name="A red dress").click()
    await expect(visitor.page.locator("#messages li.in img")).to_be_visible()
    await visitor.page.get_by_role("button", name="Attach a photo or voice note").click()
    assert await visitor.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert [] == await visitor.page.evaluate(UNNAMED)
    composer = await visitor.page.locator("#say").bounding_box()
    assert composer is not None
    assert composer["y"] + composer["height"] <= size[1] or size == PHONE


@sizes
async def test_the_keyboard_is_enough(visit: Visit, size: tuple[int, int]) -> None:
    """Write, attach a sample, and break something without a mouse."""
    visitor = await visit("chat2desk", size=size)
    keys = visitor.page.keyboard
    await visitor.page.get_by_role("textbox", name="Message").focus()
    await keys.type("перше")
    await keys.press("Enter")
    await visitor.takes()
    await keys.press("Shift+Tab")
    assert "clip" == await visitor.page.evaluate("document.activeElement.id")
    await keys.press("Enter")
    for _ in range(3):
        await keys.press("Shift+Tab")
    assert "dress" == await visitor.page.evaluate("document.activeElement.dataset.sample")
    await keys.press("Enter")
    await expect(visitor.page.locator("#messages li.in img")).to_be_visible()
    await visitor.page.get_by_label("The next").focus()
    await keys.press("End")
    await visitor.page.get_by_role("button", name="Server error").focus()
    await keys.press("Space")
    await expect(visitor.page.locator("#faults li")).to_have_count(1)
    await visitor.page.get_by_role("button", name="Clear").press("Enter")
    await expect(visitor.page.locator("#faults li")).to_have_count(0)


async def test_markup_stays_text(visit: Visit) -> None:
    """Nobody can write a script into the page, neither as customer nor as operator nor as a choice."""
    visitor = await visit("whatsapp")
    await visitor.write(MARKUP)
    await visitor.page.get_by_label("Write as an operator").fill(MARKUP)
    await visitor.page.locator("#operate button").click()
    await expect(visitor.page.locator("#messages li.in .bubble")).to_have_text(MARKUP)
    await expect(visitor.page.locator("#messages li.operator .bubble")).to_have_text(MARKUP)
    assert 0 == await visitor.page.locator("#messages b, #messages img").count()


async def test_an_uploaded_page_is_no_page(site: Site) -> None:
    """A file that claims to be a picture runs nothing where it is opened."""
    kept = site.world.keep_media(b"<script>document.title = 'gotcha'</script>", "text/html")
    answer = await site.ask(f"/simulator/_media/{kept}")
    assert "sandbox" in answer.headers["content-security-policy"]


async def test_a_file_and_the_microphone(visit: Visit, tmp_path: Any) -> None:
    """A photo from the device, with a caption; a voice note spoken into the browser."""
    visitor = await visit("instagram")
    answer = await visitor.site.ask("/simulator/_samples/dress")
    photo = tmp_path / "dress.png"
    photo.write_bytes(answer.content)
    await visitor.page.get_by_role("textbox", name="Message").fill("Є така?")
    await visitor.page.get_by_role("button", name="Attach a photo or voice note").click()
    await visitor.page.locator("#photo").set_input_files(photo)
    await expect(visitor.page.locator("#messages li.in .bubble:has(img)")).to_have_text("Є така?")
    await visitor.page.get_by_role("button", name="Record a voice note").click()
    await visitor.takes("Recording")
    await visitor.page.wait_for_timeout(400)
    await visitor.page.get_by_role("button", name="Stop, and send").click()
    await expect(visitor.page.get_by_label("Voice note", exact=True)).to_be_visible()


async def test_each_phone_keeps_its_history(visit: Visit) -> None:
    """To another platform and back: the chat is still there, and the address bar names the phone."""
    visitor = await visit("whatsapp")
    await visitor.write("тут")
    await expect(visitor.page.locator("#messages li.in")).to_have_count(1)
    await visitor.page.get_by_label("Platform").select_option("bridge")
    await visitor.page.get_by_role("button", name="New customer").click()
    await expect(visitor.page.locator("#messages li")).to_have_count(0)
    await visitor.page.get_by_label("Platform").select_option("whatsapp")
    await expect(visitor.page.locator("#messages li.in .bubble")).to_have_text("тут")
    assert f"platform=whatsapp&contact={visitor.contact}" in visitor.page.url
    await visitor.page.reload()
    await expect(visitor.page.locator("#messages li.in .bubble")).to_have_text("тут")
    await visitor.page.get_by_role("button", name="New customer").click()
    await expect(visitor.page.locator("#messages li")).to_have_count(0)


async def test_every_platform_is_offered(visit: Visit) -> None:
    """Whatever is in the registry; without a wish it is Chat2Desk."""
    visitor = await visit()
    offered = await visitor.page.locator("#platform option").all_inner_texts()
    assert names() == offered
    await visitor.page.evaluate("localStorage.clear()")
    await visitor.page.goto(f"{visitor.site.url}/simulator")
    await expect(visitor.page.get_by_label("Platform")).to_have_value("chat2desk")


async def test_a_refusal_is_a_sentence(visit: Visit) -> None:
    """The server's word, not a code: here a message is longer than any phone sends."""
    visitor = await visit("whatsapp")
    await visitor.page.locator("#text").evaluate("box => box.removeAttribute('maxlength')")
    await visitor.write("д" * 9_000)
    await expect(visitor.page.locator("#status.bad")).to_contain_text("at most 8000 characters")
    visitor.errors.clear()  # the browser logs the refused request


async def test_the_conversation_links_to_temporal(visit: Visit) -> None:
    """One click leads to the workflow."""
    visitor = await visit()
    link = visitor.page.get_by_role("link", name="This conversation in Temporal")
    await expect(link).to_have_attribute("href", re.compile(r"/namespaces/web-\w+/workflows/conv%3A"))

"""The operators' console in a real browser: at a desk and on a phone, by click and by keyboard, light and dark."""

import asyncio
import contextlib
import os
import re
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import pytest
import pytest_asyncio
from PIL import Image
from playwright.async_api import Browser, FileChooser, Page, Route, expect
from playwright.async_api import TimeoutError as PlaywrightTimeout
from psycopg.types.json import Jsonb

from tests.console.seeding import Books, conversation
from tests.web.conftest import DESK, PATIENCE_MS, PHONE, TOKEN, Site

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

sizes = pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
UNNAMED = """() => [...document.querySelectorAll("button, select, textarea, input, audio, img, a, summary")]
    .filter(e => e.checkVisibility())
    .filter(e => !(e.textContent.trim() || e.labels?.length || e.ariaLabel || e.alt || e.querySelector("img[alt]")))
    .map(e => e.outerHTML)"""
PICTURES = os.environ.get("EVERTURN_PICTURES", "")
"""A folder to put a picture of every page into."""
PAGES = ["inbox?tab=open", "payments", "orders", "letters", "accounts", "texts", "operators", "audit", "me"]
FINDING = {"kind": "amount_differs", "text": "400.00 instead of 1499.00 UAH", "payment": ""}
ORDER = "Здравствуйте! 2 бутыли на Чуй 100"
ACTS_OF = "SELECT act FROM audit_log WHERE conversation_id = %(id)s ORDER BY id"
MARKUP = "<img src=x onerror=alert(1)><b>bold</b>"


@pytest.fixture(scope="session")
def books(site: Site) -> Books:
    """A shop's day, in its books."""
    books = Books(site.database_url)
    day(books)
    return books


def day(books: Books) -> None:
    """What a day leaves behind."""
    people = [
        ("380671112233", "Олена Коваль", "Добрий день! А чорна сукня міді є в розмірі M?", 3),
        ("380502223344", "Марія Шевченко", "Оплатила, ось скрін", 12),
        ("380933334455", "Ігор Бондаренко", "Де моє замовлення? Вже третій день чекаю.", 25),
        ("380634445566", "Анна Лисенко", "Дякую! 😊", 48),
        ("380975556677", "Тарас Мельник", "Покличте, будь ласка, людину", 7),
        ("380686667788", "", "Здравствуйте, есть платье красное?", 130),
    ]
    for contact, name, text, ago in people:
        books.line(contact, "Вітаю", name=name, ago=ago + 30)
        books.line(contact, "Вітаю! Чим можу допомогти?", direction="out", ago=ago + 29)
        books.line(contact, text, name=name, ago=ago)
    books.run("UPDATE conversations SET asked_at = '9000-01-01', flow = 'sales', phase = 'offer'")
    for contact, attention, phase in (("380502223344", "payment", "payment"), ("380975556677", "handoff", "wish")):
        books.run(
            "UPDATE conversations SET attention = %(attention)s, phase = %(phase)s, holder = 'operator'"
            " WHERE id = %(id)s",
            attention=attention, phase=phase, id=conversation(contact),
        )  # fmt: skip
    books.part("380933334455", "late", "Ваше замовлення в дорозі, номер 59000123456789.", "dead", error="blocked")
    books.letter("late", "the customer blocked us (131026)")
    books.part("380634445566", "lost", "Дякуємо за покупку!", "unknown", error="no answer")
    books.letter("lost", "the answer did not come", unknown=True)
    books.run(
        """INSERT INTO payments (payment_key, conversation_id, platform, account, contact, expected, currency,
                                 expected_payee, amount, read_currency, paid_on, payee, reference, findings)
           VALUES ('proof', %(id)s, 'whatsapp', 'default', '380502223344', 1499, 'UAH', 'ФОП Сорока', 400, 'UAH',
                   '21.11.2026 12:40', 'FOP Soroka', 'P24A1234567', %(findings)s)""",
        id=conversation("380502223344"), findings=Jsonb([FINDING]),
    )  # fmt: skip
    for number, status in enumerate(("new", "paid", "awaiting_payment", "paid")):
        books.order(people[number][0], f"order {number}", status=status)
    books.run("UPDATE orders SET shortage = 'Сукня міді (SV-101): 0 of 1' WHERE order_key = 'order 0'")
    books.part("380671112233", "olena", "Зараз гляну", by_operator=True, operator="Олена")
    books.line("380671112233", "Зараз гляну", direction="out", id="olena", ago=2)
    books.run("UPDATE message_logs SET turn = 1 WHERE client_id = '380671112233' AND text LIKE 'Вітаю! Чим%%'")
    books.run(
        """INSERT INTO decisions (key, conversation_id, turn, sources, unanswered, degraded, at)
           VALUES ('cited', %(id)s, 1, '{"sizes.md › Сукні", "delivery.md › Строки"}', true,
                   'the model is overloaded (HTTP 529)', now() - interval '1 day')""",
        id=conversation("380671112233"),
    )
    books.run(
        """INSERT INTO canned_texts (title, text) VALUES ('Delivery', 'Відправляємо щодня до 17:00 Новою Поштою.'),
           ('Return', 'Повернення протягом 14 днів, якщо збережені бірки.')"""
    )


@pytest_asyncio.fixture(loop_scope="session")
async def desk(browser: Browser, site: Site, books: Books) -> AsyncIterator[Page]:
    """The owner, logged in, in a fresh browser; any error in its console fails the test."""
    context = await browser.new_context(locale="en-GB", timezone_id="Europe/Kyiv")
    page = await context.new_page()
    errors: list[str] = []
    page.errors = errors  # type: ignore[attr-defined]
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    await log_in(page, site)
    yield page
    await context.close()
    assert [] == errors


async def log_in(page: Page, site: Site, name: str = "owner", password: str = TOKEN) -> None:
    """By the form."""
    await page.goto(f"{site.url}/console")
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("Password").fill(password)
    await page.keyboard.press("Enter")
    await expect(page.locator("#rows")).to_be_visible()


def a_picture() -> bytes:
    """A small red one."""
    written = BytesIO()
    Image.new("RGB", (60, 80), "crimson").save(written, "PNG")
    return written.getvalue()


async def look(page: Page, name: str, size: tuple[int, int], scheme: str = "light") -> None:
    """Nothing sticks out sideways, every control has a name; keep a picture where somebody wants one."""
    if PICTURES:
        await page.screenshot(path=Path(PICTURES) / f"{name}-{size[0]}-{scheme}.png")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    assert [] == await page.evaluate(UNNAMED), name


async def set_up(page: Page, size: tuple[int, int], scheme: str = "light") -> None:
    """A screen."""
    await page.set_viewport_size({"width": size[0], "height": size[1]})
    await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]


async def writes(site: Site, text: str, contact: str = "") -> str:
    """A customer writes on WhatsApp; who."""
    contact = contact or str(10**11 + uuid4().int % 10**10)
    saying = {"platform": "whatsapp", "contact": contact, "messages": [{"text": text}]}
    assert 200 == (await site.ask("/simulator/_say", method="POST", json=saying)).status_code
    return contact


async def open_conversation(page: Page, site: Site, contact: str) -> None:
    """Its page, once it is in the list."""
    await page.goto(f"{site.url}/console/inbox?tab=open")
    await page.locator(f'#rows a[data-id="{conversation(contact)}"]').click()
    await expect(page.locator("#lines .line").first).to_be_visible()


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "dark"), (DESK, "light")], ids=["dark-phone", "light-desk"])
async def test_every_page_fits_its_screen(desk: Page, site: Site, size: tuple[int, int], scheme: str) -> None:
    """On a phone and at a desk, by day and by night."""
    await set_up(desk, size, scheme)
    for name in PAGES:
        await desk.goto(f"{site.url}/console/{name}")
        await look(desk, name.partition("?")[0], size, scheme)
    books = Books(site.database_url)
    [(proof,)] = books.run("SELECT id FROM payments WHERE payment_key = 'proof'")
    await desk.goto(f"{site.url}/console/payments/{proof}")
    await look(desk, "payment", size, scheme)
    [(number,)] = books.run("SELECT max(id) FROM orders")
    await desk.goto(f"{site.url}/console/orders/{number}")
    await look(desk, "order", size, scheme)
    await desk.keyboard.press("?")
    await look(desk, "keys", size, scheme)
    await desk.goto(f"{site.url}/console/conversations/{quote(conversation('380671112233'), safe='')}")
    await look(desk, "conversation", size, scheme)


@sizes
async def test_a_conversation_is_taken_answered_and_given_back(desk: Page, site: Site, size: tuple[int, int]) -> None:
    """By click: the customer reads the operator's words, and afterwards the assistant's again."""
    await set_up(desk, size)
    contact = await writes(site, ORDER)
    await open_conversation(desk, site, contact)
    await expect(desk.locator("#lines .line.in")).to_contain_text(ORDER)
    await expect(desk.locator("#lines .line.assistant").first).to_be_visible()
    await desk.get_by_role("button", name="Take over").click()
    await expect(desk.locator(".talk")).to_have_attribute("data-mine", "yes")
    await desk.get_by_label("Message", exact=True).fill("Доброго дня, я Олена")
    await desk.get_by_role("button", name="Send").click()
    await expect(desk.locator("#lines .line.operator .text")).to_have_text("Доброго дня, я Олена")
    await expect(desk.locator("#sending .line")).to_have_count(0)
    await expect(desk.locator("#lines .line.operator .state")).to_have_text(re.compile("sent|delivered|read"))
    told = [entry.text for entry in site.world.phone("whatsapp", contact)]
    assert "Доброго дня, я Олена" in told
    if PICTURES:
        await desk.screenshot(path=Path(PICTURES) / f"talk-{size[0]}-light.png")
    await desk.locator(".release summary").click()
    await desk.get_by_label("What happened meanwhile").fill("Домовились про доставку")
    await desk.locator(".release form button").click()
    await expect(desk.locator(".talk")).to_have_attribute("data-holder", "assistant")
    acts = [row[0] for row in Books(site.database_url).run(ACTS_OF, id=conversation(contact))]
    assert ["take_over", "reply", "release"] == acts


@contextlib.asynccontextmanager
async def late(page: Page, address: str) -> AsyncIterator[asyncio.Event]:
    """What the page asks for next (the event tells when) is answered at the end of the block, and shown."""
    asked, may_answer, answered = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        answer = await route.fetch()
        asked.set()
        await may_answer.wait()
        await route.fulfill(response=answer)
        answered.set()

    await page.route(address, hold, times=1)
    yield asked
    may_answer.set()
    await answered.wait()
    await page.evaluate("() => new Promise(shown => setTimeout(shown, 50))")


async def test_the_keyboard_is_enough(desk: Page, site: Site) -> None:
    """From the list to the answer and back without a mouse; Shift+Enter begins a line."""
    await set_up(desk, DESK)
    contact = await writes(site, "Добрий день")
    await desk.goto(f"{site.url}/console/inbox")
    keys = desk.keyboard
    await keys.press("6")
    await expect(desk.locator('.tabs a[data-tab="open"]')).to_have_attribute("aria-current", "page")
    await expect(desk.locator(f'#rows a[data-id="{conversation(contact)}"]')).to_be_visible()
    await keys.press("/")
    await keys.type(contact)
    await expect(desk.locator("#rows a")).to_have_count(1)
    await keys.press("Escape")
    async with late(desk, "**/inbox/rows*") as asked:  # the list is brought up to date while somebody walks it
        await writes(site, "Ви тут?", contact)
        await asked.wait()
        await keys.press("j")
    await expect(desk.locator("#rows a").first).to_be_focused()
    await keys.press("Enter")
    await expect(desk.locator(".talk")).to_be_visible()
    await expect(desk.locator(".talk")).to_have_attribute("data-holder", "assistant")
    await keys.press("t")
    await expect(desk.locator(".talk")).to_have_attribute("data-mine", "yes")
    await keys.press("r")
    await keys.type("раз")
    await keys.press("Shift+Enter")
    await keys.type("два")
    await keys.press("Enter")
    await expect(desk.locator("#lines .line.operator .text")).to_have_text("раз\nдва")
    await keys.press("Escape")
    await keys.press("e")
    await keys.press("Tab")
    await keys.press("Enter")
    await expect(desk.locator(".talk")).to_have_attribute("data-holder", "assistant")
    await keys.press("u")
    await expect(desk.locator(".nobody")).to_be_visible()
    await keys.press("g")
    await keys.press("o")
    await expect(desk).to_have_url(f"{site.url}/console/orders")
    await keys.press("?")
    await expect(desk.locator("#keys")).to_be_visible()
    await keys.press("Escape")
    await expect(desk.locator("#keys")).to_be_hidden()


async def test_what_happens_shows_by_itself(desk: Page, site: Site) -> None:
    """New conversations come into the list, new words into the conversation, and a draft stays where it is."""
    await set_up(desk, DESK)
    contact = await writes(site, "перше")
    await open_conversation(desk, site, contact)
    await desk.get_by_label("Message", exact=True).fill("чернетка")
    await writes(site, "друге", contact)
    await expect(desk.locator("#lines .line.in .text").last).to_have_text("друге")
    assert "чернетка" == await desk.get_by_label("Message", exact=True).input_value()
    await desk.reload()
    assert "чернетка" == await desk.get_by_label("Message", exact=True).input_value()
    await desk.goto(f"{site.url}/console/inbox?tab=open")
    other = await writes(site, "хтось інший")
    await expect(desk.locator(f'#rows a[data-id="{conversation(other)}"]')).to_be_visible()


async def test_earlier_messages_come_on_scrolling_up(desk: Page, site: Site) -> None:
    """A page at a time, and what one reads stays where it is."""
    await set_up(desk, DESK)
    books, contact = Books(site.database_url), str(10**11 + uuid4().int % 10**10)
    for number in range(90):
        books.line(contact, f"рядок {number}")
    await desk.goto(f"{site.url}/console/conversations/{quote(conversation(contact), safe='')}")
    await expect(desk.locator("#lines .line")).to_have_count(40)
    await desk.locator("#said").evaluate("box => { box.scrollTop = 0; }")
    await expect(desk.locator("#lines .line")).to_have_count(80)
    await desk.locator("#said").evaluate("box => { box.scrollTop = 0; }")
    await expect(desk.locator("#lines .line")).to_have_count(90)
    await expect(desk.locator("#lines .line .text").first).to_have_text("рядок 0")
    await expect(desk.locator("#lines .earlier")).to_have_count(0)


async def test_a_picture_is_sent_and_a_canned_text_put_in(desk: Page, site: Site) -> None:
    """The customer gets the picture; the canned text stands in the message, to be changed before it goes."""
    await set_up(desk, DESK)
    contact = await writes(site, "Покажіть, будь ласка")
    await open_conversation(desk, site, contact)
    await desk.get_by_label("Picture").set_input_files(
        files=[{"name": "dress.png", "mimeType": "image/png", "buffer": a_picture()}]
    )
    await expect(desk.locator("#lines .line.operator img")).to_be_visible()
    assert await desk.locator("#lines .line.operator img").evaluate(
        "picture => picture.complete && picture.naturalWidth > 0"
    )
    await desk.get_by_label("Canned text").select_option(label="Return")
    assert "14 днів" in await desk.get_by_label("Message", exact=True).input_value()


async def test_a_phone_and_a_keyboard_are_enough_for_a_picture_and_a_canned_text(desk: Page, site: Site) -> None:
    """The file dialog opens by a key, what was typed stays, and the ring is around what has the focus, alone."""
    await set_up(desk, PHONE)
    choosing: asyncio.Future[FileChooser] = asyncio.get_running_loop().create_future()
    desk.once("filechooser", lambda chooser: choosing.set_result(chooser))
    contact = await writes(site, "Покажіть, будь ласка")
    await desk.goto(f"{site.url}/console/conversations/{quote(conversation(contact), safe='')}")
    keys = desk.keyboard
    await keys.press("r")
    await keys.type("Ось вона: ")
    await keys.press("Tab")
    rings = "() => [...document.querySelectorAll('#reply *')].filter(e => getComputedStyle(e).outlineStyle !== 'none')"
    assert ["label"] == await desk.evaluate(f"({rings})().map(e => e.localName).filter(e => e !== 'input')")
    await keys.press("Enter")
    async with asyncio.timeout(PATIENCE_MS / 1000):
        chosen = await choosing
    await chosen.set_files([{"name": "dress.png", "mimeType": "image/png", "buffer": a_picture()}])
    await expect(desk.locator("#lines .line.operator img")).to_be_visible()
    await keys.press("Tab")
    await keys.type("Ret")
    await expect(desk.get_by_label("Message", exact=True)).to_have_value(re.compile("Ось вона: .*14 днів"))
    await expect(desk.get_by_label("Message", exact=True)).to_be_focused()
    await keys.press("Enter")
    await expect(desk.locator("#lines .line.operator .text").last).to_contain_text("Ось вона: Повернення")
    await expect(desk.locator("#lines .line.operator .writer").last).to_have_text("owner")


async def test_markup_stays_text(desk: Page, site: Site) -> None:
    """Nobody writes a script into the page: not by name, not by message, not live."""
    await set_up(desk, DESK)
    contact = await writes(site, MARKUP)
    await open_conversation(desk, site, contact)
    rename = "UPDATE conversations SET name = %(x)s WHERE id = %(id)s"
    Books(site.database_url).run(rename, x=MARKUP, id=conversation(contact))
    await desk.reload()
    await expect(desk.locator("#lines .line.in .text").first).to_have_text(MARKUP)
    await expect(desk.locator(".whose h1")).to_have_text(MARKUP)
    await writes(site, f"{MARKUP} знову", contact)
    await expect(desk.locator("#lines .line.in .text").last).to_have_text(f"{MARKUP} знову")
    assert 0 == await desk.locator("main b:has-text('bold') >> visible=true").filter(has_not_text="<").count()
    assert 0 == await desk.locator("main img[src='x']").count()


async def test_a_session_that_ends_closes_the_page(desk: Page, site: Site) -> None:
    """Somebody who was logged out elsewhere is at the door with the next thing they do."""
    await set_up(desk, DESK)
    await desk.goto(f"{site.url}/console/inbox?tab=open")
    Books(site.database_url).run("DELETE FROM operator_sessions")
    with contextlib.suppress(PlaywrightTimeout):  # the page may have heard of it before anything was done
        await desk.get_by_label("Search").fill("x", timeout=3_000)
    await expect(desk.get_by_role("heading", name="Log in")).to_be_visible()
    desk.errors.clear()  # type: ignore[attr-defined] # the browser notes the 401 itself

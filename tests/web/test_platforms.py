"""Every platform on the simulated phone, side by side: words, media, choices, receipts, operators, second thoughts."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime

import pytest
from playwright.async_api import expect

from domain.messages import Choice
from platforms.registry import PLATFORMS, names
from platforms.simulation import Direction, Entry
from tests.web.conftest import Visit, Visitor

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

ORDER = "Здравствуйте! 2 бутыли на Чуй 100"
TELL_READ = [name for name, kit in PLATFORMS.items() if kit.receipt]
LAST_OUT = "#messages li.out:last-of-type"
BUSINESS = {"telegram": {"network": "business"}}
"""Of chats with a bot Telegram does not tell what is taken back."""
MEDIA = "SELECT kind, name <> '' FROM media WHERE conversation_id = %s ORDER BY created_at"


async def on_each(platforms: Iterable[str], scene: Callable[[str], Awaitable[None]]) -> None:
    """Play a scene on these platforms at the same time, for most of it is waiting; tells where it failed."""
    wanted = list(platforms)
    ends = await asyncio.gather(*map(scene, wanted), return_exceptions=True)
    failed = {name: end for name, end in zip(wanted, ends, strict=True) if isinstance(end, Exception)}
    if failed:
        raise ExceptionGroup(f"on {', '.join(failed)}", list(failed.values()))


async def kept(visitor: Visitor) -> list[tuple[str, bool]]:
    """What of this customer's media the worker has fetched from the simulated platform."""
    return visitor.site.rows(MEDIA, f"conv:{visitor.platform}:default:{visitor.contact}")


async def test_a_customer_is_answered(visit: Visit) -> None:
    """What I write goes to the real webhook, and the answer comes by itself; where the platform tells, it is read."""

    async def scene(platform: str) -> None:
        visitor = await visit(platform)
        await visitor.write(ORDER)
        await visitor.takes()
        await expect(visitor.page.locator("#messages li.in .bubble")).to_have_text(ORDER)
        await expect(visitor.page.locator("#messages li.out .bubble").first).to_contain_text("номер")
        if platform in TELL_READ:
            await expect(visitor.page.locator(f"{LAST_OUT} .state")).to_have_text("✓✓ Read")
        else:
            await expect(visitor.page.locator("#tells")).to_contain_text("tells nobody")

    await on_each(names(), scene)


async def test_a_picture_and_a_voice_note_arrive(visit: Visit) -> None:
    """Both are seen and heard on the phone, and our worker gets their bytes from the platform."""

    async def scene(platform: str) -> None:
        visitor = await visit(platform)
        await visitor.page.get_by_role("button", name="Attach a photo or voice note").click()
        await visitor.page.get_by_role("button", name="A water bottle").click()
        picture = visitor.page.locator("#messages li.in img")
        await expect(picture).to_be_visible()
        await visitor.takes()
        await visitor.until(lambda: kept(visitor))
        await visitor.page.get_by_role("button", name="Attach a photo or voice note").click()
        await visitor.page.get_by_role("button", name="Sample voice note").click()
        await expect(visitor.page.get_by_label("Voice note", exact=True)).to_be_visible()

        async def both() -> bool:
            return len(await kept(visitor)) == 2

        await visitor.until(both)
        assert [("image", True), ("audio", True)] == await kept(visitor)
        assert await picture.evaluate("picture => picture.naturalWidth") > 0

    await on_each(names(), scene)


async def test_a_choice_can_be_tapped(visit: Visit) -> None:
    """The buttons under a message say what they say."""

    async def scene(platform: str) -> None:
        visitor = await visit(platform)
        offered = (Choice(id="size:s", title="Маленька"), Choice(id="size:l", title="Велика"))
        visitor.site.world.show(
            Entry(
                platform=platform,
                contact=visitor.contact,
                at=datetime.now(UTC),
                direction=Direction.OUT,
                text="Яку?",
                choices=offered,
                external_id="m1",
            )
        )
        await visitor.page.get_by_role("button", name="Велика").click()
        await visitor.takes()
        await expect(visitor.page.locator("#messages li.in .bubble")).to_have_text("Велика")

    await on_each(names(), scene)


async def test_an_operator_in_the_platforms_app_takes_over(visit: Visit) -> None:
    """A person answers from the platform's own app: the customer reads it, and the assistant is silent from then on."""

    async def scene(platform: str) -> None:
        visitor = await visit(platform)
        await visitor.write(ORDER)
        await expect(visitor.page.locator("#messages li.out")).not_to_have_count(0)
        await visitor.page.get_by_label("Write as an operator").fill("Это Анна, сейчас помогу")
        await visitor.page.locator("#operate button").click()
        await expect(visitor.page.locator("#messages li.operator")).to_contain_text("Это Анна")
        await visitor.takes()

        async def by_a_person() -> bool:
            return await visitor.site.holder(platform, visitor.contact) == "operator"

        await visitor.until(by_a_person)

    await on_each([name for name, kit in PLATFORMS.items() if kit.echo], scene)


async def test_a_message_can_be_taken_back(visit: Visit) -> None:
    """What a customer takes back goes from the phone and from our books."""

    async def scene(platform: str) -> None:
        visitor = await visit(platform, **BUSINESS.get(platform, {}))
        await visitor.write("секрет")
        await expect(visitor.page.locator("#messages li.out")).not_to_have_count(0)
        await visitor.page.get_by_role("button", name="Unsend").click()
        await expect(visitor.page.locator("#messages li.in .bubble")).to_have_text("This message was taken back.")
        await visitor.takes()
        kept_text = "SELECT text, error_reason FROM message_logs WHERE conversation_id = %s AND direction = 'in'"

        async def forgotten() -> bool:
            return [("", "unsent")] == visitor.site.rows(kept_text, f"conv:{platform}:default:{visitor.contact}")

        await visitor.until(forgotten)

    await on_each([name for name, kit in PLATFORMS.items() if kit.unsent], scene)


async def test_a_message_can_be_written_anew(visit: Visit) -> None:
    """The new wording replaces the old one on the phone, and reaches us as an edit."""

    async def scene(platform: str) -> None:
        visitor = await visit(platform)
        await visitor.write("привет")
        await expect(visitor.page.locator("#messages li.out")).not_to_have_count(0)
        await visitor.page.get_by_role("button", name="Edit").click()
        await expect(visitor.page.get_by_role("textbox", name="Message")).to_have_value("привет")
        await visitor.write("3 бутыли")
        await expect(visitor.page.locator("#messages li.in .bubble")).to_have_text("3 бутыли")
        await expect(visitor.page.locator("#messages li.in .state")).to_contain_text("Edited")
        await visitor.takes()
        texts = "SELECT text FROM message_logs WHERE conversation_id = %s AND direction = 'in'"

        async def heard() -> bool:
            return ("3 бутыли",) in visitor.site.rows(texts, f"conv:{platform}:default:{visitor.contact}")

        await visitor.until(heard)

    await on_each([name for name, kit in PLATFORMS.items() if kit.edited], scene)


async def test_the_network_behind_a_platform_is_told(visit: Visit) -> None:
    """ManyChat carries four networks: the webhook says which, and the answer goes out there."""
    visitor = await visit("manychat", network="telegram")
    await expect(visitor.page.get_by_label("Network")).to_have_value("telegram")
    await visitor.page.get_by_label("Network").select_option("whatsapp")
    await visitor.write(ORDER)
    await expect(visitor.page.locator("#messages li.out")).not_to_have_count(0)
    conversation = f"conv:manychat:default:{visitor.contact}"
    routes = visitor.site.rows("SELECT DISTINCT route FROM outbox WHERE conversation_id = %s", conversation)
    assert [("whatsapp",)] == routes

"""What customers see while the assistant thinks: that it was read, and that somebody writes. It never costs a reply."""

import asyncio
import time

import pytest

from activities import courtesies
from domain.messages import InboundMessage, Media, MessageKind
from platforms.simulation import Direction, Entry
from tests.activities.thinking import QUESTION, Mind, message, turn_of
from tests.media.files import picture

AGAIN = 0.1
"""Seconds, instead of the twenty or so that a platform's sign lasts."""
SIGNS = {"whatsapp": "/main/messages", "instagram": "/me/messages"}
"""Where each platform is shown a sign."""


def slow_photo(mind: Mind, platform: str) -> InboundMessage:
    """A photo that takes its time: the platform does not give it out until it is let go."""
    own_id = mind.world.keep_media(picture(), "image/jpeg")
    told = Media(id=own_id) if platform == "whatsapp" else Media(url=f"{mind.base_url}/instagram/_media/{own_id}")
    mind.street.hold(own_id)
    return message(kind=MessageKind.IMAGE, media=(told,))


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sign is shown again soon."""
    monkeypatch.setattr(courtesies, "AGAIN_BEFORE_THE_END", AGAIN / 20)


def known(mind: Mind, platform: str, note: InboundMessage) -> InboundMessage:
    """A message that the customer's phone shows as sent: the platform knows whose it is."""
    mind.world.show(
        Entry(platform=platform, contact="42", at=note.received_at, direction=Direction.IN, external_id=note.id)
    )
    return note


async def until_shown(mind: Mind, platform: str, typing: int) -> float:
    """Wait for so many typing signs; returns the moment."""
    async with asyncio.timeout(20):
        while mind.world.signs(platform, "42").count("typing") < typing:
            await asyncio.sleep(0.01)
    return time.monotonic()


@pytest.mark.parametrize("platform", ["whatsapp", "instagram"])
async def test_a_message_is_seen_at_once_and_a_quick_answer_needs_no_typing_sign(mind: Mind, platform: str) -> None:
    """Two blue ticks right away; whoever is answered within half a second sees no dots come and go."""
    note = known(mind, platform, message("привет"))
    await mind.take(platform, note)
    await asyncio.sleep(courtesies.TYPING_AFTER + 0.2)

    assert ["seen"] == mind.world.signs(platform, "42")


@pytest.mark.usefixtures("often")
@pytest.mark.parametrize("platform", ["whatsapp", "instagram"])
async def test_whoever_waits_sees_that_somebody_writes(mind: Mind, platform: str) -> None:
    """From half a second on, again before the sign goes out, and no longer once the answer is there."""
    photo = known(mind, platform, slow_photo(mind, platform))
    own_id = photo.media[0].id or photo.media[0].url.rsplit("/", 1)[-1]
    thinking, began = asyncio.create_task(mind.take(platform, photo)), time.monotonic()
    took = await until_shown(mind, platform, typing=1) - began
    await until_shown(mind, platform, typing=3)
    late = mind.world.signs(platform, "42")
    mind.street.let_go(own_id)
    await thinking
    await asyncio.sleep(AGAIN / 2)
    answered = mind.world.signs(platform, "42")
    await asyncio.sleep(3 * AGAIN)

    assert "seen" in late, late
    assert took > courtesies.TYPING_AFTER * 0.9, "not at once"
    assert answered == mind.world.signs(platform, "42")


@pytest.mark.parametrize("platform", ["whatsapp", "instagram"])
@pytest.mark.parametrize("status", [400, 401, 500])
async def test_a_sign_that_cannot_be_shown_costs_nothing(mind: Mind, platform: str, status: int) -> None:
    """The platform refuses every sign: the customer is answered all the same."""
    mind.street.refuse(SIGNS[platform], status)
    photo = slow_photo(mind, platform)
    thinking = asyncio.create_task(mind.take(platform, photo))
    await asyncio.sleep(courtesies.TYPING_AFTER + 0.2)
    mind.street.let_go(photo.media[0].id or photo.media[0].url.rsplit("/", 1)[-1])
    decision = await thinking

    assert [QUESTION] == [part.text for part in decision.parts]
    assert 2 == mind.street.count(SIGNS[platform]), "both were tried"


async def test_a_sign_that_hangs_delays_nobody(mind: Mind) -> None:
    """A platform that takes the sign and says nothing: the reply does not wait for it."""
    mind.street.hold(SIGNS["whatsapp"])
    began = time.monotonic()
    await mind.take("whatsapp", message("привет"))
    took = time.monotonic() - began
    mind.street.let_go(SIGNS["whatsapp"])

    assert took < courtesies.LONGEST_CALL / 4


async def test_a_turn_called_off_stops_typing(mind: Mind) -> None:
    """The customer writes on: the dots of the turn that was called off do not go on."""
    photo = slow_photo(mind, "whatsapp")
    environment = mind.environment()
    thinking = asyncio.create_task(environment.run(mind.dialog.decide, turn_of("whatsapp", photo)))
    await asyncio.sleep(courtesies.TYPING_AFTER * 0.5)
    environment.cancel()
    with pytest.raises(asyncio.CancelledError):
        await thinking
    await asyncio.sleep(courtesies.TYPING_AFTER)

    assert 1 == mind.street.count(SIGNS["whatsapp"]), "seen, and nothing more"


# --- names ---------------------------------------------------------------------------------------------------------


async def test_instagram_is_asked_for_the_customers_name_once(mind: Mind) -> None:
    """Its messages bring no name: the profile does, and is remembered."""
    for number in (1, 2):
        await mind.take("instagram", message("привет"), turn=number)

    assert ["Customer 42"] * 2 == [turn.customer_name for turn, _ in mind.probe.seen]
    assert 1 == mind.street.count("/42")


async def test_a_name_in_the_message_needs_no_question(mind: Mind) -> None:
    """As ManyChat and WhatsApp tell it."""
    await mind.take("instagram", message("привет", name="Олена"), message("ще", name=""))

    assert "Олена" == mind.probe.seen[0][0].customer_name
    assert 0 == mind.street.count("/42")


@pytest.mark.parametrize("status", [400, 403, 500])
async def test_a_name_nobody_tells_is_no_name(mind: Mind, status: int) -> None:
    """No consent, no permission, or Meta unwell: the turn is taken without."""
    mind.street.refuse("/42", status)
    decision = await mind.take("instagram", message("привет"))

    assert ("", [QUESTION]) == (mind.probe.seen[0][0].customer_name, [part.text for part in decision.parts])


async def test_a_name_that_takes_long_is_done_without(mind: Mind, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked for while the pictures are looked at, and not waited for for ever."""
    monkeypatch.setattr(courtesies, "PROFILE_WITHIN", 0.2)
    mind.street.hold("/42")
    began = time.monotonic()
    await mind.take("instagram", message("привет"))
    took = time.monotonic() - began
    mind.street.let_go("/42")

    assert ("", True) == (mind.probe.seen[0][0].customer_name, took < 1)

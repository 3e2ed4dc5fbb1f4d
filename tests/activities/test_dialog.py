"""What the assistant makes of what customers send: pictures, voice notes, and what nobody can open."""

from urllib.parse import urlsplit

import pytest

from domain.decisions import Decision
from domain.media import MediaProblem
from domain.messages import InboundMessage, Media, MessageKind
from flows import common
from tests.activities.thinking import QUESTION, Mind, message
from tests.media.elsewhere import running, telling
from tests.media.files import OGG, SVG, picture, png_that_promises

IMAGE, AUDIO = MessageKind.IMAGE, MessageKind.AUDIO
LANGUAGES = pytest.mark.parametrize(("language", "spoken"), [("", "ru"), ("uk", "uk"), ("en-GB", "en"), ("de", "en")])


def said(decision: Decision) -> list[str]:
    """The reply, part by part."""
    return [part.text for part in decision.parts]


def by_link(mind: Mind, content: bytes, mime: str = "image/jpeg") -> InboundMessage:
    """A photo as a shop's flow at ManyChat tells it: by an address."""
    own_id = mind.world.keep_media(content, mime)
    media = Media(url=f"{mind.base_url}/manychat/_media/{own_id}")
    return message(kind=IMAGE, media=(media,), route="instagram")


async def test_a_photo_told_by_its_id_reaches_the_flow(mind: Mind) -> None:
    """A customer on WhatsApp sends a photo with a caption: the flow is told of both, and the shop keeps it."""
    photo = mind.photo(picture((64, 48))).model_copy(update={"text": "такое есть?"})
    decision = await mind.take("whatsapp", photo)
    ((turn, senses),) = mind.probe.seen
    (seen,) = senses.media
    (row,) = await mind.rows("SELECT * FROM media")

    assert [QUESTION] == said(decision)
    assert ("такое есть?", ()) == (turn.text, senses.remarks)
    assert (IMAGE, None, 64, 48, "image/jpeg") == (seen.kind, seen.problem, seen.width, seen.height, seen.mime)
    assert (seen.media_id, photo.id, "conv:whatsapp:main:42", "") == (
        row["id"], row["message_id"], row["conversation_id"], row["problem"],
    )  # fmt: skip
    assert {"times": 1} == decision.state


async def test_a_photo_told_by_its_address_reaches_the_flow(mind: Mind) -> None:
    """A customer behind ManyChat sends a photo."""
    decision = await mind.take("manychat", by_link(mind, picture((50, 40))))
    (seen,) = mind.probe.seen[0][1].media

    assert ([QUESTION], None, 50) == (said(decision), seen.problem, seen.width)
    assert [{"count": 1}] == await mind.rows("SELECT count(*) FROM media WHERE name <> ''")


async def test_photos_of_several_messages_come_in_their_order(mind: Mind) -> None:
    """Three photos in a burst are looked at all at once, and the flow sees them as they were sent."""
    await mind.take("whatsapp", *(mind.photo(picture((40 + number, 40))) for number in range(3)))

    assert [40, 41, 42] == [seen.width for seen in mind.probe.seen[0][1].media]


async def test_a_turn_tried_again_fetches_nothing_anew(mind: Mind) -> None:
    """A worker stumbles after it looked at the photo: the next attempt sees the same one."""
    mind.probe.breaks = 1
    photo = mind.photo(picture())
    with pytest.raises(Exception, match="unexpected ValueError"):
        await mind.take("whatsapp", photo)
    await mind.take("whatsapp", photo, attempt=2)

    assert 1 == mind.street.count("/attachments/")
    assert mind.probe.seen[0][1] == mind.probe.seen[1][1]
    assert [{"count": 1}] == await mind.rows("SELECT count(*) FROM message_logs")


# --- voice notes ---------------------------------------------------------------------------------------------------


@LANGUAGES
async def test_a_voice_note_nobody_can_hear_is_answered_in_one_message(mind: Mind, language: str, spoken: str) -> None:
    """The customer is asked to type, in the account's language, and the flow's question follows at once."""
    await mind.set_up("whatsapp", language=language)
    decision = await mind.take("whatsapp", mind.photo(OGG, "audio/ogg", AUDIO))

    assert [f"{common.words(spoken).say('no_transcription')}\n\n{QUESTION}"] == said(decision)
    assert [MediaProblem.NO_TRANSCRIPTION] == [seen.problem for seen in mind.probe.seen[0][1].media]


async def test_a_voice_note_counts_as_what_was_heard_in_it(mind: Mind) -> None:
    """With an endpoint that listens, the flow reads the words among the typed ones."""
    async with running() as ears:
        ears.on("/v1/audio/transcriptions", telling({"text": "две бутыли", "duration": 2.5}))
        mind.hearing.base_url = f"{ears.url}/v1"
        voice = mind.photo(OGG, "audio/ogg", AUDIO)
        decision = await mind.take("whatsapp", message("Здравствуйте"), voice, message("на завтра"))
    turn, senses = mind.probe.seen[0]

    assert ("Здравствуйте\nдве бутыли\nна завтра", 2.5) == (turn.text, senses.media[0].seconds)
    assert [QUESTION] == said(decision)


async def test_the_water_shop_hears_an_order(mind: Mind) -> None:
    """A real flow takes a spoken order as a typed one."""
    async with running() as ears:
        ears.on("/v1/audio/transcriptions", telling({"text": "три бутыли, 0555 12 34 56"}))
        mind.hearing.base_url = f"{ears.url}/v1"
        decision = await mind.take("whatsapp", mind.photo(OGG, "audio/ogg", AUDIO), flow="water_order")

    assert decision.state is not None
    assert (3, "+996555123456") == (decision.state["bottles"], decision.state["phone"])


# --- what cannot be used -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (picture()[:300], "broken"),
        (png_that_promises(30_000, 30_000), "too_many_pixels"),
        (b"x" * 200_001, "too_large"),
    ],
    ids=["broken", "many pixels", "large"],
)
async def test_a_photo_that_cannot_be_used_is_told_in_words(mind: Mind, content: bytes, problem: str) -> None:
    """Once, however many such photos there are, and the dialog goes on."""
    decision = await mind.take("whatsapp", mind.photo(content), mind.photo(content))

    assert [f"{common.words('ru').say(problem)}\n\n{QUESTION}"] == said(decision)
    assert {"times": 1} == decision.state


async def test_a_photo_at_a_private_address_is_not_fetched(mind: Mind) -> None:
    """Whoever writes an address of the shop's own network into a message learns nothing of what lies there."""
    async with running() as another:
        places = (f"{another.url}/a.jpg", "http://169.254.169.254/latest/meta-data", "file:///etc/passwd")
        assert urlsplit(another.url).netloc != urlsplit(mind.base_url).netloc
        lures = [message(kind=IMAGE, media=(Media(url=url),), route="instagram") for url in places]
        decision = await mind.take("manychat", *lures)

    assert [] == another.asked
    assert [f"{common.words('ru').say('forbidden_address')}\n\n{QUESTION}"] == said(decision)
    assert ["forbidden_address"] * 3 == [row["problem"] for row in await mind.rows("SELECT problem FROM media")]


@LANGUAGES
async def test_what_the_platform_cannot_show_is_asked_for_in_words(mind: Mind, language: str, spoken: str) -> None:
    """A poll or a view-once photo comes as nothing: the customer is asked to say it."""
    await mind.set_up("whatsapp", language=language)
    decision = await mind.take("whatsapp", message(kind=MessageKind.OTHER), message(kind=MessageKind.OTHER))

    assert [f"{common.words(spoken).say('not_shown')}\n\n{QUESTION}"] == said(decision)


async def test_the_water_shop_says_once_that_it_cannot_open_a_photo(mind: Mind) -> None:
    """The flow does not add an excuse of its own to the one in front."""
    broken = await mind.take("whatsapp", mind.photo(SVG), flow="water_order")
    (text,) = said(broken)
    remark = common.words("ru").say("wrong_type")

    assert text.startswith(f"{remark}\n\n")
    assert 1 == text.count("не могу") + text.count("не смог"), text

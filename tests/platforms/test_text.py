"""Replies fit the platform, and nothing of them is lost."""

from hypothesis import given
from hypothesis import strategies as st

from domain.messages import LONGEST_TEXT, Choice, OutboundMessage, Part
from platforms.base import Abilities, TextUnit
from platforms.text import clean, fit, identifier, masked, split

CHOICES = (Choice(id="y", title="Так"), Choice(id="n", title="Ні"))
MIXED = st.lists(
    st.text(max_size=12) | st.sampled_from(["👩‍👩‍👧‍👦", "https://shop.example/a?b=c", "\n\n", " ", "е́", "🇺🇦", "слово"]),
    max_size=25,
).map("".join)


def size(text: str, unit: TextUnit) -> int:
    return len(text.encode()) if unit is TextUnit.BYTES else len(text)


@given(text=MIXED, longest=st.integers(4, 120), unit=st.sampled_from(TextUnit))
def test_nothing_but_whitespace_at_the_seams_is_lost(text: str, longest: int, unit: TextUnit) -> None:
    """A long reply arrives whole, in pieces the platform takes."""
    pieces = split(text, longest, unit)
    assert "".join(text.split()) == "".join("".join(pieces).split())
    assert all(0 < size(piece, unit) <= longest for piece in pieces)


@given(
    words=st.lists(
        st.sampled_from(["👩‍👩‍👧‍👦", "слово", "е́", "🇺🇦", "https://shop.example/a?b=c"]), min_size=1, max_size=40
    )
)
def test_words_emoji_and_links_stay_whole(words: list[str]) -> None:
    """No family is torn apart, no link becomes two."""
    pieces = split(" ".join(words), 30, TextUnit.BYTES)
    assert words == " ".join(pieces).split(" ")


def test_good_seams_come_first() -> None:
    """A paragraph's end is a better place to stop than a sentence's, and that better than a word's."""
    assert split("Один два.\n\nТри чотири п'ять", 17, TextUnit.CHARACTERS) == ["Один два.", "Три чотири п'ять"]
    assert split("Один два три. Чотири п'ять", 20, TextUnit.CHARACTERS) == ["Один два три.", "Чотири п'ять"]
    assert split("глянь:https://a.example/b", 19, TextUnit.CHARACTERS) == ["глянь:", "https://a.example/b"]
    assert split("https://a.example/b", 10, TextUnit.CHARACTERS) == ["https://a.", "example/b"]
    assert split(" \n ", 10, TextUnit.CHARACTERS) == []


def test_an_emoji_glued_to_others_is_not_torn() -> None:
    """Emoji without spaces are cut between, never inside."""
    family = "👩‍👩‍👧‍👦"
    assert [family, family, family] == split(family * 3, 30, TextUnit.BYTES)


def test_rich_replies_degrade_to_text() -> None:
    """Where there are no buttons the customer reads the choices, where no pictures the link."""
    message = OutboundMessage(text="Беремо?", choices=CHOICES, image_url="https://a.example/b.jpg")
    [plain] = fit(message, Abilities(longest_text=100))
    assert plain.text == "Беремо?\nhttps://a.example/b.jpg\n• Так\n• Ні"
    [rich] = fit(message, Abilities(longest_text=100, choices=3, images=True))
    assert (rich.text, rich.choices, rich.image_url) == ("Беремо?", CHOICES, "https://a.example/b.jpg")
    first, *_, last = fit(message.model_copy(update={"text": "слово " * 40}), Abilities(longest_text=50, choices=2))
    assert (first.choices, last.choices) == ((), CHOICES)
    assert fit(OutboundMessage(text=""), Abilities(longest_text=50)) == []
    [picture] = fit(OutboundMessage(text="", image_url="https://a.example/b"), Abilities(longest_text=50, images=True))
    assert (picture.text, picture.image_url) == ("", "https://a.example/b")


def test_a_title_too_long_for_a_button_is_written_out() -> None:
    """A choice is never cut: the customer reads all of them, or taps all of them."""
    message = OutboundMessage(text="Беремо?", choices=(*CHOICES, Choice(id="x", title="Подумаю до завтра")))
    assert fit(message, Abilities(longest_text=100, choices=3, longest_choice=17))[-1].choices == message.choices
    [written] = fit(message, Abilities(longest_text=100, choices=3, longest_choice=16))
    assert (written.text, written.choices) == ("Беремо?\n• Так\n• Ні\n• Подумаю до завтра", ())


@given(text=MIXED, longest=st.integers(4, 60), shorter=st.integers(4, 60), unit=st.sampled_from(TextUnit))
def test_a_text_with_choices_is_shorter(text: str, longest: int, shorter: int, unit: TextUnit) -> None:
    """Only the end of a long reply carries the choices, and the end is as short as they want it."""
    abilities = Abilities(longest_text=longest, unit=unit, choices=2, longest_text_with_choices=shorter)
    message = OutboundMessage(text=text, choices=CHOICES)
    *before, last = fit(message, abilities)
    if last.choices:
        assert size(last.text, unit) <= min(shorter, longest)
        assert "".join(text.split()) == "".join("".join(part.text for part in (*before, last)).split())
    assert [()] * len(before) == [part.choices for part in before]


def test_a_picture_goes_ahead_of_what_does_not_fit_beside_it() -> None:
    """The picture first, its long story or its buttons after."""
    image = "https://a.example/b.jpg"
    message = OutboundMessage(text="Ось вона: беремо?", image_url=image)
    captioned = Abilities(longest_text=100, images=True, longest_caption=17, choices=2, image_with_choices=False)
    assert [Part(text=message.text, image_url=image)] == fit(message, captioned)
    apart = [Part(text="", image_url=image), Part(text=message.text)]
    assert apart == fit(message, captioned.model_copy(update={"longest_caption": 16}))
    tappable = [apart[0], apart[1].model_copy(update={"choices": CHOICES})]
    assert tappable == fit(message.model_copy(update={"choices": CHOICES}), captioned)


def test_whatever_a_customer_types_can_be_stored() -> None:
    """PostgreSQL refuses NUL and lone surrogates; a text of nothing visible is no text."""
    assert clean("a\x00\ud800b") == "ab"
    assert clean("\u200b\u200d\ufe0f \u2060") == ""
    assert clean(5) == "5"
    odd: list[object] = [None, True, {}, ["x"]]
    assert [clean(given) for given in odd] == ["", "", "", ""]
    assert len(clean("х" * 1_000_000)) == LONGEST_TEXT


def test_ids_are_never_mended() -> None:
    """Two customers must not become one."""
    assert [identifier(given) for given in (42, " 42 ", "a:b")] == ["42", "42", "a:b"]
    assert [identifier(g) for g in (None, True, 1.5, "", "a\nb", "x" * 201, 10**5000)] == [None] * 7


def test_a_vendors_words_give_nothing_away() -> None:
    """An error may be shown to anybody: no phone number, no text."""
    assert masked("no Привіт at 380501234567", ("Привіт",)) == "no … at …"

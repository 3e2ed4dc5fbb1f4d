"""A broken prompt stops the start, and says which."""

from pathlib import Path

import pytest

from domain.decisions import ORDER_NUMBER
from domain.failures import OurFault
from flows.registry import flow
from flows.water_order import sentences
from flows.wording import PROMPTS, WordingBroken, load_wording

GOOD = "---\nflow: small\n---\n\n## hello\nЗдравствуйте, {name}!\n"
KEYS = {"hello": frozenset({"name"})}


def load(folder: Path, text: str) -> str:
    """Write the file and say its sentence."""
    (folder / "small.md").write_text(text, "utf-8")
    return load_wording("small", KEYS, folder).say("hello", name="Айгуль")


def test_a_sentence_is_filled(tmp_path: Path) -> None:
    """«Здравствуйте, Айгуль!»"""
    assert load(tmp_path, GOOD) == "Здравствуйте, Айгуль!"


@pytest.mark.parametrize(
    ("complaint", "text"),
    [
        ("front matter", "## hello\nx"),
        ("flow: small", GOOD.replace("flow: small", "flow: other")),
        ("'hello' is missing", "---\nflow: small\n---\n"),
        ("'bye' is unknown", GOOD + "## bye\nx\n"),
        ("'hello' stands twice", GOOD + "## hello\nx {name}\n"),
        ("'hello' is empty", "---\nflow: small\n---\n## hello\n\n"),
        ("'hello' has placeholders", GOOD.replace("{name}", "{who}")),
        ("'hello' has placeholders", GOOD.replace("{name}", "")),
        ("'hello' has a brace", GOOD + "{\n"),
    ],
)
def test_a_broken_prompt_is_named(tmp_path: Path, complaint: str, text: str) -> None:
    """Whoever starts us reads the file and the key."""
    with pytest.raises(WordingBroken, match=complaint) as caught:
        load(tmp_path, text)
    assert "small.md" in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """No file, no start."""
    with pytest.raises(WordingBroken, match=r"small\.md"):
        load_wording("small", KEYS, tmp_path)


def test_every_sentence_of_the_water_order_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From whatever directory we are started."""
    monkeypatch.chdir(tmp_path)
    assert load_wording("water_order", sentences.KEYS).say("yes") == "Да"


def test_no_brace_of_a_customer_is_ever_filled() -> None:
    """«Чуй {order_number}» stays a street."""
    wording = load_wording("water_order", sentences.KEYS, PROMPTS)
    said = wording.say(
        "placed", order_number=ORDER_NUMBER, address="Чуй {order_number} {phone}", phone="+996", bottles="3"
    )
    assert said.count(ORDER_NUMBER) == 1
    assert "Чуй (order_number) (phone)" in said


def test_an_unknown_flow_is_named() -> None:
    """A typing error in the settings says what there is."""
    with pytest.raises(OurFault, match=r"'tea'.*water_order"):
        flow("tea")

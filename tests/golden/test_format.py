"""What people hear who write a golden file wrongly, and how expectations are compared."""

from pathlib import Path

import pytest

from commands.script_check import Bubble, dialog, not_seen
from commands.script_file import Expected
from commands.script_reading import WrongScript, load_script

GOOD = """title: Привіт
story:
  - after: 1h30m
    customer: Добрий день!
    sees: Вітаю
  - operator: {takes_over: true, as: Олена}
    sees: nothing
"""
WRONG = {
    "span": (("1h30m", "soon"), ':3: story.after: is no span of time: write it like "3h", "2d"'),
    "word": (("customer:", "custommer:"), ":4: story.custommer: there is no such word"),
    "act": (("takes_over: true, ", ""), ":6: story.operator: takes one act: takes_over, replies"),
    "yaml": (("Добрий день!", "[Добрий"), ":5: "),
    "title": (("title: Привіт\n", ""), ":1: title: Field required"),
    "story": (("story:", "stori:"), "story"),
}


def written(folder: Path, text: str) -> Path:
    """A golden file."""
    path = folder / "story.yaml"
    path.write_text(text, "utf-8")
    return path


def test_a_good_one(tmp_path: Path) -> None:
    """Spans are seconds, one message is a list of one, `nothing` is nothing, and every step knows its line."""
    script = load_script(written(tmp_path, GOOD))
    first, second = script.story
    assert (5400.0, ("Добрий день!",), 3) == (first.after, first.customer, first.line)
    assert (None, 6) == (second.sees, second.line)


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_one_names_file_and_line(name: str, tmp_path: Path) -> None:
    """Whoever errs is told where, and what to write instead."""
    (before, after), told = WRONG[name]
    with pytest.raises(WrongScript) as wrong:
        load_script(written(tmp_path, GOOD.replace(before, after)))
    assert told in str(wrong.value)
    assert "story.yaml:" in str(wrong.value)


def test_pieces_are_looked_for_in_their_order() -> None:
    """«Разом» before the lines is another message."""
    bubbles = [Bubble(text="Сукня: 1\xa0899\xa0₴"), Bubble(text="Разом: 1 899 ₴", choices=("Так",))]
    in_order = [Expected(contains="Сукня: 1 899"), Expected(contains="Разом"), Expected(choices=("Так",))]
    assert [] == not_seen(in_order, bubbles)
    assert 1 == len(not_seen([Expected(contains="Разом"), Expected(contains="Сукня")], bubbles))
    assert 1 == len(not_seen(None, bubbles))
    assert [] == not_seen([Expected(absent="знижка"), Expected(exactly="Разом: 1 899 ₴")], bubbles)


def test_choices_written_out_are_no_other_dialog() -> None:
    """ManyChat's WhatsApp has no buttons where Instagram has them: what is said is the same."""
    with_buttons, written_out = [Bubble(text="Далі?", choices=("Так",))], [Bubble(text="Далі?\n• Так")]
    assert dialog(with_buttons) == dialog(written_out)
    assert [] == not_seen([Expected(choices=("Так",))], written_out)

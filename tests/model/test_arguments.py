"""What a model calls a tool with is checked before anything is done."""

from typing import Any

import pytest

from domain.arguments import why_wrong
from tests.model.asking import A_DRESS, WISH


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (A_DRESS, ""),
        ({**A_DRESS, "size": None}, ""),
        ({**A_DRESS, "garment": "spaceship"}, "garment: 'spaceship' is not one of ['dress', 'coat']"),
        ({"garment": "dress"}, "arguments: 'size' is a required property"),
        ({**A_DRESS, "price": 0}, "arguments: Additional properties are not allowed ('price' was unexpected)"),
        ({**A_DRESS, "size": "XXXXL"}, "size: 'XXXXL' is too long"),
        ({"": ["dress"]}, "arguments: 'garment' is a required property"),
    ],
)
def test_wrong_arguments_are_named(arguments: dict[str, Any], expected: str) -> None:
    """The model hears what to mend."""
    assert expected == why_wrong(WISH, arguments)


def test_a_long_complaint_is_cut() -> None:
    """A page of nonsense is not repeated to the model."""
    assert 300 == len(why_wrong(WISH, {**A_DRESS, "garment": "x" * 5_000}))

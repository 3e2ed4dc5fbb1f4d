"""Choices as buttons under a message, and what comes back when one is tapped."""

import hashlib
from collections.abc import Sequence
from typing import Any

from domain.messages import Choice
from platforms.text import clean, listed, mapping, objects

LONGEST_WORD = 64
"""Bytes of UTF-8 in a button's `callback_data`."""
STAND_IN = "#id:"


def keyboard(choices: Sequence[Choice]) -> dict[str, Any]:
    """One button a line: on a phone, two side by side cut their titles."""
    return {"inline_keyboard": [[{"text": each.title, "callback_data": word_for(each.id)}] for each in choices]}


def word_for(choice: str) -> str:
    """What a button sends back: the choice's id, or where that is too long a stand-in, and its title must do."""
    if 0 < len(choice.encode()) <= LONGEST_WORD:
        return choice
    return STAND_IN + hashlib.sha256(choice.encode()).hexdigest()[:40]


def choice_in(word: object) -> str:
    """The id of the tapped choice; empty for a stand-in."""
    own = clean(word, 256)
    return "" if own.startswith(STAND_IN) else own


def title_in(message: dict[str, Any], word: object) -> str:
    """What stood on the button that sends this word; empty where the message is not shown to us."""
    rows = mapping(message.get("reply_markup")).get("inline_keyboard")
    for row in listed(rows):
        for button in objects(row):
            if button.get("callback_data") == word and word is not None:
                return clean(button.get("text"))
    return ""

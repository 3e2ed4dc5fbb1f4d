"""Words about the conversation as a whole."""

from enum import StrEnum


class Holder(StrEnum):
    """Who may answer now."""

    ASSISTANT = "assistant"
    OPERATOR = "operator"
    NOBODY = "nobody"


class Attention(StrEnum):
    """Why a person should look at a conversation."""

    PAYMENT = "payment"
    HANDOFF = "handoff"
    DEAD_LETTER = "dead_letter"


def foremost(attention: tuple[Attention, ...]) -> str:
    """The one reason that is shown where there is room for one: who waits for a person first; "": there is none."""
    return (Attention.HANDOFF if Attention.HANDOFF in attention else attention[0]).value if attention else ""

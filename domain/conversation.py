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

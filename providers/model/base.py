"""What a language model is to us: one question, one reply."""

from collections.abc import Mapping
from typing import Protocol

from domain.failures import Rejected
from domain.language import AskModel, ModelReply
from domain.model import Value


class Picture(Value):
    """A picture's bytes, brought by whoever asks."""

    mime: str
    content: bytes


class SetupRefused(Rejected):
    """The model will answer nobody until a person mends the settings: a wrong key, no credit, no such model."""


class LanguageModel(Protocol):
    """Somebody who answers."""

    async def reply(self, ask: AskModel, pictures: Mapping[str, Picture], *, within: float) -> ModelReply:
        """The answer, in at most so many seconds; one attempt.

        Raises:
            Transient: nobody answered, or not so that one could use it; `retry_after` where the other side said so.
            SetupRefused: nothing will be answered until a person mends the settings.
            Rejected: this question will never be answered.
            OurFault: a question that cannot be asked.
        """
        ...

    async def close(self) -> None:
        """Let go of the connections."""
        ...

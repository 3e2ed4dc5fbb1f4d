"""Keys that histories are locked with, and who knows them."""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


@dataclass(frozen=True)
class HistoryKey:
    """A key, and the number it is known by."""

    number: int
    secret: bytes

    @cached_property
    def cipher(self) -> AESGCM:
        """What locks and unlocks with it."""
        return AESGCM(self.secret)


class Keys(Protocol):
    """Knows keys (`providers/records/contact_keys.py`)."""

    async def of_workflow(self, workflow_id: str) -> HistoryKey:
        """The key of a conversation's customer, made if there is none; of any other workflow, the house's own.

        Raises:
            Unavailable: it cannot be looked up now.
        """
        ...

    async def numbered(self, number: int) -> HistoryKey | None:
        """The key of this number; None: it was destroyed.

        Raises:
            Unavailable: it cannot be looked up now.
        """
        ...

"""What an open order knows so far."""

from enum import StrEnum

from domain.model import Value


class Slot(StrEnum):
    """What the last question asked for."""

    ADDRESS = "address"
    PHONE = "phone"
    BOTTLES = "bottles"
    CONFIRMATION = "confirmation"
    CHANGE = "change"


class Phase(StrEnum):
    """What an operator filters by."""

    DETAILS = "details"
    CONFIRM = "confirm"
    DONE = "done"
    CANCELLED = "cancelled"
    HANDED_OFF = "handed_off"


class WaterOrder(Value):
    """The state of the dialog; it travels in histories, so empty fields are left out."""

    address: str = ""
    phone: str = ""
    bottles: int = 0
    asked: Slot | None = None
    """None before the first reply."""
    misses: int = 0
    """How many turns in a row brought nothing."""

    @property
    def is_new(self) -> bool:
        """Nothing has been said to the customer yet."""
        return self.asked is None

    @property
    def next_question(self) -> Slot:
        """The first slot still empty; with all three told, the confirmation."""
        if not self.address:
            return Slot.ADDRESS
        if not self.phone:
            return Slot.PHONE
        return Slot.CONFIRMATION if self.bottles else Slot.BOTTLES

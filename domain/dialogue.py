"""What was said before, as a flow shows it to a model: by reference until it is needed."""

from typing import Literal

from domain.model import Value


class ReadDialogue(Value):
    """Ask for what was said in this conversation before the present burst, oldest first."""

    kind: Literal["read_dialogue"] = "read_dialogue"
    most: int = 20
    """Messages; what is older is left to the dialog's state."""
    most_letters: int = 6_000


class SaidBefore(Value):
    """One message of the past."""

    by: Literal["customer", "assistant", "operator"]
    text: str


class Dialogue(Value):
    """The conversation until now."""

    lines: tuple[SaidBefore, ...] = ()
    summary: str = ""
    """What was said before those lines, in a few sentences; empty: they are all there is."""

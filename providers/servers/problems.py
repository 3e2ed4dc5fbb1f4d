"""Why a server cannot be started, each as one sentence a person can act on."""

from domain.failures import OurFault


class CannotStart(OurFault):
    """A server cannot be started; the text says why and what to do about it."""


class KeepsDying(CannotStart):
    """A child died again and again; `last_lines` is what it said last."""

    def __init__(self, name: str, times: int, last_lines: list[str]) -> None:
        super().__init__(f"{name} could not be started {times} times in a row; everything is stopped")
        self.name = name
        self.last_lines = last_lines

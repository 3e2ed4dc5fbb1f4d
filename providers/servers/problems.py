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


class Refuses(CannotStart):
    """A child ended by saying that it cannot work as it was set up; the text is its own last word."""

    def __init__(self, name: str, last_lines: list[str]) -> None:
        said = next((line for line in reversed(last_lines) if line.strip()), "it did not say why")
        super().__init__(said.removeprefix("everturn: "))
        self.name = name

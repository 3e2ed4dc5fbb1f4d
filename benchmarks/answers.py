"""Answers that are waited for, whoever gives them."""

import asyncio


class Answers:
    """Answers that are waited for."""

    def __init__(self) -> None:
        self._awaited: dict[str, asyncio.Future[float]] = {}

    def answer_to(self, who: str) -> "asyncio.Future[float]":
        """The next answer this customer gets."""
        self._awaited[who] = asyncio.get_running_loop().create_future()
        return self._awaited[who]

    def arrived(self, who: str, at: float) -> None:
        """Somebody was answered."""
        awaited = self._awaited.pop(who, None)
        if awaited is not None and not awaited.done():
            awaited.set_result(at)

"""How many messages one customer may write in a minute before we ask the platform to wait."""

from collections import OrderedDict, deque

MINUTE = 60.0
LETTERS_OF_A_MESSAGE = 1_000


class FloodGate:
    """A moving window of one minute per sender, in this process.

    Ours and not the `limits` library's: its memory storage walks every key from a timer each 10 ms while requests come
    in, which costs more than the webhook itself once a few thousand customers have written.
    """

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()

    def admit(self, sender: str, now: float, letters: int = 0, messages: int = 1) -> float:
        """Count messages at a monotonic `now`; 0.0: they may pass, else the seconds after which the next ones will.

        A long message counts as several: every conversation's history has its limits. What one webhook brings passes
        together, for a platform delivers it again together.
        """
        self._forget_the_quiet(now)
        times = self._seen.setdefault(sender, deque())
        while times and times[0] <= now - MINUTE:
            times.popleft()
        if len(times) >= self._per_minute:
            return times[-self._per_minute] + MINUTE - now
        times.extend([now] * (messages + letters // LETTERS_OF_A_MESSAGE))
        self._seen.move_to_end(sender)
        return 0.0

    def _forget_the_quiet(self, now: float) -> None:
        """Drop senders whose last message left the window: the least recent stand first."""
        while self._seen and next(iter(self._seen.values()))[-1] <= now - MINUTE:
            self._seen.popitem(last=False)

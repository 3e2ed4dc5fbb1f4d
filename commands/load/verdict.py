"""Whether the promises held, promise by promise."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from commands.load.plan import Sample, Seen

ACK_P99 = 0.250
FIRST_REPLY_P95, FIRST_REPLY_P99 = 10.0, 18.0
"""Seconds; the service levels of `docs/runbook.md`."""
WARM_UP = 1 / 3
"""Share of the time in which caches fill; memory is compared from then on."""
MOST_GROWTH, FREE_MEGABYTES = 0.10, 24.0
"""Memory counts as flat below this share, or below so many megabytes."""
BESIDE_THE_POOL = 6
"""Connections of a process that are not its pool's, at most: listeners for news, a worker's lease, an API's hedges."""
FLAT = ("api", "worker")


@dataclass(frozen=True)
class Promise:
    """One promise and how it went."""

    what: str
    measured: str
    aim: str
    held: bool | None
    """None: it could not be seen from here."""


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of the values do not exceed; without any, nothing was fast enough."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("inf")


def promises(seen: Seen, pool_size: int) -> list[Promise]:
    """Every promise."""
    return [*_speed(seen), *_memory(seen.samples), _connections(seen, pool_size)]


def _speed(seen: Seen) -> Iterable[Promise]:
    ack = percentile([took for _, took in seen.acks], 0.99)
    yield Promise("webhook answered, p99", f"{ack * 1000:.0f} ms", f"< {ACK_P99 * 1000:.0f} ms", ack < ACK_P99)
    for share, aim in ((0.95, FIRST_REPLY_P95), (0.99, FIRST_REPLY_P99)):
        took = percentile(seen.waits, share)
        yield Promise(f"first reply, p{share * 100:.0f}", f"{took:.1f} s", f"< {aim:.0f} s", took < aim)
    asked = len(seen.turns)
    held = bool(asked) and seen.unanswered == 0
    yield Promise("bursts without a reply", f"{seen.unanswered} of {asked}", "0", held)


def _memory(samples: Sequence[Sample]) -> Iterable[Promise]:
    for name in FLAT:
        figures = [(one.at, one.megabytes[name]) for one in samples if one.megabytes.get(name)]
        if len(figures) < 6:
            yield Promise(f"memory of {name}", "not seen", "flat", None)
            continue
        before, after = _warm(figures)
        grown = after - before
        held = grown <= max(before * MOST_GROWTH, FREE_MEGABYTES)
        aim = f"flat (≤ {MOST_GROWTH:.0%} or {FREE_MEGABYTES:.0f} MB)".replace("%", " %")
        yield Promise(f"memory of {name}", f"{before:.0f} → {after:.0f} MB ({grown:+.0f})", aim, held)


def _warm(figures: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Megabytes once warm, and at the end: medians of a sixth of the time each."""
    end = figures[-1][0]
    first = [value for at, value in figures if WARM_UP * end <= at <= (WARM_UP + 1 / 6) * end]
    last = [value for at, value in figures if at >= 5 / 6 * end]
    return median(first or [figures[0][1]]), median(last)


def _connections(seen: Seen, pool_size: int) -> Promise:
    counted = [one.connections for one in seen.samples if one.connections is not None]
    most = seen.processes * (pool_size + BESIDE_THE_POOL)
    if not counted or not seen.processes:
        return Promise("connections to PostgreSQL, most", "not seen", "bounded", None)
    aim = f"≤ {most} ({seen.processes} × ({pool_size} + {BESIDE_THE_POOL}))"
    return Promise("connections to PostgreSQL, most", str(max(counted)), aim, max(counted) <= most)

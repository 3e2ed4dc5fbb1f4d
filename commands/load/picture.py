"""The picture of a load: first replies, webhook answers and memory over time, as SVG drawn by hand."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from commands.load.plan import Plan, Seen
from commands.load.verdict import ACK_P99, FIRST_REPLY_P95, percentile

WIDE, HIGH, LEFT, TOP, APART = 720, 150, 64, 34, 64
COLOURS = ("#2f6fbf", "#c2571a", "#3c8f4c", "#8a4fa8")
SLICES = 60
Points = list[tuple[float, float]]


@dataclass(frozen=True)
class Panel:
    """One chart."""

    title: str
    unit: str
    lines: dict[str, Points]
    aim: float | None = None


def drawn(plan: Plan, seen: Seen) -> str:
    """The whole picture."""
    panels = [_replies(plan, seen), _acks(plan, seen), _memory(seen)]
    height = TOP + len(panels) * (HIGH + APART)
    end = max([plan.seconds, *(sample.at for sample in seen.samples)])
    body = [_panel(panel, TOP + place * (HIGH + APART), end) for place, panel in enumerate(panels)]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDE + 30} {height}"'
        ' font-family="system-ui, sans-serif" font-size="12">'
        f'<rect width="100%" height="100%" fill="#ffffff"/>'
    )
    return "\n".join([head, *body, "</svg>", ""])


def _replies(plan: Plan, seen: Seen) -> Panel:
    waits = [(turn.at, turn.waited) for turn in seen.turns if turn.waited is not None]
    lines = {"p50": _sliced(waits, plan.seconds, 0.5), "p95": _sliced(waits, plan.seconds, 0.95)}
    return Panel("First reply, quiet period included", "s", lines, FIRST_REPLY_P95)


def _acks(plan: Plan, seen: Seen) -> Panel:
    acks = [(at, took * 1000) for at, took in seen.acks]
    lines = {"p50": _sliced(acks, plan.seconds, 0.5), "p99": _sliced(acks, plan.seconds, 0.99)}
    return Panel("Webhook answered", "ms", lines, ACK_P99 * 1000)


def _memory(seen: Seen) -> Panel:
    names = dict.fromkeys(name for sample in seen.samples for name in sample.megabytes)
    lines = {name: [(one.at, one.megabytes.get(name, 0.0)) for one in seen.samples] for name in names}
    return Panel("Resident memory", "MB", {name: points for name, points in lines.items() if points})


def _sliced(values: Sequence[tuple[float, float]], seconds: float, share: float) -> Points:
    """A percentile for each slice of the time."""
    wide = max(seconds / SLICES, 1.0)
    slices: dict[int, list[float]] = {}
    for at, value in values:
        slices.setdefault(int(at / wide), []).append(value)
    return [((place + 0.5) * wide, percentile(found, share)) for place, found in sorted(slices.items())]


def _panel(panel: Panel, top: float, end: float) -> str:
    values = [value for points in panel.lines.values() for _, value in points]
    most = _rounded(max([*values, 1e-9, *([panel.aim] if panel.aim else [])]) * 1.05)

    def across(at: float) -> float:
        return LEFT + WIDE * min(at / end, 1.0)

    def down(value: float) -> float:
        return top + HIGH * (1 - min(value / most, 1.0))

    drawn = [f'<text x="{LEFT}" y="{top - 10}" font-weight="600">{panel.title} ({panel.unit})</text>']
    drawn += _grid(most, end, across, down)
    if panel.aim:
        y = down(panel.aim)
        drawn.append(f'<path d="M{LEFT} {y:.1f}H{LEFT + WIDE}" stroke="#b00020" stroke-dasharray="5 4"/>')
        drawn.append(
            f'<text x="{LEFT + WIDE}" y="{y - 4:.1f}" text-anchor="end" fill="#b00020">aim {panel.aim:g}</text>'
        )
    for place, (name, points) in enumerate(panel.lines.items()):
        drawn += _line(name, points, place, across, down, top)
    return "\n".join(drawn)


def _grid(most: float, end: float, across: Callable[[float], float], down: Callable[[float], float]) -> Iterable[str]:
    for share in (0.0, 0.5, 1.0):
        y = down(most * share)
        yield f'<path d="M{LEFT} {y:.1f}H{LEFT + WIDE}" stroke="#dddddd"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end" fill="#555555">{most * share:g}</text>'
    for quarter in range(5):
        at = end * quarter / 4
        yield (
            f'<text x="{across(at):.1f}" y="{down(0) + 16:.1f}" text-anchor="middle" fill="#555555">'
            f"{at / 60:.1f} min</text>"
        )


def _line(
    name: str,
    points: Points,
    place: int,
    across: Callable[[float], float],
    down: Callable[[float], float],
    top: float,
) -> Iterable[str]:
    colour = COLOURS[place % len(COLOURS)]
    path = " ".join(f"{across(at):.1f},{down(value):.1f}" for at, value in points)
    yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.6"/>'
    x = LEFT + WIDE - 90 * (place + 1) + 20
    yield f'<text x="{x}" y="{top - 10}" fill="{colour}">{name}</text>'


def _rounded(value: float) -> float:
    """A little more than the value, and easy to read."""
    scale = 10 ** (len(str(int(value))) - 1) if value >= 1 else 0.1
    return float(-(-value // scale) * scale)

"""The picture of a run, drawn by hand: a grid of strikes, and a bar of fates."""

from collections import Counter
from collections.abc import Iterator
from html import escape

from benchmarks.faults.plan import How, Step, Victim
from benchmarks.faults.run import Result
from domain.fates import Fate

CELL, LEFT, TOP, WIDTH = 46, 150, 96, 840
COLOURS = {
    Fate.ANSWERED.value: "#2e7d4f", Fate.MERGED.value: "#5fa777", Fate.SUPERSEDED.value: "#9ccaa8",
    Fate.TO_A_PERSON.value: "#d9a441", Fate.EXPIRED.value: "#c9803a", Fate.UNSENT.value: "#8d99ae",
    Fate.SILENT.value: "#b8c0cc", Fate.DUPLICATE.value: "#dde1e7", "unaccounted": "#c0392b",
}  # fmt: skip


def picture(result: Result) -> str:
    """An SVG."""
    rows = [(victim, how) for victim in Victim for how in How]
    height = TOP + CELL * len(rows) + 130
    style = "font-family:system-ui,sans-serif;font-size:12px"
    body = [*_grid(result, rows), *_bar(result.account.counted, TOP + CELL * len(rows) + 40)]
    title = f"{result.faults:,} faults, {result.messages:,} messages, {len(result.account.lost)} unaccounted"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" style="{style}" role="img">',
            f"<title>{title}</title>",
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
            f'<text x="16" y="28" font-size="17" font-weight="600" fill="#1c2430">{title}</text>',
            *body,
            "</svg>",
            "",
        ]
    )


def _grid(result: Result, rows: list[tuple[Victim, How]]) -> Iterator[str]:
    """How often each victim was struck at each step; red where a message of the struck turn has no fate."""
    counted = Counter((strike.victim, strike.how, strike.step) for strike in result.strikes)
    lost = {(strike.victim, strike.how, strike.step) for strike in result.strikes if strike.unaccounted}
    most = max(counted.values(), default=1)
    for column, step in enumerate(Step):
        x = LEFT + column * CELL + CELL // 2
        yield f'<text transform="translate({x},{TOP - 8}) rotate(-40)" fill="#1c2430">{step}</text>'
    for line, (victim, how) in enumerate(rows):
        y = TOP + line * CELL
        yield f'<text x="{LEFT - 10}" y="{y + 28}" text-anchor="end" fill="#1c2430">{escape(f"{how} {victim}")}</text>'
        for column, step in enumerate(Step):
            number = counted[victim, how, step]
            colour = "#c0392b" if (victim, how, step) in lost else "#2e7d4f"
            share = 0.15 + 0.6 * number / most if number else 0.03
            x, said = LEFT + column * CELL, number or ""
            yield (
                f'<rect x="{x}" y="{y}" width="{CELL - 3}" height="{CELL - 3}" rx="5" fill="{colour}"'
                f' fill-opacity="{share:.2f}"/>'
            )
            yield f'<text x="{x + CELL // 2 - 1}" y="{y + 27}" text-anchor="middle" fill="#1c2430">{said}</text>'


def _bar(counted: Counter[str], top: int) -> Iterator[str]:
    """What became of the messages, to scale; every fate that occurred is named below."""
    whole, x, place = max(1, counted.total()), 16.0, 16
    for name, colour in COLOURS.items():
        if not counted[name] and name != "unaccounted":
            continue
        width = (WIDTH - 32) * counted[name] / whole
        yield f'<rect x="{x:.1f}" y="{top}" width="{width:.1f}" height="26" fill="{colour}"/>'
        label = f"{name.replace('_', ' ')} {counted[name]:,}"
        yield f'<rect x="{place}" y="{top + 42}" width="12" height="12" rx="2" fill="{colour}"/>'
        yield f'<text x="{place + 17}" y="{top + 52}" fill="#1c2430">{label}</text>'
        x, place = x + width, place + 34 + 7 * len(label)

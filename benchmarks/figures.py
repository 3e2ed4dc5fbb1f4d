"""Figures and the table they end in."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

HEADER = ("figure", "Everturn", "bare floor", "compared", "aim", "holds")


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    figure: str
    ours: str
    bare: str = "–"
    compared: str = ""
    aim: str = ""
    holds: bool | None = None
    """None: there is no aim, the figure is for information."""

    @property
    def cells(self) -> tuple[str, ...]:
        """The line as text."""
        verdict = {True: "yes", False: "**no**", None: ""}[self.holds]
        return (self.figure, self.ours, self.bare, self.compared, self.aim, verdict)


@dataclass(frozen=True)
class Pair:
    """The same measure of ours and of the bare floor."""

    ours: float
    bare: float

    @property
    def ratio(self) -> float:
        """Ours as a multiple of bare."""
        return self.ours / self.bare if self.bare else float("nan")

    @property
    def more(self) -> float:
        """How much ours is above bare."""
        return self.ours - self.bare


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def paired(ours: Sequence[float], bare: Sequence[float]) -> Pair:
    """The medians of interleaved rounds."""
    return Pair(median(ours), median(bare))


def milliseconds(seconds: float) -> str:
    """A duration as the table shows it."""
    return f"{seconds * 1000:.1f} ms"


def more_or_less(seconds: float) -> str:
    """A difference, with its sign."""
    return f"{seconds * 1000:+.1f} ms".replace("-", "−")


def table(rows: Sequence[Row]) -> str:
    """Markdown, with columns as wide as their widest cell."""
    lines = [HEADER, *(row.cells for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADER))]
    written = [" | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]
    written.insert(1, " | ".join("-" * width for width in widths))
    return "\n".join(f"| {line} |" for line in written)

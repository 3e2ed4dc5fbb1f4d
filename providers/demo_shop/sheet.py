"""A sheet of paper for flat pictures of clothes: mirrored shapes, soft corners, patterns inside shapes."""

import io
from collections.abc import Callable, Sequence

from PIL import Image, ImageColor, ImageDraw

Point = tuple[float, float]
Ink = tuple[int, int, int]
WIDTH, HEIGHT = 100.0, 125.0
"""Of the sheet, in its own units; the middle is at 50."""
PIXELS = 640
FINER = 2
"""Drawn so many times larger than it is shown: smooth edges."""
PAPER: Ink = (250, 246, 239)
LINE = 0.55
QUALITY = 82


def ink_of(text: str) -> Ink:
    """A colour as a web page writes it."""
    red, green, blue = ImageColor.getrgb(text)[:3]
    return red, green, blue


def mixed(one: Ink, other: Ink, part: float) -> Ink:
    """`part` of the other colour in the one."""
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(one, other, strict=True))
    return red, green, blue


def mirrored(half: Sequence[Point]) -> list[Point]:
    """The whole outline of which this is the right half, from the top to the bottom; offsets are from the middle."""
    right = [(WIDTH / 2 + x, y) for x, y in half]
    return [*right, *((WIDTH - x, y) for x, y in reversed(right))]


def soft(points: Sequence[Point], times: int = 2) -> list[Point]:
    """Corners cut, and cut again (Chaikin)."""
    found = list(points)
    for _ in range(times):
        pairs = zip(found, [*found[1:], found[0]], strict=True)
        found = [
            (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share) for a, b in pairs for share in (0.15, 0.85)
        ]
    return found


class Sheet:
    """One picture being drawn in one colour."""

    def __init__(self, ink: Ink) -> None:
        self.ink = ink
        is_dark = sum(ink) < 300
        self.dark = mixed(ink, (255, 255, 255), 0.28) if is_dark else mixed(ink, (40, 30, 40), 0.42)
        """Of seams: seen on dark cloth as well."""
        self.shade = mixed(ink, (0, 0, 0), 0.12)
        self.light = mixed(ink, (255, 255, 255), 0.16 if is_dark else 0.35)
        self._scale = PIXELS * FINER / WIDTH
        self._picture = Image.new("RGB", (round(WIDTH * self._scale), round(HEIGHT * self._scale)), PAPER)
        self._draw = ImageDraw.Draw(self._picture)
        self._ground()

    def _ground(self) -> None:
        tint = mixed(PAPER, self.ink, 0.16) if sum(self.ink) < 690 else (228, 224, 232)
        self._draw.ellipse(self._box(6, 17, 94, 108), fill=mixed(PAPER, tint, 0.75))
        self._draw.ellipse(self._box(30, 110, 70, 114), fill=mixed(PAPER, (90, 70, 70), 0.16))

    def _box(self, left: float, top: float, right: float, bottom: float) -> tuple[float, float, float, float]:
        return left * self._scale, top * self._scale, right * self._scale, bottom * self._scale

    def _at(self, points: Sequence[Point]) -> list[Point]:
        return [(x * self._scale, y * self._scale) for x, y in points]

    def shape(self, points: Sequence[Point], fill: Ink | None = None, line: Ink | None = None) -> None:
        """A closed shape with its outline."""
        at = self._at(points)
        self._draw.polygon(at, fill=fill or self.ink)
        self._draw.line([*at, at[0], at[1]], fill=line or self.dark, width=round(LINE * self._scale), joint="curve")

    def both(self, points: Sequence[Point], fill: Ink | None = None) -> None:
        """A shape and its mirror image; offsets are from the middle."""
        for side in (1, -1):
            self.shape([(WIDTH / 2 + side * x, y) for x, y in points], fill)

    def seam(self, *points: Point, ink: Ink | None = None, width: float = LINE) -> None:
        """A line; offsets are from the middle."""
        at = self._at([(WIDTH / 2 + x, y) for x, y in points])
        self._draw.line(at, fill=ink or self.dark, width=max(1, round(width * self._scale)), joint="curve")

    def seams(self, *points: Point, ink: Ink | None = None, width: float = LINE) -> None:
        """A line and its mirror image."""
        self.seam(*points, ink=ink, width=width)
        self.seam(*((-x, y) for x, y in points), ink=ink, width=width)

    def dot(self, x: float, y: float, radius: float, ink: Ink | None = None) -> None:
        """A button, a petal, a rivet."""
        middle = WIDTH / 2 + x
        self._draw.ellipse(self._box(middle - radius, y - radius, middle + radius, y + radius), fill=ink or self.dark)

    def oval(self, left: float, top: float, right: float, bottom: float, fill: Ink) -> None:
        """An oval; offsets are from the middle."""
        middle = WIDTH / 2
        self._draw.ellipse(
            self._box(middle + left, top, middle + right, bottom), fill=fill, outline=self.dark,
            width=round(LINE * self._scale),
        )  # fmt: skip

    def inside(self, points: Sequence[Point], paint: Callable[["Sheet"], None]) -> None:
        """Paint, and keep only what falls into a shape."""
        mask = Image.new("L", self._picture.size, 0)
        ImageDraw.Draw(mask).polygon(self._at(points), fill=255)
        before = self._picture.copy()
        paint(self)
        before.paste(self._picture, mask=mask)
        self._picture, self._draw = before, ImageDraw.Draw(before)

    def jpeg(self) -> bytes:
        """The picture as it is sent."""
        file = io.BytesIO()
        self._picture.reduce(FINER).save(file, "JPEG", quality=QUALITY)
        return file.getvalue()

"""What all garments are sewn from: bodies, sleeves, collars, pockets, knitting."""

import math
from typing import NamedTuple

from providers.demo_shop.sheet import Ink, Sheet, mirrored, mixed, soft

RED: Ink = (188, 42, 52)
BLACK: Ink = (38, 34, 40)
GOLD: Ink = (214, 172, 84)
WHITE: Ink = (252, 250, 246)
TOP = 26.0
Outline = list[tuple[float, float]]


class Cut(NamedTuple):
    """The measures of something worn on the upper body; widths are from the middle."""

    shoulder: float = 20
    chest: float = 18
    waist: float = 17
    hem: float = 18
    bottom: float = 82
    neck: float = 8
    depth: float = 5
    sleeve: float = 0.0
    """0: none, 1: to the wrist."""
    loose: float = 0.0
    """How much wider a sleeve is than the arm."""
    waist_at: float = 60


def upper(sheet: Sheet, cut: Cut) -> Outline:
    """Sleeves, then the body with its neck; the body's outline."""
    if cut.sleeve:
        _sleeves(sheet, cut)
    outline = mirrored([
        (0, TOP + cut.depth), (cut.neck * 0.6, TOP + cut.depth * 0.8), (cut.neck, TOP - 2), (cut.shoulder, TOP + 3),
        (cut.shoulder - 0.5, TOP + 10), (cut.chest, TOP + 19), (cut.waist, cut.waist_at), (cut.hem, cut.bottom - 1),
        (0, cut.bottom + 1),
    ])  # fmt: skip
    body = soft(outline)
    sheet.shape(body)
    sheet.seam((-cut.neck + 0.6, TOP), (0, TOP + cut.depth + 1.2), (cut.neck - 0.6, TOP))
    return body


def _sleeves(sheet: Sheet, cut: Cut) -> None:
    reach, end = 15 * cut.sleeve, TOP + 6 + 50 * cut.sleeve
    thick = 8 + cut.loose
    out = cut.shoulder + reach * (0.62 if cut.sleeve > 0.6 else 0.8)
    sheet.both(soft([
        (cut.shoulder - 5, TOP + 1), (cut.shoulder + 2, TOP + 4), (out + cut.loose * 0.6, end - 1),
        (out - thick * 0.86, end + 2), (cut.chest - 3, TOP + 22),
    ]), sheet.shade)  # fmt: skip
    if cut.sleeve > 0.6:
        sheet.seams((out + cut.loose * 0.5 - 1.1, end - 5), (out - thick * 0.84, end - 2.6))


def knit(sheet: Sheet, body: Outline) -> None:
    """Stitches in rows."""

    def stitches(here: Sheet) -> None:
        for row in range(30):
            for column in range(-12, 13):
                x, y = column * 2.4, 28 + row * 2.9
                here.seam((x - 0.8, y), (x, y + 1.1), (x + 0.8, y), ink=here.shade, width=0.35)

    sheet.inside(body, stitches)


def high_neck(sheet: Sheet) -> None:
    """Folded over."""
    sheet.shape(soft(mirrored([(0, TOP - 7), (6.5, TOP - 6.5), (7.2, TOP + 1.5), (0, TOP + 3)]), 1))
    for x in (0, 2.2, 4.4):
        sheet.seams((x, TOP - 5.5), (x * 1.05, TOP + 1.5), ink=sheet.shade, width=0.4)


def pockets(sheet: Sheet, x: float, y: float, size: float) -> None:
    """Two patches."""
    sheet.both(
        [(x, y), (x + size, y), (x + size, y + size * 0.9), (x + size / 2, y + size * 1.15), (x, y + size * 0.9)]
    )


def closing(sheet: Sheet, bottom: float, buttons: int = 6) -> None:
    """A placket with buttons, and a collar."""
    sheet.seam((2, TOP + 5), (2, bottom))
    sheet.seam((-2, TOP + 5), (-2, bottom))
    for number in range(buttons):
        sheet.dot(0, TOP + 9 + number * (bottom - TOP - 14) / max(buttons - 1, 1), 0.8)
    collar(sheet)


def collar(sheet: Sheet) -> None:
    """Two points."""
    sheet.both([(0.4, TOP + 5.6), (8.4, TOP - 3.2), (10.2, TOP + 2.4), (6, TOP + 8)], sheet.light)


def zip_fastener(sheet: Sheet, bottom: float) -> None:
    """Down the middle."""
    sheet.seam((0, TOP + 6), (0, bottom), ink=mixed(sheet.dark, WHITE, 0.5), width=1.2)
    sheet.shape([(49, TOP + 10), (51, TOP + 10), (51, TOP + 15), (49, TOP + 15)], GOLD)


def flower(sheet: Sheet, x: float, y: float, size: float = 1.1, petal: Ink = WHITE, heart: Ink = GOLD) -> None:
    for turn in range(5):
        angle = math.tau * turn / 5
        sheet.dot(x + math.cos(angle) * size, y + math.sin(angle) * size, size * 0.72, petal)
    sheet.dot(x, y, size * 0.6, heart)


def cross(sheet: Sheet, x: float, y: float, ink: Ink) -> None:
    for side in (1, -1):
        sheet.seam((x - 1.5 * side, y - 1.5), (x + 1.5 * side, y + 1.5), ink=ink, width=0.8)
    sheet.dot(x, y, 0.5, GOLD)

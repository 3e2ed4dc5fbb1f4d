"""Dresses, shirts and what is worn above the waist indoors."""

import math

from providers.demo_shop.sewing import (
    BLACK,
    GOLD,
    RED,
    TOP,
    WHITE,
    Cut,
    Outline,
    closing,
    collar,
    cross,
    flower,
    high_neck,
    knit,
    pockets,
    upper,
    zip_fastener,
)
from providers.demo_shop.sheet import Sheet, mirrored, mixed, soft


def dress(sheet: Sheet, bottom: float, flare: float, sleeve: float, *, straps: bool = False) -> Outline:
    """Waisted, then wider to the hem."""
    neck, shoulder = (9, 13) if straps else (8, 19)
    body = upper(sheet, Cut(shoulder=shoulder, chest=15, waist=12, hem=flare, bottom=bottom, neck=neck, sleeve=sleeve,
                            waist_at=56, depth=9 if straps else 6))  # fmt: skip
    sheet.seam((-12, 56), (0, 57.5), (12, 56))
    for x in (0.35, 0.7):
        sheet.seams((12 * x, 60), (flare * x * 0.9, bottom - 3), ink=sheet.shade)
    return body


def dress_midi(sheet: Sheet) -> None:
    """With a belt."""
    dress(sheet, 104, 22, 1.0)
    sheet.shape(mirrored([(0, 55), (12.4, 54.4), (12.4, 58), (0, 58.6)]), sheet.dark)
    sheet.dot(0, 56.8, 1.5, GOLD)


def dress_floral(sheet: Sheet) -> None:
    """Little flowers all over."""
    body = dress(sheet, 92, 22, 0.5)

    def flowers(here: Sheet) -> None:
        for row in range(12):
            for column in range(8):
                flower(here, -26 + column * 7.4 + (row % 2) * 3.7, 26 + row * 6)

    sheet.inside(body, flowers)


def dress_knit(sheet: Sheet) -> None:
    """Straight, high at the neck."""
    body = upper(sheet, Cut(chest=17, waist=16, hem=18, bottom=100, neck=7, depth=1, sleeve=1))
    knit(sheet, body)
    high_neck(sheet)


def shirt(sheet: Sheet, loose: float = 0) -> Outline:
    """A collar, buttons, long sleeves."""
    return upper(sheet, Cut(chest=18 + loose, waist=17.5 + loose, hem=19 + loose, bottom=84, sleeve=1, loose=1.5))


def shirt_plain(sheet: Sheet) -> None:
    """For the office."""
    shirt(sheet)
    closing(sheet, 83)
    pockets(sheet, 7, 42, 6)


def shirt_check(sheet: Sheet) -> None:
    """Flannel."""

    def checks(here: Sheet) -> None:
        for step in range(-7, 8):
            here.seam((step * 5, 20), (step * 5, 90), ink=here.shade, width=1.6)
            here.seam((-45, 58 + step * 5), (45, 58 + step * 5), ink=mixed(here.ink, BLACK, 0.35), width=1.2)

    body = shirt(sheet, 2)
    sheet.inside(body, checks)
    closing(sheet, 83)
    pockets(sheet, 7, 42, 6.5)


def blouse(sheet: Sheet) -> None:
    """With a bow."""
    upper(sheet, Cut(chest=17, waist=16, hem=19, bottom=78, sleeve=0.95, loose=4))
    sheet.both(soft([(0, TOP + 5), (9, TOP + 1), (9, TOP + 10)], 1), sheet.light)
    sheet.both(soft([(0, TOP + 6), (2, TOP + 6), (5, TOP + 24), (2, TOP + 23)], 1), sheet.light)
    sheet.dot(0, TOP + 5.6, 1.8, sheet.shade)


def vyshyvanka(sheet: Sheet) -> None:
    """Embroidered in red and black."""
    upper(sheet, Cut(chest=18, waist=18, hem=20, bottom=84, sleeve=0.95, loose=3))
    sheet.shape(soft(mirrored([(0, TOP - 4), (7, TOP - 3.4), (7.6, TOP), (0, TOP + 3)]), 1), sheet.light)
    second = BLACK if sum(sheet.ink) > 300 else WHITE
    for row in range(11):
        for x in (-6, 0, 6):
            cross(sheet, x, TOP + 8 + row * 4, RED if (row + x // 6) % 2 == 0 else second)
    sheet.seams((8.6, TOP + 6), (8.6, TOP + 51), ink=RED, width=0.8)
    for number in range(-4, 5):
        cross(sheet, number * 4, 80.5, RED if number % 2 == 0 else second)


def tee(sheet: Sheet, loose: float = 0) -> Outline:
    """Short sleeves."""
    return upper(sheet, Cut(shoulder=20 + loose, chest=18 + loose, waist=18 + loose, hem=18.5 + loose, bottom=80,
                            sleeve=0.36, loose=3 + loose))  # fmt: skip


def tshirt_print(sheet: Sheet) -> None:
    """A sunflower."""
    tee(sheet, 2)
    for turn in range(14):
        angle = math.tau * turn / 14
        sheet.dot(math.cos(angle) * 6, 53 + math.sin(angle) * 6, 2.1, (240, 190, 50))
    sheet.dot(0, 53, 4.6, (96, 62, 36))
    for x, y in ((-1.6, 51.6), (1.4, 52), (0, 54.6), (-2, 54.8), (2.2, 54.9)):
        sheet.dot(x, y, 0.6, (150, 104, 58))


def polo(sheet: Sheet) -> None:
    """A collar and two buttons."""
    tee(sheet, 1)
    sheet.shape([(48, TOP + 4), (52, TOP + 4), (52, TOP + 18), (48, TOP + 18)], sheet.shade)
    for y in (9, 14):
        sheet.dot(0, TOP + y, 0.8, WHITE)
    collar(sheet)


def longsleeve(sheet: Sheet) -> None:
    """Stripes."""

    def stripes(here: Sheet) -> None:
        for y in range(33, 84, 6):
            here.seam((-45, y), (45, y), ink=WHITE, width=2.2)

    sheet.inside(upper(sheet, Cut(neck=11, depth=2.5, sleeve=0.95)), stripes)


def top(sheet: Sheet) -> None:
    """Thin straps."""
    sheet.seams((7.5, TOP - 2), (9.5, TOP + 14), width=1.3)
    sheet.shape(soft(mirrored([(0, TOP + 15), (9.5, TOP + 11), (15, TOP + 20), (14, 60), (16, 79), (0, 80.5)])))
    sheet.seams((6, 46), (9, 76), ink=sheet.shade)


def hoodie(sheet: Sheet) -> None:
    """A hood and a kangaroo pocket."""
    _hooded(sheet)
    sheet.shape(soft(mirrored([(0, 64), (9, 64), (14, 73), (14, 79), (0, 79)]), 1), sheet.shade)


def hoodie_zip(sheet: Sheet) -> None:
    """A hood and a zip."""
    _hooded(sheet)
    sheet.both(soft([(4, 66), (13, 66), (15, 79), (4, 79)], 1), sheet.shade)
    zip_fastener(sheet, 84)


def _hooded(sheet: Sheet) -> None:
    sheet.shape(soft(mirrored([(0, 11), (9, 13), (12, 22), (11, 31), (0, 36)])), sheet.shade)
    upper(sheet, Cut(shoulder=22, chest=21, waist=21, hem=20, bottom=84, neck=9, depth=8, sleeve=1, loose=4))
    sheet.oval(-7, 15, 7, 33, mixed(sheet.ink, BLACK, 0.35))
    sheet.shape(mirrored([(0, 80), (20.4, 79.4), (20, 85), (0, 86)]), sheet.shade)
    sheet.seams((4, 33), (4.6, 45), ink=sheet.light, width=0.9)


def sweatshirt(sheet: Sheet) -> None:
    """Ribbed at neck and hem."""
    upper(sheet, Cut(shoulder=21, chest=20, waist=20, hem=19, bottom=83, sleeve=1, loose=4))
    sheet.shape(mirrored([(0, 78), (19.4, 77.5), (19, 83.5), (0, 84.5)]), sheet.shade)
    for x in range(2, 19, 3):
        sheet.seams((x, 79), (x, 83.6), width=0.3)


def sweater(sheet: Sheet) -> None:
    """Cables."""
    body = upper(sheet, Cut(chest=20, waist=20, hem=20, bottom=82, depth=1, sleeve=1, loose=3))
    knit(sheet, body)
    for x in (-10, 0, 10):
        for row in range(6):
            y = 34 + row * 7.4
            sheet.seam((x - 2, y), (x + 2, y + 7.4), ink=sheet.light, width=1.3)
            sheet.seam((x + 2, y), (x - 2, y + 7.4), width=1.1)
    high_neck(sheet)


def cardigan(sheet: Sheet) -> None:
    """Long, with buttons and pockets."""
    body = upper(sheet, Cut(chest=19, waist=19, hem=21, bottom=98, depth=24, neck=7, sleeve=1, loose=3))
    knit(sheet, body)
    sheet.seam((0, 51), (0, 98))
    for y in range(56, 96, 9):
        sheet.dot(2.2, y, 1.2, mixed(sheet.dark, BLACK, 0.3))
    pockets(sheet, 7, 76, 8)


def vest(sheet: Sheet) -> None:
    """No sleeves, a deep V."""
    body = upper(sheet, Cut(shoulder=16, chest=17, waist=17, hem=18, bottom=80, depth=20, neck=7))
    knit(sheet, body)
    sheet.shape(mirrored([(0, 75), (17.6, 74.5), (17.8, 80), (0, 81)]), sheet.shade)
    sheet.seams((15.2, 31), (15.4, 42), (16.8, 46), width=1.3)

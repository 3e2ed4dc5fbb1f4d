"""Skirts, trousers and shorts."""

from typing import NamedTuple

from providers.demo_shop.sewing import GOLD, pockets
from providers.demo_shop.sheet import Sheet, mirrored, mixed, soft


def skirt(sheet: Sheet, bottom: float, hem: float, folds: int) -> None:
    """A waistband and what hangs from it."""
    sheet.shape(
        soft(mirrored([(0, 40), (13, 39.5), (hem * 0.8, (40 + bottom) / 2), (hem, bottom - 1), (0, bottom + 1)]))
    )
    sheet.shape(mirrored([(0, 36), (12.6, 35.4), (13.2, 40), (0, 40.8)]), sheet.shade)
    for fold in range(1, folds + 1):
        part = fold / (folds + 1)
        sheet.seams((13 * part, 41), (hem * part * 0.96, bottom - 1), ink=sheet.shade)


def skirt_mini(sheet: Sheet) -> None:
    """Of denim, with buttons."""
    skirt(sheet, 76, 21, 0)
    sheet.seam((0, 41), (0, 76.5))
    for y in range(44, 76, 6):
        sheet.dot(1.8, y, 0.9, GOLD)
    pockets(sheet, 7, 45, 6.5)


class Legs(NamedTuple):
    """The measures of trousers; widths are from the middle."""

    waist: float = 12.5
    hip: float = 17
    knee: float = 14
    ankle: float = 13
    inner: float = 3.5
    bottom: float = 108
    top: float = 26


def legs(sheet: Sheet, cut: Legs) -> None:
    """Two legs, a waistband, a fly."""
    fork = cut.top + 26
    middle = (fork + cut.bottom) / 2
    sheet.shape(soft(mirrored([
        (0, cut.top + 3), (cut.waist, cut.top + 3), (cut.hip, cut.top + 18), (cut.knee, middle),
        (cut.ankle, cut.bottom - 0.5), (cut.inner, cut.bottom), (1.4, fork + 4), (0, fork),
    ]), 1))  # fmt: skip
    band = [(0, cut.top), (cut.waist - 0.3, cut.top - 0.5), (cut.waist + 0.4, cut.top + 4), (0, cut.top + 4.6)]
    sheet.shape(mirrored(band), sheet.shade)
    sheet.seam((0, cut.top + 4), (0, fork))


def jeans(sheet: Sheet, cut: Legs) -> None:
    """With the seams of jeans."""
    legs(sheet, cut)
    stitch = mixed(GOLD, sheet.ink, 0.25)
    sheet.seam((2.6, cut.top + 5), (2.6, cut.top + 15), (0.4, cut.top + 20), ink=stitch)
    sheet.seams((5, cut.top + 5), (7, cut.top + 10), (cut.hip - 2.2, cut.top + 12), ink=stitch)
    sheet.seams((cut.ankle - 0.8, cut.bottom - 3.4), (cut.inner + 0.4, cut.bottom - 2.9), ink=stitch)
    for x in (-9, -4.5, 4.5, 9):
        sheet.seam((x, cut.top - 0.5), (x, cut.top + 5), width=0.9)
    sheet.dot(0, cut.top + 2.2, 1, GOLD)
    sheet.seams((cut.hip * 0.55, cut.top + 34), (cut.knee * 0.6, cut.bottom - 30), ink=sheet.light, width=1.2)


def cargo(sheet: Sheet) -> None:
    """Pockets on the legs, cuffs."""
    legs(sheet, Legs(hip=18, knee=16.5, ankle=12, inner=5))
    sheet.both([(11, 62), (18.4, 62), (17.8, 75), (11, 75)], sheet.shade)
    sheet.both([(10.6, 61), (18.8, 61), (18.6, 65), (10.6, 65)], sheet.light)
    sheet.both([(4.6, 103.5), (12.6, 103), (12.4, 108.4), (4.8, 108.8)], sheet.shade)


def shorts(sheet: Sheet) -> None:
    """Short jeans."""
    sheet.shape(soft(mirrored([(0, 45), (13, 45), (19, 60), (22, 78), (4, 81), (0, 68)]), 1))
    sheet.shape(mirrored([(0, 42), (12.7, 41.5), (13.4, 46), (0, 46.6)]), sheet.shade)
    sheet.seam((0, 46), (0, 68))
    sheet.seams((5, 47), (7, 53), (15.5, 55), ink=GOLD)
    sheet.dot(0, 44.2, 1, GOLD)
    for x in range(5, 22, 2):
        sheet.seams((x, 80.6 - x * 0.14), (x + 0.4, 83 - x * 0.14), ink=sheet.light, width=0.5)

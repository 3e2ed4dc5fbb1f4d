"""Bags, scarves, hats and belts."""

from providers.demo_shop.sewing import GOLD, knit
from providers.demo_shop.sheet import Sheet, mirrored, soft


def bag(sheet: Sheet) -> None:
    """A shopper."""
    for inset in (0.0, 2.4):
        sheet.seams((11 - inset, 52), (10.4 - inset, 32), (5, 25 + inset), (0, 23.6 + inset), width=1.4)
    sheet.shape(soft(mirrored([(0, 50), (24, 49), (21, 98), (0, 99.5)]), 1))
    sheet.seam((-23.4, 55), (0, 56), (23.4, 55))
    sheet.both([(8.6, 49), (13, 49), (12.4, 62), (9.2, 62)], sheet.shade)
    sheet.shape([(46, 70), (54, 70), (54, 78), (46, 78)], GOLD)


def scarf(sheet: Sheet) -> None:
    """Wound once, two ends."""
    for side, bottom in ((1, 92), (-1, 104)):
        points = [(50 + side * x, y) for x, y in ((1, 44), (13, 46), (15, bottom), (2, bottom + 1))]
        sheet.shape(soft(points, 1), sheet.shade if side < 0 else None)
        for y in range(56, bottom - 6, 12):
            sheet.seam((side * 2, y), (side * 14, y), ink=sheet.light, width=2.2)
        for x in range(3, 15, 2):
            sheet.seam((side * x, bottom), (side * x, bottom + 5), width=0.7)
    sheet.shape(soft(mirrored([(0, 26), (15, 28), (21, 38), (16, 50), (0, 54)])), sheet.light)
    sheet.seam((-18, 36), (0, 44), (18, 36))
    sheet.seam((-15, 45), (0, 50), (15, 45))


def beanie(sheet: Sheet) -> None:
    """A folded brim."""
    dome = soft(mirrored([(0, 36), (14, 38), (24, 56), (26, 76), (0, 78)]))
    sheet.shape(dome)
    knit(sheet, dome)
    sheet.shape(soft(mirrored([(0, 72), (27, 70), (28, 86), (0, 89)]), 1), sheet.light)
    for x in range(2, 27, 4):
        sheet.seams((x, 73), (x * 1.02, 87.5), width=0.5)


def belt(sheet: Sheet) -> None:
    """Rolled up."""
    for radius in (30, 22, 14):
        sheet.oval(-radius, 66 - radius, radius, 66 + radius, sheet.ink)
        sheet.oval(-radius + 6, 66 - radius + 6, radius - 6, 66 + radius - 6, sheet.shade)
    sheet.shape([(50, 90), (86, 90), (90, 93), (86, 96), (50, 96)])
    for x in (22, 27, 32):
        sheet.dot(x, 93, 0.8)
    sheet.shape([(42, 88), (53, 88), (53, 98), (42, 98)], GOLD)
    sheet.shape([(45, 91), (50, 91), (50, 95), (45, 95)], sheet.ink)

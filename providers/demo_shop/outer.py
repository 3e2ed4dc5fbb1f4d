"""Jackets and coats."""

from providers.demo_shop.sewing import BLACK, GOLD, TOP, WHITE, Cut, closing, pockets, upper, zip_fastener
from providers.demo_shop.sheet import WIDTH, Sheet, mirrored, mixed, soft


def jacket_denim(sheet: Sheet) -> None:
    """Pockets on the chest."""
    upper(sheet, Cut(shoulder=21, chest=20, waist=19, hem=18, bottom=76, sleeve=0.95, loose=3))
    closing(sheet, 75, 5)
    pockets(sheet, 6, 39, 8)
    sheet.both([(5.6, 38), (14.4, 38), (14.4, 41.5), (10, 43), (5.6, 41.5)], sheet.light)
    sheet.shape(mirrored([(0, 72), (18.4, 71.5), (18, 77), (0, 78)]), sheet.shade)


def lapels(sheet: Sheet, depth: float) -> None:
    """Of a coat or a blazer."""
    sheet.shape([(WIDTH / 2 - 6.6, TOP - 1), (WIDTH / 2 + 6.6, TOP - 1), (WIDTH / 2, TOP + depth)], WHITE)
    sheet.both([(0, TOP + depth), (6.6, TOP - 2.4), (10.6, TOP + 3), (9.6, TOP + 9), (12, TOP + 11)], sheet.light)


def double_row(sheet: Sheet, top_at: float, rows: int, step: float) -> None:
    """Buttons side by side."""
    for row in range(rows):
        for x in (-4.4, 4.4):
            sheet.dot(x, top_at + row * step, 1.2)


def trench(sheet: Sheet) -> None:
    """Double-breasted, belted."""
    upper(sheet, Cut(shoulder=21, chest=19, waist=15, hem=23, bottom=102, depth=18, sleeve=1, loose=3, waist_at=58))
    lapels(sheet, 18)
    sheet.seam((5, 45), (6, 101))
    double_row(sheet, 49, 2, 6)
    double_row(sheet, 66, 2, 8)
    sheet.shape(mirrored([(0, 57), (15.6, 56), (15.8, 60), (0, 61)]), sheet.shade)
    sheet.shape([(47, 56.4), (53, 56.4), (53, 61.6), (47, 61.6)], GOLD)
    sheet.seams((14, 72), (17, 80), width=1.2)


def coat(sheet: Sheet) -> None:
    """Straight and long."""
    upper(sheet, Cut(shoulder=21, chest=20, waist=20, hem=22, bottom=104, depth=20, sleeve=1, loose=3))
    lapels(sheet, 20)
    sheet.seam((0, 46), (0, 104.5))
    for y in (51, 61, 71):
        sheet.dot(2.6, y, 1.4, mixed(sheet.dark, BLACK, 0.4))
    sheet.both([(8, 74), (16.6, 72.6), (17, 76), (8.2, 77.4)], sheet.shade)


def puffer(sheet: Sheet) -> None:
    """Quilted, with a hood."""
    sheet.shape(soft(mirrored([(0, 12), (10, 14), (13, 23), (12, 31), (0, 36)])), sheet.shade)
    cut = Cut(shoulder=23, chest=23, waist=23, hem=22, bottom=80, neck=8, depth=4, sleeve=0.95, loose=7)
    body = upper(sheet, cut)

    def quilts(here: Sheet) -> None:
        for y in range(36, 82, 8):
            here.seam((-30, y), (-12, y + 1.6), (0, y), (12, y + 1.6), (30, y), ink=here.dark, width=0.7)
            here.seam((-30, y + 2.4), (30, y + 2.4), ink=here.light, width=1.1)

    sheet.inside(body, quilts)
    zip_fastener(sheet, 80)
    sheet.oval(-6.5, 16, 6.5, 30, mixed(sheet.ink, BLACK, 0.35))


def blazer(sheet: Sheet) -> None:
    """Double-breasted, loose."""
    upper(sheet, Cut(shoulder=22, chest=20, waist=18, hem=21, bottom=86, depth=24, sleeve=1, loose=2.5))
    lapels(sheet, 26)
    sheet.seam((0, 52), (3, 86))
    double_row(sheet, 58, 2, 9)
    sheet.both([(8, 70), (16.4, 69), (16.6, 72.4), (8.2, 73.4)], sheet.shade)
    sheet.seam((9, 43), (14, 42.4), width=1)

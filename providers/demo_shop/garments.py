"""How every kind of garment is drawn."""

from collections.abc import Callable, Mapping

from providers.demo_shop.lower import Legs, cargo, jeans, legs, shorts, skirt, skirt_mini
from providers.demo_shop.outer import blazer, coat, jacket_denim, puffer, trench
from providers.demo_shop.sheet import Sheet
from providers.demo_shop.small import bag, beanie, belt, scarf
from providers.demo_shop.tops import (
    blouse,
    cardigan,
    dress,
    dress_floral,
    dress_knit,
    dress_midi,
    hoodie,
    hoodie_zip,
    longsleeve,
    polo,
    shirt_check,
    shirt_plain,
    sweater,
    sweatshirt,
    tee,
    top,
    tshirt_print,
    vest,
    vyshyvanka,
)

GARMENTS: Mapping[str, Callable[[Sheet], object]] = {
    "dress_midi": dress_midi,
    "dress_mini": lambda sheet: dress(sheet, 80, 17, 0, straps=True),
    "dress_maxi": lambda sheet: dress(sheet, 110, 27, 0.3),
    "dress_floral": dress_floral,
    "dress_knit": dress_knit,
    "skirt_midi": lambda sheet: skirt(sheet, 94, 25, 5),
    "skirt_mini": skirt_mini,
    "blouse": blouse,
    "shirt": shirt_plain,
    "shirt_check": shirt_check,
    "vyshyvanka": vyshyvanka,
    "tshirt": tee,
    "tshirt_print": tshirt_print,
    "polo": polo,
    "longsleeve": longsleeve,
    "top": top,
    "hoodie": hoodie,
    "hoodie_zip": hoodie_zip,
    "sweatshirt": sweatshirt,
    "sweater": sweater,
    "cardigan": cardigan,
    "vest": vest,
    "jeans_mom": lambda sheet: jeans(sheet, Legs(hip=19, knee=16.5, ankle=11.5, bottom=104)),
    "jeans_straight": lambda sheet: jeans(sheet, Legs(waist=13, hip=17, knee=15.5, ankle=14.5)),
    "jeans_skinny": lambda sheet: jeans(sheet, Legs(hip=15.5, knee=11, ankle=8.5, inner=3)),
    "jeans_flare": lambda sheet: jeans(sheet, Legs(hip=15.5, knee=12, ankle=20, inner=4)),
    "trousers": lambda sheet: legs(sheet, Legs(hip=17, knee=19, ankle=21, inner=2.5)),
    "cargo": cargo,
    "leggings": lambda sheet: legs(sheet, Legs(hip=14.5, knee=10, ankle=7, inner=2.6, top=24)),
    "shorts": shorts,
    "jacket_denim": jacket_denim,
    "trench": trench,
    "coat": coat,
    "puffer": puffer,
    "blazer": blazer,
    "bag": bag,
    "scarf": scarf,
    "beanie": beanie,
    "belt": belt,
}
"""By the `kind` of the goods' file."""

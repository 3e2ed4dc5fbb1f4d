"""The pictures of the demo shop: drawn when somebody looks, and remembered."""

from functools import lru_cache

from providers.demo_shop.assortment import pictured
from providers.demo_shop.garments import GARMENTS
from providers.demo_shop.sheet import Sheet, ink_of

MOST_REMEMBERED = 128


def has_picture(name: str) -> bool:
    """Whether the shop has a picture of this name."""
    return name in pictured()


@lru_cache(maxsize=MOST_REMEMBERED)
def picture(name: str) -> bytes:
    """A picture as JPEG.

    Raises:
        KeyError: there is none of this name.
    """
    kind, ink = pictured()[name]
    sheet = Sheet(ink_of(ink))
    GARMENTS[kind](sheet)
    return sheet.jpeg()

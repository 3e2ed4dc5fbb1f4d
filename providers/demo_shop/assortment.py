"""The goods of «Світлиця», read from `goods.yaml`."""

import hashlib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

import yaml

from domain.catalog import Item
from domain.model import Value

HERE = Path(__file__).parent
PICTURES = "/shop/pictures"
MOST_OF_ONE = 9


class Colour(Value):
    """How a colour is written in numbers, and drawn."""

    code: str
    ink: str


class Model(Value):
    """A product as the shop's own file tells of it."""

    id: str
    kind: str
    title: str
    category: str
    price: Decimal
    colours: tuple[str, ...]
    sizes: tuple[str, ...]
    material: str
    season: str
    about: str
    gone: tuple[str, ...] = ()

    def is_gone(self, colour: str, size: str) -> bool:
        """Whether it is sold out in this colour and size."""
        return not {colour, size, f"{colour}/{size}"}.isdisjoint(self.gone)


class Assortment(Value):
    """Everything on sale."""

    colours: Mapping[str, Colour]
    products: tuple[Model, ...]


@lru_cache(maxsize=1)
def assortment() -> Assortment:
    """Read the file, once."""
    return Assortment.model_validate(yaml.safe_load((HERE / "goods.yaml").read_text(encoding="utf-8")))


def items(api_url: str) -> Iterator[Item]:
    """Every item; its picture is where this API is reached."""
    found = assortment()
    for model in found.products:
        for colour in model.colours:
            for size in model.sizes:
                yield _item(model, colour, found.colours[colour].code, size, api_url)


def _item(model: Model, colour: str, code: str, size: str, api_url: str) -> Item:
    sku = f"{model.id}-{code}-{size}".replace("/", "").replace(" ", "").upper()
    return Item(
        sku=sku,
        product=model.id.upper(),
        title=model.title,
        description=model.about,
        category=model.category,
        colour=colour,
        size=size,
        price=model.price.quantize(Decimal("0.01")),
        currency="UAH",
        stock=0 if model.is_gone(colour, size) else 1 + hashlib.sha256(sku.encode()).digest()[0] % MOST_OF_ONE,
        image_url=f"{api_url.rstrip('/')}{PICTURES}/{picture_name(model, code)}",
        attributes={"матеріал": model.material, "сезон": model.season},
    )


def picture_name(model: Model, code: str) -> str:
    """The picture of a product in one colour."""
    return f"{model.id}-{code}.jpg"


@lru_cache(maxsize=1)
def pictured() -> Mapping[str, tuple[str, str]]:
    """What every picture shows: a kind of garment and the ink of its colour."""
    found = assortment()
    return {
        picture_name(model, found.colours[colour].code): (model.kind, found.colours[colour].ink)
        for model in found.products
        for colour in model.colours
    }

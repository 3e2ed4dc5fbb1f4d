"""The goods of the shop that tests buy in."""

from decimal import Decimal

from domain.catalog import Item, Product


def _product(id: str, title: str, price: int, colours: str, sizes: str, stock: int = 5) -> Product:
    items = tuple(
        Item(
            sku=f"{id}-{colour}-{size}",
            product=id,
            title=title,
            colour=colour,
            size=size,
            price=Decimal(price),
            currency="UAH",
            stock=stock,
        )
        for colour in colours.split()
        for size in sizes.split()
    )
    return Product(id=id, title=title, items=items)


GOODS = (
    _product("101", "Сукня міді «Злата»", 1899, "чорний бордовий", "S M L"),
    _product("103", "Сукня міні «Ніч»", 1450, "чорний смарагдовий", "XS S M"),
    _product("404", "Светр із косами «Морозко»", 1790, "молочний", "S/M L/XL"),
    _product("501", "Джинси мом «Ретро»", 1590, "синій", "26 27 28"),
    _product("604", "Пуховик короткий «Іній»", 3490, "червоний чорний", "S M"),
    _product("703", "Шапка біні «Гора»", 450, "чорний рожевий", "універсальний"),
    _product("704", "Ремінь шкіряний «Класика»", 550, "чорний", "90 100"),
)

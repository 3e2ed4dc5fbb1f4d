"""Items out of tables: columns as Meta's and Google's product feeds call them, and plain names in three languages."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from domain.catalog import Item
from providers.imports.harmless import plain
from providers.imports.money import Money, currency_of, money_of
from providers.imports.problems import BadFile, Problems, quoted
from providers.imports.tables import Heard, Row, nobody, read_table

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "sku": ("sku", "id", "item_id", "offer_id", "артикул", "код", "код_товару", "код_товара"),
    "product": ("item_group_id", "product", "product_id", "group_id", "група", "группа"),
    "title": ("title", "name", "назва", "название", "найменування", "наименование"),
    "description": ("description", "rich_text_description", "опис", "описание"),
    "category": ("product_type", "category", "fb_product_category", "google_product_category", "категорія",
                 "категория"),
    "colour": ("color", "colour", "колір", "цвет"),
    "size": ("size", "розмір", "размер"),
    "price": ("price", "ціна", "цена"),
    "sale_price": ("sale_price",),
    "sale_dates": ("sale_price_effective_date",),
    "currency": ("currency", "валюта"),
    "stock": ("quantity_to_sell_on_facebook", "inventory", "stock", "quantity", "залишок", "остаток", "кількість",
              "количество"),
    "availability": ("availability", "наявність", "наличие"),
    "image_url": ("image_link", "image_url", "image", "picture", "фото", "зображення", "изображение"),
    "url": ("link", "url", "посилання", "ссылка"),
}  # fmt: skip
"""Our fields and what files call them; of several the first that is filled in."""
ATTRIBUTES = frozenset({
    "brand", "material", "pattern", "gender", "age_group", "season", "style", "condition", "length", "fit", "бренд",
    "матеріал", "материал", "склад", "состав", "сезон", "стать", "пол",
})  # fmt: skip
LONGEST = {"sku": 100, "product": 100, "title": 300, "description": 10_000, "category": 300, "colour": 100, "size": 60}
LONGEST_URL = 2_000
LONGEST_ATTRIBUTE = 500
LONGEST_NUMBER = 10
MOST_STOCK = 2_147_483_647
MOST_ROWS = 1_000_000
_GONE = frozenset({
    "out of stock", "discontinued", "sold out", "немає", "нема", "немає в наявності", "нет", "нет в наличии", "0", "ні",
    "false", "no",
})  # fmt: skip
_THERE = frozenset({
    "in stock", "available for order", "preorder", "pre order", "backorder", "mark as sold", "в наявності", "є", "так",
    "під замовлення", "в наличии", "есть", "да", "под заказ", "true", "yes", "1", "available",
})  # fmt: skip
_SHEET_ERRORS = ("#REF!", "#N/A", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!")


class Goods:
    """One file of goods: gives its items, gathers what is wrong and which columns nobody knows."""

    def __init__(self, path: Path, currency: str = "", *, skip_wrong: bool = False) -> None:
        self.problems = Problems()
        self.unknown_columns: tuple[str, ...] = ()
        self.read = 0
        self._path = path
        self._currency = currency_of(currency) if currency else ""
        self._skip_wrong = skip_wrong
        self._rows_by_sku: dict[str, int] = {}

    @property
    def bytes(self) -> int:
        """How large the file is."""
        return self._path.stat().st_size

    def items(self, heard: Heard = nobody) -> Iterator[Item]:
        """The items. After the first problem only problems are looked for, unless wrong rows are skipped.

        Raises:
            BadFile: the file as a whole cannot be read.
            WrongRows: at the end, with everything that is wrong; not where wrong rows are skipped.
        """
        for count, row in enumerate(read_table(self._path, self.problems, heard), start=1):
            if count == 1:
                self._learn_columns(row.cells)
            if count > MOST_ROWS:
                raise BadFile(f"{self._path.name}: more than {MOST_ROWS} rows: split it")
            item = self._item(row)
            if item is not None and (self._skip_wrong or not self.problems.count):
                self.read += 1
                yield item
        if not self._skip_wrong:
            self.problems.raise_if_any()
        if not self.read:  # or else --replace would clear the shop
            raise BadFile(
                f"{self._path.name}: holds no item: a row for each is expected below the names of the columns"
            )

    def _learn_columns(self, cells: Mapping[str, str]) -> None:
        known = ATTRIBUTES.union(*COLUMNS.values())
        missing = [COLUMNS[field][0] for field in ("sku", "title", "price") if not set(COLUMNS[field]) & cells.keys()]
        if missing and self._path.suffix.lower() not in (".json", ".jsonl"):
            raise BadFile(
                f"{self._path.name}: no column is called {' or '.join(missing)}; the first row names the columns:"
                " id, title, price, and as you like item_group_id, description, color, size, stock, image_link, …"
            )
        self.unknown_columns = tuple(
            column for column in cells if column and column not in known and not column.startswith("attribute:")
        )

    def _item(self, row: Row) -> Item | None:
        reading = Reading(row, self.problems, self._currency)
        item = reading.item()
        if item is None:
            return None
        if (first := self._rows_by_sku.setdefault(item.sku, row.number)) != row.number:
            self.problems.add(row.number, f"{reading.sku_column}: {quoted(item.sku)} stands in row {first} already")
            return None
        return item


class Reading:
    """One row being read."""

    def __init__(self, row: Row, problems: Problems, currency: str) -> None:
        self._row, self._problems, self._currency = row, problems, currency
        self._is_right = True

    def item(self) -> Item | None:
        """The item, if nothing in the row is wrong."""
        texts = {field: self._text(field) for field in LONGEST}
        for field in ("sku", "title"):
            if not texts[field]:
                self._wrong(self._cell(field)[0], "is empty; every row needs one")
        price = self._price()
        facts: dict[str, Any] = {"stock": self._stock(), "attributes": self._attributes()}
        facts |= {field: self._address(field) for field in ("image_url", "url")}
        if not self._is_right or price is None:
            return None
        facts |= texts | {"product": texts["product"] or texts["sku"]}
        return Item(price=price.amount, currency=price.currency, **facts)

    @property
    def sku_column(self) -> str:
        """What the column of numbers is called here."""
        return self._cell("sku")[0]

    def _cell(self, field: str) -> tuple[str, str]:
        """What a field's column is called here, and what stands in it."""
        cells = self._row.cells
        there = [name for name in COLUMNS[field] if name in cells]
        filled = [name for name in there if cells[name].strip()]
        name = (filled or there or [COLUMNS[field][0]])[0]
        return name, cells.get(name, "").strip()

    def _wrong(self, name: str, text: str) -> None:
        self._is_right = False
        self._problems.add(self._row.number, f"{name}: {text}")

    def _text(self, field: str) -> str:
        name, cell = self._cell(field)
        return self._bounded(name, cell, LONGEST[field])

    def _bounded(self, name: str, cell: str, longest: int) -> str:
        if cell in _SHEET_ERRORS:
            self._wrong(name, f"{cell} is an error of the spreadsheet, not a text")
        text = plain(cell)
        if len(text) > longest:
            self._wrong(name, f"{len(text)} signs; the longest is {longest}")
        return text if longest > LONGEST["title"] else " ".join(text.split())

    def _price(self) -> Money | None:
        """The sale price goes before the price, unless it holds for some days only."""
        name, text = self._cell("price")
        sale, sale_text = self._cell("sale_price")
        if sale_text and not self._cell("sale_dates")[1]:
            name, text = sale, sale_text
        if not text:
            self._wrong(name, "is empty; write 1499.00 UAH")
            return None
        return self._understood(name, lambda: money_of(text, self._cell("currency")[1] or self._currency))

    def _understood(self, name: str, read: Callable[[], Money]) -> Money | None:
        try:
            return read()
        except ValueError as error:
            self._wrong(name, str(error))
            return None

    def _stock(self) -> int | None:
        name, text = self._cell("stock")
        word = self._cell("availability")[1].casefold().replace("_", " ")
        if word and word not in _GONE | _THERE:
            self._wrong(self._cell("availability")[0], f"{quoted(word)} says nothing; write in stock or out of stock")
        if not text:
            return 0 if word in _GONE else None
        digits = text.removesuffix(".0").removesuffix(",0")
        is_number = digits.isascii() and digits.isdigit() and len(digits) <= LONGEST_NUMBER
        if not is_number or int(digits) > MOST_STOCK:
            self._wrong(name, f"{quoted(text)} is no number of pieces; write 5, or nothing where nobody counts")
            return None
        return 0 if word in _GONE else int(digits)

    def _address(self, field: str) -> str:
        name, text = self._cell(field)
        if not text:
            return ""
        try:
            parts = urlsplit(text)
            is_right = parts.scheme in ("http", "https") and parts.hostname and text.isprintable() and " " not in text
        except ValueError:
            is_right = False
        if not is_right or len(text) > LONGEST_URL:
            self._wrong(name, f"{quoted(text)} is no address; write https://…")
        return text

    def _attributes(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, cell in self._row.cells.items():
            key = name.removeprefix("attribute:")
            if (key != name or name in ATTRIBUTES) and cell.strip():
                found[plain(key)] = self._bounded(name, cell.strip(), LONGEST_ATTRIBUTE)
        return found

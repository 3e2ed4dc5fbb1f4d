"""Files of goods as shops have them: feeds, spreadsheets, mistakes; every mistake with its row."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.catalog import Item
from providers.imports.goods import Goods
from providers.imports.harmless import for_spreadsheet, plain
from providers.imports.money import money_of
from providers.imports.problems import MOST_SHOWN, BadFile, WrongRows


def read(folder: Path, content: str | bytes, *, name: str = "goods.csv", currency: str = "") -> list[Item]:
    """The items of a file."""
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(Goods(file, currency).items())


def wrong(folder: Path, content: str | bytes, **said: str) -> list[str]:
    """What is wrong with a file."""
    with pytest.raises(WrongRows) as refused:
        read(folder, content, **said)
    assert len(refused.value.problems) == refused.value.count
    return [str(problem) for problem in refused.value.problems]


FEED = """id,item_group_id,title,description,availability,condition,price,sale_price,link,image_link,brand,color,size,\
product_type,quantity_to_sell_on_facebook,custom_label_0
D1-M,D1,Сукня «Злата»,"Міді, з поясом",in stock,new,1899.00 UAH,1499.00 UAH,https://x.test/d1,https://x.test/d1.jpg,\
Світлиця,чорний,M,Одяг > Сукні,3,hit
D1-L,D1,Сукня «Злата»,,out of stock,new,1899.00 UAH,,https://x.test/d1,https://x.test/d1.jpg,,чорний,L,Одяг > Сукні,4,
"""


def test_a_product_feed_is_read_as_it_is(tmp_path: Path) -> None:
    """What a shop gave Meta it can give us."""
    first, second = read(tmp_path, FEED)
    assert {
        "sku": "D1-M", "product": "D1", "title": "Сукня «Злата»", "description": "Міді, з поясом",
        "category": "Одяг > Сукні", "colour": "чорний", "size": "M", "price": Decimal("1499.00"), "currency": "UAH",
        "stock": 3, "image_url": "https://x.test/d1.jpg", "url": "https://x.test/d1",
        "attributes": {"brand": "Світлиця", "condition": "new"},
    } == first.model_dump()  # fmt: skip
    assert (Decimal("1899.00"), 0) == (second.price, second.stock)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_spreadsheets_save_in_their_own_ways(tmp_path: Path, encoding: str, delimiter: str, line_end: str) -> None:
    """Encodings, marks and separators are recognised."""
    rows = [["Артикул", "Назва", "Ціна", "Залишок"], ["A1", "Джинси «Їжак»", '"1 499,00 грн"', "5"], ["", "", "", ""]]
    text = line_end.join(delimiter.join(row) for row in rows)
    (found,) = read(tmp_path, text.encode(encoding))
    assert ("A1", "Джинси «Їжак»", Decimal("1499.00"), 5) == (found.sku, found.title, found.price, found.stock)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", json.dumps([{"sku": "A", "name": "Річ", "price": 12.5, "currency": "USD", "stock": None}])),
        ("b.json", json.dumps({"items": [{"id": "A", "title": "Річ", "price": "12.50 USD"}]})),
        ("c.jsonl", '{"sku": "A", "title": "Річ", "price": "12.5", "currency": "usd"}\n\n'),
        ("d.csv", "sep=;\nid;title;price\nA;Річ;12,50 USD\n"),
        ("e.csv", "# our goods\ng:id,g:title,g:price\nA,Річ,$12.50\n"),
    ],
)
def test_other_forms_of_the_same(tmp_path: Path, name: str, content: str) -> None:
    """JSON, JSON lines, Google's prefix, Excel's first line."""
    (found,) = read(tmp_path, content, name=name)
    assert ("A", "Річ", Decimal("12.50"), "USD") == (found.sku, found.title, found.price, found.currency)
    assert None is found.stock


def test_every_mistake_is_said_at_once_with_its_row(tmp_path: Path) -> None:
    """Whoever mends the file mends it once; rows are counted as the spreadsheet counts them."""
    content = """id,title,price,inventory,availability,image_link
A,Річ,1499.00 UAH,1,,
,Річ,1499.00 UAH,,,

A,Річ,"12,3,4",-1,maybe,ftp://x
B,,0 UAH,two,,https://
C,Річ,12 XYZ,,,
D,Річ,#REF!,,,
E,#N/A,1.499 UAH,1,in stock,,extra
F,Річ,,,,
"""
    assert [
        "row 3: id: is empty; every row needs one",
        "row 5: price: “12,3,4” is no amount; write 1499.00 UAH",
        "row 5: availability: “maybe” says nothing; write in stock or out of stock",
        "row 5: inventory: “-1” is no number of pieces; write 5, or nothing where nobody counts",
        "row 5: image_link: “ftp://x” is no address; write https://…",
        "row 6: title: is empty; every row needs one",
        "row 6: price: “0 UAH” is no price; write 1499.00 UAH, or leave the row out",
        "row 6: inventory: “two” is no number of pieces; write 5, or nothing where nobody counts",
        "row 6: image_link: “https://” is no address; write https://…",
        "row 7: price: “XYZ” is no currency of ISO 4217; write UAH, EUR, USD, …",
        "row 8: price: “#REF!” is no amount; write 1499.00 UAH",
        "row 9: has 1 more cells than the header: a text with a comma in it needs quotation marks",
        "row 10: price: is empty; write 1499.00 UAH",
    ] == wrong(tmp_path, content)


def test_one_number_stands_once(tmp_path: Path) -> None:
    """The first row that has it is named."""
    content = "id,title,price\nA,Річ,1 UAH\nB,Річ,1 UAH\nA,Інша,2 UAH\n"
    assert ["row 4: id: “A” stands in row 2 already"] == wrong(tmp_path, content)


def test_thousands_of_mistakes_are_counted_not_gathered(tmp_path: Path) -> None:
    """A file that is wrong all through does not fill the memory."""
    file = tmp_path / "g.csv"
    file.write_text("id,title,price\n" + "A,,x\n" * 5_000)
    with pytest.raises(WrongRows, match="10000 things are wrong") as refused:
        list(Goods(file).items())
    assert MOST_SHOWN == len(refused.value.problems)


def test_wrong_rows_can_be_left_out(tmp_path: Path) -> None:
    """Whoever says so gets the right ones."""
    file = tmp_path / "g.csv"
    file.write_text("id,title,price,foo\nA,Річ,1 UAH,\nB,,1 UAH,\nC,Річ,2 UAH,\n")
    goods = Goods(file, skip_wrong=True)
    assert ["A", "C"] == [item.sku for item in goods.items()]
    assert (1, ("foo",), 2) == (goods.problems.count, goods.unknown_columns, goods.read)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", "", "is empty"),
        ("a.csv", "foo;bar\n1;2\n", "no column is called sku or title or price"),
        ("a.csv", "id,title,price,Title\nA,B,C,D\n", "two columns are called title"),
        ("a.xlsx", "PK", "give a .csv"),
        ("a.json", "{", "is no JSON"),
        ("a.json", '{"a": 1}', "expected a list of items"),
        ("a.json", "[" * 10**5, "is no JSON"),
        ("a.csv", 'id,title,price\nA,"never closed,1 UAH\n' + "x" * 200_000, "quotation mark left open"),
    ],
)
def test_what_is_no_file_of_goods_is_refused_as_a_whole(tmp_path: Path, name: str, content: str, said: str) -> None:
    """The person learns what kind of file is wanted."""
    with pytest.raises(BadFile, match=said):
        read(tmp_path, content, name=name)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"\xff\xfe" + b"i\x00d", b"\x00" * 100, b"\x98\x98,\x98"])
def test_bytes_that_are_no_text_are_refused(tmp_path: Path, content: bytes) -> None:
    """Whatever the file holds, the answer is a sentence."""
    with pytest.raises(BadFile):
        read(tmp_path, content)


@given(content=st.binary(max_size=300))
def test_no_bytes_are_a_crash(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """Refused or read, never anything else."""
    folder = tmp_path_factory.mktemp("goods")
    for head in (b"", b"id,title,price\n"):
        for name in ("a.csv", "a.json", "a.jsonl"):
            try:
                read(folder, head + content, name=name)
            except (BadFile, WrongRows):
                continue


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("1499.00 UAH", "1499.00", "UAH"),
        ("1499", "1499.00", "UAH"),
        ("1 499,00 грн", "1499.00", "UAH"),
        ("₴1499", "1499.00", "UAH"),
        ("1\u00a0499 грн.", "1499.00", "UAH"),
        ("$1,499.00", "1499.00", "USD"),
        ("1.499,50 €", "1499.50", "EUR"),
        ("UAH 99.9", "99.90", "UAH"),
        ("1'234'567.00 CHF", "1234567.00", "CHF"),
        ("1500 JPY", "1500", "JPY"),
        ("1.499 KWD", "1.499", "KWD"),
        ("250 сом", "250.00", "KGS"),
    ],
)
def test_prices_as_people_write_them(text: str, amount: str, currency: str) -> None:
    """Signs, words, blanks, commas."""
    money = money_of(text, "UAH")
    assert (amount, currency) == (str(money.amount), money.currency)


@pytest.mark.parametrize(
    "text",
    [
        "12,3,4",
        "",
        "-5 UAH",
        "1.499 UAH",
        "1,499 UAH",
        "1e3 UAH",
        "12 34 UAH",
        "UAH",
        "1-2 UAH",
        "0",
        "free",
        "9" * 40,
        "١٢ UAH!",
        "12..5",
        "1 UAH 2",
        "1 UAHH",
        "NaN UAH",
        "Infinity",
    ],
)
def test_what_is_no_price_is_never_guessed(text: str) -> None:
    """1.499 could be a thousand or one and a half: a person decides."""
    with pytest.raises(ValueError, match=r"amount|price|places|currency"):
        money_of(text, "UAH")


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("<b>Тепла</b> сукня<br>з поясом<script>alert(1)</script>", "Тепла сукня\nз поясом"),
        ("a &lt;b&gt; c", "a &lt;b&gt; c"),
        ('=HYPERLINK("http://x")', 'HYPERLINK("http://x")'),
        ("@SUM(1)", "SUM(1)"),
        ("+cmd|x", "cmd|x"),
        ("-cmd", "cmd"),
        ("-5", "-5"),
        ('="0012"', "0012"),
        ("- бавовна", "- бавовна"),
        ("a\x00b\u202ec\x07", "abc"),
        ("  a \t b\u00a0 c ", "a b c"),
        ("size < M", "size < M"),
        ("<img src=x onerror=alert(1)>Річ", "Річ"),
        ("'=1+1", "=1+1"),
    ],
)
def test_cells_are_made_harmless(cell: str, text: str) -> None:
    """No markup, no formula, no sign that cannot be seen."""
    assert text == plain(cell)


@given(st.text())
def test_an_exported_cell_is_no_formula_and_comes_back(text: str) -> None:
    """A spreadsheet that opens an export runs nothing; importing it again changes nothing."""
    cell = for_spreadsheet(plain(text))
    assert not cell.startswith(("=", "+", "-", "@"))
    assert plain(cell) == plain(plain(text)) or plain(text).startswith("'")

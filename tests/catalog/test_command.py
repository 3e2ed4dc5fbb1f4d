"""`everturn catalog` and `everturn knowledge` as the person uses them who fills the shop."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

import cli
from providers.records.pool import Pool
from tests.catalog.papers import pdf_of

GOODS = """id,item_group_id,title,price,color,size,inventory,product_type
D1-M,D1,Сукня «Злата»,1899.00 UAH,чорний,M,3,Сукні
D1-L,D1,Сукня «Злата»,1899.00 UAH,чорний,L,0,Сукні
J1,J1,Джинси мом,1590.00 UAH,синій,27,,Джинси
"""


class Ended(NamedTuple):
    """How a command ended, and what it said."""

    status: int
    out: str
    err: str


Everturn = Callable[..., Ended]


@pytest.fixture
def everturn(
    shelf_database: str,
    pool: Pool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Everturn:
    """`everturn …` beside a database with empty shelves, in a folder without an environment file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", shelf_database)

    def run(*words: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["everturn", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return Ended(int(ended.value.code or 0), *capsys.readouterr())

    return run


@pytest.fixture
def goods(tmp_path: Path) -> Path:
    """A file of three items."""
    file = tmp_path / "goods.csv"
    file.write_text(GOODS)
    return file


def test_goods_go_in_and_are_found(everturn: Everturn, goods: Path) -> None:
    """Import, again, look, search, price the same."""
    done = "3 items for every account: {} added, 0 changed, {} unchanged, 0 removed\n"
    assert Ended(0, "3 items can be imported; nothing was changed\n", "") == everturn(
        "catalog", "import", "goods.csv", "--dry-run"
    )
    assert Ended(0, done.format(3, 0), "") == everturn("catalog", "import", "goods.csv")
    assert Ended(0, done.format(0, 3), "") == everturn("catalog", "import", "goods.csv")
    assert "│ *        │ *       │ 3     │" in everturn("catalog", "list").out
    assert all(sku in everturn("catalog", "list", "--all").out for sku in ("D1-M", "D1-L", "J1"))
    found = everturn("catalog", "search", "чорне", "платье", "--size", "м", "--platform", "telegram")
    assert (0, True, False) == (found.status, "D1" in found.out, "J1" in found.out)


def test_a_wrong_file_says_everything_and_changes_nothing(everturn: Everturn, goods: Path) -> None:
    """Status 1, one line a mistake, and a way out for whoever is in a hurry."""
    goods.write_text(GOODS + 'X,X,,"12,3,4",,,,\nY,Y,Річ,5 UAH,,,many,\n')
    mistakes = (
        "row 5: title: is empty; every row needs one\n"
        "row 5: price: “12,3,4” is no amount; write 1499.00 UAH\n"
        "row 6: inventory: “many” is no number of pieces; write 5, or nothing where nobody counts\n"
    )
    refused = Ended(1, "", f"{mistakes}everturn: 3 things are wrong: nothing was imported\n")
    assert refused == everturn("catalog", "import", "goods.csv")
    assert refused == everturn("catalog", "import", "goods.csv", "--dry-run")
    assert "catalogues: 0" in everturn("catalog", "list").out
    skipped = everturn("catalog", "import", "goods.csv", "--skip-wrong")
    assert (0, f"{mistakes}the rows above were left out\n") == (skipped.status, skipped.err)
    assert skipped.out.startswith("3 items for every account: 3 added")


def test_replace_takes_down_what_is_gone(everturn: Everturn, goods: Path) -> None:
    """An empty file clears nothing, whatever was asked for."""
    everturn("catalog", "import", "goods.csv", "--platform", "telegram", "--account", "main")
    goods.write_text("".join(GOODS.splitlines(keepends=True)[:2]))
    kept = everturn("catalog", "import", "goods.csv", "--platform", "telegram", "--account", "main")
    assert kept.out.endswith("telegram main: 0 added, 0 changed, 1 unchanged, 0 removed\n")
    gone = everturn("catalog", "import", "goods.csv", "--platform", "telegram", "--account", "main", "--replace")
    assert gone.out.endswith("telegram main: 0 added, 0 changed, 1 unchanged, 2 removed\n")
    goods.write_text(GOODS.splitlines()[0])
    refused = everturn("catalog", "import", "goods.csv", "--platform", "telegram", "--account", "main", "--replace")
    assert (1, True) == (refused.status, "holds no item" in refused.err)


@pytest.mark.parametrize("name", ["out.csv", "out.json"])
def test_an_export_can_be_imported(everturn: Everturn, goods: Path, name: str) -> None:
    """Out and in again changes nothing."""
    everturn("catalog", "import", "goods.csv")
    assert Ended(0, f"3 items written to {name}\n", "") == everturn("catalog", "export", name)
    again = everturn("catalog", "import", name, "--replace")
    assert Ended(0, "3 items for every account: 0 added, 0 changed, 3 unchanged, 0 removed\n", "") == again


@pytest.mark.parametrize(
    "words",
    [
        ["import"],
        ["import", "nowhere.csv"],
        ["import", "goods.csv", "--platform", "pigeon"],
        ["import", "goods.csv", "--account", "main"],
        ["import", "goods.csv", "--currency", "coins"],
        ["export", "goods.xls"],
        ["search", "--most", "0"],
    ],
)
def test_wrong_use_is_one_line_and_status_2(everturn: Everturn, goods: Path, words: list[str]) -> None:
    """A slip of the hand changes nothing and says what was wrong."""
    ended = everturn("catalog", *words)
    assert (2, "", 1) == (ended.status, ended.out, ended.err.count("\n")), ended


def test_documents_go_in_are_found_and_go(everturn: Everturn, tmp_path: Path) -> None:
    """A folder with one of each; again; one changes; one goes."""
    folder = tmp_path / "papers"
    (folder / "deep").mkdir(parents=True)
    (folder / "delivery.md").write_text("# Доставка\n\n## Ціна\n\n70 грн у відділення.\n")
    (folder / "deep" / "pay.html").write_text("<h1>Оплата</h1><p>Карткою.</p>")
    (folder / "faq.txt").write_text("Чи є знижки? Так.")
    (folder / "list.pdf").write_bytes(pdf_of("Delivery takes two days."))

    first = everturn("knowledge", "import", "papers")
    assert Ended(0, "4 documents for every account: 4 added, 0 changed, 0 unchanged, 0 removed\n", "") == first
    (folder / "delivery.md").write_text("# Доставка\n\n## Ціна\n\n90 грн у відділення.\n")
    (folder / "faq.txt").unlink()
    again = everturn("knowledge", "import", "papers", "--prune")
    assert "3 documents for every account: 0 added, 1 changed, 2 unchanged, 1 removed\n" == again.out
    found = everturn("knowledge", "search", "сколько", "стоит", "доставка").out
    assert ("90 грн" in found, "70 грн" in found, "delivery.md" in found) == (True, False, True)
    assert "deep/pay.html" in everturn("knowledge", "list").out
    assert Ended(0, "1 removed\n", "") == everturn("knowledge", "remove", "deep/pay.html")
    gone = everturn("knowledge", "remove", "deep/pay.html")
    assert (1, "", True) == (gone.status, gone.out, "there is no deep/pay.html" in gone.err)


def test_a_document_that_cannot_be_read_stops_the_import(everturn: Everturn, tmp_path: Path) -> None:
    """Nothing goes in unless the person says that it may be left out."""
    (tmp_path / "a.md").write_text("Доставка")
    (tmp_path / "b.pdf").write_text("no pdf")
    refused = everturn("knowledge", "import", "a.md", "b.pdf")
    assert (1, "") == (refused.status, refused.out)
    assert refused.err.startswith("b.pdf: is no PDF")
    assert "documents: 0" in everturn("knowledge", "list").out
    assert everturn("knowledge", "import", "a.md", "b.pdf", "--skip-wrong").out.startswith("1 documents")


@pytest.mark.parametrize("words", [["import"], ["import", "nowhere"], ["import", "."], ["search"], ["remove"]])
def test_wrong_use_of_knowledge(everturn: Everturn, words: list[str]) -> None:
    """As with the catalogue."""
    ended = everturn("knowledge", *words)
    assert (2, "", 1) == (ended.status, ended.out, ended.err.count("\n")), ended


def test_an_embedder_that_refuses_is_named(everturn: Everturn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The person learns what is set wrongly, and that nothing is lost."""
    (tmp_path / "a.md").write_text("Доставка")
    monkeypatch.setenv("EMBEDDING_BASE_URL", "http://127.0.0.1:1/v1")
    refused = everturn("knowledge", "import", "a.md")
    assert (1, True) == (refused.status, "the embedding endpoint cannot be reached" in refused.err)
    monkeypatch.setenv("EMBEDDING_BASE_URL", "nonsense")
    assert (2, True) == ((wrong := everturn("knowledge", "import", "a.md")).status, "EMBEDDING_BASE_URL" in wrong.err)

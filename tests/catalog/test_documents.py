"""Documents as shops have them, cut where people would cut them."""

import io
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfWriter

from providers.imports.blocks import LONGEST, Block, cut
from providers.imports.documents import found_in, read_document
from providers.imports.problems import BadFile
from providers.records.knowledge_shelf import Document
from tests.catalog.papers import pdf_of

MARKDOWN = """---
title: Доставка
---
# Заголовок

Вступ.

## Скільки коштує

| куди | ціна |
|---|---|
| відділення | 70 грн |

```
## не заголовок
```

### Від 2 500 грн

- безкоштовно
- <b>завжди</b>

## Коли

Завтра.
"""
HTML = """<html><head><title>Оплата | Крамниця</title><style>p{}</style></head><body><nav>Меню</nav>
<main><h1>Оплата</h1><p>Карткою <b>або</b> готівкою.<script>alert(1)</script></p>
<h2>Частинами</h2>Від 1 500 грн.<ul><li>monobank</li><li>ПриватБанк</li></ul>
<table><tr><td>строк</td><td>3 місяці</td></tr></table></main><footer>©</footer></body></html>"""


def read(folder: Path, name: str, content: bytes | str) -> Document:
    """One document."""
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_document(name, file)


def test_markdown_is_kept_by_its_headings(tmp_path: Path) -> None:
    """Tables and lists stay what they are; a heading in a block of code is none."""
    document = read(tmp_path, "a.md", MARKDOWN)
    assert "Доставка" == document.title
    assert [
        ("", "Вступ."),
        ("Скільки коштує", "| куди | ціна |\n|---|---|\n| відділення | 70 грн |\n```\n## не заголовок\n```"),
        ("Скільки коштує › Від 2 500 грн", "- безкоштовно\n- завжди"),
        ("Коли", "Завтра."),
    ] == [(chunk.section, chunk.text) for chunk in document.chunks]


def test_a_page_is_read_without_its_menus(tmp_path: Path) -> None:
    """What a visitor reads, and nothing that runs."""
    document = read(tmp_path, "a.html", HTML)
    assert "Оплата" == document.title
    assert [
        ("", "Карткою або готівкою."), ("Частинами", "Від 1 500 грн.\nmonobank\nПриватБанк\nстрок 3 місяці"),
    ] == [(chunk.section, chunk.text) for chunk in document.chunks]  # fmt: skip


def test_a_pdf_is_read_by_its_pages(tmp_path: Path) -> None:
    """An operator finds the page again."""
    document = read(tmp_path, "price list.pdf", pdf_of("Delivery takes two days.", "Returns within 14 days."))
    assert "price list" == document.title
    assert [("p. 1", "Delivery takes two days."), ("p. 2", "Returns within 14 days.")] == [
        (chunk.section, chunk.text) for chunk in document.chunks
    ]


def test_plain_text_in_an_old_encoding(tmp_path: Path) -> None:
    """A file from an old Windows is read as it was meant."""
    document = read(tmp_path, "faq.txt", "Чи є знижки?\r\nТак.\r\n\r\nЩе щось.".encode("cp1251"))
    assert ("faq", "Чи є знижки?\nТак.\nЩе щось.") == (document.title, document.chunks[0].text)


def _locked() -> bytes:
    writer, file = PdfWriter(), io.BytesIO()
    writer.add_blank_page(100, 100)
    writer.encrypt("secret")
    writer.write(file)
    return file.getvalue()


def _blank() -> bytes:
    writer, file = PdfWriter(), io.BytesIO()
    writer.add_blank_page(100, 100)
    writer.write(file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.md", b"", "holds no text"),
        ("a.txt", b" \n\n", "holds no text"),
        ("a.html", b"<script>x</script>", "holds no text"),
        ("a.pdf", b"%PDF-1.4 nonsense", "is no PDF"),
        ("a.pdf", _locked(), "locked|is no PDF"),
        ("a.pdf", _blank(), "may be a scan"),
        ("a.txt", b"x" * 5_000_001, "at most"),
    ],
)
def test_what_cannot_be_read_is_said_by_name(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    """The person learns which file, and why."""
    with pytest.raises(BadFile, match=rf"{name}.*({said})"):
        read(tmp_path, name, content)


@given(content=st.binary(max_size=400), name=st.sampled_from(["a.md", "a.html", "a.txt", "a.pdf"]))
def test_no_bytes_are_a_crash(tmp_path_factory: pytest.TempPathFactory, name: str, content: bytes) -> None:
    """Read or refused, never anything else."""
    try:
        assert read(tmp_path_factory.mktemp("papers"), name, content).chunks
    except BadFile as refused:
        assert name in str(refused)  # noqa: PT017 — most are refused, some are not


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.text(min_size=1, max_size=3_000)), max_size=12))
def test_chunks_are_short_and_lose_nothing(said: list[tuple[str, str]]) -> None:
    """Every word of a document is in some chunk, none is too long, none spans a heading."""
    blocks = [Block((heading,), text) for heading, text in said if text.strip()]
    chunks = cut(blocks)
    assert all(len(chunk.text) <= LONGEST for chunk in chunks)
    for heading in {block.headings[0] for block in blocks}:
        kept = "".join("".join(chunk.text.split()) for chunk in chunks if chunk.section == heading)
        for word in (word for block in blocks if block.headings[0] == heading for word in block.text.split()):
            assert word[:500] in kept or len(word) > 500


def test_chunks_of_one_section_overlap() -> None:
    """A sentence on the border can be read with what follows it."""
    sentences = [f"Речення номер {number} про доставку та оплату." for number in range(60)]
    blocks = [Block((), " ".join(sentences[start : start + 5])) for start in range(0, 60, 5)]
    chunks = cut(blocks)
    assert all(600 <= len(chunk.text) for chunk in chunks[:-1])
    for earlier, later in pairwise(chunks):
        assert later.text.splitlines()[0] == earlier.text.split(". ")[-1]


def test_folders_are_gone_through(tmp_path: Path) -> None:
    """Names are paths below the folder; pictures and hidden files are passed over."""
    for name in ("a.md", "deep/b.txt", "deep/c.png", ".git/d.md", "E.HTML"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("text")
    assert ["E.HTML", "a.md", "deep/b.txt"] == sorted(found_in([tmp_path]))
    assert ["a.md"] == list(found_in([tmp_path / "a.md", tmp_path / "a.md"]))
    (tmp_path / "deep" / "a.md").write_text("text")
    for paths, said in (
        ([tmp_path / "a.md", tmp_path / "deep" / "a.md"], "both be called a.md"), ([tmp_path / "no"], "no such file"),
        ([tmp_path / "deep" / "c.png"], "is no document"),
    ):  # fmt: skip
        with pytest.raises(BadFile, match=said):
            found_in(paths)

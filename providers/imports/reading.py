"""Readers of documents: Markdown kept by heading, HTML, PDF and plain text."""

import io
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby

import yaml
from markdown_it import MarkdownIt
from pypdf import PdfReader
from pypdf.errors import PyPdfError
from selectolax.lexbor import LexborHTMLParser, LexborNode

from providers.imports.blocks import Block, Headings, Read
from providers.imports.harmless import readable
from providers.imports.problems import BadFile
from providers.imports.tables import encoding_of

MOST_PAGES = 2_000
LONGEST_DOCUMENT = 5_000_000
"""Signs of text."""
_FRONT = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
_HYPHENATED = re.compile(r"(?<=\w)[-\u00ad]\n(?=[^\W\d])")
_PARAGRAPHS = re.compile(r"\n\s*\n")
_NOT_READ = "script, style, noscript, template, nav, header, footer, form, aside, svg, iframe, object"
_BLOCKS = frozenset({
    "p", "li", "tr", "pre", "blockquote", "dt", "dd", "h1", "h2", "h3", "h4", "h5", "h6", "div", "section", "article",
    "main", "body", "table", "ul", "ol", "dl", "caption", "figcaption", "summary", "details", "br", "hr",
})  # fmt: skip
_HEADING = re.compile(r"h[1-6]")


def read_markdown(content: bytes) -> Read:
    """Blocks as they were written, so that lists and tables stay what they are."""
    text = _decoded(content)
    front = _FRONT.match(text)
    text = text[front.end() :] if front else text
    lines, headings, blocks = text.split("\n"), Headings(), []
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    for at, token in enumerate(tokens):
        if token.level or not token.map:
            continue
        if token.type == "heading_open":
            headings.enter(int(token.tag[1:]), readable(tokens[at + 1].content))
        elif said := readable("\n".join(lines[token.map[0] : token.map[1]])):
            blocks.append(Block(headings.path, said))
    return Read(_front_title(front[1]) if front else headings.title, blocks)


def _front_title(front: str) -> str:
    try:
        said = yaml.safe_load(front)
    except yaml.YAMLError:
        return ""
    return readable(str(said.get("title", ""))) if isinstance(said, dict) else ""


def read_html(content: bytes) -> Read:
    """What a visitor reads of the page, without its menus."""
    page = LexborHTMLParser(_decoded(content))
    title = readable(said.text()) if (said := page.css_first("title")) else ""
    for node in page.css(_NOT_READ):
        node.decompose()
    headings, blocks = Headings(), []
    body = page.css_first("main") or page.css_first("article") or page.body
    for tag, text in _paragraphs(body) if body else ():
        if _HEADING.fullmatch(tag):
            headings.enter(int(tag[1]), text)
        else:
            blocks.append(Block(headings.path, text))
    return Read(headings.title or title, blocks)


def _paragraphs(body: LexborNode) -> Iterator[tuple[str, str]]:
    """Text by the block it stands in."""
    pieces = [(_block_of(node), node.text(deep=True)) for node in body.traverse(include_text=True) if _is_text(node)]
    for _, group in groupby(pieces, key=lambda piece: piece[0].mem_id):
        found = list(group)
        if text := readable(" ".join(" ".join(text for _, text in found).split())):
            yield found[0][0].tag or "", text


def _is_text(node: LexborNode) -> bool:
    return node.tag == "-text"


def _block_of(node: LexborNode) -> LexborNode:
    while node.tag not in _BLOCKS and node.parent is not None:
        node = node.parent
    return node


def read_pdf(content: bytes) -> Read:
    """The text of its pages.

    Raises:
        BadFile: it is none, is locked, or holds pictures of text only.
    """
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise BadFile("is locked with a password")
        if len(reader.pages) > MOST_PAGES:
            raise BadFile(f"has {len(reader.pages)} pages; at most {MOST_PAGES}")
        pages = [page.extract_text() for page in reader.pages]
        title = readable(str(reader.metadata.title or "")) if reader.metadata else ""
    except (PyPdfError, ValueError, LookupError, TypeError, AttributeError, RecursionError, OSError) as error:
        raise BadFile(f"is no PDF that can be read ({type(error).__name__})") from None
    if not any(page.strip() for page in pages):
        raise BadFile("holds no text: it may be a scan")
    return Read(title, [block for number, page in enumerate(pages, 1) for block in _page(number, page)])


def _page(number: int, text: str) -> list[Block]:
    joined = _HYPHENATED.sub("", text)
    return [Block((f"p. {number}",), said) for part in _PARAGRAPHS.split(joined) if (said := readable(part))]


def read_text(content: bytes) -> Read:
    """Paragraphs between empty lines."""
    text = _decoded(content)
    return Read("", [Block((), said) for part in _PARAGRAPHS.split(text) if (said := readable(part))])


def _decoded(content: bytes) -> str:
    text = content.decode(encoding_of(io.BytesIO(content)), errors="replace").replace("\r\n", "\n")
    if len(text) > LONGEST_DOCUMENT:
        raise BadFile(f"has {len(text)} signs; at most {LONGEST_DOCUMENT}: split it")
    return text


READERS: Mapping[str, Callable[[bytes], Read]] = {
    ".md": read_markdown, ".markdown": read_markdown, ".txt": read_text, ".html": read_html, ".htm": read_html,
    ".pdf": read_pdf,
}  # fmt: skip
"""By a file's ending."""

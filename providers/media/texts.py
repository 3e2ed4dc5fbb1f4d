"""Reads the words out of a file a customer sent."""

from io import BytesIO

MOST_PAGES = 5
LONGEST = 20_000
"""Letters; a receipt is a page."""


def text_of(content: bytes) -> str:
    """The text of a PDF's first pages, or of a plain text; empty where there is none, or the file is broken."""
    if content.startswith(b"%PDF"):
        return _of_pdf(content)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return text[:LONGEST] if text.isprintable() or "\n" in text else ""


def _of_pdf(content: bytes) -> str:
    from pypdf import PdfReader  # half a second to load: a worker's successor must not wait for it

    try:
        pages = PdfReader(BytesIO(content), strict=False).pages[:MOST_PAGES]
        return "\n".join(page.extract_text() for page in pages)[:LONGEST]
    except Exception:  # a reader fed with hostile bytes may raise anything
        return ""

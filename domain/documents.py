"""Files that customers send, as a flow may ask to read them."""

from typing import Literal

from domain.model import Value


class ReadDocument(Value):
    """Ask for the text of a file (a PDF or plain text); empty where it has none that can be read."""

    kind: Literal["read_document"] = "read_document"
    media_id: str
    most_letters: int = 6_000

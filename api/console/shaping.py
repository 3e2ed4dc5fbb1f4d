"""Makes what pages show out of what books and workflows tell."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

from psycopg.rows import DictRow

from api.operator_models import KeptMedia
from providers.media.links import PATH
from providers.model.patient import NO_KEY
from runtime.settings import Settings

LONGEST_FACT = 500
MOST_FACTS = 60
HIDDEN = frozenset({"kind", "version", "cart", "items", "lines", "history"})
"""Pieces of a dialog's state that are shown elsewhere, or say nothing to a person."""
CARTS = ("cart", "items")


def link(conversation: str) -> str:
    """A conversation's page."""
    return f"/console/conversations/{quote(conversation, safe='')}"


def temporal_link(settings: Settings, conversation: str) -> str:
    """The same conversation in Temporal's own pages; empty: nobody told us where they are."""
    if not settings.temporal_ui_url.startswith(("http://", "https://")):
        return ""
    root = settings.temporal_ui_url.rstrip("/")
    return f"{root}/namespaces/{settings.temporal_namespace}/workflows/{quote(conversation, safe='')}"


def local_media(url: str, own: str) -> str:
    """Our own media by their path, whatever name the house is visited by; empty: it is somebody else's."""
    there, here = _split(url), _split(own)
    is_ours = (there.scheme, there.netloc) == (here.scheme, here.netloc)
    return there.path if is_ours and there.path.startswith("/") and not there.path.startswith("//") else ""


def safe_link(url: str) -> str:
    """An address that may stand behind a link: nothing that a browser would run."""
    return url if _split(url).scheme in ("http", "https") else ""


def _split(url: str) -> SplitResult:
    """Customers write addresses, and not all of what they write is one."""
    try:
        return urlsplit(url)
    except ValueError:
        return SplitResult("", "", "", "", "")


@dataclass(frozen=True)
class Shown:
    """A medium on a page."""

    kind: str
    path: str
    transcript: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Decided:
    """What a reply was made of, for operators alone."""

    sources: tuple[str, ...] = ()
    degraded: str = ""
    unanswered: bool = False


@dataclass(frozen=True)
class Said:
    """One line of a transcript on a page."""

    id: str
    row: Mapping[str, Any]
    writer: str
    """"in", "assistant" or "operator"."""
    state: str
    operator: str = ""
    """Who of us wrote it, where an operator did and has a name."""
    media: tuple[Shown, ...] = ()
    picture: str = ""
    foreign_picture: str = ""
    decided: Decided | None = None
    """Only at the last line of a reply."""

    @property
    def is_taken_back(self) -> bool:
        """Whether the customer took it back."""
        return bool(self.row.get("error_reason") == "unsent")


def said(row: DictRow, kept: Sequence[KeptMedia], own: str) -> Said:
    """A line of `message_logs` with what became of it."""
    if row["direction"] == "in":
        media = tuple(Shown(one.kind.value, media_path(one.url), one.transcript, one.problem) for one in kept)
        return Said(id=str(row["id"]), row=row, writer="in", state="", media=media)
    return Said(
        id=str(row["id"]),
        row=row,
        writer="operator" if row["by_operator"] else "assistant",
        state=_state(row),
        operator=_name(row["operator"]),
        picture=local_media(row["image_url"], own),
        foreign_picture=safe_link(row["image_url"]),
        decided=_decided(row),
    )


def _name(operator: str) -> str:
    """A name that tells nothing is none."""
    return "" if operator == "operator" else operator


def _decided(row: DictRow) -> Decided | None:
    degraded = "" if row["degraded"] == NO_KEY else row["degraded"]  # of the whole house, not of this reply
    if row["by_operator"] or not (row["sources"] or degraded or row["unanswered"]):
        return None
    return Decided(tuple(row["sources"]), degraded, row["unanswered"])


def once_a_reply(lines: Sequence[Said]) -> list[Said]:
    """What a reply was made of stands below its last line."""
    last = {one.row["turn"]: place for place, one in enumerate(lines) if one.decided}
    return [
        one if one.decided is None or last[one.row["turn"]] == place else replace(one, decided=None)
        for place, one in enumerate(lines)
    ]


def on_its_way(row: DictRow, own: str) -> Said:
    """A part that no line stands for yet."""
    part, writer = row["part"], "operator" if row["by_operator"] else "assistant"
    shown = {"text": part.get("text", ""), "timestamp": row["created_at"], "error_reason": row["last_error"]}
    image = str(part.get("image_url") or "")
    picture, foreign = local_media(image, own), safe_link(image)
    operator = _name(row["operator"])
    return Said(row["key"], shown, writer, row["state"], operator, picture=picture, foreign_picture=foreign)


def _state(row: DictRow) -> str:
    """How far a part came, by the word that tells most."""
    part, receipt = row["part_state"] or "", row["receipt"] or ""
    if part == "sent":
        return receipt or "sent"
    return part or ("sent" if row["success"] else "failed")


def media_path(url: str) -> str:
    """The path of a signed link of ours."""
    path = urlsplit(url).path
    return path[path.index(PATH) :] if PATH in path else ""


def facts(state: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """A dialog's state as people read it: every slot that has a value, with its name."""
    return list(_facts(state or {}, ""))[:MOST_FACTS]


def _facts(state: Mapping[str, Any], before: str) -> Iterable[tuple[str, str]]:
    for name, value in state.items():
        if name in HIDDEN or name.startswith("_") or value in (None, "", [], {}, (), False):
            continue
        label = f"{before}{name.replace('_', ' ')}"
        if isinstance(value, Mapping):
            yield from _facts(value, f"{label} · ")
        else:
            yield label, _plainly(value)[:LONGEST_FACT]


def _plainly(value: Any) -> str:
    if value is True:
        return "yes"
    if isinstance(value, list | tuple):
        return ", ".join(_plainly(item) for item in value)
    if isinstance(value, Mapping):
        return " ".join(str(item) for item in value.values() if item not in (None, "", [], {}))
    return str(value)


def cart(state: Mapping[str, Any] | None) -> list[str]:
    """What is in the cart, a line each."""
    for name in CARTS:
        found = (state or {}).get(name)
        found = found.get("items") if isinstance(found, Mapping) else found
        if isinstance(found, list) and found:
            return [item_line(item) for item in found[:MOST_FACTS]]
    return []


def item_line(item: Any) -> str:
    """One item of a cart or an order, in a line."""
    if not isinstance(item, Mapping):
        return str(item)[:LONGEST_FACT]
    title = item.get("title") or item.get("name") or item.get("sku") or ""
    details = ", ".join(str(item[key]) for key in ("colour", "size") if item.get(key))
    price = f"{item['price']} {item.get('currency') or ''}".strip() if item.get("price") else ""
    quantity = f"{item['quantity']} ×" if item.get("quantity") else ""
    return " ".join(filter(None, (quantity, str(title), f"({details})" if details else "", price)))[:LONGEST_FACT]


def money(millionths: int) -> str:
    """Millionths of a dollar as people read them."""
    return f"${millionths / 1_000_000:.2f}" if millionths == 0 or millionths >= 10_000 else "less than $0.01"


def initials(name: str) -> str:
    """Two letters to stand for somebody."""
    letters = [word[0] for word in name.split() if word[0].isalpha()]
    return "".join(letters[:2]).upper() or "·"

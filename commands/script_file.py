"""Golden flows: whole conversations as files that a shop owner can read. What may stand in one."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from domain.messages import CartItem
from providers.model.script import Scripted

_SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*([dhms])")
_ACTS = (
    "takes_over", "replies", "answers_on_the_platform", "releases", "approves", "refuses", "cancels",
)  # fmt: skip


def _span(text: Any) -> float:
    """ "1h30m", "2d", "45 s" in seconds."""
    found = _SPAN.findall(str(text))
    if not found or _SPAN.sub("", str(text)).strip():
        raise ValueError('is no span of time: write it like "3h", "2d", "90s" or "1h30m"')
    return sum(float(number) * _SECONDS[unit] for number, unit in found)


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str | dict) else value


def _words(value: Any) -> Any:
    """One or several; a number is a word, too."""
    several = value if isinstance(value, list | tuple) else [value]
    return [str(one) if isinstance(one, int | float) else one for one in several]


def _answers(value: Any) -> Any:
    """`none`: there is no model; a number: that HTTP status instead of every answer."""
    if value == "none":
        return None
    return [{"error": value}] if isinstance(value, int) else _listed(value)


Span = Annotated[float, BeforeValidator(_span)]
Several = Annotated[tuple[str, ...], BeforeValidator(_words)]
Answers = Annotated[tuple[Scripted, ...] | None, BeforeValidator(_answers)]


class Plain(BaseModel):
    """A part of a file: unknown words in it are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Expected(Plain):
    """One thing the phone must show (or, with `absent`, must not) since the step began."""

    contains: str = ""
    exactly: str = ""
    """One whole bubble."""
    matches: str = ""
    """A regular expression."""
    absent: str = ""
    choices: tuple[str, ...] = ()
    """Titles to tap, or written out where the platform has no buttons."""
    pictures: int | None = None
    """How many pictures came."""

    @model_validator(mode="after")
    def _one(self) -> "Expected":
        if len(self.model_fields_set) != 1:
            raise ValueError(f"takes one of {', '.join(type(self).model_fields)}")
        return self


def _contains(value: Any) -> Any:
    if value == "nothing":
        return None
    return [{"contains": one} if isinstance(one, str) else one for one in _listed(value)]


Sees = Annotated[tuple[Expected, ...] | None, BeforeValidator(_contains)]
"""None: nothing at all."""


class Operator(Plain):
    """What a person of the shop does: one act."""

    name: str = Field(default="Олена", alias="as")
    takes_over: bool = False
    replies: str = ""
    answers_on_the_platform: str = ""
    """In the platform's own app: we see the echo."""
    releases: bool | str = False
    """Gives the conversation back; the text is the summary."""
    approves: bool = False
    """The payment that waits."""
    refuses: str = ""
    """The payment that waits; the text is what the customer hears."""
    cancels: bool | str = False
    """The last order; the text is what the customer hears."""
    payment: int = 0
    """Which of the conversation's payments is decided about, by its place; 0: the last one."""
    while_: Literal["thinking", "sending"] | None = Field(default=None, alias="while")
    """The act comes while the model thinks, or when the reply's first part is shown and the second under way."""
    is_told: str = ""
    """Part of the refusal, where the act must be refused."""

    @model_validator(mode="after")
    def _one_act(self) -> "Operator":
        if len(self.model_fields_set & set(_ACTS)) != 1:
            raise ValueError(f"takes one act: {', '.join(_ACTS)}")
        return self


class Stock(Plain):
    """What changes about one item."""

    price: Decimal | None = None
    stock: int | None = None


class Goods(Plain):
    """An item beside the demo shop's."""

    sku: str
    title: str
    description: str = ""
    category: str = ""
    colour: str = ""
    size: str = ""
    price: Decimal
    stock: int | None = None


class Shop(Plain):
    """Settings of the shop, where they matter; the goods and documents are the demo shop's."""

    flow: str = "sales"
    language: str = ""
    persona: str = ""
    payment_details: str = ""
    cash_on_delivery: bool = True
    four_eyes_above: Decimal | None = None
    follow_up_hours: float = 0
    patience: dict[str, Any] = {}
    """Turn-taking, by its own names: quiet_period, interim_after, payment_reminder_minutes, …"""
    goods: tuple[Goods, ...] = ()
    documents: dict[str, str] = {}
    """Markdown by file name."""

    @property
    def options(self) -> dict[str, str]:
        """The same as an account's options."""
        said = {
            "persona": self.persona,
            "payment_details": self.payment_details,
            "cash_on_delivery": "yes" if self.cash_on_delivery else "no",
            "four_eyes_above": "" if self.four_eyes_above is None else str(self.four_eyes_above),
            "follow_up_hours": f"{self.follow_up_hours:g}" if self.follow_up_hours else "",
        }
        return {name: value for name, value in said.items() if value}


class Standing(Plain):
    """Where the conversation must stand; only what is named is compared."""

    phase: str | None = None
    waiting_for: str | None = None
    holder: str | None = None
    attention: tuple[str, ...] | None = None
    note: str | None = None
    """Part of it."""
    operator: str | None = None


class OrderRow(Plain):
    """An order as the database must show it; only what is named is compared."""

    items: dict[str, int] | None = None
    """Pieces by item number."""
    total: Decimal | None = None
    currency: str | None = None
    status: str | None = None
    client_name: str | None = None
    client_phone: str | None = None
    delivery_address: str | None = None
    payment_method: str | None = None
    bottles_count: int | None = None
    kind: str | None = None


class PaymentRow(Plain):
    """A payment proof as the database must show it."""

    stage: str | None = None
    urgency: str | None = None
    amount: Decimal | None = None
    expected: Decimal | None = None
    findings: tuple[str, ...] | None = None
    """Their kinds."""
    approved_by: tuple[str, ...] | None = None
    decided_by: str | None = None
    reason: str | None = None


class Step(Plain):
    """Something happens, and something must be seen."""

    line: int = Field(default=0, exclude=True)
    remark: str = ""
    after: Span = 0.0
    """Time that passes first."""

    customer: Several = ()
    """What the customer writes, several messages in one breath."""
    photo: Several = ()
    """Files beside this one, sent before the words."""
    document: Several = ()
    voice: Several = ()
    heard: str = ""
    """What is understood in the voice notes; empty: nobody listens to them."""
    tap: str = ""
    """A choice the phone shows, by its title."""
    cart: dict[str, int] = {}
    """A cart put together in WhatsApp's own catalogue: pieces by item number."""
    operator: Operator | None = None
    shop: dict[str, Stock] = {}
    """The shop changes an item, by its number."""

    model: Answers = ()
    """What the model answers in this step; the first line that fits. `none`: nobody answers any more."""
    slow: bool = False
    """The model answers only when the customer has been told to wait."""

    sees: Sees = ()
    conversation: Standing | None = None
    orders: tuple[OrderRow, ...] | None = None
    payments: tuple[PaymentRow, ...] | None = None
    outcomes: tuple[str, ...] | None = None
    """How dialogs ended, all of them."""
    logged: Several = ()
    """Pieces of `message_logs`, in their order."""
    degraded: str | None = None
    """Part of why the last decision was made without a model; empty: it was made with one."""
    model_heard: Several = ()
    """Pieces of what the model was asked in this step."""
    model_not_heard: Several = ()

    @property
    def speaks(self) -> bool:
        """Whether the customer does anything."""
        return bool(self.customer or self.photo or self.document or self.voice or self.tap or self.cart)

    @property
    def cart_items(self) -> tuple[CartItem, ...]:
        """The cart as a platform tells it."""
        return tuple(CartItem(sku=sku, quantity=quantity) for sku, quantity in self.cart.items())


class Script(Plain):
    """A golden file."""

    title: str
    about: str = ""
    platforms: tuple[str, ...] = ("instagram",)
    """Where it is played; the dialog must be the same on all of them."""
    shop: Shop = Shop()
    model: Answers = ()
    """What the model answers in every step, after the step's own lines; `none`: there is no model."""
    story: tuple[Step, ...] = Field(min_length=1)
    path: Path = Field(default=Path(), exclude=True)

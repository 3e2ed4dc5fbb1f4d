"""What our tables know of one customer, table by table, and what becomes of it when the customer is erased.

A table that knows a conversation or a contact stands here or in `NOBODYS`; a test compares both with the database. Rows
that the law or the shop's own accounts need are kept without the customer (`keeps` says how, `why` says why); all other
rows go. The order is the order of erasing: who is found by somebody else's row goes before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.identifiers import Address

ERASED = "erased"
"""What stands for the customer in rows that are kept."""
_BY_CONVERSATION = "{table}.conversation_id = ANY(%(conversations)s)"
_NAMELESS = (
    "'conv:' || split_part({table}.conversation_id, ':', 2) || ':' || split_part({table}.conversation_id, ':', 3)"
)
_MASKED = f"conversation_id = {_NAMELESS} || ':{ERASED}'"
_OF_THEIRS = "(SELECT {column} FROM {of} WHERE conversation_id = ANY(%(conversations)s))"


@dataclass(frozen=True)
class Table:
    """One table that knows customers."""

    name: str
    where: str = _BY_CONVERSATION
    keeps: str = ""
    """The columns that lose the customer, where the row is kept; empty: the row goes."""
    why: str = ""
    """Why it is kept."""
    hidden: tuple[str, ...] = field(default=())
    """Columns that tell a reader nothing: not exported."""

    @property
    def condition(self) -> str:
        """Which rows are the customer's."""
        return self.where.format(table=self.name)

    @property
    def statement(self) -> str:
        """What erases the customer from it."""
        if not self.keeps:
            return f"DELETE FROM {self.name} WHERE {self.condition}"  # noqa: S608 — our own words, below
        return f"UPDATE {self.name} SET {self.keeps.format(table=self.name)} WHERE {self.condition}"  # noqa: S608

    @property
    def reading(self) -> str:
        """What finds the customer's rows, each as JSON."""
        return f"SELECT to_jsonb({self.name}) AS row FROM {self.name} WHERE {self.condition}"  # noqa: S608


def _under(key: str) -> str:
    """Keys that begin with a conversation's id and a slash."""
    return f"{{table}}.{key} LIKE ANY(%(prefixes)s)"


TABLES: tuple[Table, ...] = (
    Table("accepted"),
    Table("inbox"),
    Table(
        "receipts",
        "(platform, account, message_id) IN "
        + _OF_THEIRS.format(column="platform, account, message_id", of="outbox")
        + " AND message_id <> ''",
    ),
    Table("turnstile_slots", _under("key")),
    Table("dead_letters"),
    Table("outbox"),
    Table("message_logs"),
    Table("dialogue_summaries"),
    Table("media_forgotten"),
    Table("media"),
    Table("payment_prints", "payment_id IN " + _OF_THEIRS.format(column="id", of="payments"), hidden=("print",)),
    Table(
        "payments",
        keeps="payment_key = 'erased/' || id, contact = 'erased', payee = '', reference = '', link = '', facts = '[]',"
        " media_ids = '{{}}', marks = '{{}}', findings = NULL, reason = '',"
        " stage = CASE WHEN stage IN ('waiting', 'approved_once') THEN 'expired' ELSE stage END, " + _MASKED,
        why="bookkeeping: a sum that was received, its date and who approved it",
        hidden=("marks",),
    ),
    Table(
        "orders",
        keeps="client_phone = '', delivery_address = '', client_name = '', comment = '', chat2desk_client_id = NULL,"
        " order_key = 'erased/' || id, conversation_id = " + _NAMELESS + f" || ':{ERASED}-' || id",
        why="bookkeeping: what was sold, when and for how much",
    ),
    Table(
        "dialog_outcomes",
        keeps="dialog_key = 'erased/' || id, " + _MASKED,
        why="the shop's own figures: how many dialogs ended how",
    ),
    Table(
        "decisions",
        keeps="key = 'erased/' || gen_random_uuid(), " + _MASKED,
        why="the shop's own figures: what the language model cost",
    ),
    Table(
        "credits",
        _under("turn_key"),
        keeps="turn_key = 'erased/' || md5(turn_key || %(salt)s)",
        why="the shop's account with us: what was used up",
    ),
    Table(
        "audit_log",
        keeps="subject = '', outcome = CASE WHEN outcome LIKE 'refused%%' THEN 'refused' ELSE outcome END, " + _MASKED,
        why="accountability: what operators did, no longer for whom",
    ),
    Table(
        "aliases",
        "platform = %(platform)s AND account = %(account)s"
        " AND (contact = ANY(%(contacts)s) OR name = ANY(%(contacts)s))",
    ),
    Table("conversations", "{table}.id = ANY(%(conversations)s)", hidden=("search",)),
    Table(
        "contacts",
        "platform = %(platform)s AND account = %(account)s AND contact = ANY(%(contacts)s)",
        keeps="contact = 'erased/' || id, key = NULL, sealed = NULL, erased_at = clock_timestamp()",
        why="the number of a key that was destroyed, so that a reader of an old history learns why it is unreadable",
        hidden=("key", "sealed"),
    ),
)

NOBODYS = {
    "order_stock": "what an order took off the shelf, by the order's number",
    "media_leftovers": "random names of files that belong to nobody any more, swept within the hour",
    "sightings": "under a digest nobody can turn back; swept within minutes",
    "erasures": "the receipts: how much of what, never whose",
    "house_keys": "the house's own keys",
}
"""Tables that stand beside customers and know none of them, or forget them by themselves; and why that is so."""


@dataclass(frozen=True)
class Subject:
    """One customer, by every name that our tables may know them by."""

    platform: str
    account: str
    contacts: tuple[str, ...]

    @property
    def addresses(self) -> list[Address]:
        """One for each name."""
        return [Address(platform=self.platform, account=self.account, contact=name) for name in self.contacts]

    @property
    def conversations(self) -> list[str]:
        """The ids of their conversations."""
        return [address.conversation_id for address in self.addresses]

    def values(self, salt: str = "") -> dict[str, Any]:
        """What the tables' conditions ask for."""
        return {
            "platform": self.platform,
            "account": self.account,
            "contacts": list(self.contacts),
            "conversations": self.conversations,
            "prefixes": [f"{_literal(id)}/%" for id in self.conversations],
            "salt": salt,
        }


def _literal(text: str) -> str:
    for sign in "\\%_":
        text = text.replace(sign, f"\\{sign}")
    return text


def kept() -> Sequence[Table]:
    """Tables whose rows stay, without the customer."""
    return [table for table in TABLES if table.keeps]

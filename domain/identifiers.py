"""Names of things: conversations, parts, orders. Made from what they belong to, never from chance."""

import hashlib

from domain.model import Value

LONGEST_FAIRNESS_KEY = 64
"""Bytes (`temporalio.common.Priority`, 1.35.0); a server refuses the conversation of a longer one."""
LONGEST_CONTACT = 200
"""Characters. Temporal allows 1000 bytes for a workflow id; a contact of four-byte characters still fits."""


class Address(Value):
    """Where a customer is reached: a contact on an account of a platform."""

    platform: str
    account: str
    contact: str

    @property
    def conversation_id(self) -> str:
        """The id of the conversation's workflow."""
        return f"conv:{self.platform}:{self.account}:{self.contact}"

    @classmethod
    def of_conversation(cls, conversation_id: str) -> "Address":
        """Read an address back out of a conversation's id.

        Raises:
            ValueError: the id is not `conv:{platform}:{account}:{contact}`.
        """
        pieces = conversation_id.split(":", 3)
        if len(pieces) != 4 or pieces[0] != "conv" or not all(pieces):
            raise ValueError(f"{conversation_id!r} is not a conversation id: expected conv:platform:account:contact")
        return cls(platform=pieces[1], account=pieces[2], contact=pieces[3])


def fairness_key(*names: str) -> str:
    """Whose tasks take turns with others', within what Temporal takes (`LONGEST_FAIRNESS_KEY`)."""
    return "/".join(names).encode()[:LONGEST_FAIRNESS_KEY].decode(errors="ignore")


def edit_id(original: str, mark: str) -> str:
    """The message id of an edit: `mark` tells one edit of the same message from the next."""
    return f"{original}:edited:{mark}"


def outbox_key(conversation_id: str, epoch: str, turn: int, part: str) -> str:
    """The idempotency key of one part.

    `epoch` tells apart the numbering of a conversation that closed and opened again; `part` is the part's place in
    the reply ("0", "1", …) or a name ("interim").
    """
    return f"{conversation_id}/{epoch}/{turn}/{part}"


def tag_of(key: str) -> str:
    """A digest of an outbox key that may be shown to a platform: where it comes back, it names the part."""
    return hashlib.sha256(key.encode()).hexdigest()


def address_of(key: str) -> Address:
    """Whom a part is for, read out of its outbox key.

    Raises:
        ValueError: it is no outbox key.
    """
    return Address.of_conversation(key.rsplit("/", 3)[0])


def turn_of(key: str) -> int:
    """The turn a part belongs to, read out of its outbox key."""
    return int(key.rsplit("/", 3)[2])


def order_key(conversation_id: str, epoch: str, dialog: int, turn: int) -> str:
    """The key that makes an order one row, however often its turn is carried out."""
    return f"{conversation_id}/{epoch}/d{dialog}/t{turn}"

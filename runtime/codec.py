"""Locks what goes into histories, each customer's with a key of their own: who destroys the key, erases the history.

A locked payload is `encoding: everturn/1`; its bytes are a sign (1), the key's number (5), a nonce (12), and what
AES-256-GCM made of the content, 16 bytes longer than it: 34 bytes in all. The number tells which key to take, so a
reader needs to know nothing of where the payload stood (the web UI sends nothing else). Payloads of any other encoding
were written before the codec was switched on, and are given back as they are.
"""

import json
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    ActivitySerializationContext,
    PayloadCodec,
    SerializationContext,
    WithSerializationContext,
    WorkflowSerializationContext,
)

from domain.failures import OurFault
from runtime.history_keys import HistoryKey, Keys

ENCODING = b"everturn/1"
PLAIN_JSON = b"json/plain"
NUMBER, NONCE = 5, 12
"""Bytes."""
HEAD = 1 + NUMBER
WHOLE, JSON = b"\x00", b"\x01"
"""The sign: what was locked is a whole payload, or the text of a JSON one, which nearly all of them are."""


class Unreadable(OurFault):
    """A payload cannot be unlocked: its customer's key was destroyed, or it is damaged."""


class HistoryCodec(PayloadCodec, WithSerializationContext):
    """Locks payloads on their way to Temporal, and unlocks what comes back."""

    def __init__(self, keys: Keys, workflow_id: str = "", *, locks: bool = True) -> None:
        """`locks`: False, what was locked earlier is unlocked, and nothing more is locked."""
        self.locks = locks
        self._keys = keys
        self._workflow_id = workflow_id

    def with_context(self, context: SerializationContext) -> "HistoryCodec":
        """The codec of one workflow."""
        if not isinstance(context, WorkflowSerializationContext | ActivitySerializationContext):
            return self
        workflow_id = context.workflow_id or ""
        return self if workflow_id == self._workflow_id else HistoryCodec(self._keys, workflow_id, locks=self.locks)

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Lock them with the key of the workflow that this codec is for."""
        if not self.locks:
            return list(payloads)
        key = await self._keys.of_workflow(self._workflow_id)
        return [payload if _is_locked(payload) else lock(key, payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Unlock them.

        Raises:
            Unreadable: a customer's key was destroyed.
        """
        return [await self._unlocked(payload) if _is_locked(payload) else payload for payload in payloads]

    async def shown(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Unlock them for a reader, who sees in its place why something cannot be read."""
        return [await self._shown(payload) for payload in payloads]

    async def _shown(self, payload: Payload) -> Payload:
        try:
            return (await self.decode([payload]))[0]
        except Unreadable as error:
            return Payload(metadata={"encoding": PLAIN_JSON}, data=json.dumps(f"[{error}]").encode())

    async def _unlocked(self, payload: Payload) -> Payload:
        number = int.from_bytes(payload.data[1:HEAD])
        key = await self._keys.numbered(number)
        if key is None:
            raise Unreadable(f"erased: key {number} was destroyed at the customer's wish")
        return unlock(key, payload)


def _is_locked(payload: Payload) -> bool:
    return payload.metadata.get("encoding") == ENCODING


def lock(key: HistoryKey, payload: Payload) -> Payload:
    """What Temporal may see of a payload."""
    plain = dict(payload.metadata) == {"encoding": PLAIN_JSON} and not payload.external_payloads
    head = (JSON if plain else WHOLE) + key.number.to_bytes(NUMBER)
    nonce = os.urandom(NONCE)
    content = payload.data if plain else payload.SerializeToString()
    return Payload(metadata={"encoding": ENCODING}, data=head + nonce + key.cipher.encrypt(nonce, content, head))


def unlock(key: HistoryKey, payload: Payload) -> Payload:
    """The payload as it was.

    Raises:
        Unreadable: it is damaged, or another key locked it.
    """
    head, nonce = payload.data[:HEAD], payload.data[HEAD : HEAD + NONCE]
    try:
        content = key.cipher.decrypt(nonce, payload.data[HEAD + NONCE :], head)
    except (InvalidTag, ValueError):
        raise Unreadable(f"damaged: key {key.number} does not open it") from None
    if head[:1] == JSON:
        return Payload(metadata={"encoding": PLAIN_JSON}, data=content)
    return Payload.FromString(content)

"""Takes a customer out of a history, so that it may be kept as a test: every text becomes another of like shape.

Nothing is left as it was but what is known to be the house's own: words of closed sets (kinds, phases, outcomes),
moments, numbers, and the names of activities. What is equal stays equal, and what differs stays different: a history
replays because ids meet again, not because of what they are.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

from domain.identifiers import Address
from policies.dedupe import digest

HOUSE_WORDS = frozenset(
    {
        "kind", "flow", "phase", "waiting_for", "rules", "platform", "holder", "attention", "outcome", "state", "stage",
        "urgency", "direction", "mime", "status", "currency", "payment_method", "epoch",
        "Platform", "Flow", "Phase", "Holder", "Attention", "BuildIds", "TemporalChangeVersion",
    }
)  # fmt: skip
"""Fields whose strings come from us, never from a customer."""
HOUSE_VALUES = frozenset({"", "default", "operator", "another app on the platform"})
"""Values that mean something to the workflow wherever they stand."""
MESSAGE_IDS = frozenset({"id", "message_id", "edits"})
DROPPED = frozenset(
    {"identity", "userMetadata", "header", "stackTrace", "stack_trace", "memo", "links", "lastHeartbeatDetails"}
)
OPAQUE = frozenset({"state", "dialog_state"})
UPDATE_IDS = frozenset({"updateId", "protocolInstanceId", "requestId", "acceptedRequestMessageId"})
FAILURE_WORDS = frozenset({"message", "reason"})
WITHHELD = "withheld"
STICKY_KIND, STICKY = "TASK_QUEUE_KIND_STICKY", "sticky"
"""A queue that one worker alone listened to is called after the machine it ran on."""
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)|P(?=\d|T\d)(\d+D)?(T[\d.HMS]+)?")
_FIELD = re.compile(r"[a-z][a-z_]{0,40}")
_PART = re.compile(r"\d{1,3}|op-\d+|apology|interim|nobody_came")
"""Names of parts and phrases; a customer called so is nobody."""
_LATIN, _CYRILLIC, _DIGITS = "abcdefghijklmnopqrstuvwxyz", "абвгдежзиклмнопрстуфхцчшюя", "0123456789"
Json = Any


class Redaction:
    """Stand-ins for one history."""

    def __init__(self, conversation: Address, key: bytes) -> None:
        """`key`: chance, forgotten afterwards; without it a short text could be found by trying."""
        self._key = key
        self._conversation = conversation
        self._stand_ins: dict[str, str] = {}
        self._taken: set[str] = set()
        self._digests: dict[str, str] = {}
        self.address = Address(
            platform=conversation.platform,
            account=self.text(conversation.account),
            contact=self.text(conversation.contact),
        )
        """Who it seems to have been."""

    # --- texts -------------------------------------------------------------------------------------------------

    def text(self, original: str) -> str:
        """Its stand-in: as long, with letters for letters and digits for digits; the same every time."""
        if original in HOUSE_VALUES:
            return original
        if original not in self._stand_ins:
            found = next(one for one in self._candidates(original) if one not in self._taken)
            self._taken.add(found)
            self._stand_ins[original] = found
        return self._stand_ins[original]

    def _candidates(self, original: str) -> Iterable[str]:
        """Of like shape; where all of that shape are taken, longer ones."""
        attempt = 0
        while True:
            chance = hashlib.shake_256(self._key + attempt.to_bytes(4) + original.encode("utf-8", "surrogatepass"))
            stream = chance.digest(len(original) + 8)
            shaped = "".join(map(_of_like_shape, original, stream))
            yield shaped if attempt < 50 else f"{shaped}{_DIGITS[stream[-1] % 10]}{attempt}"
            attempt += 1

    def composed(self, original: str) -> str:
        """A key that names the conversation keeps its parts: turns and parts are numbers of ours."""
        before, found, after = original.partition(self._conversation.conversation_id)
        if not found:
            return self.text(original)
        return f"{before}{self.address.conversation_id}{after}"

    # --- payloads ----------------------------------------------------------------------------------------------

    def learn(self, value: Json, field: str = "") -> None:
        """Look through a payload for message ids, whose digests the conversation may remember."""
        if isinstance(value, Mapping):
            for name, inner in value.items():
                self.learn(inner, name)
        elif isinstance(value, list):
            for inner in value:
                self.learn(inner, field)
        elif isinstance(value, str) and field in MESSAGE_IDS:
            for prefix in ("", "echo/"):
                self._digests[digest(prefix + value)] = digest(prefix + self.value(value, field))

    def value(self, value: Json, field: str = "") -> Json:
        """A payload's content without its customer."""
        if isinstance(value, Mapping):
            if field == "seen":
                return {self._digests.get(name, name): until for name, until in value.items()}
            if field in OPAQUE:
                return self.opaque(value)
            return {name: self.value(inner, name) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.value(inner, field) for inner in value]
        if not isinstance(value, str) or field in HOUSE_WORDS or _MOMENT.fullmatch(value):
            return value
        if field == "name" and _PART.fullmatch(value):
            return value
        return self.composed(value)

    def opaque(self, value: Json) -> Json:
        """A flow's state, of which the workflow knows nothing: every string goes."""
        if isinstance(value, Mapping):
            return {
                name if _FIELD.fullmatch(name) else self.text(name): self.opaque(inner) for name, inner in value.items()
            }
        if isinstance(value, list):
            return [self.opaque(inner) for inner in value]
        return self.composed(value) if isinstance(value, str) and not _MOMENT.fullmatch(value) else value

    # --- histories ---------------------------------------------------------------------------------------------

    def history(self, node: Json, field: str = "") -> Json:
        """A history, as JSON, without its customer. Its payloads must be readable (`unlocked`) and learnt (`learn`)."""
        if isinstance(node, list):
            return [self.history(inner, field) for inner in node]
        if isinstance(node, str):
            return self._outside_payloads(node, field)
        if not isinstance(node, dict) or field == "markerRecordedEventAttributes":
            return node  # a marker holds the name of a patch
        if is_payload(node):
            return self._payload(node, field)
        if node.get("kind") == STICKY_KIND:
            return {**node, "name": STICKY}
        return {name: self.history(inner, name) for name, inner in node.items() if name not in DROPPED}

    def _outside_payloads(self, text: str, field: str) -> str:
        if field in FAILURE_WORDS:
            return WITHHELD
        if field == "fairnessKey":
            return self.text(text)
        if field in UPDATE_IDS:  # callers choose them
            head, slash, tail = text.rpartition("/")
            return f"{self.text(head)}/{tail}" if slash else self.text(text)
        return text.replace(self._conversation.conversation_id, self.address.conversation_id)

    def _payload(self, node: Mapping[str, Json], field: str) -> dict[str, Json]:
        content = content_of(node)
        if content is None:
            return dict(node)
        redacted = WITHHELD_FAILURE if field == "encodedAttributes" else self.value(content, field)
        data = json.dumps(redacted, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
        return {**node, "data": base64.b64encode(data).decode()}


WITHHELD_FAILURE = {"message": WITHHELD, "stack_trace": ""}


def _of_like_shape(letter: str, chance: int) -> str:
    if letter.isdigit():
        return _DIGITS[chance % 10]
    if not letter.isalpha():
        return letter
    letters = _LATIN if letter.isascii() else _CYRILLIC
    other = letters[chance % len(letters)]
    return other.upper() if letter.isupper() else other


def is_payload(node: Mapping[str, Json]) -> bool:
    """Whether a piece of a history's JSON is a payload."""
    return isinstance(node.get("metadata"), dict) and "encoding" in node["metadata"]


def content_of(node: Mapping[str, Json]) -> Json | None:
    """What a payload says; None: nothing (a null)."""
    if base64.b64decode(node["metadata"]["encoding"]) != b"json/plain":
        return None
    return json.loads(base64.b64decode(node.get("data", "")))


def payloads_of(node: Json) -> Iterable[dict[str, Json]]:
    """Every payload in a history's JSON, markers' left out."""
    if isinstance(node, list):
        for inner in node:
            yield from payloads_of(inner)
    elif isinstance(node, dict):
        if is_payload(node):
            yield node
            return
        for name, inner in node.items():
            if name not in DROPPED and name != "markerRecordedEventAttributes":
                yield from payloads_of(inner)


async def unlock(node: Json, codec: PayloadCodec | None) -> None:
    """Make a history's payloads readable, in place.

    Raises:
        ValueError: one of them is in no form that we know; it could not be redacted.
    """
    for payload in payloads_of(node):
        encoding = base64.b64decode(payload["metadata"]["encoding"])
        if codec is not None:
            locked = Payload(
                metadata={name: base64.b64decode(value) for name, value in payload["metadata"].items()},
                data=base64.b64decode(payload.get("data", "")),
            )
            (plain,) = await codec.decode([locked])
            encoding = plain.metadata["encoding"]
            payload["metadata"] = {name: base64.b64encode(value).decode() for name, value in plain.metadata.items()}
            payload["data"] = base64.b64encode(plain.data).decode()
        if encoding not in (b"json/plain", b"binary/null"):
            raise ValueError(f"a payload is encoded as {encoding.decode(errors='replace')!r}")

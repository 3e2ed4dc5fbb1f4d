"""What goes into a history is locked with its customer's key; who has the key reads it, old and new."""

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict, ParseDict
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowHistory
from temporalio.converter import ActivitySerializationContext, WorkflowSerializationContext
from temporalio.exceptions import ApplicationError
from temporalio.worker import Replayer

from runtime.codec import ENCODING, HistoryCodec, Unreadable
from runtime.history_keys import HistoryKey
from runtime.sandbox import sandbox
from runtime.temporal import converter_with, data_converter
from workflows.conversation import ConversationWorkflow

ANNA, BORIS = "conv:whatsapp:shop:anna", "conv:whatsapp:shop:boris"
RECORDED = sorted((Path(__file__).parents[1] / "histories").rglob("*.json"))
SAID = {"id": "m1", "text": "Мій номер +380671234567"}


class KeyRing:
    """Keys in memory; one can be destroyed."""

    def __init__(self) -> None:
        self.keys: dict[str, HistoryKey] = {}
        self.destroyed: set[int] = set()

    async def of_workflow(self, workflow_id: str) -> HistoryKey:
        """Made when first asked for."""
        return self.keys.setdefault(workflow_id, HistoryKey(len(self.keys) + 1, os.urandom(32)))

    async def numbered(self, number: int) -> HistoryKey | None:
        """None: destroyed."""
        return None if number in self.destroyed else next(one for one in self.keys.values() if one.number == number)


def codec_of(ring: KeyRing, workflow_id: str = ANNA) -> HistoryCodec:
    """The codec as the SDK uses it for one workflow."""
    return HistoryCodec(ring).with_context(WorkflowSerializationContext("default", workflow_id))


async def test_a_locked_payload_is_a_little_longer_and_says_nothing() -> None:
    """The price of a secret: 35 bytes, whatever the message."""
    ring = KeyRing()
    (plain,) = await data_converter.encode([SAID])
    (locked,) = await codec_of(ring).encode([plain])

    assert {"encoding": ENCODING} == dict(locked.metadata)
    assert locked.ByteSize() - plain.ByteSize() <= 36
    assert b"380671234567" not in locked.data
    assert [plain] == await HistoryCodec(ring).decode([locked]), "by its number: a reader need not know whose it is"


async def test_every_customer_has_a_key_of_their_own() -> None:
    """Activities included: their payloads belong to the conversation that asked for them."""
    ring = KeyRing()
    activity = ActivitySerializationContext(
        "default", "1", "decide", "conversations", BORIS, "ConversationWorkflow", False
    )
    (anna,) = await codec_of(ring).encode([Payload(data=b"x")])
    (boris,) = await HistoryCodec(ring).with_context(activity).encode([Payload(data=b"x")])
    ring.destroyed.add(ring.keys[ANNA].number)

    with pytest.raises(Unreadable, match="erased"):
        await codec_of(ring).decode([anna])
    assert [Payload(data=b"x")] == await codec_of(ring, BORIS).decode([boris])


async def test_a_reader_is_told_why_something_cannot_be_read() -> None:
    """In the place of the words, in the web UI and in an export."""
    ring = KeyRing()
    (lost, damaged, plain) = (
        *await codec_of(ring).encode([Payload(data=b"1")]),
        *await codec_of(ring, BORIS).encode([Payload(data=b"2")]),
        Payload(metadata={"encoding": b"json/plain"}, data=b'"old"'),
    )
    ring.destroyed.add(ring.keys[ANNA].number)
    damaged.data = damaged.data[:-1] + bytes([damaged.data[-1] ^ 1])
    shown = [json.loads(one.data) for one in await HistoryCodec(ring).shown([lost, damaged, plain])]
    assert [True, True, False] == [str(one).startswith("[") for one in shown]
    assert ("erased" in shown[0], "damaged" in shown[1], "old") == (True, True, shown[2])


async def test_what_was_written_before_is_read_after_switching_on_and_off() -> None:
    """Histories hold both: a switch must not stop a conversation."""
    ring = KeyRing()
    old, off = await data_converter.encode([SAID]), HistoryCodec(ring, ANNA, locks=False)
    locked = await codec_of(ring).encode(old)

    assert old == await codec_of(ring).decode(old)
    assert old == await off.decode(locked)
    assert old == await off.encode(old)


@pytest.mark.parametrize("locks", [True, False])
async def test_the_words_of_failures_are_locked_too(locks: bool) -> None:
    """An error may quote what a customer wrote."""
    from temporalio.api.failure.v1 import Failure

    converter, failure = converter_with(HistoryCodec(KeyRing(), ANNA, locks=locks)), Failure()
    await converter.encode_failure(ApplicationError("call +380671234567", type="WindowClosed"), failure)

    assert locks == (b"380671234567" not in failure.SerializeToString())
    assert "WindowClosed" == failure.application_failure_info.type, "by its type the server knows what is not retried"
    restored = await converter.decode_failure(failure)
    assert "call +380671234567" in str(restored)


async def test_locked_histories_replay() -> None:
    """What is recorded replays when it is locked, as it does when it is not; without the key it says so."""
    recorded = min(RECORDED, key=lambda path: path.stat().st_size)
    history = json.loads(recorded.read_text())
    ring = KeyRing()
    locked = WorkflowHistory.from_json(ANNA, json.dumps(await _locked(history, codec_of(ring))))
    codec = HistoryCodec(ring)
    replayer = Replayer(
        workflows=[ConversationWorkflow], data_converter=converter_with(codec), workflow_runner=sandbox()
    )
    assert (await replayer.replay_workflow(locked)).replay_failure is None

    ring.destroyed.add(ring.keys[ANNA].number)
    failed = await replayer.replay_workflow(locked, raise_on_replay_failure=False)
    assert failed.replay_failure is not None


async def _locked(value: Any, codec: HistoryCodec) -> Any:
    """A history's JSON with every payload locked, but search attributes, which the server reads."""
    if isinstance(value, list):
        return [await _locked(item, codec) for item in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("metadata"), dict) and "encoding" in value["metadata"]:
        (payload,) = await codec.encode([ParseDict(value, Payload())])
        return MessageToDict(payload)
    return {name: item if name == "searchAttributes" else await _locked(item, codec) for name, item in value.items()}


def test_nothing_is_left_of_base64() -> None:
    """The recorded histories are plain: the test above would lock nothing otherwise."""
    assert any(base64.b64encode(b"json/plain").decode() in path.read_text() for path in RECORDED)

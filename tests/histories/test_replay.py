"""Conversations recorded on earlier builds go on with this one."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from runtime.sandbox import sandbox
from runtime.temporal import data_converter
from workflows.conversation import ConversationWorkflow

# `dead_courier` was recorded by hand on a real server, by the last build that took a part called back from a dying
# worker for refused (`tests/workflows/test_dead_couriers.py`).
RECORDED = sorted((Path(__file__).parent / "recorded").glob("*.json"))


def test_there_are_histories_to_replay() -> None:
    """A corpus that was lost would make the next test pass without looking at anything."""
    assert 3 <= len(RECORDED)


def sticky_queues(node: Any) -> Iterator[str]:
    """Names of the queues that one worker alone listened to: as the server has them, they name its machine."""
    if isinstance(node, dict) and node.get("kind") == "TASK_QUEUE_KIND_STICKY":
        yield node["name"]
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from sticky_queues(inner)


def test_no_history_names_the_machine_that_worked_on_it() -> None:
    """They were somebody's own, and are everybody's to read now."""
    recorded = {path.stem: json.loads(path.read_text("utf-8")) for path in RECORDED}
    assert {} == {name: found for name, one in recorded.items() if (found := set(sticky_queues(one)) - {"sticky"})}


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
async def test_a_running_conversation_survives_the_deploy(path: Path) -> None:
    """What a customer began yesterday is carried on by today's build, step for step."""
    replayer = Replayer(workflows=[ConversationWorkflow], data_converter=data_converter, workflow_runner=sandbox())
    recorded = await asyncio.to_thread(path.read_text, encoding="utf-8")
    history = WorkflowHistory.from_json(path.stem, recorded)

    result = await replayer.replay_workflow(history, raise_on_replay_failure=False)

    assert None is result.replay_failure

"""Against llmock, which breaks on demand and judges how its client bore it."""

import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from domain.arguments import why_wrong
from domain.language import ModelAway, ModelReply, Stop
from providers.model.patient import PatientModel
from tests.model.asking import NAMES, WISH, anthropic, asks, bounds, turn_of
from tests.model.fakes import hear, program, running, tell

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def llmock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server, for all tests of this file."""
    with running("llmock", folder=tmp_path_factory.mktemp("llmock"), health="/health") as url:
        yield url


@pytest.fixture
async def asking(llmock: str) -> AsyncIterator[PatientModel]:
    """Our client with real time, before a server that has forgotten what came before."""
    tell(f"{llmock}/_llmock/reset")
    model = anthropic(f"{llmock}/anthropic")
    yield PatientModel(model, NAMES, bounds())
    await model.close()


def behave(llmock: str, *behaviors: dict[str, Any]) -> None:
    """What the next requests meet."""
    assert 201 == tell(f"{llmock}/_llmock/scenario", {"behaviors": list(behaviors)})


def report(llmock: str, folder: Path) -> int:
    """How `llmock report --strict` ends, as a pipeline would run it."""
    command = [program("llmock"), "report", "--strict", "--url", llmock]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode


async def test_a_plain_answer(llmock: str, asking: PatientModel) -> None:
    """An answer, with its figures."""
    behave(llmock, {"type": "reply", "text": "Так, є."})
    turn = turn_of(asking)
    answer = await turn.ask(asks(system=("Rules.", "Now.")))
    assert isinstance(answer, ModelReply)
    assert ("Так, є.", Stop.END) == (answer.text, answer.stop)
    assert turn.usage.input_tokens > 0
    assert turn.cost > 0


async def test_a_tool_call_made_from_our_schema(llmock: str, asking: PatientModel) -> None:
    """It keeps to the schema that was sent; what that cannot say (the longest size) our own check finds."""
    answer = await turn_of(asking).ask(asks("note my wish", tools=(WISH,)))
    assert isinstance(answer, ModelReply)
    assert (Stop.TOOLS, ["note_wish"]) == (answer.stop, [call.name for call in answer.calls])
    assert "dress" == answer.calls[0].arguments["garment"]
    assert "size: 'mock-size' is too long" == why_wrong(WISH, answer.calls[0].arguments)


@pytest.mark.parametrize("kind", ["unknown_tool", "malformed_arguments"])
async def test_a_broken_call(llmock: str, asking: PatientModel, kind: str) -> None:
    """It comes through, and is known for what it is."""
    behave(llmock, {"type": "tool_fault", "kind": kind})
    answer = await turn_of(asking).ask(asks("note my wish", tools=(WISH,)))
    assert isinstance(answer, ModelReply)
    call = answer.calls[0]
    assert call.name != WISH.name or why_wrong(WISH, call.arguments)


async def test_the_verdict_is_clean(llmock: str, asking: PatientModel) -> None:
    """Rate limits, overload, an outage, refusals and a slow answer, and llmock has nothing to say against us."""
    behave(llmock, {"type": "fail", "status": 429, "retry_after": 0.5})
    assert isinstance(await turn_of(asking).ask(asks("one")), ModelReply)
    behave(llmock, {"type": "fail", "status": 529}, {"type": "fail", "status": 503})
    assert isinstance(await turn_of(asking).ask(asks("two")), ModelReply)
    behave(llmock, {"type": "delay", "seconds": 0.3})
    assert isinstance(await turn_of(asking).ask(asks("three")), ModelReply)
    behave(llmock, {"type": "fail", "status": 500, "times": 4})
    assert isinstance(await turn_of(asking).ask(asks("four")), ModelAway)
    behave(llmock, {"type": "fail", "status": 400, "code": "context_length_exceeded"})
    assert isinstance(await turn_of(asking).ask(asks("five")), ModelAway)
    behave(llmock, {"type": "fail", "status": 401})
    assert isinstance(await turn_of(asking).ask(asks("six")), ModelAway)
    assert isinstance(await turn_of(asking).ask(asks("six")), ModelAway)
    found = hear(f"{llmock}/_llmock/verdict")
    assert ([], True) == (found["findings"], found["passed"])
    assert (6, 12) == (found["calls"], found["attempts"])
    assert 9 == found["faults_injected"]


async def test_its_own_report_passes(llmock: str, asking: PatientModel, tmp_path: Path) -> None:
    """The command ends with 0 for us, and would not for a client that gives up at the first failure."""
    behave(llmock, {"type": "fail", "status": 529})
    assert isinstance(await turn_of(asking).ask(asks("seven")), ModelReply)
    assert 0 == report(llmock, tmp_path)
    behave(llmock, {"type": "fail", "status": 529})
    assert 529 == tell(f"{llmock}/anthropic/v1/messages", {"model": "m", "max_tokens": 1, "messages": []})
    assert 1 == report(llmock, tmp_path)

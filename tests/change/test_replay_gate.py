"""Before a deploy: do the conversations that run now go on with the new build?"""

import asyncio
import json
import socket
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory

from commands import replay
from commands.redaction import content_of, payloads_of
from runtime.temporal import data_converter
from tests.api.namespaces import fresh_namespace
from tests.change.broken import BrokenWorkflow
from tests.change.talking import Everturn, chat_at, connected, until, workers_of
from tests.histories import test_replay
from tests.servers_here import Servers
from tests.workflows.harness import Shop, text

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def namespace(servers: Servers) -> str:
    """A namespace of this module's own."""
    return fresh_namespace(servers, "gate")


@pytest.fixture
def everturn(
    servers: Servers,
    namespace: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Everturn:
    """`everturn` in that namespace."""
    return Everturn(
        monkeypatch, capsys, TEMPORAL_ADDRESS=servers.temporal_address, TEMPORAL_NAMESPACE=namespace,
        EVERTURN_HOME=str(tmp_path),
    )  # fmt: skip


async def talk(servers: Servers, namespace: str) -> str:
    """A customer asks for water, tells their name and waits; the conversation goes on running."""
    client = await connected(servers.temporal_address, namespace)
    shop = Shop()
    chat = chat_at(client, shop)
    async with workers_of(client, shop):
        await chat.write(text("вода на вулицю Саксаганського 12", id="wamid.HBgMOTk2", name="Одарка Півторак"))
        await until(lambda: len(shop.said) == 1)
    return chat.id


def test_a_deploy_that_would_break_conversations_is_stopped(
    servers: Servers, namespace: str, everturn: Everturn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The gate says nothing to replay, then yes, and to a broken build no; the saved history says the same for ever."""
    assert (0, "nothing to replay\n", "") == everturn("replay", "--since", "1d")

    conversation = asyncio.run(talk(servers, namespace))
    status, said, _ = everturn("replay", "--since", "1d")
    assert (0, True) == (status, "ConversationWorkflow: 1 of 1 replay on this build" in said)

    status, said, complaint = everturn("history", "save", conversation, "--out", str(tmp_path))
    saved = tmp_path / "saved_chat2desk.1.json"
    assert (0, "", True) == (status, complaint, str(saved) in said)
    _require_no_trace(saved.read_text("utf-8"), conversation)

    with monkeypatch.context() as broken:
        broken.setattr(replay, "WORKFLOWS", {replay.CONVERSATION: BrokenWorkflow})
        status, said, complaint = everturn("replay", "--since", "1d")
        assert (1, True, True) == (
            status,
            conversation in said,
            "ConversationWorkflow: 1 do not; reason non-determin" in said,
        )
        assert "do not deploy it" in complaint
        broken.setattr(test_replay, "ConversationWorkflow", BrokenWorkflow)
        with pytest.raises(AssertionError):
            asyncio.run(test_replay.test_a_running_conversation_survives_the_deploy(saved))
    asyncio.run(test_replay.test_a_running_conversation_survives_the_deploy(saved))


def _require_no_trace(saved: str, conversation: str) -> None:
    """Nothing the customer said, was called or had as a number is left; the history is whole."""
    told = "\n".join(str(content_of(payload)) for payload in payloads_of(json.loads(saved)))
    for trace in ("Саксаган", "Одарка", "Півторак", "wamid", "HBgMOTk2", "вода", conversation):
        assert trace not in told + saved
    assert "conv:chat2desk:default:" in told
    assert {"sticky"} == set(test_replay.sticky_queues(json.loads(saved))), "nor the machine that worked on it"
    assert f"@{socket.gethostname()}" not in told + saved


@pytest.mark.parametrize("since", ["yesterday", "7", "0d", "-1d", "7d7", ""])
def test_a_wrong_span_is_wrong_use(everturn: Everturn, since: str) -> None:
    """It says how to write one."""
    status, _, complaint = everturn("replay", f"--since={since}")
    assert (2, True) == (status, "write one like 7d, 12h or 90m" in complaint)


def test_what_cannot_be_saved_is_said(everturn: Everturn, tmp_path: Path) -> None:
    """No conversation's id, nobody of that id, no folder: each in a sentence."""
    out = str(tmp_path)
    assert 2 == everturn("history", "save", "42", "--out", out)[0]
    assert 2 == everturn("history", "save", "conv:manychat:default:42", "--out", str(tmp_path / "none"))[0]
    status, _, complaint = everturn("history", "save", "conv:manychat:default:42", "--out", out)
    assert (1, True) == (status, "there is no history of conv:manychat:default:42" in complaint)
    assert 2 == everturn("replay", "--workflow-type", "OrderWorkflow")[0]


def test_without_a_server_the_gate_stays_shut(everturn: Everturn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody deploys because nothing could be looked at."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    status, _, complaint = everturn("replay")
    assert (1, True) == (status, "Temporal at 127.0.0.1:1 cannot be reached" in complaint)


@pytest.mark.parametrize("path", test_replay.RECORDED, ids=lambda path: path.stem)
async def test_every_kept_history_replays_without_its_customer(path: Path) -> None:
    """Edits, take-backs, doubled messages, operators, dead letters: ids that meet, meet again."""
    from commands.history import redact
    from domain.identifiers import Address

    content = json.loads(await asyncio.to_thread(path.read_text, "utf-8"))
    first = content_of(next(iter(payloads_of(content))))
    redaction, redacted = redact(content, Address(**first["address"]))
    history = WorkflowHistory.from_json(redaction.address.conversation_id, json.dumps(redacted))
    assert None is await replay.replay_one(history, data_converter)
    assert "996555123456" not in str([content_of(payload) for payload in payloads_of(redacted)])

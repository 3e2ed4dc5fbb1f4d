"""`everturn history save`: a conversation's history, without its customer, as a test for every later build."""

import json
import secrets
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowHistory
from temporalio.service import RPCError, RPCStatusCode

from commands.outcome import Failed, WrongUse
from commands.redaction import Redaction, content_of, payloads_of, unlock
from commands.replay import reason_of, replay_one
from domain.identifiers import Address
from runtime.temporal import data_converter

CORPUS = Path("tests/histories/recorded")
"""Where the replay test looks, from the top of a clone."""


async def save(client: Client, address: Address, run_id: str, out: Path | None) -> str:
    """Fetch, redact, see that it replays as it did, and write it down; what to tell.

    Raises:
        WrongUse: there is no place to write to.
        Failed: there is no such history, or it cannot be redacted.
        RPCError: the server refuses.
    """
    fetched = await _fetched(client, address.conversation_id, run_id)
    before = await replay_one(fetched, client.data_converter)
    content = json.loads(fetched.to_json())
    try:
        await unlock(content, client.data_converter.payload_codec)
    except ValueError as error:
        raise Failed(f"the history cannot be redacted: {error}") from None
    redaction, redacted = redact(content, address)
    text = json.dumps(redacted, indent=2, ensure_ascii=False)
    after = await replay_one(WorkflowHistory.from_json(redaction.address.conversation_id, text), data_converter)
    if after is not None and before is None:
        raise Failed(
            f"without its customer the history does not replay any more, nothing was saved: {reason_of(after)}"
        )
    path = place(out, f"saved_{address.platform}")
    _write(path, text)
    told = f"{path}: {len(fetched.events)} events of a conversation now called {redaction.address.conversation_id}"
    return told if before is None else f"{told}\nit does not replay on this build: {reason_of(before)}"


def redact(content: Any, conversation: Address) -> tuple[Redaction, Any]:
    """A readable history without its customer."""
    redaction = Redaction(conversation, secrets.token_bytes(32))
    for payload in payloads_of(content):
        redaction.learn(content_of(payload))
    return redaction, redaction.history(content)


def address_of(conversation: str) -> Address:
    """Whose conversation it is.

    Raises:
        WrongUse: that is no conversation's id.
    """
    try:
        return Address.of_conversation(conversation)
    except ValueError as error:
        raise WrongUse(str(error)) from None


def place(out: Path | None, name: str) -> Path:
    """A new file: the one that was named, else one of the next free number in a folder.

    Raises:
        WrongUse: there is no such folder, or the file is there already.
    """
    folder = out or CORPUS
    if out is not None and out.suffix == ".json":
        if out.exists() or not out.parent.is_dir():
            why = "exists already" if out.exists() else f"there is no folder {out.parent}"
            raise WrongUse(f"--out {out}: {why}")
        return out
    if not folder.is_dir():
        raise WrongUse(f"there is no folder {folder}: name a folder or a .json file with --out")
    return next(path for number in range(1, 100_000) if not (path := folder / f"{name}.{number}.json").exists())


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise Failed(f"{path}: cannot be written ({error.strerror})") from None


async def _fetched(client: Client, conversation: str, run_id: str) -> WorkflowHistory:
    try:
        return await client.get_workflow_handle(conversation, run_id=run_id or None).fetch_history()
    except RPCError as error:
        if error.status in (RPCStatusCode.NOT_FOUND, RPCStatusCode.INVALID_ARGUMENT):
            run = f" with the run {run_id}" if run_id else ""
            raise Failed(f"there is no history of {conversation}{run}: never begun, or not kept any more") from None
        raise

"""`everturn replay`: whether the conversations that run now go on with this build. The gate before a deploy."""

import asyncio
import re
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from temporalio.client import Client, WorkflowHistory
from temporalio.converter import DataConverter
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from commands.outcome import Failed, WrongUse
from runtime.sandbox import sandbox
from workflows.conversation import ConversationWorkflow

CONVERSATION = "ConversationWorkflow"
WORKFLOWS: Mapping[str, type] = {CONVERSATION: ConversationWorkflow}
"""What this build can replay, by its name in Temporal."""
ERASED = "erased: key"
"""What the codec says of a customer whose key was destroyed."""
FETCHED_AHEAD = 8
MOST_NAMED = 5
"""Conversations named for each reason."""
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SPAN = re.compile(r"([0-9]{1,6})([smhdw])")
_OWN = re.compile(r"(?<![A-Za-z])(?:[0-9a-f]{8}-[0-9a-f-]{27}|\d+)")
"""What differs from one history to the next: ids and numbers."""


@dataclass
class Verdict:
    """What replaying showed."""

    replayed: int = 0
    events: int = 0
    gone: int = 0
    """Histories that nobody can read any more: deleted since they were listed, or their customer was erased."""
    broken: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    """Workflow type and reason → ids of workflows that would not go on."""

    @property
    def is_good(self) -> bool:
        """Whether every one of them goes on."""
        return not self.broken


def span_of(text: str) -> timedelta:
    """`7d`, `12h`, `90m` as a time span.

    Raises:
        WrongUse: it is none.
    """
    if not (found := _SPAN.fullmatch(text.strip())) or not int(found[1]):
        raise WrongUse(f"--since: {text!r} is no time span: write one like 7d, 12h or 90m")
    return min(timedelta(**{UNITS[found[2]]: int(found[1])}), timedelta(days=3650))


def require_known(workflow_type: str) -> str:
    """The name of a workflow of ours.

    Raises:
        WrongUse: this build has none of that name.
    """
    if workflow_type not in WORKFLOWS:
        raise WrongUse(f"--workflow-type: this build has no {workflow_type!r}; it has {', '.join(WORKFLOWS)}")
    return workflow_type


async def replay(client: Client, workflow_type: str, since: timedelta, limit: int) -> Verdict:
    """Replay running workflows, then those that ended within `since`, at most `limit`; print what came of it.

    Raises:
        Failed: at least one would not go on, or none of those there are could be read.
        RPCError: the server refuses.
    """
    listed = await _listed(client, workflow_type, datetime.now(UTC) - since, limit)
    verdict = Verdict()
    with _bar() as progress:
        task = progress.add_task("replaying", total=len(listed))
        async for history, failure in _replayed(client, listed, verdict):
            progress.advance(task)
            if failure is not None and ERASED in str(failure):
                verdict.gone += 1
                continue
            verdict.replayed += 1
            verdict.events += len(history.events)
            if failure is not None:
                verdict.broken[workflow_type, reason_of(failure)].append(history.workflow_id)
    _tell(verdict, workflow_type)
    if verdict.gone and not verdict.replayed:
        raise Failed(
            f"none of {verdict.gone} histories could be read: give the running house's DATABASE_URL and keys "
            "(EVERTURN_SECRETS_KEY); nothing is known about this build"
        )
    if not verdict.is_good:
        count = sum(map(len, verdict.broken.values()))
        raise Failed(f"{count} of {verdict.replayed} conversations would not go on with this build: do not deploy it")
    return verdict


async def replay_one(history: WorkflowHistory, converter: DataConverter) -> Exception | None:
    """Why a history does not replay on this build; None: it does."""
    replayer = Replayer(workflows=list(WORKFLOWS.values()), data_converter=converter, workflow_runner=sandbox())
    return (await replayer.replay_workflow(history, raise_on_replay_failure=False)).replay_failure


def reason_of(failure: Exception) -> str:
    """Why, in words that are the same for every history that fails for the same cause."""
    text = " ".join(str(failure).split())
    kind = "non-determinism" if isinstance(failure, NondeterminismError) else type(failure).__name__
    return f"{kind}: {_OWN.sub('…', text)[:400]}"


# --- the histories ---------------------------------------------------------------------------------------------------


async def _listed(client: Client, workflow_type: str, since: datetime, limit: int) -> list[tuple[str, str]]:
    """Which histories: running first, for whoever runs will be carried on by this build whatever their age."""
    ours = f"WorkflowType = '{workflow_type}'"
    closed = f"CloseTime > '{since:%Y-%m-%dT%H:%M:%SZ}'"
    found: list[tuple[str, str]] = []
    for query in (f"{ours} AND ExecutionStatus = 'Running'", f"{ours} AND ExecutionStatus != 'Running' AND {closed}"):
        if len(found) < limit:
            listing = client.list_workflows(query, limit=limit - len(found))
            found.extend([(one.id, one.run_id) async for one in listing])
    return found


async def _replayed(
    client: Client, listed: Sequence[tuple[str, str]], verdict: Verdict
) -> AsyncIterator[tuple[WorkflowHistory, Exception | None]]:
    replayer = Replayer(
        workflows=list(WORKFLOWS.values()), data_converter=client.data_converter, workflow_runner=sandbox()
    )
    async with replayer.workflow_replay_iterator(_fetched(client, listed, verdict)) as results:
        async for result in results:
            yield result.history, result.replay_failure


async def _fetched(
    client: Client, listed: Sequence[tuple[str, str]], verdict: Verdict
) -> AsyncIterator[WorkflowHistory]:
    """The histories, a few fetched while another is replayed."""
    ahead: list[asyncio.Task[WorkflowHistory | None]] = []
    waiting = iter(listed)
    try:
        while True:
            while len(ahead) < FETCHED_AHEAD and (one := next(waiting, None)):
                ahead.append(asyncio.create_task(_fetch(client, *one)))
            if not ahead:
                return
            history = await ahead.pop(0)
            if history is None:
                verdict.gone += 1
            elif _has_begun(history):
                yield history
    finally:
        for task in ahead:
            task.cancel()


async def _fetch(client: Client, workflow_id: str, run_id: str) -> WorkflowHistory | None:
    try:
        return await client.get_workflow_handle(workflow_id, run_id=run_id).fetch_history()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise


def _has_begun(history: WorkflowHistory) -> bool:
    """Where no worker has done anything yet, there is nothing to do again."""
    return any(event.HasField("workflow_task_completed_event_attributes") for event in history.events)


# --- telling ---------------------------------------------------------------------------------------------------------


def _bar() -> Progress:
    console = Console(stderr=False)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _tell(verdict: Verdict, workflow_type: str) -> None:
    if verdict.gone:
        print(f"{verdict.gone} passed over: deleted since they were listed, or their customers were erased")
    if not verdict.replayed:
        print("nothing to replay")
        return
    counts = Counter(workflow for workflow, _ in verdict.broken)
    good = verdict.replayed - sum(map(len, verdict.broken.values()))
    print(f"{workflow_type}: {good} of {verdict.replayed} replay on this build ({verdict.events} events)")
    for (workflow, reason), ids in verdict.broken.items():
        print(f"\n{workflow}: {len(ids)} do not; reason {reason}")
        for id in ids[:MOST_NAMED]:
            print(f"  {id}")
        if len(ids) > MOST_NAMED:
            print(f"  … and {len(ids) - MOST_NAMED} more")
    if sum(counts.values()) > 0:
        print("\nkeep one of them as a test: everturn history save ID")

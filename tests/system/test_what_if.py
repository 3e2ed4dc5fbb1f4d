"""A manager tries other words on a conversation that was, and nobody notices."""

import asyncio
import hashlib
import json
import subprocess
from pathlib import Path

import psycopg
import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client
from temporalio.service import RPCError

from flows.wording import PROMPTS
from tests.console.conftest import Browser
from tests.system.conftest import Let
from tests.system.house import EVERTURN, EVERYDAY, House

ID = "conv:chat2desk:default:7701"
BOOKS = (
    "message_logs", "outbox", "orders", "decisions", "dialog_outcomes", "payments", "media", "dead_letters",
    "catalog", "shelves", "sightings", "dialogue_summaries", "credits",
)  # fmt: skip
pytestmark = [pytest.mark.long, pytest.mark.slow, pytest.mark.timeout(150)]


@pytest.fixture
def house(let: Let) -> House:
    """An everyday house."""
    return let(**EVERYDAY)


def fork(house: House, out: Path, *words: str) -> tuple[int, str]:
    """`everturn fork` beside the running house: status, and what it says."""
    command = [EVERTURN, "fork", ID, "--home", str(house.home), "--out", str(out), *words]
    done = subprocess.run(command, capture_output=True, text=True, cwd=house.home.parent, timeout=50)
    return done.returncode, done.stdout + done.stderr


def books(house: House) -> dict[str, str]:
    """A digest of every table that a turn could write to."""
    digests = {}
    with psycopg.connect(house._database_url()) as connection:
        for table in BOOKS:
            rows = connection.execute(f'SELECT t::text FROM "{table}" t ORDER BY 1'.encode()).fetchall()
            digests[table] = hashlib.sha256(repr(rows).encode()).hexdigest()
    return digests


def forget_history(house: House) -> None:
    """Temporal forgets the conversation, as it does when its time is over."""

    async def delete() -> None:
        client = await Client.connect(f"127.0.0.1:{house.temporal_port}")
        request = DeleteWorkflowExecutionRequest(
            namespace="default", workflow_execution=WorkflowExecution(workflow_id=ID)
        )
        await client.workflow_service.delete_workflow_execution(request)
        while await _is_kept(client):
            await asyncio.sleep(0.1)

    asyncio.run(delete())


async def _is_kept(client: Client) -> bool:
    try:
        await client.get_workflow_handle(ID).fetch_history()
    except RPCError:
        return False
    return True


def test_other_words_are_tried_without_a_trace(house: House, tmp_path: Path) -> None:
    """The order is not placed again, nothing is said again, and both versions stand side by side."""
    house.write("7701", "3 бутыли на ул. Ахунбаева 12, кв. 5, 0555 12 34 56")
    told = house.answered("7701", 1)
    house.write("7701", "да")
    told = house.answered("7701", len(told) + 1)
    wording = tmp_path / "other.md"
    wording.write_text((PROMPTS / "water_order.md").read_text("utf-8").replace("доставка питьевой воды", "ВОДА ДОМОЙ"))
    house.until(lambda: _is_quiet(house))
    before, calls = books(house), house.calls("chat2desk")

    status, said = fork(house, tmp_path / "both.json", "--turn", "1", "--prompt", str(wording))
    assert (0, True) == (status, "nothing was sent or written" in said), said
    turns = json.loads((tmp_path / "both.json").read_text("utf-8"))["turns"]
    assert [1, 2] == [one["turn"] for one in turns]
    assert "доставка питьевой воды" in turns[0]["was"]["parts"][0]
    assert "ВОДА ДОМОЙ" in turns[0]["would_be"]["parts"][0]
    assert any("places an order" in effect for effect in turns[1]["would_be"]["effects"])
    assert turns[1]["was"] == turns[1]["would_be"]

    _require_the_page(house, wording.read_text("utf-8"))

    assert 2 == fork(house, tmp_path / "none.json", "--turn", "9")[0]
    assert {} == {table: after for table, after in books(house).items() if before[table] != after}
    assert (calls, told) == (house.calls("chat2desk"), house.phone("7701"))

    forget_history(house)
    assert 0 == fork(house, tmp_path / "books.md", "--turn", "2")[0]
    told_by_books = (tmp_path / "books.md").read_text("utf-8")
    assert "the histories of these turns are not kept any more" in told_by_books
    assert "0 of 1 turns would have been different" in told_by_books


def _is_quiet(house: House) -> bool:
    """Every part has gone, and how the dialog ended is written down."""
    with psycopg.connect(house._database_url()) as connection:
        waiting = connection.execute("SELECT count(*) FROM outbox WHERE state IN ('pending', 'sending')").fetchone()
        ended = connection.execute("SELECT 1 FROM dialog_outcomes WHERE conversation_id = %s", (ID,)).fetchone()
    return waiting == (0,) and ended is not None


def _require_the_page(house: House, wording: str) -> None:
    """The console shows managers the same."""
    manager = Browser(house.url)
    manager.log_in(password=(house.home / "operator-token").read_text().strip())
    page = f"/console/conversations/{ID}"
    assert '/fork">What if' in manager.get(page).text
    assert "From turn" in manager.get(f"{page}/fork?turn=1").text
    shown = manager.post(f"{page}/fork", {"turn": "1", "prompt": wording, "model": ""})
    assert (200, True, True) == (shown.status_code, "ВОДА ДОМОЙ" in shown.text, "The same" in shown.text)
    assert 422 == manager.post(f"{page}/fork", {"turn": "1", "prompt": "hello", "model": ""}).status_code
    assert 422 == manager.post(f"{page}/fork", {"turn": "no", "prompt": "", "model": ""}).status_code
    manager.client.cookies.clear()
    assert 303 == manager.get(f"{page}/fork").status_code
    manager.client.close()

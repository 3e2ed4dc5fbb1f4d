"""Against fakellm, which plays a file of rules and counts the turns of a conversation."""

from collections.abc import AsyncIterator, Iterator

import pytest

from domain.language import Line, ModelAway, ModelReply, Speaker, Stop, ToolResult
from providers.model.patient import PatientModel
from tests.model.asking import A_DRESS, WISH, Clock, anthropic, asks, patient, turn_of
from tests.model.fakes import hear, running, tell

pytestmark = pytest.mark.slow

RULES = """
version: 1
rules:
  - name: slow down
    when: {messages_contain: "too fast"}
    respond: {status: 429, error: "slow down"}
  - name: down
    when: {messages_contain: "broken"}
    respond: {status: 529, error: "down"}
  - name: wrong key
    when: {messages_contain: "whose"}
    respond: {status: 401, error: "who are you"}
  - name: wish
    when: {turn: 1, messages_contain: "сукню", tools_include: note_wish, model_matches: "claude-haiku-*"}
    respond:
      content: "Хвилинку"
      tool_calls: [{name: note_wish, arguments: {garment: dress, size: M}}]
  - name: noted
    when: {turn: 2, tool_result_contains: "noted"}
    respond: {content: "Записала вашу сукню."}
  - name: greeting
    when: {messages_contain: "добрий день"}
    respond: {content: "Вітаю!"}
"""


@pytest.fixture(scope="module")
def fakellm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server, for all tests of this file."""
    folder = tmp_path_factory.mktemp("fakellm")
    (folder / "fakellm.yaml").write_text(RULES)
    with running("fakellm", folder=folder, health="/_fakellm/stats") as url:
        yield url


@pytest.fixture
async def asking(fakellm: str) -> AsyncIterator[PatientModel]:
    """Our client, whose waiting costs no time."""
    tell(f"{fakellm}/_fakellm/reset")
    model = anthropic(fakellm)
    yield patient(model, Clock())
    await model.close()


async def test_a_plain_answer(asking: PatientModel) -> None:
    """A greeting is answered with a greeting."""
    turn = turn_of(asking)
    answer = await turn.ask(asks("Добрий день"))
    assert isinstance(answer, ModelReply)
    assert ("Вітаю!", Stop.END) == (answer.text, answer.stop)
    assert turn.usage.output_tokens > 0


async def test_a_tool_round(asking: PatientModel) -> None:
    """The wish is noted by a tool, and the answer speaks of what the tool said."""
    turn, ask = turn_of(asking), asks("Хочу сукню", tools=(WISH,))
    first = await turn.ask(ask)
    assert isinstance(first, ModelReply)
    assert (Stop.TOOLS, A_DRESS) == (first.stop, first.calls[0].arguments)
    result = Line(by=Speaker.CUSTOMER, results=(ToolResult(call_id=first.calls[0].id, text="noted"),))
    second = await turn.ask(ask.model_copy(update={"lines": (*ask.lines, first.line, result)}))
    assert isinstance(second, ModelReply)
    assert "Записала вашу сукню." == second.text


@pytest.mark.parametrize(
    ("text", "asked", "reason"),
    [("too fast", 4, "slow down"), ("broken", 4, "overloaded"), ("whose", 1, "correct ANTHROPIC_API_KEY")],
)
async def test_its_errors(fakellm: str, asking: PatientModel, text: str, asked: int, reason: str) -> None:
    """Its errors have no type that the real API knows: the status tells what they mean."""
    before = hear(f"{fakellm}/_fakellm/stats")["total_requests"]
    answer = await turn_of(asking).ask(asks(text))
    assert isinstance(answer, ModelAway)
    assert reason in answer.reason
    assert asked == hear(f"{fakellm}/_fakellm/stats")["total_requests"] - before

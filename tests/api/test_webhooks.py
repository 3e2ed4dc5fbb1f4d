"""What a platform hears from us, whatever it posts."""

import json
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
from temporalio.client import Client, WorkflowExecutionStatus

from api.conversations import fairness_of
from domain.identifiers import Address
from platforms.registry import names, platforms
from policies.history import LONG_EVENTS

SECRET = {"X-Webhook-Secret": "many-secret"}
MANYCHAT = "/webhooks/manychat"
CHAT2DESK = "/webhook/chat2desk"


def post(door: httpx.Client, body: object, path: str = MANYCHAT, **headers: str) -> httpx.Response:
    """Post a body, JSON or raw."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return door.post(path, content=content, headers={**SECRET, **headers})


def message(text: str = "Добрий день", contact: str = "", **fields: object) -> dict[str, object]:
    """A message of a customer nobody else has."""
    return {"subscriber_id": contact or uuid4().hex, "text": text, "message_id": uuid4().hex, **fields}


def is_problem(answer: httpx.Response) -> bool:
    """Whether a refusal has the shape we promise."""
    body = answer.json()
    kind = answer.headers["content-type"].split(";")[0]
    return kind == "application/problem+json" and body["status"] == answer.status_code and bool(body["title"])


async def test_a_message_is_taken_and_stands_in_a_conversation(door: httpx.Client, temporal: Client) -> None:
    """A taken message is durable: the conversation it opened holds it."""
    answer = post(door, message(contact="4711"))
    assert (202, {}) == (answer.status_code, answer.json())
    handle = temporal.get_workflow_handle("conv:manychat:default:4711")
    description = await handle.describe()
    found = {pair.key.name: pair.value for pair in description.typed_search_attributes}
    assert {"Platform": "manychat", "Account": "default", "Flow": "water_order"}.items() <= found.items()
    assert {"Phase": "details", "Holder": "assistant"}.items() <= found.items()
    signals = [event async for event in handle.fetch_history_events() if event.HasField(
        "workflow_execution_signaled_event_attributes")]  # fmt: skip
    assert 1 == len(signals)


async def test_further_messages_join_the_same_conversation(door: httpx.Client, temporal: Client) -> None:
    """Three messages of one customer are three signals of one workflow."""
    contact = uuid4().hex
    assert [202] * 3 == [post(door, message(f"{n}", contact)).status_code for n in range(3)]
    handle = temporal.get_workflow_handle(f"conv:manychat:default:{contact}")
    history = await handle.fetch_history()
    assert 3 == sum(event.HasField("workflow_execution_signaled_event_attributes") for event in history.events)


async def test_a_conversation_is_opened_with_short_runs(door: httpx.Client, temporal: Client) -> None:
    """After a worker's death another one has the conversation at hand before the customer notices."""
    contact = uuid4().hex
    post(door, message(contact=contact))
    history = await temporal.get_workflow_handle(f"conv:manychat:default:{contact}").fetch_history()
    (opening,) = history.events[0].workflow_execution_started_event_attributes.input.payloads
    assert LONG_EVENTS == json.loads(opening.data)["long_events"]


async def test_whoever_writes_after_their_conversation_closed_opens_it_again(
    door: httpx.Client, temporal: Client
) -> None:
    """Closed a moment after we last spoke with it: the next message is not lost with it."""
    contact = uuid4().hex
    handle = temporal.get_workflow_handle(f"conv:manychat:default:{contact}")
    assert 202 == post(door, message("раз", contact)).status_code
    closed = (await handle.describe()).run_id
    await handle.terminate()
    assert 202 == post(door, message("два", contact)).status_code
    opened = await handle.describe()
    assert (True, True) == (opened.run_id != closed, opened.status is WorkflowExecutionStatus.RUNNING)


BAD = {
    "not JSON": b"{subscriber_id: 1",
    "empty": b"",
    "a list": b"[]",
    "a string": b'"hi"',
    "null": b"null",
    "a number": b"7",
    "nothing in it": b"{}",
    "no subscriber": b'{"text": "hi"}',
    "wrong types": b'{"subscriber_id": {"a": 1}, "text": ["hi"]}',
    "an unfilled subscriber": b'{"subscriber_id": "{{user_id}}", "text": "hi"}',
    "NaN": b'{"subscriber_id": 1, "text": NaN}',
    "infinity": b'{"subscriber_id": 1e999, "text": "hi"}',
    "invalid UTF-8": b'{"subscriber_id": "1", "text": "\xff\xfe"}',
    "too deep": b'{"subscriber_id": "1", "text": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a huge number": b'{"subscriber_id": ' + b"9" * 10_000 + b', "text": "hi"}',
    "NUL raw": b'{"subscriber_id": "1", "text": "a\x00b"}',
    "form data": b"subscriber_id=1&text=hi",
    "an endless contact": json.dumps({"subscriber_id": "я" * 5_000, "text": "hi"}).encode(),
    "two documents": b'{"subscriber_id": "1", "text": "hi"} {}',
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD.keys())
def test_a_body_that_is_not_this_platforms_is_refused(door: httpx.Client, body: bytes) -> None:
    """Whatever is posted, the answer is a 400 that says why."""
    answer = post(door, body)
    assert 400 == answer.status_code, answer.text
    assert is_problem(answer)
    assert answer.json()["detail"]


ODD = {
    "lone surrogate": rb'{"subscriber_id": "%s", "text": "\ud83d half"}',
    "NUL escaped": rb'{"subscriber_id": "%s", "text": "a\u0000b"}',
    "byte order mark": b'\xef\xbb\xbf{"subscriber_id": "%s", "text": "hi"}',
    "zero width": '{"subscriber_id": "%s", "text": "\u200b\u200d\ufeff"}'.encode(),
    "unfilled text": b'{"subscriber_id": "%s", "text": "{{last_input_text}}"}',
    "nothing said": b'{"subscriber_id": "%s", "text": null}',
    "huge text": b'{"subscriber_id": "%s", "text": "' + b"x" * 1_000_000 + b'"}',
    "odd time": b'{"subscriber_id": "%s", "text": "hi", "timestamp": 1e300}',
    "a number for text": b'{"subscriber_id": "%s", "text": 5}',
    "duplicate keys": b'{"subscriber_id": "%s", "text": "a", "text": "b"}',
    "whole emoji escaped": rb'{"subscriber_id": "%s", "text": "\ud83d\ude00 \\ud83d"}',
}


@pytest.mark.parametrize("body", ODD.values(), ids=ODD.keys())
def test_an_odd_but_usable_body_is_taken(door: httpx.Client, body: bytes) -> None:
    """Odd letters are no reason to drop a customer's message, nor events without one to punish the platform."""
    answer = post(door, body.replace(b"%s", uuid4().hex.encode()))
    assert 202 == answer.status_code, answer.text


@pytest.mark.parametrize("body", [
    {"hook_type": "outbox", "message_id": 1, "type": "to_client", "client_id": 1},
    {"hook_type": "never_seen", "client_id": 1},
])  # fmt: skip
def test_events_that_are_no_messages_are_answered_well(door: httpx.Client, body: object) -> None:
    """Echoes and unknown events are 2xx: most platforms punish a refusal by switching the hook off."""
    answer = post(door, body, CHAT2DESK)
    assert (200, {}) == (answer.status_code, answer.json())


def test_no_proof_is_401_and_a_wrong_one_403(door: httpx.Client) -> None:
    """A stranger is told whether it forgot its secret or has the wrong one."""
    missing = door.post(MANYCHAT, json=message())
    wrong = door.post(MANYCHAT, json=message(), headers={"X-Webhook-Secret": "guessed"})
    assert (401, 403) == (missing.status_code, wrong.status_code)
    assert is_problem(missing)
    assert is_problem(wrong)


def test_proof_comes_before_the_body_is_believed(door: httpx.Client) -> None:
    """Without proof nobody learns whether a body would have been understood."""
    assert 401 == door.post(MANYCHAT, content=b"{").status_code


def test_the_secret_may_stand_in_the_address(door: httpx.Client) -> None:
    """Shops that cannot set headers write it into the address."""
    assert 202 == door.post(f"{MANYCHAT}?secret=many-secret", json=message()).status_code


async def test_a_slash_at_the_end_of_the_address_changes_nothing(door: httpx.Client, temporal: Client) -> None:
    """A shop that pasted the address with a slash at its end is heard as well: senders do not follow redirects."""
    contact = uuid4().hex
    answers = [post(door, message("hi", contact), path) for path in (MANYCHAT, f"{MANYCHAT}/")]
    assert [(202, {})] * 2 == [(answer.status_code, answer.json()) for answer in answers]
    history = await temporal.get_workflow_handle(f"conv:manychat:default:{contact}").fetch_history()
    assert 2 == sum(event.HasField("workflow_execution_signaled_event_attributes") for event in history.events)
    echo = {"hook_type": "outbox", "message_id": 1, "type": "to_client", "client_id": 1}
    assert (200, {}) == ((answer := post(door, echo, f"{CHAT2DESK}/")).status_code, answer.json())
    wrong = {"X-Webhook-Secret": "guessed"}
    assert 403 == post(door, message(), f"{MANYCHAT}/", **wrong).status_code, "the secret is wanted there, too"


def test_a_body_above_4_mib_is_413_by_its_header(door: httpx.Client) -> None:
    """Nothing of it is kept."""
    answer = post(door, b" " * (4 * 1024 * 1024 + 1))
    assert 413 == answer.status_code
    assert is_problem(answer)


def test_a_body_above_4_mib_is_413_while_it_streams(door: httpx.Client) -> None:
    """A sender that does not say how much it sends is stopped when it is too much."""

    def pieces() -> Iterator[bytes]:
        for _ in range(80):
            yield b" " * 65_536

    answer = door.post(MANYCHAT, content=pieces(), headers=SECRET)
    assert 413 == answer.status_code


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_another_method_is_405(door: httpx.Client, method: str) -> None:
    """And says which one is right."""
    answer = door.request(method, MANYCHAT)
    assert (405, "POST") == (answer.status_code, answer.headers["allow"])
    assert is_problem(answer)


def test_an_unknown_path_is_404(door: httpx.Client) -> None:
    """In the same shape as every refusal."""
    answer = door.post("/webhooks/pigeon", json={})
    assert 404 == answer.status_code
    assert is_problem(answer)


def test_a_flood_of_one_sender_is_429_and_others_pass(door: httpx.Client) -> None:
    """Who writes too fast is asked to wait; nobody else notices."""
    contact = uuid4().hex
    statuses = [post(door, message(f"{n}", contact)).status_code for n in range(20)]
    flooded = post(door, message("one more", contact))
    assert ([202] * 20, 429) == (statuses, flooded.status_code)
    assert 0 < int(flooded.headers["retry-after"]) <= 61
    assert is_problem(flooded)
    assert 202 == post(door, message()).status_code


def test_temporal_away_is_503_with_retry_after(lonely: httpx.Client) -> None:
    """What nothing can make durable is not taken: the platform sends it again."""
    answer = lonely.post(MANYCHAT, json=message())
    assert 503 == answer.status_code
    assert int(answer.headers["retry-after"]) > 0
    assert is_problem(answer)


def test_events_need_no_temporal(lonely: httpx.Client) -> None:
    """An event that is no message has nothing to make durable."""
    assert 202 == lonely.post(MANYCHAT, json={"subscriber_id": "1", "text": "{{last_input_text}}"}).status_code


async def test_a_shop_with_a_long_name_is_heard(temporal: Client) -> None:
    """Temporal counts bytes where people count letters."""
    address = Address(platform="chat2desk", account="крамниця-одягу-на-подолі-" * 2, contact=uuid4().hex)
    handle = await temporal.start_workflow(
        "ConversationWorkflow", id=address.conversation_id, task_queue=uuid4().hex, priority=fairness_of(address)
    )
    assert WorkflowExecutionStatus.RUNNING is (await handle.describe()).status
    await handle.terminate()


ODD = ["%00", "a%00b", "%ED%A0%80", "..%2F..", "%20", "x" * 3_000, "%F0%9F%9A%80:1"]


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd[:12])
@pytest.mark.parametrize("name", names())
def test_an_account_that_nobody_could_have_is_not_looked_for(door: httpx.Client, name: str, odd: str) -> None:
    """A stranger without any proof makes no error of ours, however the address is bent."""
    path = platforms(httpx.AsyncClient())[name].webhook_path
    told = [
        ask(where, **more)
        for where in (f"{path}?account={odd}", f"{path}/{odd}")
        for ask, more in ((door.get, {}), (door.post, {"json": {}}))
    ]
    assert {404} == {answer.status_code for answer in told}

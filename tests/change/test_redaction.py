"""A history without its customer is still that history."""

import json

import pytest
from temporalio.client import WorkflowHistory

from commands.history import redact
from commands.redaction import Redaction, content_of, payloads_of
from commands.replay import replay_one
from domain.identifiers import Address
from domain.turn_taking import TurnTaking
from policies import history
from policies.dedupe import digest
from runtime.temporal import data_converter
from tests.workflows.harness import Chat, Shop, text, working
from tests.workflows.servers import time_skipping

WHO = Address(platform="whatsapp", account="380441112233", contact="380671234567")


async def test_a_doubled_message_after_a_long_talk_is_still_a_doubled_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next run remembers digests of what the run before had heard; the stand-ins of both must meet."""
    shop = Shop()
    async with time_skipping() as env, working(env, shop):
        with monkeypatch.context() as patch:  # only the first run is a short one
            patch.setattr(history, "LONG_EVENTS", 30)
            chat = Chat(env, shop, TurnTaking(quiet_period=0.2))
        again = text("мене звати Одарка, +380 67 123-45-67", id="wamid.first")
        await chat.write(again)
        await chat.wait_until(lambda: len(shop.said) == 1, skip=1)
        await chat.write("ще")
        await chat.wait_until(lambda: len(shop.said) == 2, skip=1)
        await chat.write(again, "кінець")
        await chat.wait_until(lambda: len(shop.said) == 3, skip=1)
        fetched = await chat.handle.fetch_history()
    assert fetched.events[0].workflow_execution_started_event_attributes.continued_execution_run_id
    content = json.loads(fetched.to_json())
    redaction, redacted = redact(content, chat.opening.address)
    told = str([content_of(payload) for payload in payloads_of(redacted)])

    replayed = WorkflowHistory.from_json(redaction.address.conversation_id, json.dumps(redacted))
    assert (None, None) == (await replay_one(fetched, data_converter), await replay_one(replayed, data_converter))
    assert [] == [trace for trace in ("Одарка", "123-45-67", "wamid", "кінець") if trace in told]
    payloads = [said for said in map(content_of, payloads_of(redacted)) if isinstance(said, dict)]
    (opened,) = [said for said in payloads if "carried" in said]
    doubled = next(said for said in payloads if "id" in said and "text" in said)
    assert digest(doubled["id"]) in opened["carried"]["seen"]
    assert "кінець" == shop.said[-1]


def test_equal_stays_equal_and_different_different() -> None:
    """Even of one letter, where all letters of its kind are taken."""
    redaction = Redaction(WHO, b"chance")
    originals = [f"{number}" for number in range(60)] + ["Ніч", "ніч", "M", "🙂", "a@b.ua"]
    stand_ins = [redaction.text(one) for one in originals]
    assert len(originals) == len(set(stand_ins))
    assert stand_ins == [redaction.text(one) for one in originals]
    assert ["", "default"] == [redaction.text(""), redaction.text("default")]


def test_what_a_shape_is() -> None:
    """A phone stays a phone to read, a name a name; who it was cannot be seen, nor whose account."""
    redaction = Redaction(WHO, b"chance")
    phone, name = redaction.text("+380 (67) 123-45-67"), redaction.text("Одарка Півторак")
    assert "+000 (00) 000-00-00" == "".join("0" if letter.isdigit() else letter for letter in phone)
    assert (True, True, " ") == (name[0].isupper(), name[7].isupper(), name[6])
    assert "whatsapp" == redaction.address.platform
    assert {WHO.account, WHO.contact} & {redaction.address.account, redaction.address.contact} == set()
    key = redaction.value(f"{WHO.conversation_id}/88c6057f/2/0", "key")
    assert f"{redaction.address.conversation_id}/88c6057f/2/0" == key


@pytest.mark.parametrize("field", ["text", "phone", "delivery_address", "contact", "url", "summary", "reason", "route"])
def test_nothing_of_a_customer_is_left_in_any_field(field: str) -> None:
    """Known or not: only the house's own words stay."""
    told = {field: "Саксаганського 12", "dialog_state": {"phase": "Одарка", "kind": "Одарка", "any": ["Одарка"]}}
    redacted = str(Redaction(WHO, b"chance").value(told))
    assert [] == [trace for trace in ("Саксаган", "Одарка") if trace in redacted]

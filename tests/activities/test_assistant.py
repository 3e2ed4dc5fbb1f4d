"""The assistant with everything real around it: documents imported into PostgreSQL, and a model on a socket."""

import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from domain.decisions import Decision, PlaceOrder
from flows.assistant.sentences import Words
from providers.imports.documents import found_in, read_document
from providers.model.script import Scripted
from providers.model.simulated import SimulatedModel
from providers.records.knowledge_shelf import put
from providers.records.shelves import Kind, Shelf
from tests.activities.thinking import Mind, message
from tests.media.serving import serving
from tests.model.asking import anthropic, patient

DELIVERY = """# Доставка й оплата

## Ціна доставки

Доставка по місту коштує 80 грн. Від 1 500 грн вона безкоштовна.

## Оплата

Приймаємо картки та готівку.
"""
HOURS = """# Графік роботи

Працюємо щодня з 09:00 до 20:00, без вихідних.
"""


def answers(text: str, *sources: int, kind: str = "answered") -> dict[str, Any]:
    """What the model calls."""
    return {"answer": {"kind": kind, "text": text, "sources": list(sources)}}


@pytest.fixture
def model() -> SimulatedModel:
    """The vendor's side."""
    return SimulatedModel()


@pytest.fixture
async def shop(mind: Mind, model: SimulatedModel, tmp_path: Path) -> AsyncIterator[Mind]:
    """A shop whose documents are imported and whose model plays a script."""
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "delivery.md").write_text(DELIVERY, "utf-8")
    (folder / "hours.md").write_text(HOURS, "utf-8")
    read = [read_document(name, file) for name, file in found_in([folder]).items()]
    await put(mind.pool, Shelf(kind=Kind.KNOWLEDGE, platform="whatsapp", account="main"), read, prune=True)
    async with mind.pool.connection() as connection:
        await connection.execute("TRUNCATE decisions")
    async with serving(model.app) as url:
        opened = anthropic(url)
        sources = dataclasses.replace(mind.dialog._sources, model=patient(opened))
        mind.dialog._sources = sources  # the mind thinks without a model otherwise
        yield mind
        await opened.close()


def said(decision: Decision) -> str:
    """The reply."""
    return "\n".join(part.text for part in decision.parts)


async def ask(shop: Mind, *texts: str, **more: Any) -> Decision:
    """Take one turn with the assistant."""
    return await shop.take("whatsapp", *(message(text) for text in texts), flow="assistant", **more)


async def test_an_answer_comes_from_the_shops_own_documents(shop: Mind, model: SimulatedModel) -> None:
    """The right passage is found, the model says it, and its source stands in the books for the operator."""
    model.play(Scripted(when="passage number=.1.*80 грн", calls=answers("Доставка по місту — 80 грн.", 1)))
    decision = await ask(shop, "скільки коштує доставка?")
    (row,) = await shop.rows("SELECT * FROM decisions")

    assert "80 грн" in said(decision)
    assert "delivery.md" not in said(decision)
    assert (["delivery.md › Ціна доставки"], False, "") == (
        row["sources"], row["unanswered"], row["degraded"],
    )  # fmt: skip
    assert row["input_tokens"] > 0


async def test_what_is_not_in_the_documents_is_not_known(shop: Mind, model: SimulatedModel) -> None:
    """A model that invents is not believed; the shop finds the question among those without an answer."""
    model.play(Scripted(calls=answers("Так, парковка на 20 місць у дворі!", 1)))
    decision = await ask(shop, "чи є у вас доставка з парковкою?")
    (row,) = await shop.rows("SELECT sources, unanswered FROM decisions")

    assert Words("uk").say("unknown") in said(decision)
    assert {"sources": [], "unanswered": True} == row


async def test_while_the_model_is_away_the_documents_speak(shop: Mind, model: SimulatedModel) -> None:
    """The passage is quoted, the decision says why, and its source is written down all the same."""
    model.play(Scripted(error=401))
    decision = await ask(shop, "скільки коштує доставка?")
    (row,) = await shop.rows("SELECT sources, degraded FROM decisions")

    assert "Доставка по місту коштує 80 грн." in said(decision)
    assert row["degraded"]
    assert ["delivery.md › Ціна доставки"] == row["sources"]


async def test_a_booking_needs_no_model(shop: Mind, model: SimulatedModel) -> None:
    """From a wish to a booking, through the state that travels in the conversation."""
    first = await ask(shop, "Хочу записатись на манікюр завтра о 15", "мене звати Олена Коваль, 0671234567")
    second = await ask(shop, "так", turn=2, state=first.state)
    (effect,) = second.effects

    assert isinstance(effect, PlaceOrder)
    assert ("booking", "Олена Коваль", "+380671234567") == (
        effect.draft.kind, effect.draft.client_name, effect.draft.client_phone,
    )  # fmt: skip
    assert effect.draft.comment.startswith("манікюр; завтра о 15 [")
    assert [] == model.asked


async def test_what_was_said_before_goes_along(shop: Mind, model: SimulatedModel) -> None:
    """«А в неділю?»: the model sees the question before, and may look it up in better words."""
    model.play(
        Scripted(when="а в неділю", calls=answers("графік роботи у вихідні", kind="look_up"), times=1),
        Scripted(when="з 09:00 до 20:00", calls=answers("У неділю теж: з 09:00 до 20:00.", 1)),
        Scripted(calls=answers("Доставка по місту — 80 грн.", 1)),
    )
    first = await ask(shop, "скільки коштує доставка?")
    second = await ask(shop, "а в неділю?", turn=2, state=first.state)

    assert "09:00" in said(second)
    assert any("скільки коштує доставка" in str(asked.body["messages"][0]) for asked in model.asked[1:])

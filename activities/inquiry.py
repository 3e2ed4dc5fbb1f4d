"""Answers what a flow's step asks for: goods, documents, the past, files, and the model within its bounds."""

import asyncio
import hashlib
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self, assert_never

import structlog

from activities.gallery import Gallery
from contracts.dialog import TakeTurn
from domain.catalog import FindProducts, ReadItems, ReadProduct
from domain.decisions import FlowDecision
from domain.dialogue import Dialogue, ReadDialogue, SaidBefore
from domain.documents import ReadDocument
from domain.failures import EverturnError
from domain.knowledge import FindPassages
from domain.language import AskModel, Eyes, Line, ModelAway, ModelReply, Speaker
from domain.plans import Usage
from flows.base import Asking, Chosen, Need
from flows.prompting import load_prompt
from providers.media.texts import text_of
from providers.model.base import Picture
from providers.model.patient import PatientModel
from providers.records.catalog import Catalog
from providers.records.dialogues import Dialogues, Past
from providers.records.disclosures import Disclosures
from providers.records.knowledge import Knowledge
from providers.records.pool import Pool
from providers.records.sightings import Sightings
from providers.records.turns import TurnRecord, TurnRecords
from providers.search.embedding import Embedder
from runtime.accounts import Account

WORTH_A_SUMMARY = 20
"""Messages neither told nor summarised, from which they are."""
SUMMARY_TOKENS = 300

log = structlog.get_logger()


@dataclass(frozen=True)
class Sources:
    """Whom a step's questions go to."""

    model: PatientModel
    catalog: Catalog
    knowledge: Knowledge
    dialogues: Dialogues
    sightings: Sightings
    gallery: Gallery
    records: TurnRecords
    disclosures: Disclosures

    @classmethod
    def of(cls, model: PatientModel, pool: Pool, gallery: Gallery, embedder: Embedder | None = None) -> Self:
        """A model, PostgreSQL, the media that were kept, and who finds documents by their meaning, if anybody."""
        return cls(
            model,
            Catalog(pool),
            Knowledge(pool, embedder),
            Dialogues(pool),
            Sightings(pool),
            gallery,
            TurnRecords(pool),
            Disclosures(pool),
        )


class Inquiry:
    """One turn's questions, and what they took."""

    def __init__(self, sources: Sources, account: Account, turn: TakeTurn) -> None:
        self._sources = sources
        self._account = account
        self._turn = turn
        self._model = sources.model.turn(account.platform, account.account, turn.flow)
        self._prompts: list[str] = []

    @property
    def usage(self) -> Usage:
        """The tokens the model used."""
        return self._model.usage

    async def carried(self, step: Chosen[Any] | Asking[Any]) -> Chosen[Any]:
        """Carry a step to its end, answering all it asks."""
        if not isinstance(step, Generator):
            return step
        answer: Any = None
        while True:
            try:
                need = step.send(answer)
            except StopIteration as end:
                chosen: Chosen[Any] = end.value
                return chosen
            answer = await self._answer(need)

    async def _answer(self, need: Need) -> Any:
        sources, platform, account = self._sources, self._account.platform, self._account.account
        match need:
            case AskModel():
                return await self._ask(need)
            case FindProducts():
                return await sources.catalog.find(platform, account, need)
            case ReadItems():
                return await sources.catalog.read(platform, account, need)
            case ReadProduct():
                return await sources.catalog.product(platform, account, need)
            case FindPassages():
                return await sources.knowledge.find(platform, account, need)
            case ReadDialogue():
                return await self._past(need)
            case ReadDocument():
                return await self._text_of(need)
            case never:
                assert_never(never)

    # --- the model ---------------------------------------------------------------------------------------------

    async def _ask(self, ask: AskModel) -> ModelReply | ModelAway:
        """The model's answer. What it saw in the same picture a moment ago it is not asked again."""
        if ask.prompt and ask.prompt not in self._prompts:
            self._prompts.append(ask.prompt)
        if ask.eyes is not Eyes.VISION:
            return await self._model.ask(ask)
        return await self._look(ask, await self._pictures(ask))

    async def _look(self, ask: AskModel, pictures: Mapping[str, Picture]) -> ModelReply | ModelAway:
        if len(pictures) < len({id for line in ask.lines for id in line.media_ids}):
            return ModelAway(reason="a picture is not kept any more")
        key = _key_of(self._turn.conversation, ask, pictures)
        if (known := await self._sources.sightings.find(key)) is not None:
            return ModelReply.model_validate(known)
        reply = await self._model.ask(ask, pictures)
        if isinstance(reply, ModelReply) and reply.calls:
            await self._sources.sightings.keep(key, reply.model_dump(mode="json", exclude={"usage"}))
        return reply

    async def _pictures(self, ask: AskModel) -> dict[str, Picture]:
        ids = list(dict.fromkeys(id for line in ask.lines for id in line.media_ids))
        contents = await asyncio.gather(*map(self._sources.gallery.content, ids))
        kept = {id: content for id, content in zip(ids, contents, strict=True) if content}
        return {id: Picture(mime="image/jpeg", content=content) for id, content in kept.items()}

    # --- the past ----------------------------------------------------------------------------------------------

    async def _past(self, wanted: ReadDialogue) -> Dialogue:
        turn = self._turn
        past = await self._sources.dialogues.before(turn.conversation, turn.turn, wanted)
        if len(past.older) < WORTH_A_SUMMARY:
            return past.dialogue
        summary = await self._summarised(past)
        if not summary:
            return past.dialogue
        await self._sources.dialogues.keep_summary(turn.conversation, past.older_until, summary)
        return past.dialogue.model_copy(update={"summary": summary})

    async def _summarised(self, past: Past) -> str:
        prompt = load_prompt("dialogue_summary")
        before = (SaidBefore(by="assistant", text=f"(earlier still) {past.dialogue.summary}"),)
        said = (*(before if past.dialogue.summary else ()), *past.older)
        ask = AskModel(
            prompt=prompt.digest,
            system=(prompt.tell(),),
            lines=(Line(by=Speaker.CUSTOMER, text="\n".join(f"{one.by}: {one.text}" for one in said)),),
            most_tokens=SUMMARY_TOKENS,
        )
        reply = await self._model.ask(ask)
        return reply.text if isinstance(reply, ModelReply) else ""

    async def _text_of(self, wanted: ReadDocument) -> str:
        content = await self._sources.gallery.content(wanted.media_id)
        if content is None:
            return ""
        return (await asyncio.to_thread(text_of, content))[: wanted.most_letters]

    # --- the record --------------------------------------------------------------------------------------------

    async def write_down(self, key: str, chosen: FlowDecision, at: datetime) -> None:
        """What the decision took, where anybody was asked; whoever waits is answered even if this fails."""
        if not (self._model.asked or chosen.sources or chosen.unanswered):
            return
        record = TurnRecord(
            key=key,
            conversation_id=self._turn.conversation,
            turn=self._turn.turn,
            dialog=str(self._turn.dialog),
            flow=self._turn.flow,
            prompt_hash="+".join(self._prompts)[:200],
            model=self._model.model,
            input_tokens=self.usage.input_tokens,
            output_tokens=self.usage.output_tokens,
            cached_tokens=self.usage.cached_tokens,
            cost=self._model.cost,
            tool_rounds=self._model.tool_rounds,
            degraded=chosen.degraded or self._model.degraded,
            sources=chosen.sources,
            unanswered=chosen.unanswered,
            ms=self._model.ms,
            at=at,
        )
        try:
            await self._sources.records.write(record)
        except EverturnError as error:
            log.warning("decision_not_recorded", conversation=self._turn.conversation, reason=str(error)[:200])


def _key_of(conversation: str, ask: AskModel, pictures: Mapping[str, Picture]) -> str:
    """The same question about the same pictures in the same conversation, whatever words came with them."""
    digest = hashlib.sha256(f"{conversation}\0{ask.prompt}\0{ask.must_call}".encode())
    for picture in pictures.values():
        digest.update(hashlib.sha256(picture.content).digest())
    return digest.hexdigest()

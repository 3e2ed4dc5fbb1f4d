"""Takes turns of a conversation again, as `Dialog.decide` does, with every hand tied: nothing is sent or written."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from activities.errands import seen_of
from activities.gallery import Gallery
from activities.inquiry import Inquiry, Sources
from activities.past import PastTurn
from domain.decisions import (
    ORDER_NUMBER,
    AskAttention,
    AskPaymentDecision,
    Effect,
    FlowDecision,
    HandOff,
    Outcome,
    PlaceOrder,
)
from domain.dialogue import Dialogue, ReadDialogue, SaidBefore
from domain.media import MediaProblem, SeenMedia
from domain.messages import InboundMessage
from domain.shop import Shop
from domain.what_if import NUMBER, Answer, TurnAgain
from flows import common
from flows.base import Flow, Senses, Turn
from platforms.base import Platform
from platforms.text import fit
from providers.media.store import MediaStore
from providers.model.patient import ModelTurn, PatientModel, Whose
from providers.records.dialogues import Dialogues, Past
from providers.records.media import MediaRecords
from providers.records.pool import Pool
from providers.records.sightings import Sightings
from providers.records.turns import TurnRecord, TurnRecords
from runtime.accounts import Account

NOBODYS_ORDER = "0"
"""The number of an order that was not placed."""


class QuietModel(PatientModel):
    """The model, asked on nobody's behalf: it tells no health page, and its figures stand apart."""

    taken: list[ModelTurn]

    @classmethod
    def of(cls, model: PatientModel) -> "QuietModel":
        """The same model."""
        quiet = cls(model.model, model.names, model.settings)
        quiet.taken = []
        return quiet

    def turn(self, platform: str, account: str, flow: str) -> ModelTurn:
        """Begin a turn."""
        turn = ModelTurn(self, Whose(platform="what-if", account="", flow=flow))
        self.taken.append(turn)
        return turn

    @property
    def cost(self) -> int:
        """Millionths of a dollar, until now."""
        return sum(turn.cost for turn in self.taken)

    @property
    def degraded(self) -> str:
        """Why the latest turn had to do without the model; empty: it had not."""
        return self.taken[-1].degraded if self.taken else ""


class ToldBefore(Dialogues):
    """The past as it was until the first turn, and from there on as it would have been."""

    def __init__(self, lines: list[SaidBefore]) -> None:
        self._lines = lines

    def add(self, *lines: SaidBefore) -> None:
        """Something more was said."""
        self._lines += lines

    async def before(self, conversation_id: str, turn: int, wanted: ReadDialogue) -> Past:
        """The latest of it."""
        told: list[SaidBefore] = []
        letters = 0
        for line in reversed(self._lines[-wanted.most :]):
            letters += len(line.text)
            if told and letters > wanted.most_letters:
                break
            told.insert(0, line)
        return Past(dialogue=Dialogue(lines=tuple(told)))


class Album(Gallery):
    """Media that were kept then; nothing is fetched."""

    def __init__(self, store: MediaStore, records: MediaRecords) -> None:
        self._store = store
        self._records = records

    async def seen(self, turn: PastTurn, message: InboundMessage) -> tuple[SeenMedia, ...]:
        """What the media of a message were."""
        if not message.media:
            return ()
        rows = await self._records.of_message(turn.asked.address, message.key)
        return tuple(
            seen_of(rows[place])
            if place in rows
            else SeenMedia(kind=media.kind or message.kind, problem=MediaProblem.GONE)
            for place, media in enumerate(message.media)
        )


class _NoSightings(Sightings):
    async def keep(self, key: str, reply: Mapping[str, Any]) -> None:
        return


class _NoRecords(TurnRecords):
    async def write(self, record: TurnRecord) -> None:
        return


def tied(sources: Sources, pool: Pool, past: ToldBefore, album: Album) -> Sources:
    """The same sources; what would write, writes nothing."""
    return replace(
        sources,
        dialogues=past,
        gallery=album,
        sightings=_NoSightings(pool),
        records=_NoRecords(pool),
    )


class Rehearsal:
    """One conversation, taken again from a turn on."""

    def __init__(
        self, sources: Sources, model: QuietModel, past: ToldBefore, album: Album, account: Account, flow: Flow[Any]
    ) -> None:
        self._sources = sources
        self._model = model
        self._past = past
        self._album = album
        self._account = account
        self._flow = flow
        self._state: dict[str, Any] | None = None
        self._order = ""

    def begin_at(self, turn: PastTurn) -> None:
        """Stand where the conversation stood when this turn began."""
        self._state, self._order = turn.asked.state, turn.asked.order

    def start_over(self) -> None:
        """The dialog ended by silence, whatever had been said in it."""
        self._state = None

    @property
    def is_open(self) -> bool:
        """Whether a dialog is open, so that there is somebody to tell news."""
        return self._state is not None

    async def take(self, turn: PastTurn, platform: Platform) -> TurnAgain:
        """Take a turn again, and lay both beside one another."""
        messages, senses = await self._heard(turn)
        try:
            chosen = await self._step(turn, messages, senses)
        except Exception as error:  # a prompt may be as wrong as it likes: that is what is tried out here
            would_be = Answer(problem=f"the turn fails: {type(error).__name__}: {error}"[:300])
            return TurnAgain(turn=turn.asked.turn, heard=_words_of(turn, messages), was=_was(turn), would_be=would_be)
        answer = self._answer(turn, chosen, platform)
        self._past.add(*(SaidBefore(by="customer", text=one.text) for one in messages if one.text))
        self._past.add(*(SaidBefore(by="assistant", text=part) for part in answer.parts))
        return TurnAgain(turn=turn.asked.turn, heard=_words_of(turn, messages), was=_was(turn), would_be=answer)

    async def _heard(self, turn: PastTurn) -> tuple[tuple[InboundMessage, ...], Senses]:
        seen = [await self._album.seen(turn, message) for message in turn.asked.messages]
        media = tuple(one for of_message in seen for one in of_message)
        messages = tuple(map(_with_speech, turn.asked.messages, seen))
        remarks = common.remarks(turn.asked.messages, media, self._account.language or self._flow.language)
        return messages, Senses(media=media, remarks=remarks)

    async def _step(self, turn: PastTurn, messages: tuple[InboundMessage, ...], senses: Senses) -> FlowDecision:
        flow, account = self._flow, self._account
        heard = Turn(
            messages=messages,
            now=turn.at,
            customer_name=next((one.name for one in reversed(messages) if one.name), ""),
            dialog=turn.asked.dialog,
            news=turn.asked.news,
            shop=Shop.of(account.name, account.language, account.options),
            order=self._order,
            meanwhile=turn.asked.meanwhile,
        )
        state = flow.opening_state() if self._state is None else flow.state_model.model_validate(self._state)
        inquiry = Inquiry(self._sources, account, turn.asked)
        state, chosen = await inquiry.carried(flow.step(state, heard, senses))
        goes_on = chosen.outcome in (None, Outcome.RESTARTED)
        self._state = state.model_dump(mode="json", exclude_defaults=True) if goes_on else None
        if any(isinstance(effect, PlaceOrder) for effect in chosen.effects):
            self._order = turn.asked.order or NOBODYS_ORDER
        return common.with_remarks(chosen, senses.remarks)

    def _answer(self, turn: PastTurn, chosen: FlowDecision, platform: Platform) -> Answer:
        route = turn.asked.messages[-1].route if turn.asked.messages else turn.asked.route
        parts = [part.text for message in chosen.say for part in fit(message, platform.abilities(route))]
        return Answer(
            parts=tuple(text.replace(ORDER_NUMBER, NUMBER) for text in parts),
            effects=tuple(map(in_words, chosen.effects)),
            phase=chosen.phase,
            problem=chosen.degraded or self._model.degraded,
        )


def in_words(effect: Effect) -> str:
    """What an effect does, in a few words."""
    match effect:
        case PlaceOrder(draft=draft):
            total = "" if draft.total is None else f", {draft.total:f} {draft.currency}".rstrip()
            return f"places an order{total}"
        case HandOff(reason=reason):
            return f"hands off: {reason}"
        case AskPaymentDecision(expected=expected, currency=currency):
            return "asks whether a payment is good" + (f": {expected:f} {currency}" if expected is not None else "")
        case AskAttention(reason=reason):
            return f"asks for attention: {reason}"


def _was(turn: PastTurn) -> Answer:
    if turn.decision is None:
        return Answer(problem="the turn failed, or was not finished")
    decision = turn.decision
    return Answer(
        parts=tuple(part.text.replace(ORDER_NUMBER, NUMBER) for part in decision.parts),
        effects=tuple(map(in_words, decision.effects)),
        is_whole=turn.is_whole,
        phase=decision.phase,
    )


def _words_of(turn: PastTurn, messages: tuple[InboundMessage, ...]) -> tuple[str, ...]:
    if turn.asked.news is not None:
        return (f"({turn.asked.news.kind})",)
    return tuple(one.text or f"({one.kind})" for one in messages)


def _with_speech(message: InboundMessage, seen: tuple[SeenMedia, ...]) -> InboundMessage:
    said = "\n".join(filter(None, [message.text, *(one.text for one in seen)]))
    return message if said == message.text else message.model_copy(update={"text": said})

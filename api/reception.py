"""Makes what was heard durable: in its conversation, or, while Temporal is away or slow, in the inbox."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import structlog
from pydantic import BaseModel

from api.hedge import Hedge
from api.problems import Problem
from contracts.conversation import Heard, Resend
from domain.failures import Unavailable
from domain.identifiers import Address
from domain.messages import Echo, InboundMessage, ReceiptSeen, Unsent
from providers.records import letters
from providers.records.inbox import Held, Inbox, Kept, Taken
from runtime import metrics
from runtime.in_time import in_time

TEMPORAL_WITHIN = 3.0
"""Seconds Temporal has to take a message before it is given up, and the inbox has it."""
INBOX_WITHIN = 3.0
AT_ONCE = 50
"""Conversations that one round of handing over serves."""
ROUND_SECONDS = 5.0
"""After so long a round writes down what it has done; with a Temporal that answers it takes a fraction of that."""
PAUSE = 0.5
"""Seconds between two looks into the inbox. Other processes may have put something there."""

RECEIVE = "receive"

KINDS: dict[str, type[BaseModel]] = {
    "message": InboundMessage,
    "receipt": ReceiptSeen,
    "echo": Echo,
    "unsent": Unsent,
    letters.RETRIED: Resend,
    letters.DROPPED: Resend,
}
OWN_SIGNALS = frozenset({letters.RETRIED, letters.DROPPED})
"""Kinds that a conversation hears as signals of their own name; the others it receives."""

log = structlog.get_logger(__name__)


class Conversation(Protocol):
    """What is needed of the conversations."""

    async def tell(self, address: Address, signal: str, argument: Any, *, within: float) -> None:
        """Signal a conversation, opening it first if need be."""
        ...

    async def mention(self, address: Address, signal: str, argument: Any, *, within: float) -> bool:
        """Signal a conversation if it is open."""
        ...


class Reception:
    """One process's desk: everything heard goes through it."""

    def __init__(
        self,
        conversations: Conversation,
        inbox: Inbox,
        hedge: Hedge | None = None,
        accepted: Callable[[Address, str], None] | None = None,
    ) -> None:
        self._conversations = conversations
        self._inbox = inbox
        self._hedge = hedge
        """None: whoever tells waits for Temporal, however slow it is."""
        self._accepted = accepted
        """Hears of every message that is durable, by its id."""
        self._failing = False
        self._away = False
        """Temporal did not answer, or something still waits in the inbox: whatever comes now queues behind it."""

    async def take(self, address: Address, heard: Heard, *, opens: bool = True) -> None:
        """Make it durable; `opens`: a conversation is opened for it.

        Raises:
            Problem: 404, nobody has this account.
            Unavailable: Temporal is away, and PostgreSQL too.
        """
        if self._away:
            await self._queue(address, heard, opens=opens)
        elif self._hedge:
            await self._hedged(self._hedge, address, heard, opens=opens)
        elif not await self._is_taken(address, heard, opens=opens):
            await self._keep(address, heard, opens=opens)
        self.note(address, heard)

    async def _hedged(self, hedge: Hedge, address: Address, heard: Heard, *, opens: bool) -> None:
        """Tell Temporal; while it is slow PostgreSQL is told, too, and the first that has it makes it durable."""
        telling = asyncio.create_task(self._is_told(hedge, address, heard, opens=opens))
        await asyncio.wait({telling}, timeout=hedge.patience)
        if not telling.done() and await hedge.holds(_held(address, heard, opens=opens), telling):
            return
        if not await telling:
            await self._keep(address, heard, opens=opens)

    async def _is_told(self, hedge: Hedge, address: Address, heard: Heard, *, opens: bool) -> bool:
        """Whether Temporal took it, behind what the same conversation is still being told."""
        if not await hedge.told(address.conversation_id):
            return False
        return not self._away and await self._is_taken(address, heard, opens=opens)

    async def _queue(self, address: Address, heard: Heard, *, opens: bool) -> None:
        """Behind what waits in the inbox. While PostgreSQL is away, Temporal is asked: out of order beats lost."""
        try:
            await self._keep(address, heard, opens=opens)
        except Unavailable:
            if self._hedge:
                await self._hedge.told(address.conversation_id)
            if not await self._is_taken(address, heard, opens=opens):
                raise
            self._away = False  # what waits there is handed over once it can be read

    def note(self, address: Address, heard: Heard) -> None:
        """It is durable: if it is a message, it is owed a fate from now on."""
        if self._accepted is not None and isinstance(heard, InboundMessage):
            self._accepted(address, heard.key)

    @property
    def is_away(self) -> bool:
        """Whether whatever comes now queues in the inbox, behind what waits there."""
        return self._away

    async def take_later(self, address: Address, heard: Heard, *, opens: bool = True) -> bool:
        """Make it durable for a sender who has waited long already: by the inbox, which takes milliseconds.

        Whether no message of the same conversation waited there already.

        Raises:
            Problem, Unavailable: as `take`, which is asked where PostgreSQL is away.
        """
        try:
            is_first = await self._keep(address, heard, opens=opens)
        except Unavailable:
            await self.take(address, heard, opens=opens)
            return True
        self._away = True
        self.note(address, heard)
        return is_first

    async def _keep(self, address: Address, heard: Heard, *, opens: bool) -> bool:
        """Put it into the inbox. A server that stands still is waited for no longer than the platform waits for us."""
        try:
            return await in_time(self._inbox.put(_held(address, heard, opens=opens)), INBOX_WITHIN)
        except TimeoutError:  # should it succeed after all, the platform's next delivery is known already
            raise Unavailable("PostgreSQL does not answer") from None

    async def _is_taken(self, address: Address, heard: Heard, *, opens: bool) -> bool:
        """Whether Temporal took it; the first time it does not, everything goes to the inbox."""
        try:
            with self._timed(address):
                await self._hand_over(address, heard, opens=opens)
        except Problem as problem:
            if problem.status == 404:  # nobody has this account
                raise
            if problem.status == 503:
                if not self._away:  # once, however many wait for it at this moment
                    log.error("temporal_away", reason=problem.detail[:200])
                self._away = True
            else:  # this one message is refused: the inbox tries on, and shows it to a person in the end
                log.error("message_refused", conversation=address.conversation_id, reason=problem.detail[:200])
            return False
        return True

    @contextmanager
    def _timed(self, address: Address) -> Iterator[None]:
        """How long Temporal takes for what it takes: absence is not slowness."""
        began = time.perf_counter()
        yield
        took = time.perf_counter() - began
        metrics.checkpointer_latency_ms.labels(address.platform, address.account).observe(took * 1000)
        if self._hedge:
            self._hedge.note(took)

    async def _hand_over(self, address: Address, heard: BaseModel, *, opens: bool, signal: str = RECEIVE) -> None:
        say = self._conversations.tell if opens else self._conversations.mention
        await say(address, signal, heard, within=TEMPORAL_WITHIN)

    async def keep_handing_over(self) -> None:
        """Hand the inbox over whenever something is in it; runs until cancelled."""
        while True:
            try:
                await self._empty_inbox()
            except Unavailable as error:
                log.debug("inbox_not_seen", reason=str(error))
            except Exception:
                log.exception("inbox_not_handed_over")
            await asyncio.sleep(PAUSE)

    async def _empty_inbox(self) -> None:
        """Until nothing is left that can be handed over now."""
        while waiting := await self._inbox.due():
            self._away = True
            taking = self._inbox.take(1, 1) if self._failing else self._inbox.take(AT_ONCE)
            async with taking as taken:
                until = time.monotonic() + ROUND_SECONDS
                await asyncio.gather(*(self._try_in_order(rows, taken, until) for rows in taken.by_conversation()))
            self._failing = not taken.done
            if self._failing:
                return
            log.info("inbox_handed_over", messages=len(taken.done), waiting=waiting - len(taken.done))
        if self._away and (self._hedge is None or self._hedge.is_settled):
            self._away = False
            log.info("inbox_empty")

    async def _try_in_order(self, rows: list[Kept], taken: Taken, until: float) -> None:
        """One conversation's rows: what follows one that is not taken waits behind it."""
        for kept in rows:
            await self._try(kept, taken)
            if (kept.id not in taken.done and kept.id not in taken.unreadable) or time.monotonic() > until:
                return

    async def _try(self, kept: Kept, taken: Taken) -> None:
        try:
            heard = KINDS[kept.kind].model_validate(kept.message)
            signal = kept.kind if kept.kind in OWN_SIGNALS else RECEIVE
            await self._hand_over(kept.address, heard, opens=kept.opens, signal=signal)
        except Problem as problem:
            if problem.status != 503:  # not Temporal's fault: try this one again later, it must not hold the others up
                taken.failed[kept.id] = problem.detail
                log.error("inbox_row_refused", conversation=kept.conversation_id, reason=problem.detail[:200])
        except (ValueError, KeyError) as error:
            taken.unreadable[kept.id] = f"unreadable: {type(error).__name__}"
            log.error("inbox_row_unreadable", conversation=kept.conversation_id, error=type(error).__name__)
        except Unavailable:
            raise
        except Exception as error:
            taken.failed[kept.id] = type(error).__name__
            log.exception("inbox_row_failed", conversation=kept.conversation_id)
        else:
            taken.done.append(kept.id)


def _held(address: Address, heard: Heard, *, opens: bool) -> Held:
    return Held(address, _kind_of(heard), _id_of(heard), heard.model_dump_json(), opens)


def _kind_of(heard: Heard) -> str:
    return next(name for name, kind in KINDS.items() if isinstance(heard, kind))


def _id_of(heard: Heard) -> str:
    if isinstance(heard, ReceiptSeen):  # a part is accepted first, and may fail later
        return f"{heard.message_id}/{heard.state}"
    return heard.key if isinstance(heard, InboundMessage) else heard.message_id

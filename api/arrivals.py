"""What is done with what a platform told us: messages to their conversations, receipts to the books."""

import asyncio
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import assert_never

import structlog

from api.flood import FloodGate
from api.problems import Problem, unavailable
from api.reception import Reception
from contracts.conversation import Heard
from domain.failures import Unavailable
from domain.identifiers import Address, address_of
from domain.messages import Echo, Ignored, Inbound, ReceiptSeen, ReceiptState, Received, Unsent
from providers.media.keeping import Keeping
from providers.records.aliases import Aliases
from providers.records.books import Books
from providers.records.pseudonyms import Pseudonyms
from providers.records.receipts import Receipts
from runtime import metrics
from runtime.accounts import Account
from runtime.in_time import in_time

LARGEST_MESSAGE = 256 * 1024
"""Bytes of one message in a history; a message of text and addresses of pictures never comes near."""
LONGEST_ID = 1000
"""Bytes of a conversation's id that Temporal takes."""
DURABLE_WITHIN = 9.0
"""Seconds a whole webhook has; platforms give up after ten."""
FRESH_ECHO = timedelta(hours=1)
"""What an operator wrote longer ago takes no conversation over: platforms deliver late for up to a week."""
TOLD_WITHIN = 1.5
"""Seconds in which conversations are told of one webhook's events one by one; what is left then goes through the inbox,
in order. Short: the last one told may wait seconds for a Temporal that stands still, and the rest must fit, too."""
AT_ONCE = 32
"""Conversations that one webhook tells side by side."""
LONGEST_REASON = 60
MOST_REASONS = 100
"""Different reasons counted one by one; a stranger must not be able to grow our memory with new ones."""

Told = tuple[Account, Inbound]
Arrived = tuple[Account, Received]

log = structlog.get_logger(__name__)


class Arrivals:
    """Takes what one webhook told; returns only when all of it is durable."""

    def __init__(
        self,
        reception: Reception,
        gate: FloodGate,
        books: Books,
        receipts: Receipts,
        keeping: Keeping,
        aliases: Aliases,
        names: Pseudonyms,
    ) -> None:
        self._reception = reception
        self._gate = gate
        self._books = books
        self._receipts = receipts
        self._keeping = keeping
        self._aliases = aliases
        self._names = names
        self._reasons: set[str] = set()

    async def take(self, told: Iterable[Told]) -> None:
        """Messages first, then what is only about messages.

        Raises:
            Problem: 400 a message is too large; 429 a sender writes too fast; 503 it could not be made durable. What
                others wrote in the same body is durable all the same: its next delivery is dropped as known.
        """
        events = [(account, await self._understood(event)) for account, event in told]
        admitted, refusal = self._admit(events)
        try:
            await in_time(self._make_durable(admitted, events, _late()), DURABLE_WITHIN)
        except TimeoutError:
            raise unavailable("not all of it could be made durable in time; what was, is known next time") from None
        if refusal:
            raise refusal

    async def _make_durable(self, admitted: list[Arrived], events: list[Told], late: float) -> None:
        await self._tell_all(admitted, late)
        await self._note_all(events, late)

    async def take_but_messages(self, told: Iterable[Told]) -> list[Received]:
        """All but the messages, which are given back to whoever waits on the line for their answer.

        Raises:
            Problem: as `take`.
        """
        events = [(account, await self._understood(event)) for account, event in told]
        admitted, refusal = self._admit(events)
        await self._note_all(events, _late())
        if refusal:
            raise refusal
        for account, event in admitted:
            metrics.messages_received.labels(account.platform, account.account, account.flow, event.message.kind).inc()
        return [event for _, event in admitted]

    async def _understood(self, event: Inbound) -> Inbound:
        """What it means here: whose it is, and whether it says anything new.

        Telegram tells of an edit for changes that nobody sees, too (core.telegram.org/bots/api#update,
        `edited_message`): the same words again are no second wish.
        """
        event = await self._at_home(event)
        if not isinstance(event, Received) or not event.message.edits:
            return event
        try:
            is_same = await in_time(self._books.is_as_it_was(event.address, event.message), TOLD_WITHIN)
        except (TimeoutError, Unavailable):
            return event
        return Ignored(reason="edit_without_change") if is_same else event

    async def _at_home(self, event: Inbound) -> Inbound:
        """A customer of several names has one conversation; while the books are away, the name told counts.

        From here on nobody knows the customer but by their pseudonym, where those are used.
        """
        event = await self._masked(event)
        if isinstance(event, ReceiptSeen | Ignored) or not event.names:
            return event
        try:
            home = await self._aliases.home_of(event.address, event.names)
        except Unavailable:
            return event
        return event if home == event.address else event.model_copy(update={"address": home})

    async def _masked(self, event: Inbound) -> Inbound:
        if isinstance(event, Ignored) or len(event.address.conversation_id.encode()) > LONGEST_ID:
            return event
        if isinstance(event, ReceiptSeen):  # it opens no conversation
            home = await self._names.masked(event.address)
            return event if home is event.address else event.model_copy(update={"address": home})
        home = await self._names.arrived(event.address)
        if home is event.address:
            return event
        names = await self._names.names(event.address, event.names)
        return event.model_copy(update={"address": home, "names": names})

    def _admit(self, events: list[Told]) -> tuple[list[Arrived], Problem | None]:
        """The messages that may pass, conversation by conversation, and why the others may not."""
        admitted: list[Arrived] = []
        refusal: Problem | None = None
        arrived = [(account, event) for account, event in events if isinstance(event, Received)]
        for _, group in groupby(sorted(arrived, key=_conversation), _conversation):
            first: dict[str, Arrived] = {}
            for one in group:  # the same message twice in one body is one, where it stood first
                first.setdefault(one[1].message.id, one)
            together = list(first.values())
            if problem := self._oversized(together) or self._flood(together):
                refusal = problem
            else:
                admitted += together
        return admitted, refusal

    async def _note_all(self, events: list[Told], late: float) -> None:
        for account, event in events:
            if not isinstance(event, Received):
                await self._note(account, event, late)

    async def _note(self, account: Account, event: ReceiptSeen | Echo | Unsent | Ignored, late: float) -> None:
        match event:
            case ReceiptSeen():
                await self._note_receipt(account, event, late)
            case Echo():
                await self._note_echo(account, event, late)
            case Unsent():
                await self._forget(account, event, late)
            case Ignored(reason=reason):
                self.count_ignored(account, reason)
            case never:
                assert_never(never)

    # --- messages ----------------------------------------------------------------------------------------------

    def _oversized(self, together: list[Arrived]) -> Problem | None:
        for _, event in together:
            if len(event.address.conversation_id.encode()) > LONGEST_ID:
                return Problem(400, "the contact's id is too long")
            if len(event.message.model_dump_json()) > LARGEST_MESSAGE:
                return Problem(400, "a message in this body is too large")
        return None

    def _flood(self, together: list[Arrived]) -> Problem | None:
        letters = sum(len(event.message.text) for _, event in together)
        wait = self._gate.admit(_conversation(together[0]), time.monotonic(), letters, len(together))
        if not wait:
            return None
        log.warning("flood_refused", platform=together[0][0].platform, messages=len(together))
        return Problem(429, "this sender writes too fast", headers={"Retry-After": str(int(wait) + 1)})

    async def _tell_all(self, arrived: list[Arrived], late: float) -> None:
        """Messages of one conversation go one after the other: their order is the customer's."""
        groups = [list(group) for _, group in groupby(arrived, _conversation)]
        if len(groups) == 1:  # nearly always; a task costs more than it brings
            await self._tell(groups[0], late)
        else:
            await self._tell_side_by_side(groups, late)

    async def _tell_side_by_side(self, groups: list[list[Arrived]], late: float) -> None:
        """All of it, even when one fails: what is durable need not be told again (inbox dedupe drops it)."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def tell(together: list[Arrived]) -> None:
            async with gate:
                await self._tell(together, late)

        results = await asyncio.gather(*map(tell, groups), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _tell(self, together: list[Arrived], late: float) -> None:
        for account, event in together:
            await self._take(event.address, event.message, late)
            metrics.messages_received.labels(account.platform, account.account, account.flow, event.message.kind).inc()

    async def _take(self, address: Address, heard: Heard, late: float, *, opens: bool = True) -> None:
        """Tell its conversation, or, once it is late, leave that to the inbox."""
        take = self._reception.take if time.perf_counter() < late else self._reception.take_later
        await take(address, heard, opens=opens)

    # --- what is about messages --------------------------------------------------------------------------------

    async def _note_receipt(self, account: Account, seen: ReceiptSeen, late: float) -> None:
        """Only a failure reaches the conversation: a part it took for sent has not arrived."""
        self.count_ignored(account, f"receipt:{seen.state}")
        noted = await self._receipts.note(seen)
        if noted.failed:
            log.error("part_failed_later", key=noted.failed, reason=seen.error[:200])
            # By the part's own address: a receipt may name its customer otherwise (a phone instead of an account's id).
            news = seen.model_copy(update={"key": noted.failed})
            await self._take(address_of(noted.failed), news, late, opens=False)
        elif noted.found:
            await self._say_it_arrived(noted.found, seen.message_id, seen.at, late)

    async def _say_it_arrived(self, key: str, message_id: str, at: datetime | None, late: float) -> None:
        log.info("outcome_known_later", key=key)
        to = address_of(key)
        arrived = ReceiptSeen(address=to, message_id=message_id, state=ReceiptState.SENT, at=at, key=key)
        await self._take(to, arrived, late, opens=False)

    async def _note_echo(self, account: Account, echo: Echo, late: float) -> None:
        """What an operator wrote in the platform's own app takes the conversation over."""
        ours, found = await self._receipts.recognise(echo)
        if found:
            await self._say_it_arrived(found, echo.message_id, echo.at, late)
        if ours or echo.by_operator is False:  # ours, whoever the platform says was logged in when we sent it
            self.count_ignored(account, "echo")
            return
        if echo.at is not None and datetime.now(UTC) - echo.at > FRESH_ECHO:
            self.count_ignored(account, "echo:old")  # delivered late: whoever wrote it has long gone
            await self._books.log_echo(echo)
            return
        self.count_ignored(account, "echo:operator")
        await self._books.log_echo(echo)
        await self._take(echo.address, echo, late)

    async def _forget(self, account: Account, unsent: Unsent, late: float) -> None:
        self.count_ignored(account, "unsent")
        await self._books.forget(unsent.address, unsent.message_id)
        await self._keeping.forget(unsent.address, unsent.message_id)
        await self._take(unsent.address, unsent, late)

    def count_ignored(self, account: Account, reason: str) -> None:
        """Count an event that asks for no answer, by its reason."""
        kind = reason[:LONGEST_REASON]
        if kind not in self._reasons:
            if len(self._reasons) >= MOST_REASONS:
                kind = "other"
            self._reasons.add(kind)
            log.info("event_ignored_first_time", platform=account.platform, reason=kind)
        metrics.events_ignored.labels(account.platform, account.account, kind).inc()


def _late() -> float:
    """When the webhook that came just now will be late."""
    return time.perf_counter() + TOLD_WITHIN


def _conversation(arrived: Arrived) -> str:
    return arrived[1].address.conversation_id

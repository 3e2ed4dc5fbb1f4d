"""One attempt at one part, and what each outcome means for it."""

import contextlib
import time
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from temporalio import activity

from contracts.delivery import PartState, SendPart, Sent
from domain.failures import EverturnError, OutcomeUnknown, Rejected, TokenRejected, Transient, Unavailable
from domain.identifiers import Address
from domain.messages import Receipt
from platforms.base import Lookup, LostPart, Platform
from platforms.credentials import credentials_of
from providers.records.accounts import PROBE_SECONDS, Pauses
from providers.records.outbox import Outbox, OutboxRow
from providers.records.pool import stubbornly
from runtime import metrics
from runtime.accounts import Account

log = structlog.get_logger()

MOST_ATTEMPTS = 50
LONGEST_BACKOFF_SECONDS = 600
TWINS_BEFORE = timedelta(minutes=1)
"""Longer than an attempt and the difference of two clocks: what was begun before that is told apart by its time."""
STOOD_STILL_SECONDS = 15.0
"""Between a claim and its send lie milliseconds. Who wakes up after so long may be taken for dead at any moment."""
LOOK_UP_AFTER_SECONDS = 3
"""After an unknown outcome the platform gets this long to finish before it is asked."""
QUICK_ATTEMPTS = 3
"""Attempts that wait no longer than a busy platform asks; one that asks for a second each time is not believed more."""
ASKED_FOR = timedelta(hours=1)
MOST_LOOK_UPS = 6
"""A platform that never says what became of a part is asked so often and so long, whichever is more."""


def backoff(attempts: int, growth: float = 2.0) -> float:
    """Seconds until the next attempt: 1, 2, 4, … up to ten minutes; faster where the platform asks for it."""
    return float(min(growth ** min(attempts - 1, 10), LONGEST_BACKOFF_SECONDS))


def _delay(error: Transient, attempts: int) -> float:
    """As long as the platform asks, or as long as a platform in trouble is left alone, whichever is longer."""
    if error.retry_after is None:
        return backoff(attempts, error.growth)
    return error.retry_after if attempts <= QUICK_ATTEMPTS else max(error.retry_after, backoff(attempts))


class Sending:
    """Makes attempts and settles them in the outbox."""

    def __init__(self, outbox: Outbox, pauses: Pauses) -> None:
        self._outbox = outbox
        self._pauses = pauses
        self._busy: set[str] = set()
        self._delivered: dict[str, Receipt] = {}
        """Parts the platform took while PostgreSQL could not hear of it."""

    def is_busy_with(self, key: str) -> bool:
        """Whether an attempt of this process at this part is under way."""
        return key in self._busy

    async def attempt(
        self,
        order: SendPart,
        row: OutboxRow,
        account: Account,
        platform: Platform,
        *,
        outside_window: bool,
        asked: float,
    ) -> Sent:
        """Send the claimed part once and settle the outcome. `asked`: when it was to be claimed, Unix seconds.

        Raises:
            Transient: it waits in the outbox and will be tried again; `retry_after` says when.
        """
        if (age := time.time() - asked) > STOOD_STILL_SECONDS:
            await self._outbox.take_back(row.key, age)
            raise Transient("this worker stood still; another one may have sent it", retry_after=0.1)
        self._busy.add(row.key)
        try:
            part = row.part.model_copy(update={"outside_window": outside_window})
            receipt = await platform.send(order.to, row.route, part, row.key, credentials_of(account))
            return await self._note_sent(order, row, receipt, account)
        except EverturnError as error:
            return await self._settle(error, order, row, account, platform)
        except Exception as error:
            log.exception("send_broke", key=row.key)
            return await self._bury(order, row, f"unexpected {type(error).__name__}", unknown=True)
        finally:
            self._busy.discard(row.key)

    async def window_is_closed(self, to: Address, route: str, platform: Platform) -> bool:
        """A part may have waited long: whether the session window is still open is asked now, not when it was made.

        Before the part is claimed: should our books go away here, nothing has left yet, and that is known.
        """
        hours = platform.abilities(route).window_hours
        if hours is None:
            return False
        heard = await self._outbox.last_heard(to)
        return heard is not None and datetime.now(UTC) - heard > timedelta(hours=hours)

    async def _note_sent(self, order: SendPart, row: OutboxRow, receipt: Receipt, account: Account) -> Sent:
        """Write the success down, stubbornly: forgetting it would send the part twice or bury it."""
        self._delivered[row.key] = receipt
        failed = await stubbornly(lambda: self._outbox.mark_sent(row.key, receipt.message_id))
        del self._delivered[row.key]
        if failed:  # the platform's word that it did not arrive was faster than its answer to us
            return await self._bury(order, row, failed)
        await self._resume(account)
        return Sent()

    async def _resume(self, account: Account) -> None:
        """The credential works. Books that die right here change nothing about the part, which is sent and noted."""
        with contextlib.suppress(Unavailable):
            if await self._pauses.resume(account.platform, account.account):
                log.warning("account_resumed", platform=account.platform, account=account.account)

    async def _settle(
        self, error: EverturnError, order: SendPart, row: OutboxRow, account: Account, platform: Platform
    ) -> Sent:
        if row.key in self._delivered:  # sent, but PostgreSQL is away: not a failed send
            raise error
        kind = type(error).__name__
        metrics.sends_failed.labels(account.platform, account.account, kind).inc()
        log.warning("send_failed", key=row.key, attempt=row.attempts, kind=kind, reason=str(error)[:200])
        match error:
            case TokenRejected():
                return await self._pause(error, order, row, account)
            case OutcomeUnknown():
                return await self._settle_unknown(error, order, row, platform)
            case Transient():
                return await self._wait(error, order, row)
            case _:
                return await self._bury(order, row, str(error), unknown=not isinstance(error, Rejected))

    async def _pause(self, error: TokenRejected, order: SendPart, row: OutboxRow, account: Account) -> Sent:
        """Nothing of this account goes out until its credential is mended; what waits is kept."""
        reason = str(error)[:200]
        pause = partial(self._pauses.pause, account.platform, account.account, account.access_token, reason)
        if await stubbornly(pause):
            log.critical("account_paused", platform=account.platform, account=account.account, reason=reason)
        if order.interim:
            return await self._bury(order, row, str(error))
        await stubbornly(lambda: self._outbox.mark_waiting(row.key, str(error), PROBE_SECONDS, counted=False))
        raise Transient(str(error), retry_after=PROBE_SECONDS)

    async def _settle_unknown(self, error: OutcomeUnknown, order: SendPart, row: OutboxRow, platform: Platform) -> Sent:
        if order.interim or not platform.abilities(row.route).can_look_up:
            return await self._bury(order, row, str(error), unknown=True)
        raise Transient(str(error), retry_after=LOOK_UP_AFTER_SECONDS)  # the row stays "sending": the next attempt asks

    async def _wait(self, error: Transient, order: SendPart, row: OutboxRow) -> Sent:
        if order.interim or row.attempts >= MOST_ATTEMPTS:
            return await self._bury(order, row, f"after {row.attempts} attempts: {error}")
        delay = _delay(error, row.attempts)
        await stubbornly(lambda: self._outbox.mark_waiting(row.key, str(error), delay, counted=True))
        raise Transient(str(error), retry_after=max(delay, 0.1))

    async def give_up(self, order: SendPart, row: OutboxRow, reason: str) -> Sent:
        """It may have arrived or not; nobody will find out, and a person should see that."""
        return await self._bury(order, row, reason, unknown=True)

    async def _bury(self, order: SendPart, row: OutboxRow, reason: str, *, unknown: bool = False) -> Sent:
        bury = partial(self._outbox.bury, row.key, reason[:500], unknown=unknown, lettered=not order.interim)
        await stubbornly(bury)
        if not order.interim:
            log.error("dead_letter", key=row.key, unknown=unknown, reason=reason[:200])
        return Sent(state=PartState.UNKNOWN if unknown else PartState.DEAD, reason=reason[:200])

    async def find_out(self, order: SendPart, row: OutboxRow, account: Account, platform: Platform) -> Sent:
        """An earlier attempt died or heard no answer: ask the platform what became of the part, never guess.

        Raises:
            Transient: it was not delivered and is tried again, or the platform cannot be asked just now.
        """
        if row.key in self._delivered:
            return await self._note_sent(order, row, self._delivered[row.key], account)
        if order.interim or not platform.abilities(row.route).can_look_up:
            return await self._bury(order, row, "the outcome of an earlier attempt is unknown", unknown=True)
        since = row.attempt_at or datetime.now(UTC)
        twins = await self._outbox.twins(row.key, row.part, since - TWINS_BEFORE)
        lost = LostPart(part=row.part, key=row.key, since=since, twins=twins)
        try:
            found = await platform.look_up(order.to, row.route, lost, credentials_of(account))
        except Transient as error:
            return await self._ask_again(error, order, row, since)
        match found:
            case Lookup.DELIVERED:
                return await self._note_sent(order, row, Receipt(message_id=row.message_id), account)
            case Lookup.NOT_DELIVERED:
                return await self._say_again(order, row)
            case _:
                return await self._bury(order, row, "the platform cannot tell what became of it", unknown=True)

    async def _ask_again(self, error: Transient, order: SendPart, row: OutboxRow, since: datetime) -> Sent:
        """Later, unless it was asked often enough: behind this part the whole conversation waits."""
        if activity.info().attempt >= MOST_LOOK_UPS and datetime.now(UTC) - since > ASKED_FOR:
            return await self.give_up(order, row, f"nobody can tell what became of it: {error}")
        raise Transient(str(error), retry_after=error.retry_after or backoff(activity.info().attempt)) from error

    async def _say_again(self, order: SendPart, row: OutboxRow) -> Sent:
        """It is known not to have arrived: at once the first time, later and later a platform that never takes it."""
        reason = "an earlier attempt was not delivered"
        if row.attempts >= MOST_ATTEMPTS:
            return await self._bury(order, row, f"after {row.attempts} attempts: {reason}")
        delay = 0.1 if row.attempts == 1 else backoff(row.attempts - 1)
        await self._outbox.mark_waiting(row.key, reason, delay, counted=True)
        raise Transient(f"{reason}: trying again", retry_after=delay)

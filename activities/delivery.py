"""Hands parts to platforms: written down before and after, retried by the class of the failure."""

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.beating import beating
from activities.failures import as_application_error
from activities.sending import MOST_LOOK_UPS, Sending
from contracts import delivery as contract
from contracts.delivery import PartState, SendPart, Sent, WithdrawPart
from domain.failures import Transient, Unavailable
from domain.messages import Part
from flows.registry import flow as find_flow
from platforms.base import Platform
from providers.records.accounts import PROBE_SECONDS, Pauses
from providers.records.leases import Lease
from providers.records.outbox import Outbox, OutboxRow
from providers.records.turnstile import Turnstile
from runtime import metrics
from runtime.accounts import Account, Accounts

log = structlog.get_logger()

LONGEST_ATTEMPT_SECONDS = 45
"""No attempt takes longer (connect, write and read time-outs, a look-up): an older one has died, whoever made it."""
LOOK_AGAIN_SECONDS = 2.0
"""How soon it is asked again what became of a part that is taken back: an operator's own words wait behind it."""
BOOKS_AGAIN_SECONDS = 5.0
"""How soon a part looks whether PostgreSQL is back."""


class Delivery(contract.Delivery):
    """Sends a part at most once for every outcome it can know; see `docs/decisions/0002-sends.md`."""

    def __init__(
        self,
        accounts: Accounts,
        platforms: Mapping[str, Platform],
        outbox: Outbox,
        pauses: Pauses,
        turnstile: Turnstile,
        lease: Lease,
    ) -> None:
        self._accounts = accounts
        self._platforms = platforms
        self._outbox = outbox
        self._pauses = pauses
        self._turnstile = turnstile
        self._lease = lease
        self._sending = Sending(outbox, pauses)

    @activity.defn(name="send")
    async def send(self, order: SendPart) -> Sent:
        """Send one part.

        Raises:
            ApplicationError: try again later; it says when.
            CancelledError: called back while nothing was under way.
        """
        async with beating():
            work = asyncio.ensure_future(self._send(order))
            try:
                return await asyncio.shield(work)
            except asyncio.CancelledError:
                # Called back. What is under way is finished first: its outcome must not become unknown.
                try:
                    return await work
                except ApplicationError:
                    raise asyncio.CancelledError from None

    @activity.defn(name="withdraw")
    async def withdraw(self, order: WithdrawPart) -> Sent:
        """Note that a part which waited gets no further attempt.

        Raises:
            ApplicationError: PostgreSQL is away, or its attempt is still under way; try again.
        """
        try:
            return await self._take_back(order.key)
        except Exception as error:
            raise as_application_error(error, activity.info().attempt) from error

    async def _take_back(self, key: str) -> Sent:
        """What waited is dropped; what was under way when its worker died is found out, and not sent again."""
        await self._outbox.withdraw(key, "withdrawn: an operator took over")
        row = await self._outbox.find(key)
        if row is None:
            return Sent(state=PartState.DROPPED)
        if row.state == "pending":  # its attempt ended between those two looks
            raise Transient("the part waits again", retry_after=0.2)
        return await self._look_up(row) if row.state == "sending" else _as_settled(row)

    async def _look_up(self, row: OutboxRow) -> Sent:
        """What became of a part under way: asked a few times, then given up, for nobody will send it again."""
        order = SendPart(key=row.key, route=row.route)
        account = await self._accounts.find(order.to.platform, order.to.account)
        if account is None:
            return await self._sending.give_up(order, row, "taken back; its account is not set up here any more")
        try:
            return await self._after_an_earlier_attempt(order, account)
        except Transient as error:
            if activity.info().attempt < MOST_LOOK_UPS or await self._is_under_way(row) or await self._waits(row.key):
                soon = min(error.retry_after or LOOK_AGAIN_SECONDS, LOOK_AGAIN_SECONDS)
                raise Transient(str(error), retry_after=soon) from error
            reason = f"taken back; nobody can tell what became of it: {error}"
            return await self._sending.give_up(order, row, reason)

    async def _waits(self, key: str) -> bool:
        row = await self._outbox.find(key)
        return row is not None and row.state == "pending"

    async def _send(self, order: SendPart) -> Sent:
        try:
            sent = await self._send_or_find_out(order)
        except Unavailable as error:  # our own books: they are back in seconds, however long the part has waited before
            again = Unavailable(str(error), retry_after=error.retry_after or BOOKS_AGAIN_SECONDS)
            raise as_application_error(again, activity.info().attempt) from error
        except Exception as error:
            raise as_application_error(error, activity.info().attempt) from error
        await self._measure(order, sent)
        return sent

    async def _send_or_find_out(self, order: SendPart) -> Sent:
        account = await self._accounts.find(order.to.platform, order.to.account)
        known = await self._outbox.find(order.key) if order.part is None else None
        part, route = self._words(order, account, known)
        if part is None:
            return Sent(state=PartState.DEAD, reason="there is nothing to send under this key")
        if account is None:
            return await self._nobody_to_send(order, part, route)
        if await self._is_paused(account) and not await self._is_begun(order.key):
            return await self._wait_for_a_token(order, part, route, account)
        if order.interim and not await self._has_time_for_courtesy(account):
            return Sent(state=PartState.DROPPED, reason="its account's rate has no room for it")
        if not order.interim:
            await self._keep_to_rate(order, part, route, account)
        platform = self._platforms[order.to.platform]
        outside_window = await self._sending.window_is_closed(order.to, route, platform)
        asked = time.time()
        row = await self._outbox.claim(order.key, order.to, route, part, order.turn)
        if row is None:
            return await self._after_an_earlier_attempt(order, account)
        return await self._sending.attempt(order, row, account, platform, outside_window=outside_window, asked=asked)

    def _words(self, order: SendPart, account: Account | None, known: OutboxRow | None) -> tuple[Part | None, str]:
        """What to say: the part itself, what the outbox keeps for a dead letter, or the account's "one moment"."""
        if order.part is not None:
            return order.part, order.route
        if order.interim and account is not None:
            return Part(text=account.interim_text or find_flow(account.flow).interim()), order.route
        return (known.part, known.route) if known else (None, "")

    async def _keep_to_rate(self, order: SendPart, part: Part, route: str, account: Account) -> None:
        """An account with a rate of its own: its part waits for the next free moment, written down meanwhile.

        Raises:
            Transient: not yet; it says when.
        """
        rate = account.requests_per_minute
        if rate is None or await self._is_begun(order.key):
            return
        wait = await self._turnstile.wait(account.platform, account.account, order.key, rate)
        if wait > 0:
            reason = "waits for its account's rate"
            await self._outbox.park(order.key, order.to, route, part, order.turn, reason)
            raise Transient(reason, retry_after=wait)

    async def _has_time_for_courtesy(self, account: Account) -> bool:
        rate = account.requests_per_minute
        return rate is None or await self._turnstile.take_if_free(account.platform, account.account, rate)

    async def _nobody_to_send(self, order: SendPart, part: Part, route: str) -> Sent:
        reason = f"the {order.to.platform} account {order.to.account} is not set up here"
        await self._outbox.claim(order.key, order.to, route, part, order.turn)
        await self._outbox.bury(order.key, reason, lettered=not order.interim)
        return Sent(state=PartState.DEAD, reason=reason)

    # --- an account whose credential was refused -----------------------------------------------------------------

    async def _is_paused(self, account: Account) -> bool:
        pause = await self._pauses.look(account.platform, account.account, account.access_token)
        return pause is not None and not pause.may_probe

    async def _is_begun(self, key: str) -> bool:
        """Sent, buried, or met by an earlier attempt whose outcome must be found out first."""
        row = await self._outbox.find(key)
        return row is not None and row.state != "pending"

    async def _wait_for_a_token(self, order: SendPart, part: Part, route: str, account: Account) -> Sent:
        """Keep the part until the credential is mended; a courtesy is not kept."""
        reason = f"sends of {account.platform} account {account.account} are paused: its credential was refused"
        if order.interim:
            return Sent(state=PartState.DROPPED, reason=reason)
        await self._outbox.park(order.key, order.to, route, part, order.turn, reason)
        raise Transient(reason, retry_after=PROBE_SECONDS)

    # --- an earlier attempt ----------------------------------------------------------------------------------------

    async def _after_an_earlier_attempt(self, order: SendPart, account: Account) -> Sent:
        row = await self._outbox.find(order.key)
        if row is None:
            raise Transient("the outbox row went away", retry_after=1)
        if row.state != "sending":
            return _as_settled(row)
        if await self._is_under_way(row):
            raise Transient("another attempt of this part is under way", retry_after=1)
        return await self._sending.find_out(order, row, account, self._platforms[order.to.platform])

    async def _is_under_way(self, row: OutboxRow) -> bool:
        age = datetime.now(UTC) - row.attempt_at if row.attempt_at else None
        if age is None or age.total_seconds() > LONGEST_ATTEMPT_SECONDS:
            return False
        if row.attempt_by == self._lease.holder:
            return self._sending.is_busy_with(row.key)
        return bool(row.attempt_by) and await self._lease.is_alive(row.attempt_by)

    async def _measure(self, order: SendPart, sent: Sent) -> None:
        if sent.state is not PartState.SENT:
            return
        account = await self._accounts.find(order.to.platform, order.to.account)
        labels = (order.to.platform, order.to.account, account.flow if account else "")
        metrics.part_taken(labels, is_interim=order.interim, began=order.began)


def _as_settled(row: OutboxRow) -> Sent:
    return Sent(state=PartState(row.state), reason=row.last_error)

"""The ledger of credits: a turn reserves, then commits what it used or gives back; exact whatever crashes.

Each method is one transaction under the lock of the account's purse. A turn key moves once: a retry finds the rows of
the first attempt. Only a turn that gave back and is tried anew moves again, as the next *round* of its key.

The keys of one turn's decisions differ behind the last slash (a superseded decision heard fewer messages): `/d27`, in
the order in which the conversation began them. The last one is the turn. Those before it cost nothing, whether they had
been paid already, were left behind by a worker that died, or come to an end only now.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from domain.failures import Rejected
from domain.model import Value
from domain.plans import UNLIMITED, Plan, Usage, as_credits
from providers.records.ledger import Hold, Kind, Movement, Purse, brought_up_to, is_low, lacking, settlement
from providers.records.pool import Pool, borrowed, fetch_all, fetch_one
from providers.records.superseded import Decided, decisions_in, is_decided_anew, thrown_away, turn_of

STALE_AFTER = timedelta(hours=1)
"""A reservation older than this belongs to a turn that died: no turn thinks for so long."""
MOST_STALE = 500
"""Given back in one go."""

_PLAN = """
SELECT plans.* FROM accounts JOIN plans ON plans.name = accounts.plan
 WHERE platform = %(platform)s AND account = %(account)s
"""
_OPEN = """
INSERT INTO purses (platform, account, period, period_ends) VALUES (%(platform)s, %(account)s, %(period)s, %(ends)s)
ON CONFLICT DO NOTHING
"""
_PURSE = "SELECT * FROM purses WHERE platform = %(platform)s AND account = %(account)s"
_TURN_OVER = """
UPDATE purses SET period = %(period)s, period_ends = %(period_ends)s, granted = %(granted)s,
       granted_messages = %(granted_messages)s, kept = %(kept)s, warned_at = %(warned_at)s
 WHERE platform = %(platform)s AND account = %(account)s
"""
_MOVE = """
INSERT INTO credits (platform, account, period, turn_key, round, movement, amount, messages, balance, messages_left,
                     shortfall, usage, created_at)
VALUES (%(platform)s, %(account)s, %(period)s, %(turn_key)s, %(round)s, %(kind)s, %(amount)s, %(messages)s, 0, 0,
        %(shortfall)s, %(usage)s, %(now)s)
"""
_MOVED = (
    "SELECT * FROM credits WHERE turn_key = %(turn_key)s AND movement IN ('reserve', 'commit', 'refund') ORDER BY id"
)
_DECISIONS = """
SELECT * FROM credits WHERE substring(turn_key FROM '^(.+)/') = %(turn)s AND platform = %(platform)s
   AND account = %(account)s ORDER BY id
"""
_OWNER = "SELECT platform, account FROM credits WHERE turn_key = %(turn_key)s AND movement = 'reserve' LIMIT 1"
_STALE = "SELECT turn_key FROM credits WHERE held AND created_at < %(before)s ORDER BY created_at LIMIT %(most)s"
_MOVEMENTS = """
SELECT * FROM credits WHERE platform = %(platform)s AND account = %(account)s
   AND (%(before)s::bigint IS NULL OR id < %(before)s) ORDER BY id DESC LIMIT %(limit)s
"""


class RunningLow(Value):
    """The account has used most of what its plan grants; said once a period."""

    platform: str
    account: str
    what: str
    """"credits" or "messages"."""
    balance: int
    messages_left: int
    period_ends: datetime


class Reservation(Value):
    """The turn may be taken."""

    turn_key: str
    amount: int = 0
    messages: int = 0
    settled: bool = False
    """It was paid for already: an earlier attempt got so far, and died before it could say so."""
    refunded: int = 0
    """What earlier decisions about this turn had cost."""


class Exhausted(Value):
    """The account has not enough left for the turn."""

    what: str
    """"credits" or "messages"."""
    period_ends: datetime
    warning: RunningLow | None = None


class Settled(Value):
    """What a turn cost in the end."""

    cost: int
    shortfall: int = 0
    """Of the cost: what the purse could not cover."""
    fresh: bool = True
    """False: the turn had been settled before, and nothing moved."""
    warning: RunningLow | None = None


class Balance(Value):
    """What an account has left. None: its plan does not count that."""

    plan: str
    credits: int | None
    messages: int | None
    granted: int
    granted_messages: int
    held: int
    """Set aside for turns under way, and no longer in `credits`."""
    period: datetime
    period_ends: datetime
    is_low: bool


class BelowZero(Rejected):
    """An adjustment would take more than there is."""


class Credits:
    """Reads and writes the ledger. Every method may raise `Unavailable`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def reserve(
        self, platform: str, account: str, turn_key: str, estimate: Usage, now: datetime
    ) -> Reservation | Exhausted:
        """Set aside what the turn will probably use; the same turn key again is the same reservation."""
        async with self._locked(platform, account, now) as page:
            if not page.plan.is_metered:
                return Reservation(turn_key=turn_key)
            hold, refunded = await page.hold(turn_key), 0
            if not hold.held and not hold.settled:
                before = await page.decisions_beside(turn_key)
                if is_decided_anew(turn_key, before):  # a worker woke up: nobody waits for what it will say
                    return Reservation(turn_key=turn_key, settled=True)
                taken_back = thrown_away(turn_key, before, page.purse.period)
                await page.write(taken_back)
                refunded = sum(movement.amount for movement in taken_back if movement.kind is Kind.REFUND)
                cost = page.plan.tariff.cost(estimate, platform) if page.plan.credits_per_period is not None else 0
                messages = estimate.messages if page.plan.messages_per_period is not None else 0
                if what := lacking(page.purse, page.plan, cost, messages):
                    return Exhausted(what=what, period_ends=page.purse.period_ends, warning=await page.warning())
                hold = await page.set_aside(hold, cost, messages, estimate)
            return Reservation(
                turn_key=turn_key, amount=hold.amount, messages=hold.messages, settled=hold.settled, refunded=refunded
            )

    async def commit(self, turn_key: str, usage: Usage, now: datetime) -> Settled | None:
        """The turn is over: pay what it used. None: nothing was ever reserved for it."""
        if (owner := await self._owner(turn_key)) is None:
            return None
        async with self._locked(*owner, now) as page:
            hold = await page.hold(turn_key)
            if hold.settled:
                return Settled(cost=hold.amount, fresh=False)
            if is_decided_anew(turn_key, await page.decisions_beside(turn_key)):
                await page.write(_given_back(page.purse, hold, {}))
                return Settled(cost=0, fresh=False)
            cost = page.plan.tariff.cost(usage, owner[0]) if page.plan.credits_per_period is not None else 0
            note = usage.model_dump(exclude_defaults=True) | {"cost": cost}
            movements = settlement(page.purse, hold, cost, note)
            await page.write(movements)
            shortfall = sum(movement.shortfall for movement in movements)
            return Settled(cost=cost, shortfall=shortfall, warning=await page.warning())

    async def give_back(self, turn_key: str, now: datetime) -> bool:
        """The turn came to nothing: all that was set aside comes back. False: there was nothing to give back."""
        return await self._give_back(turn_key, now, {})

    async def expire_stale(self, now: datetime, older_than: timedelta = STALE_AFTER) -> int:
        """Give back for turns that died between reserving and settling; how many there were."""
        before = now - older_than
        rows = await fetch_all(self._pool, _STALE, {"before": before, "most": MOST_STALE})
        return sum([await self._give_back(row["turn_key"], now, {"stale": True}, before) for row in rows])

    async def _give_back(
        self, turn_key: str, now: datetime, note: Mapping[str, Any], before: datetime | None = None
    ) -> bool:
        if (owner := await self._owner(turn_key)) is None:
            return False
        async with self._locked(*owner, now) as page:
            hold = await page.hold(turn_key)
            if not hold.held or (before and hold.reserved_at and hold.reserved_at >= before):
                return False
            await page.write(_given_back(page.purse, hold, note))
            return True

    async def adjust(self, platform: str, account: str, key: str, amount: int, why: str, now: datetime) -> bool:
        """Add or take credits by hand, once a key; what was added outlives the period. False: it was done before.

        Raises:
            BelowZero: there is not so much to take.
        """
        turn_key = f"adjust:{platform}:{account}:{key}"
        async with self._locked(platform, account, now) as page:
            if await page.is_written(turn_key):
                return False
            if page.purse.balance + amount < 0:
                raise BelowZero(f"there are only {as_credits(page.purse.balance).normalize():f} credits to take from")
            kept = max(0, min(page.purse.balance, page.purse.kept) + amount)
            movement = Movement(
                kind=Kind.ADJUST, turn_key=turn_key, period=page.purse.period, amount=amount, usage={"why": why}
            )
            await page.write([movement])
            await page.note(kept=kept)
            return True

    async def balance(self, platform: str, account: str, now: datetime) -> Balance:
        """What the account has left now; reading only."""
        values = {"platform": platform, "account": account}
        plan = _plan(await fetch_one(self._pool, _PLAN, values))
        row = await fetch_one(self._pool, _PURSE, values)
        held = await fetch_one(
            self._pool,
            """SELECT coalesce(-sum(amount), 0)::bigint AS held FROM credits
                WHERE held AND platform = %(platform)s AND account = %(account)s""",
            values,
        )
        purse, _ = brought_up_to(Purse.model_validate(row) if row else _first(values, plan, now), plan, now)
        return Balance(
            plan=plan.name,
            credits=purse.balance if plan.credits_per_period is not None or purse.balance else None,
            messages=purse.messages_left if plan.messages_per_period is not None else None,
            granted=purse.granted,
            granted_messages=purse.granted_messages,
            held=held["held"] if held else 0,
            period=purse.period,
            period_ends=purse.period_ends,
            is_low=bool(is_low(purse, plan)),
        )

    async def movements(self, platform: str, account: str, before: int | None, limit: int) -> list[DictRow]:
        """The account's rows of the ledger, newest first, paged by id."""
        values = {"platform": platform, "account": account, "before": before, "limit": limit}
        return await fetch_all(self._pool, _MOVEMENTS, values)

    async def _owner(self, turn_key: str) -> tuple[str, str] | None:
        row = await fetch_one(self._pool, _OWNER, {"turn_key": turn_key})
        return (row["platform"], row["account"]) if row else None

    @asynccontextmanager
    async def _locked(self, platform: str, account: str, now: datetime) -> AsyncIterator["_Page"]:
        """The account's page of the ledger, in the period of `now`, while nobody else may write on it."""
        values = {"platform": platform, "account": account}
        async with borrowed(self._pool) as connection, connection.transaction():
            plan = _plan(await (await connection.execute(_PLAN, values)).fetchone())
            opening = {**values, "period": now, "ends": now + plan.period}
            await connection.execute(_OPEN, opening)
            row = await (await connection.execute(f"{_PURSE} FOR UPDATE".encode(), values)).fetchone()
            page = _Page(connection, plan, Purse.model_validate(row), now)
            await page.bring_up_to_now()
            yield page


class _Page:
    """An account's page of the ledger while its purse is locked."""

    def __init__(self, connection: AsyncConnection[DictRow], plan: Plan, purse: Purse, now: datetime) -> None:
        self._connection = connection
        self._now = now
        self.plan = plan
        self.purse = purse

    async def bring_up_to_now(self) -> None:
        """Begin a new period where the old one is over, and grant what the plan grants."""
        current, movements = brought_up_to(self.purse, self.plan, self._now)
        if current == self.purse:
            return
        await self.write(movements)
        self.purse = current
        await self.note()

    async def note(self, **changes: Any) -> None:
        """Write down what is no sum of movements."""
        self.purse = self.purse.model_copy(update=changes)
        await self._connection.execute(_TURN_OVER, self.purse.model_dump())

    async def write(self, movements: list[Movement]) -> None:
        """Write rows; the purse follows them by itself, in the database."""
        owner = {"platform": self.purse.platform, "account": self.purse.account, "now": self._now}
        for movement in movements:
            values = movement.model_dump(mode="python") | owner | {"usage": Jsonb(dict(movement.usage))}
            await self._connection.execute(_MOVE, values)
        self.purse = self.purse.moved(movements)

    async def hold(self, turn_key: str) -> Hold:
        """What the ledger knows of this turn."""
        rows = await (await self._connection.execute(_MOVED, {"turn_key": turn_key})).fetchall()
        if not rows:
            return Hold(turn_key=turn_key)
        latest = rows[-1]
        if latest["movement"] == Kind.COMMIT:
            return Hold(turn_key=turn_key, settled=True, amount=latest["usage"].get("cost", 0))
        if latest["movement"] == Kind.REFUND:
            return Hold(turn_key=turn_key, round=latest["round"])
        return Hold(
            turn_key=turn_key, round=latest["round"], held=latest["held"], amount=-latest["amount"],
            messages=-latest["messages"], reserved_at=latest["created_at"],
        )  # fmt: skip

    async def set_aside(self, hold: Hold, cost: int, messages: int, estimate: Usage) -> Hold:
        """Reserve, as the next round of the turn's key."""
        movement = Movement(
            kind=Kind.RESERVE, turn_key=hold.turn_key, period=self.purse.period, round=hold.round + 1,
            amount=-cost, messages=-messages, usage=estimate.model_dump(exclude_defaults=True),
        )  # fmt: skip
        await self.write([movement])
        return hold.model_copy(update={"held": True, "round": hold.round + 1, "amount": cost, "messages": messages})

    async def decisions_beside(self, turn_key: str) -> list[Decided]:
        """What this account's ledger knows of the decisions about this turn, this one too."""
        values = {"turn": turn_of(turn_key), "platform": self.purse.platform, "account": self.purse.account}
        rows = await (await self._connection.execute(_DECISIONS, values)).fetchall()
        return decisions_in(rows)

    async def is_written(self, turn_key: str) -> bool:
        """Whether this key has moved anything."""
        cursor = await self._connection.execute(
            "SELECT 1 FROM credits WHERE turn_key = %(turn_key)s", {"turn_key": turn_key}
        )
        return await cursor.fetchone() is not None

    async def warning(self) -> RunningLow | None:
        """The warning, if it is due and was not given in this period."""
        what = is_low(self.purse, self.plan)
        if not what or self.purse.warned_at:
            return None
        await self.note(warned_at=self._now)
        purse = self.purse
        return RunningLow(
            platform=purse.platform, account=purse.account, what=what, balance=purse.balance,
            messages_left=purse.messages_left, period_ends=purse.period_ends,
        )  # fmt: skip


def _given_back(purse: Purse, hold: Hold, note: Mapping[str, Any]) -> list[Movement]:
    if not hold.held:
        return []
    movement = Movement(
        kind=Kind.GIVE_BACK, turn_key=hold.turn_key, period=purse.period, round=hold.round,
        amount=hold.amount, messages=hold.messages, usage=note,
    )  # fmt: skip
    return [movement]


def _plan(row: DictRow | None) -> Plan:
    """An account that no row describes is the environment's own: unlimited."""
    return Plan.model_validate(row) if row else UNLIMITED


def _first(owner: Mapping[str, str], plan: Plan, now: datetime) -> Purse:
    return Purse(platform=owner["platform"], account=owner["account"], period=now, period_ends=now + plan.period)

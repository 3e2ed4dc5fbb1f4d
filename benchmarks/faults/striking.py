"""Carries the plan of strikes out: finds a turn, closes the gate, waits until it is reached, strikes, heals."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Iterator
from itertools import islice

import psycopg

from benchmarks.faults.customers import Crowd, Turn
from benchmarks.faults.gates import Gates
from benchmarks.faults.locks import STEPS, Locks
from benchmarks.faults.plan import How, Step, Strike, Victim
from benchmarks.faults.processes import Processes

OFFERED_WITHIN = 30.0
REACHED_WITHIN = 45.0
"""A turn takes a second or two; on a machine that others use as well, half a minute."""
BACK_WITHIN = 90.0
BREATH = 0.1
"""Seconds between two looks at the processes of this machine, which cost more than a look at a gate."""
LOOK = 0.004
LOOK_AHEAD = 24
"""Strikes among which the next one is chosen."""
OUTSIDE = {Step.ASKING, Step.THOUGHT, Step.SENDING, Step.SHOWN}


class Plan:
    """The strikes to come, and who is being struck: nobody is struck twice at a time."""

    def __init__(self, coming: Iterator[Strike], processes: Processes, most: int) -> None:
        self._coming = coming
        self._processes = processes
        self._put_off: list[Strike] = []
        self._struck: set[str] = set()
        self._left = most

    @property
    def is_over(self) -> bool:
        """Whether as many were given out as were wanted."""
        return self._left <= 0

    @contextlib.contextmanager
    def next(self) -> Iterator[Strike | None]:
        """The next one whose victim is well: killing one that has hardly started would stop the house."""
        self._put_off += islice(self._coming, max(0, LOOK_AHEAD - len(self._put_off)))
        well = {victim for victim in Victim if not self._processes.settled_in(victim)}
        found = next((one for one in self._put_off if self._is_ready(one, well)), None)
        if found is None:
            yield None
            return
        self._put_off.remove(found)
        self._left -= 1
        self._struck |= _whom(found)
        try:
            yield found
        finally:
            self._struck -= _whom(found)
            if not found.reached:  # no turn came that far in time: later
                self._left += 1
                self._put_off.append(found)

    def _is_ready(self, strike: Strike, well: set[Victim]) -> bool:
        return not _whom(strike) & self._struck and (strike.how is How.FREEZE or strike.victim in well)


def _whom(strike: Strike) -> set[str]:
    struck = {Victim.WORKER.value if strike.victim is Victim.WORKERS else strike.victim.value}
    return struck | ({Victim.TEMPORAL.value} if strike.step is Step.ARRIVING else set())


class Striker:
    """One lane of strikes, one after another."""

    def __init__(self, crowd: Crowd, processes: Processes, gates: Gates, locks: Locks) -> None:
        self._crowd = crowd
        self._processes = processes
        self._gates = gates
        self._locks = locks
        self.done: list[Strike] = []
        self.missed = 0
        """Strikes for which no turn came that far in time; they were put off."""

    async def carry_out(self, plan: Plan) -> None:
        """Until the crowd goes home, or enough are done."""
        while not (self._crowd.is_over or plan.is_over):
            with plan.next() as strike:
                if strike is not None:
                    await self._one(strike)
            await asyncio.sleep(BREATH)

    async def _one(self, strike: Strike) -> None:
        turn = await self._a_turn(strike)
        if turn is None:
            self.missed += 1
            return
        strike.conversation = turn.customer.address.conversation_id
        try:
            await self._strike_in(turn, strike)
        except (psycopg.Error, TimeoutError, OSError):
            strike.reached = False  # the gate itself was away: a strike before this one was not over
        finally:
            turn.armed.set()
            await self._open(turn, strike)
        strike.messages = [message.id for message in turn.messages]
        if strike.reached:
            self.done.append(strike)
        else:
            self.missed += 1

    async def _a_turn(self, strike: Strike) -> Turn | None:
        wanted: asyncio.Future[Turn] = asyncio.get_running_loop().create_future()
        self._crowd.waiting_for_a_turn.append((strike.kinds, wanted))
        try:
            return await asyncio.wait_for(wanted, OFFERED_WITHIN)
        except TimeoutError:
            return None

    # --- at the step -------------------------------------------------------------------------------------------

    async def _strike_in(self, turn: Turn, strike: Strike) -> None:
        contact, step = turn.customer.address.contact, strike.step
        if step is Step.ARRIVING:
            await self._strike_on_arrival(turn, strike)
            return
        if step in OUTSIDE:
            self._gates.close(step, contact)
        elif step in STEPS:
            await asyncio.wait_for(self._locks.close(step, strike.conversation), 5)
        turn.armed.set()
        strike.reached = await self._is_reached(turn, strike)
        if strike.reached:
            await self._hit(strike, lambda: self._open(turn, strike))

    async def _strike_on_arrival(self, turn: Turn, strike: Strike) -> None:
        """Temporal stands still, so at most PostgreSQL has the message when we strike."""
        frozen = self._processes.of(Victim.TEMPORAL)
        self._processes.send(frozen, signal.SIGSTOP)
        try:
            turn.armed.set()
            await asyncio.wait_for(turn.posting.wait(), REACHED_WITHIN)
            await asyncio.sleep(0.03)
            strike.reached = True
            await self._hit(strike, lambda: asyncio.sleep(0))
        finally:
            self._processes.send(frozen, signal.SIGCONT)

    async def _is_reached(self, turn: Turn, strike: Strike) -> bool:
        waits = {Step.ACCEPTED: turn.accepted, Step.RESTING: turn.read}
        if strike.step in waits:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(waits[strike.step].wait(), REACHED_WITHIN)
            return waits[strike.step].is_set()
        until = asyncio.get_running_loop().time() + REACHED_WITHIN
        while asyncio.get_running_loop().time() < until:
            if await self._stands_at_gate(turn, strike):
                return True
            await asyncio.sleep(LOOK)
        return False

    async def _stands_at_gate(self, turn: Turn, strike: Strike) -> bool:
        if strike.step in OUTSIDE:
            return self._gates.is_reached(strike.step, turn.customer.address.contact)
        return await asyncio.wait_for(self._locks.is_reached(strike.step, strike.conversation), 5)

    async def _hit(self, strike: Strike, open_gate: Callable[[], Awaitable[None]]) -> None:
        """Kill or freeze; what stood at the gate goes on at once, as it would have."""
        pids = self._processes.of(strike.victim)
        if strike.how is How.KILL:
            self._processes.send(pids, signal.SIGKILL)
            await open_gate()
            await self._until_back(strike.victim, pids)
            return
        self._processes.send(pids, signal.SIGSTOP)
        try:
            if strike.victim is not Victim.POSTGRES:  # a frozen server opens no gate: it opens as it wakes
                await open_gate()
            await asyncio.sleep(strike.pause)
        finally:
            self._processes.send(pids, signal.SIGCONT)

    async def _until_back(self, victim: Victim, before: list[int]) -> None:
        until = asyncio.get_running_loop().time() + BACK_WITHIN
        while asyncio.get_running_loop().time() < until:
            now = self._processes.of(victim)
            if now and now[0] not in before:
                return
            await asyncio.sleep(BREATH)
        raise RuntimeError(f"{victim} did not come back within {BACK_WITHIN:.0f} s")

    async def _open(self, turn: Turn, strike: Strike) -> None:
        if strike.step in OUTSIDE:
            self._gates.open(strike.step, turn.customer.address.contact)
        elif strike.step in STEPS:
            with contextlib.suppress(TimeoutError, psycopg.Error):
                await asyncio.wait_for(self._locks.open(strike.step, strike.conversation), 5)

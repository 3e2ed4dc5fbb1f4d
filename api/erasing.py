"""Erases a customer: their key first, then their histories, files and rows, until a look finds nothing more."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta

import structlog
from temporalio.api.common.v1 import WorkflowExecution as Execution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from api.house import House
from api.operator_list import quoted
from api.problems import Problem, unavailable
from domain.identifiers import Address
from providers.media.keeping import Keeping
from providers.records.belongings import Subject
from providers.records.erasure import Belongings, Receipt, Tally

CLEAN_LOOKS = 2
"""Looks one after the other that must find nothing more."""
HEARD_WITHIN = 0.7
"""Seconds in which every process has forgotten a destroyed key, and activities under way hear that all is over."""
MOST_ROUNDS = 20
CALL = timedelta(seconds=5)

log = structlog.get_logger(__name__)


class Erasing:
    """Erases customers of one house."""

    def __init__(self, house: House, keeping: Keeping) -> None:
        self._house = house
        self._keeping = keeping
        self._belongings = Belongings(house.pool)

    async def subject(self, address: Address) -> Subject:
        """The customer behind an address, by every name we may know them by, and by what stands or stood for each.

        Raises:
            WrongKey: they may have had a pseudonym that cannot be told with the keys that we have.
        """
        names = self._house.names
        known, found = set[str](), {address.contact}
        while known != found:
            known = found
            each = [address.model_copy(update={"contact": name}) for name in known]
            masked = [await names.ever_masked(one) for one in each]
            contacts = known | {one.contact for one in masked} | {(await names.shown(one)).contact for one in masked}
            subject = await self._belongings.subject(address.platform, address.account, contacts)
            found = set(subject.contacts)
        return subject

    async def runs(self, subject: Subject) -> list[Execution]:
        """Every run of their conversations that was not erased.

        Raises:
            Problem: 503, Temporal cannot be reached.
        """
        erased = await self._belongings.erased_runs(subject)
        return [run for run in await _runs_of(self._house.temporal, subject) if run.run_id not in erased]

    async def erase(self, address: Address, asked_by: str) -> Receipt:
        """Erase everything we know of them. What they write meanwhile may go with the rest; after it they are new.

        Raises:
            Problem: 404, nothing is known of them; 503, Temporal cannot be reached (nothing was erased then), or they
                write so much that there is no end to it.
            Unavailable: PostgreSQL went away; the rest is erased by asking again.
        """
        began = datetime.now(UTC)
        subject = await self.subject(address)
        if not await self.runs(subject) and not await self._belongings.count(subject):
            raise Problem(404, "nothing is known of this contact")
        for one in subject.addresses:
            await self._house.conversations.is_told(one)
        destroyed = await self._belongings.destroy_keys(subject)
        tally, gone, clean = Tally(kept={"contacts": destroyed} if destroyed else {}), set[str](), 0
        for _ in range(MOST_ROUNDS):
            # Nobody writes with a key that is no more, nor for a conversation that is over, once this time has passed.
            await asyncio.sleep(HEARD_WITHIN)
            found = await self._erase_once(subject, gone)
            tally = tally.plus(found)
            clean = 0 if found.total else clean + 1
            if clean == CLEAN_LOOKS:
                receipt = await self._belongings.write(address, asked_by, began, tally, gone)
                log.info("contact_erased", receipt=receipt.id, platform=address.platform, account=address.account)
                return receipt
        raise unavailable("they are writing all the time: what was there is erased, ask again for the rest")

    async def _erase_once(self, subject: Subject, gone: set[str]) -> Tally:
        runs = [run for run in await self.runs(subject) if run.run_id not in gone]
        await _delete(self._house.temporal, runs)
        gone.update(run.run_id for run in runs)
        files = 0
        for one in subject.addresses:
            files += await self._keeping.count(one)
            await self._keeping.erase(one)
        told = {name: number for name, number in (("histories", len(runs)), ("files", files)) if number}
        return (await self._belongings.erase(subject)).plus(Tally(erased=told))


async def _runs_of(client: Client, subject: Subject) -> list[Execution]:
    """Every run that Temporal knows: the latest one, too, should no list show it yet."""
    found: dict[str, Execution] = {}
    async with _reached():
        for id in subject.conversations:
            async for one in client.list_workflows(f"WorkflowId = '{quoted(id)}'", rpc_timeout=CALL):
                found[one.run_id] = Execution(workflow_id=id, run_id=one.run_id)
            with _if_there():
                latest = await client.get_workflow_handle(id).describe(rpc_timeout=CALL)
                found[latest.run_id] = Execution(workflow_id=id, run_id=latest.run_id)
    return list(found.values())


async def _delete(client: Client, runs: list[Execution]) -> None:
    """Have every run deleted; Temporal ends what runs. Ended by us before, it stays half a minute (CLI 1.9.1)."""
    async with _reached():
        for run in runs:
            request = DeleteWorkflowExecutionRequest(namespace=client.namespace, workflow_execution=run)
            with _if_there():
                await client.workflow_service.delete_workflow_execution(request, timeout=CALL)


@contextmanager
def _if_there() -> Iterator[None]:
    """What is gone already need not go."""
    try:
        yield
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise


@asynccontextmanager
async def _reached() -> AsyncIterator[None]:
    try:
        yield
    except RPCError as error:
        raise unavailable(f"Temporal does not take it now ({error.status.name.lower()})") from error
    except RuntimeError as error:  # a lazy client that cannot connect
        raise unavailable("Temporal cannot be reached") from error

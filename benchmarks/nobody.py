"""A Temporal namespace in which nobody works, and an API of its own before it: what is left is the door."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from google.protobuf.duration_pb2 import Duration
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from benchmarks.bare import BareSide
from benchmarks.door import Door
from benchmarks.ground import CHANGED, LOOPBACK, Ground, everturn, stock_environment
from benchmarks.sides import Customers
from contracts import search_attributes
from providers.servers.child import ChildSpec, start_child
from providers.servers.ports import answers, any_free
from runtime.temporal import register_search_attributes

NAMESPACE = "nobody"


@dataclass(frozen=True)
class Nobody:
    """Both sides, unanswered."""

    customers: Customers
    bare: BareSide
    door: Door


@asynccontextmanager
async def nobody_works(ground: Ground) -> AsyncIterator[Nobody]:
    """The same API program on the same servers, for a namespace without a worker."""
    ground.tell("opening a second API before a namespace without a worker")
    client = await _client(ground)
    port = any_free(LOOPBACK)
    child = await start_child(_api(ground, port))
    door = Door(f"http://{LOOPBACK}:{port}")
    try:
        while not await answers(LOOPBACK, port):
            await asyncio.sleep(0.1)
        customers = Customers(door, ground.home.path / NAMESPACE / "simulator.sqlite")
        bare = BareSide(client, "bare")
        await _until_taken(customers, bare)
        yield Nobody(customers, bare, door)
        await customers.close()
    finally:
        door.close()
        await child.stop()


async def _client(ground: Ground) -> Client:
    address = ground.running.temporal_address
    wanted = RegisterNamespaceRequest(namespace=NAMESPACE, workflow_execution_retention_period=Duration(seconds=86_400))
    try:
        await ground.client.workflow_service.register_namespace(wanted, timeout=timedelta(seconds=10))
    except RPCError as error:
        if error.status is not RPCStatusCode.ALREADY_EXISTS:  # another measurement of this run made it
            raise
    client = await Client.connect(address, namespace=NAMESPACE)
    for _ in range(150):
        try:
            await register_search_attributes(client, search_attributes.ALL)
        except RPCError:  # a new namespace is not known everywhere at once
            await asyncio.sleep(0.1)
        else:
            break
    return client


def _api(ground: Ground, port: int) -> ChildSpec:
    folder = ground.home.path / NAMESPACE
    (folder / "metrics").mkdir(parents=True, exist_ok=True)
    own = {
        "TEMPORAL_ADDRESS": ground.running.temporal_address,
        "TEMPORAL_NAMESPACE": NAMESPACE,
        "DATABASE_URL": ground.running.database_url,
        "EVERTURN_API_URL": f"http://{LOOPBACK}:{port}",
        "EVERTURN_HOME": str(folder),
        "EVERTURN_LOG_FORMAT": "json",
        "PROMETHEUS_MULTIPROC_DIR": str(folder / "metrics"),
    }
    return ChildSpec(
        name="api-nobody",
        argv=(*everturn(), "api", "--port", str(port)),
        log=folder / "api.log",
        env=stock_environment() | CHANGED | own,
    )


async def _until_taken(customers: Customers, bare: BareSide) -> None:
    """The namespace and its search attributes reach every part of the server within seconds."""
    for side in (customers, bare):
        for attempt in range(300):
            try:
                await side.write("1", "are you there?")
                break
            except (RuntimeError, RPCError):
                if attempt == 299:
                    raise
                await asyncio.sleep(0.1)

"""Temporal namespaces of a test module's own: its worker takes up nobody else's conversations."""

import asyncio
from uuid import uuid4

from google.protobuf.duration_pb2 import Duration
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from contracts import search_attributes
from runtime.temporal import register_search_attributes
from tests.servers_here import Servers


def fresh_namespace(servers: Servers, name: str) -> str:
    """A namespace that knows our search attributes."""
    namespace = f"{name}-{uuid4().hex[:8]}"
    asyncio.run(_register(servers.temporal_address, namespace))
    return namespace


async def _register(address: str, namespace: str) -> None:
    client = await Client.connect(address)
    day = Duration(seconds=24 * 3600)
    request = RegisterNamespaceRequest(namespace=namespace, workflow_execution_retention_period=day)
    await client.workflow_service.register_namespace(request)
    ours = await Client.connect(address, namespace=namespace)
    for _ in range(50):  # every part of the server must hear of the namespace first
        try:
            await register_search_attributes(ours, search_attributes.ALL)
            break
        except RPCError:
            await asyncio.sleep(0.2)

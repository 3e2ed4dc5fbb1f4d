"""The time-skipping server of workflow tests."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.testing import WorkflowEnvironment

from contracts import search_attributes
from runtime.temporal import data_converter

SERVER = Path(sys.executable).parent / "temporal-test-server"


@asynccontextmanager
async def time_skipping() -> AsyncIterator[WorkflowEnvironment]:
    """A server whose clock runs ahead whenever everybody waits, knowing our search attributes."""
    async with await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=str(SERVER), data_converter=data_converter
    ) as environment:
        kinds = {key.name: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD for key in search_attributes.ALL}
        request = AddSearchAttributesRequest(namespace=environment.client.namespace, search_attributes=kinds)
        await environment.client.operator_service.add_search_attributes(request)
        yield environment

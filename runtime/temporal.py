"""The Temporal client, made the same way in every process."""

import functools
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client, Interceptor, TLSConfig, WorkflowExecutionStatus
from temporalio.common import SearchAttributeKey
from temporalio.contrib.pydantic import PydanticJSONPlainPayloadConverter
from temporalio.converter import (
    CompositePayloadConverter,
    DataConverter,
    DefaultFailureConverter,
    DefaultFailureConverterWithEncodedAttributes,
    DefaultPayloadConverter,
    JSONPlainPayloadConverter,
)
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.service import RPCError, RPCStatusCode

from domain.failures import Unavailable
from runtime.codec import HistoryCodec
from runtime.logs import core_logging
from runtime.sdk_runtime import kept_for_ever
from runtime.settings import Settings


class _LeanJson(PydanticJSONPlainPayloadConverter):
    """Pydantic JSON without the fields that stand at their defaults: histories stay small.

    A default of a stored model is therefore part of the format: it must never change (add a new field instead).
    """

    def to_payload(self, value: Any) -> Payload | None:
        """Write a value down."""
        data = self._schema_serializer.to_json(value, exclude_defaults=True)
        return Payload(metadata={"encoding": self.encoding.encode()}, data=data)


class LeanPayloadConverter(CompositePayloadConverter):
    """The SDK's converters, with our JSON in the place of theirs. The SDK makes two of it for every workflow task."""

    LEAN = tuple(
        _LeanJson() if isinstance(one, JSONPlainPayloadConverter) else one
        for one in DefaultPayloadConverter.default_encoding_payload_converters
    )

    def __init__(self) -> None:
        super().__init__(*self.LEAN)


data_converter = DataConverter(payload_converter_class=LeanPayloadConverter)


def converter_with(codec: HistoryCodec | None) -> DataConverter:
    """Our converter behind a codec; where that locks, the words of failures are locked with everything else."""
    locks = codec is not None and codec.locks
    failures = DefaultFailureConverterWithEncodedAttributes if locks else DefaultFailureConverter
    return replace(data_converter, payload_codec=codec, failure_converter_class=failures)


@functools.cache
def plain_runtime() -> Runtime:
    """The runtime of a process that measures nothing of it; its core speaks through our log."""
    return kept_for_ever(Runtime(telemetry=TelemetryConfig(logging=core_logging())))


async def connect(
    settings: Settings,
    *,
    runtime: Runtime | None = None,
    lazy: bool = False,
    codec: HistoryCodec | None = None,
    interceptors: Sequence[Interceptor] = (),
) -> Client:
    """Connect to the Temporal server the settings name; `codec` locks and unlocks what goes into histories.

    Workers of this client take its interceptors, those of traces for example, from it.

    Raises:
        RuntimeError: the server does not answer.
    """
    return await Client.connect(
        settings.temporal_address or "127.0.0.1:7233",
        namespace=settings.temporal_namespace,
        api_key=settings.temporal_api_key or None,
        tls=_tls(settings),
        data_converter=converter_with(codec),
        runtime=runtime or plain_runtime(),
        lazy=lazy,
        interceptors=interceptors,
    )


def _tls(settings: Settings) -> TLSConfig | bool:
    if not (settings.temporal_tls or settings.temporal_tls_ca_cert or settings.temporal_tls_client_cert):
        return bool(settings.temporal_api_key)
    return TLSConfig(
        server_root_ca_cert=_read(settings.temporal_tls_ca_cert),
        client_cert=_read(settings.temporal_tls_client_cert),
        client_private_key=_read(settings.temporal_tls_client_key),
    )


def _read(path: str) -> bytes | None:
    return Path(path).read_bytes() if path else None


async def is_running(client: Client, workflow_id: str) -> bool:
    """Whether a workflow of this id runs.

    Raises:
        Unavailable: the server cannot be asked.
    """
    try:
        found = await client.get_workflow_handle(workflow_id).describe(rpc_timeout=timedelta(seconds=5))
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return False
        raise Unavailable(f"Temporal does not answer ({error.status.name.lower()})") from error
    except RuntimeError as error:  # a lazy client that cannot connect
        raise Unavailable("Temporal cannot be reached") from error
    except ValueError:  # a status the SDK has no name for (paused, temporalio 1.35.0): not over
        return True
    return found.status is WorkflowExecutionStatus.RUNNING


async def register_search_attributes(client: Client, keys: Iterable[SearchAttributeKey[str]]) -> list[str]:
    """Make sure the namespace knows our search attributes; without them no workflow task could be completed.

    Returns the names that were added.

    Raises:
        RPCError: the server cannot be reached, or this client may not do that (add them by hand then).
    """
    known = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace), timeout=timedelta(seconds=10)
    )
    missing = [key.name for key in keys if key.name not in known.custom_attributes]
    if missing:
        kinds = dict.fromkeys(missing, IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD)
        request = AddSearchAttributesRequest(namespace=client.namespace, search_attributes=kinds)
        await client.operator_service.add_search_attributes(request, timeout=timedelta(seconds=10))
    return missing

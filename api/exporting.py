"""Everything we know of a customer, as one document that people and programs can read."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

from google.protobuf.json_format import MessageToDict, ParseDict
from temporalio.api.common.v1 import Payload, WorkflowExecution
from temporalio.client import Client

from api.house import House
from api.media import MediaShelf
from providers.records.belongings import Subject
from providers.records.erasure import Belongings
from runtime.codec import HistoryCodec

MOST_MEDIA = 10_000


async def exported(
    house: House, shelf: MediaShelf, subject: Subject, runs: list[WorkflowExecution], contact: str
) -> dict[str, Any]:
    """The document. Texts, rows and histories stand in it as they are; files by links that last a day.

    Raises:
        RPCError: Temporal cannot be reached.
    """
    rows = await Belongings(house.pool).read(subject)
    return {
        "platform": subject.platform,
        "account": subject.account,
        "contact": contact,
        "known_as": [name for name in subject.contacts if name != contact],
        "exported_at": datetime.now(UTC).isoformat(),
        "rows": rows,
        "files": await _files(shelf, subject),
        "histories": [await _history(house.temporal, run, house.discretion.codec) for run in runs],
    }


async def _files(shelf: MediaShelf, subject: Subject) -> list[dict[str, Any]]:
    now, found = datetime.now(UTC), []
    for address in subject.addresses:
        for row in await shelf.records.of_conversation(address, limit=MOST_MEDIA):
            if row.name:
                url = shelf.links.url_of(row.id, now)
                found.append(
                    {"id": row.id, "kind": row.kind.value, "mime": row.mime, "bytes": row.bytes_count, "url": url}
                )
    return found


async def _history(client: Client, run: WorkflowExecution, codec: HistoryCodec | None) -> dict[str, Any]:
    handle = client.get_workflow_handle(run.workflow_id, run_id=run.run_id)
    events = [MessageToDict(event) async for event in handle.fetch_history_events()]
    return {"workflow_id": run.workflow_id, "run_id": run.run_id, "events": await _read(events, codec)}


async def _read(value: Any, codec: HistoryCodec | None) -> Any:
    """The same with every payload in it as what it says."""
    if isinstance(value, list):
        return [await _read(item, codec) for item in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("metadata"), dict) and "encoding" in value["metadata"]:
        return await _said(ParseDict(value, Payload(), ignore_unknown_fields=True), codec)
    return {name: await _read(item, codec) for name, item in value.items()}


async def _said(payload: Payload, codec: HistoryCodec | None) -> Any:
    (shown,) = await codec.shown([payload]) if codec else [payload]
    try:
        return json.loads(shown.data) if shown.data else None
    except ValueError:
        return base64.b64encode(shown.data).decode()

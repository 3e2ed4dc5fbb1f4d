"""The API's documentation as one plain page: rendered here from `/openapi.json`, so it works without a network."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.pages import page

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def docs(request: Request) -> Response:
    """Every operation, by topic."""
    schema = request.app.openapi()
    topics: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for operation in _operations(schema):
        topics[operation["topic"]].append(operation)
    webhooks = [(p.webhook_path, name) for name, p in request.app.state.house.platforms.items()]
    return page(request, "docs.html", schema=schema, topics=topics, webhooks=webhooks)


def _operations(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield {
                "method": method.upper(),
                "path": path,
                "topic": next(iter(operation.get("tags", [])), "other"),
                "summary": operation.get("summary", ""),
                "description": operation.get("description", ""),
                "parameters": operation.get("parameters", []),
                "body": _body(operation, schema),
                "responses": {code: found.get("description", "") for code, found in operation["responses"].items()},
                "secured": "security" in operation,
            }


def _body(operation: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The fields of the JSON body, by name."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    choices = [content, *content.get("anyOf", [])]
    reference = next((choice["$ref"] for choice in choices if "$ref" in choice), "")
    named: dict[str, Any] = schema.get("components", {}).get("schemas", {}).get(reference.rpartition("/")[2], {})
    required = named.get("required", [])
    return {name: {**field, "required": name in required} for name, field in named.get("properties", {}).items()}

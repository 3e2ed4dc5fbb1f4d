"""Addresses of the console that lead nowhere: a page that says so."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.console.shown import ConsoleRoute, back
from api.problems import Problem

router = APIRouter(prefix="/console", route_class=ConsoleRoute, include_in_schema=False)


@router.get("/{anything:path}")
async def nothing(request: Request, anything: str) -> Response:
    """Comes after every other room; a slash too many is no reason to be lost."""
    shorter = request.url.path.rstrip("/")
    if request.url.path.endswith("/") and "//" not in shorter:
        return back(shorter + (f"?{request.url.query}" if request.url.query else ""))
    raise Problem(404)

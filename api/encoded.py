"""Routes that keep apart a slash inside an id (sent as %2F) and a slash between two pieces of an address."""

from typing import Any
from urllib.parse import unquote

from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope

SLASH = "\ue000"
"""Stands for an encoded slash while the address is matched; in Unicode's private use, so in nobody's id."""


class EncodedRoute(APIRoute):
    """Matches the address as it was sent: Starlette's own matching sees it decoded, `a%2Ftranscript` as two pieces."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match piece by piece, and give the ids back as they were meant."""
        match, child = super().matches({**scope, "path": _pieces(scope)})
        given: dict[str, Any] = child.get("path_params", {})
        child["path_params"] = {
            name: value.replace(SLASH, "/") if isinstance(value, str) else value for name, value in given.items()
        }
        return match, child


def _pieces(scope: Scope) -> str:
    raw = scope.get("raw_path")
    if not raw or b"%2" not in raw:
        return str(scope["path"])
    sent = raw.split(b"?", 1)[0].decode("latin-1").split("/")
    return "/".join(unquote(piece).replace("/", SLASH) for piece in sent)

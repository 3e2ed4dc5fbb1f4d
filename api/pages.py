"""Pages for people: templates, static files and what a browser may do with them. Nothing comes from another host."""

from pathlib import Path

from fastapi.templating import Jinja2Templates
from starlette.requests import Request
from starlette.responses import Response

HERE = Path(__file__).parent
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_templates = Jinja2Templates([HERE / "templates", HERE / "simulator" / "templates", HERE / "console" / "templates"])


def page(request: Request, template: str, **values: object) -> Response:
    """Render a page under our content security policy."""
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}
    return _templates.TemplateResponse(request, template, values, headers=headers)

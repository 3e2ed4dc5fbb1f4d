"""What the simulated Cloud API refuses in a send, and in which words."""

import re
import threading
import time
from typing import Any

from starlette.responses import JSONResponse, Response

from platforms.text import listed, mapping
from platforms.whatsapp.people import phone_of
from platforms.whatsapp.route import is_user_id

PHONE = re.compile(r"[0-9]{1,15}")
BURST = 45
SECONDS_PER_MESSAGE = 6.0


def refusal(status: int, code: int, message: str, details: str = "") -> Response:
    """An error of the Graph API."""
    error: dict[str, Any] = {"message": f"(#{code}) {message}", "type": "OAuthException", "code": code}
    if details:
        error["error_data"] = {"messaging_product": "whatsapp", "details": details}
    return JSONResponse({"error": error | {"fbtrace_id": "AbCdEfGhIjKlMnOpQrStUvW"}}, status_code=status)


def refused(body: dict[str, Any]) -> Response | None:
    """What is wrong with a message, if anything is."""
    if body.get("messaging_product") != "whatsapp":
        return refusal(400, 100, "The parameter messaging_product is required.")
    if not contact_of(body):
        return refusal(400, 100, "Invalid parameter", "to: not a phone number")
    kind = body.get("type")
    if kind not in CHECKS:
        return refusal(400, 100, "Invalid parameter", f"type must be one of {', '.join(CHECKS)}")
    if wrong := CHECKS[kind](mapping(body.get(kind))):
        code = 131008 if wrong.endswith("required") else 131009
        return refusal(400, code, "Parameter value is not valid", wrong)
    return None


def contact_of(body: dict[str, Any]) -> str:
    """Whose phone a message goes to: a phone number, or a business-scoped user id."""
    phone, user_id = phone_of(body.get("to")), str(body.get("recipient") or "")
    if PHONE.fullmatch(phone):
        return phone
    return user_id if is_user_id(user_id) else ""


def _text(text: dict[str, Any]) -> str:
    return _length("text.body", text.get("body"), 4096)


def _image(image: dict[str, Any]) -> str:
    if not image.get("id") and not str(image.get("link") or "").startswith(("https://", "http://")):
        return "image.link is required"
    return _length("image.caption", image.get("caption"), 1024) if "caption" in image else ""


def _interactive(body: dict[str, Any]) -> str:
    action, words = mapping(body.get("action")), mapping(body.get("body"))
    if wrong := _length("interactive.body.text", words.get("text"), 1024):
        return wrong
    match body.get("type"):
        case "button":
            replies = [mapping(mapping(button).get("reply")) for button in listed(action.get("buttons"))]
            return _tappables("buttons", replies, 3, 20, 256)
        case "list":
            sections = [mapping(section) for section in listed(action.get("sections"))]
            rows = [mapping(row) for section in sections for row in listed(section.get("rows"))]
            button = _length("interactive.action.button", action.get("button"), 20)
            return button or _tappables("rows", rows, 10, 24, 200)
        case _:
            return "interactive.type is required"


def _tappables(what: str, items: list[dict[str, Any]], most: int, longest: int, longest_id: int) -> str:
    if not 1 <= len(items) <= most:
        return f"{what}: between 1 and {most}"
    if what == "buttons" and len({item.get("title") for item in items}) < len(items):
        return f"{what}: titles must be unique"
    if len({item.get("id") for item in items}) < len(items):
        return f"{what}: ids must be unique"
    wrong = (_length("title", i.get("title"), longest) or _length("id", i.get("id"), longest_id) for i in items)
    return next(filter(None, wrong), "")


def _template(template: dict[str, Any]) -> str:
    if not template.get("name") or not mapping(template.get("language")).get("code"):
        return "template.name and template.language.code are required"
    components = [mapping(component) for component in listed(template.get("components"))]
    for parameter in (mapping(p) for component in components for p in listed(component.get("parameters"))):
        text = str(parameter.get("text") or "")
        if re.search(r"[\n\t]| {5}", text):
            return "parameters may hold no line ends, tabs or more than four spaces in a row"
        if wrong := _length("parameter", text, 1024):
            return wrong
    return ""


def _length(what: str, value: Any, longest: int) -> str:
    if not isinstance(value, str) or not value.strip():
        return f"{what} is required"
    return f"{what}: at most {longest} characters" if len(value) > longest else ""


CHECKS = {"text": _text, "image": _image, "interactive": _interactive, "template": _template}


class PairLimit:
    """One message in 6 s to one customer, of which 45 may be taken in advance."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._debts: dict[str, tuple[float, float]] = {}

    def takes(self, contact: str) -> bool:
        """Whether one more may go now; counted only if it may."""
        now = time.monotonic()
        with self._lock:
            debt, since = self._debts.get(contact, (0.0, now))
            debt = max(0.0, debt - (now - since) / SECONDS_PER_MESSAGE)
            if debt > BURST - 1:
                return False
            self._debts[contact] = (debt + 1, now)
            return True

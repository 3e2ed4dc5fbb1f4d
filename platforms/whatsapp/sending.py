"""The words of `POST /{version}/{number}/messages`: a part out, and what its answer means."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import httpx

from domain.failures import (
    EverturnError,
    OutcomeUnknown,
    PartRefused,
    RateLimited,
    TokenRejected,
    Transient,
    WindowClosed,
)
from domain.identifiers import tag_of
from domain.messages import Choice, Part, Receipt
from platforms.base import Abilities
from platforms.http import failure_of_status, json_object, retry_after
from platforms.meta import graph_error, says_it_will_pass
from platforms.text import identifier, listed, listing, mapping, masked
from platforms.whatsapp.route import Route, is_user_id

ABILITIES = Abilities(
    longest_text=4096,
    choices=10,
    longest_choice=24,
    longest_text_with_choices=1024,
    images=True,
    longest_caption=1024,
    image_with_choices=False,
    requests_per_minute=80 * 60,
    typing=True,
    typing_seconds=25.0,
    seen=True,
    receipts=True,
    echoes=True,
    window_hours=24,
    many_accounts=True,
    checks_quality=True,
)
"""The Cloud API's own limits. To one customer no more than about one message in 6 s may go, after a burst of 45."""
MOST_BUTTONS = 3
LONGEST_BUTTON = 20
LONGEST_PARAMETER = 1024
USUAL_LIST_BUTTON = "☰"
"""What opens a list; a sign, for it must suit every language (option `list_button`)."""

TOKEN_CODES = frozenset({0, 3, 10, 190, *range(200, 300), 368, 131031, 131037, 131042})
"""Token, capability and permission; blocked, locked, display name not approved, payment missing: a person must act."""
RATE_CODES = frozenset({4, 613, 80007, 130429, 131048, 133016})
PAIR_CODE = 131056
PAIR_GROWTH = 4.0
"""Meta asks for 4^X seconds between attempts at one customer."""
WINDOW_CODE = 131047
PASSING_CODES = frozenset({1, 2, 131000, 131016, 131053, 131057, 135000})
"""Unknown errors, unavailable, a picture that could not be fetched just now, maintenance."""


def message_for(contact: str, route: str, part: Part, key: str, options: Mapping[str, str]) -> dict[str, Any]:
    """The body of a send.

    Raises:
        WindowClosed: the session window is closed, and there is no template that would carry the part.
    """
    content = template(part, options) if part.outside_window else _content(part, options)
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **_recipient(contact, Route.parse(route)),
        **content,
        "biz_opaque_callback_data": tag_of(key),
    }


def sign_for(message_id: str, *, typing: bool) -> dict[str, Any]:
    """The body of "read", and of "typing", which is the same and more. An edited message is read under its first id."""
    body = {"messaging_product": "whatsapp", "status": "read", "message_id": message_id.split(":edited:")[0]}
    return body | ({"typing_indicator": {"type": "text"}} if typing else {})


def _recipient(contact: str, way: Route) -> dict[str, str]:
    """By phone where we know it: a user id is not taken for every kind of message (131062)."""
    if phone := way.phone or ("" if is_user_id(contact) else contact):
        return {"to": phone}
    return {"recipient": way.user_id or contact}


def _content(part: Part, options: Mapping[str, str]) -> dict[str, Any]:
    if part.image_url:
        caption = "\n".join(filter(None, (part.text, listing(part.choices))))
        return {"type": "image", "image": {"link": part.image_url} | ({"caption": caption} if caption else {})}
    if part.choices:
        return {"type": "interactive", "interactive": _interactive(part, options)}
    return {"type": "text", "text": {"body": part.text, "preview_url": False}}


def _interactive(part: Part, options: Mapping[str, str]) -> dict[str, Any]:
    """Buttons, or a list, where there are too many for buttons or a title is too long for one."""
    body = {"body": {"text": part.text}}
    if len(part.choices) <= MOST_BUTTONS and all(len(choice.title) <= LONGEST_BUTTON for choice in part.choices):
        buttons = [{"type": "reply", "reply": _tappable(choice)} for choice in part.choices]
        return {"type": "button", **body, "action": {"buttons": buttons}}
    rows = [_tappable(choice) for choice in part.choices]
    label = options.get("list_button") or USUAL_LIST_BUTTON
    return {"type": "list", **body, "action": {"button": label, "sections": [{"rows": rows}]}}


def _tappable(choice: Choice) -> dict[str, str]:
    return {"id": choice.id, "title": choice.title}


def template(part: Part, options: Mapping[str, str]) -> dict[str, Any]:
    """The account's template with the part as its only parameter, on one line: line ends are not allowed in it.

    Raises:
        WindowClosed: there is no template, or the part does not fit.
    """
    name = options.get("template_name")
    if not name:
        raise WindowClosed("the 24-hour window is closed and the account has no template (WHATSAPP_TEMPLATE_NAME)")
    words = " ".join(" ".join((part.text, part.image_url, listing(part.choices))).split())
    if not 0 < len(words) <= LONGEST_PARAMETER:
        raise WindowClosed(f"the 24-hour window is closed and {len(words)} characters do not fit the template")
    parameter = {"type": "text", "text": words}
    return {
        "type": "template",
        "template": {
            "name": name,
            "language": {"code": options.get("template_language") or "en"},
            "components": [{"type": "body", "parameters": [parameter]}],
        },
    }


def receipt_in(response: httpx.Response) -> Receipt:
    """The new message's id.

    Raises:
        OutcomeUnknown: the answer names none.
    """
    messages = listed((json_object(response) or {}).get("messages"))
    message_id = identifier(mapping(next(iter(messages), None)).get("id"))
    if message_id is None:
        raise OutcomeUnknown(f"HTTP {response.status_code} without a message id in the body")
    return Receipt(message_id=message_id)


def failure_in(response: httpx.Response, now: datetime, hidden: tuple[str, ...] = ()) -> EverturnError | None:
    """What an answer of whatever status means: the code in its body decides; None: no error is told."""
    code, subcode, words = graph_error(response)
    told = masked(words, hidden)
    if code is not None:
        said = f"WhatsApp error {code}{f'/{subcode}' if subcode else ''}: {told}"
        wait = retry_after(response.headers.get("retry-after"), now)
        if known := _of_code(code, said, wait):
            return known
    if general := failure_of_status(response, now, told):
        return general
    if response.is_success and not words:
        return None
    name = str(response.status_code if code is None else code)
    if says_it_will_pass(response):
        return Transient(f"WhatsApp error {name}: {told}")
    return PartRefused(f"WhatsApp error {name}: {told}", code=name)


def _of_code(code: int, said: str, wait: float | None) -> EverturnError | None:
    if code in TOKEN_CODES:
        return TokenRejected(said)
    if code in RATE_CODES:
        return RateLimited(said, retry_after=wait)
    if code == PAIR_CODE:
        return RateLimited(said, retry_after=wait, growth=PAIR_GROWTH)
    if code == WINDOW_CODE:
        return WindowClosed(said, code=str(code))
    if code in PASSING_CODES:
        return Transient(said, retry_after=wait)
    return None

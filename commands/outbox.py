"""`everturn outbox`: what waits to be sent, what could not be sent, and what to do with it."""

import re
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from commands.outcome import Failed, WrongUse
from runtime.settings import Settings

COLUMNS = (
    "id",
    "conversation_id",
    "kind",
    "state",
    "attempts",
    "reason",
    "last_error",
    "outcome_unknown",
    "created_at",
)
WIDE = 10_000
"""Columns of output that no terminal reads: programs want one line a row."""
LETTER = re.compile(r"(?P<inbound>in-)?(?P<id>[1-9][0-9]{0,17})")
"""A dead letter's id, or with `in-` that of a message no conversation took; whatever else is typed must not become part
of an address."""


def show(settings: Settings, *, limit: int) -> None:
    """Print what waits and what a person must decide about.

    Raises:
        Failed: the API cannot be reached or refuses the token.
    """
    waiting = _rows(_ask(settings, "GET", "/api/outbox", limit=limit))
    dead = _rows(_ask(settings, "GET", "/api/dead-letters", limit=limit))
    refused = _rows(_ask(settings, "GET", "/api/inbox", limit=limit))
    if not (waiting or dead or refused):
        print("the outbox is empty and there are no dead letters")
    refused = [row | {"id": f"in-{row['id']}"} for row in refused]
    for title, rows in (("waiting", waiting), ("dead letters", dead), ("customers' messages not taken", refused)):
        if rows:
            _print(title, rows)


def decide(settings: Settings, letter: str, verb: str) -> None:
    """Retry or drop a dead letter, or a customer's message that could not be handed over.

    Raises:
        WrongUse: that is the id of neither.
        Failed: there is none of that id, or the API cannot be reached.
    """
    found = LETTER.fullmatch(letter)
    if not found:
        raise WrongUse(f"{letter!r} is not the id of a dead letter: `everturn outbox list` shows them")
    room, again = ("inbox", "will be tried again") if found["inbound"] else ("dead-letters", "will be sent again")
    _ask(settings, "POST", f"/api/{room}/{found['id']}/{verb}")
    print(f"{letter}: {again if verb == 'retry' else 'dropped'}")


def _ask(settings: Settings, method: str, path: str, **query: Any) -> Any:
    url = settings.everturn_api_url
    headers = {"authorization": f"Bearer {settings.operator_token}"} if settings.operator_token else {}
    try:
        answer = httpx.request(method, url + path, params=query, headers=headers, timeout=15, trust_env=False)
    except httpx.HTTPError as error:
        raise Failed(
            f"the API at {url} cannot be reached ({type(error).__name__}): start it with `everturn up`"
        ) from None
    if answer.status_code in (401, 403):
        raise Failed("the API refuses the operator token: set OPERATOR_TOKEN, or name the home with --home")
    if not answer.is_success:
        raise Failed(_problem(answer))
    return answer.json() if answer.content else None


def _problem(answer: httpx.Response) -> str:
    """What the API says in its own words (RFC 9457)."""
    try:
        said = answer.json()
        return str(said.get("detail") or said["title"])
    except (ValueError, KeyError, AttributeError):
        return f"the API answered {answer.status_code}"


def _rows(found: Any) -> list[dict[str, Any]]:
    return list(found.get("items", [])) if isinstance(found, dict) else list(found or [])


def _print(title: str, rows: list[dict[str, Any]]) -> None:
    # What platforms and customers wrote is shown as it is: no markup, no emoji codes, nothing cut.
    console = Console(markup=False, emoji=False, highlight=False)
    if not console.is_terminal:
        console.width = WIDE
    table = Table(title=f"{title}: {len(rows)}", title_justify="left")
    columns = [name for name in COLUMNS if name in rows[0]]
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(str(row.get(name) if row.get(name) is not None else "") for name in columns))
    console.print(table)

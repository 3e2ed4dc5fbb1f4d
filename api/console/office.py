"""What the console leans on, built once, and who is at it now."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

from fastapi import Depends, Request

from api.bodies import read_body
from api.console.watch import Watch
from api.house import House
from api.live import Live
from api.media import MediaShelf
from api.problems import Problem
from domain.operators import Act, Operator, Via
from providers.media.pictures import Pictures
from providers.records.audit import Audit, Deed
from providers.records.confined import confined
from providers.records.media import MediaRecords
from providers.records.operators import Operators
from providers.records.sessions import Guessing, Session, Sessions, Visitor

COOKIE, SECURE_COOKIE = "everturn_console", "__Host-everturn_console"
CSRF_HEADER, CSRF_FIELD = "x-csrf-token", "csrf"
MOST_FIELDS = 40


@dataclass(frozen=True)
class Office:
    """The console's rooms; `app.state.office`."""

    house: House
    shelf: MediaShelf
    operators: Operators
    sessions: Sessions
    guessing: Guessing
    audit: Audit
    live: Live
    watch: Watch
    pictures: Pictures


class NotSignedIn(Exception):
    """Nobody is logged in, or no longer."""


@dataclass(frozen=True)
class Here:
    """Somebody at the console."""

    request: Request
    office: Office
    session: Session
    secret: str
    """What this browser alone knows."""

    @property
    def csrf(self) -> str:
        """What its pages must show to act."""
        return csrf_of(self.secret)

    @property
    def house(self) -> House:
        """The house."""
        return self.office.house

    @property
    def operator(self) -> Operator:
        """Who it is."""
        return self.session.operator

    async def shops(self) -> list[tuple[str, str]]:
        """The accounts they see, by platform and id."""
        known = [(one.platform, one.account) for one in await self.house.accounts.all()]
        return [one for one in known if self.operator.may_see(*one)]

    @property
    def name(self) -> str:
        """Their name."""
        return self.session.operator.name

    async def note(self, act: Act, conversation: str = "", subject: str = "", outcome: str = "done") -> None:
        """Write down what they did."""
        deed = Deed(
            operator=self.name, via=Via.CONSOLE, act=act, conversation=conversation, subject=subject,
            address=visitor_of(self.request).address, outcome=outcome,
        )  # fmt: skip
        await self.office.audit.write(deed)


def office_of(request: Request) -> Office:
    """The office of this application."""
    office: Office | None = getattr(request.app.state, "office", None)
    if office is None:
        raise Problem(503, "the console needs PostgreSQL: set DATABASE_URL")
    return office


TheOffice = Annotated[Office, Depends(office_of)]


def now() -> datetime:
    """Now, by the console's clock."""
    return datetime.now(UTC)


def visitor_of(request: Request) -> Visitor:
    """Where a request comes from."""
    return Visitor(address=request.client.host if request.client else "", browser=request.headers.get("user-agent", ""))


def is_https(request: Request, office: Office) -> bool:
    """Whether browsers reach us encrypted, be it through a proxy."""
    return request.url.scheme == "https" or office.house.settings.everturn_api_url.startswith("https://")


def cookie_name(request: Request, office: Office) -> str:
    """The session's cookie; over https one that no other host and no plain connection can set."""
    return SECURE_COOKIE if is_https(request, office) else COOKIE


def csrf_of(secret: str) -> str:
    """What a page must show to act in this browser's name: made from what only the browser sends."""
    return hmac.new(secret.encode(), b"everturn.console.csrf", hashlib.sha256).hexdigest()


async def somebody(request: Request, office: TheOffice) -> Here:
    """Who is logged in.

    Raises:
        NotSignedIn: nobody.
    """
    secret = request.cookies.get(cookie_name(request, office), "")
    session = await office.sessions.find(secret, now()) if secret else None
    if session is None:
        raise NotSignedIn
    return Here(request, _as_seen_by(session.operator, office, request), session, secret)


def _as_seen_by(operator: Operator, office: Office, request: Request) -> Office:
    """The office, for somebody of some accounts with those accounts' rows alone; see decision 0020.

    Raises:
        Problem: 404, the page is about another account's conversation.
    """
    if not operator.accounts:
        return office
    asked = request.path_params
    if not operator.may_see_conversation(asked.get("conversation", "")) and "conversation" in asked:
        raise Problem(404, "there is no such conversation")
    if "account" in asked and not operator.may_see(asked.get("platform", ""), asked["account"]):
        raise Problem(404, "there is no such account")
    pool = confined(office.house.pool, operator.accounts)
    shelf = MediaShelf(office.shelf.store, office.shelf.links, MediaRecords(pool))
    return replace(office, house=replace(office.house, pool=pool), shelf=shelf)


TheOperator = Annotated[Here, Depends(somebody)]


def manager(here: TheOperator) -> Here:
    """A manager.

    Raises:
        Problem: 403, it is not one.
    """
    if not here.operator.is_manager or here.operator.accounts:
        raise Problem(403, "this page is for managers who see every account")
    return here


TheManager = Annotated[Here, Depends(manager)]
Form = Mapping[str, str]


async def read_form(request: Request) -> Form:
    """The fields of a plain form.

    Raises:
        Problem: 400 no form; 408, 413 as `read_body`.
    """
    body = await read_body(request)
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError:
        raise Problem(400, "this is not a form of ours") from None
    return {name: value.replace("\x00", "").replace("\r\n", "\n") for name, value in fields}


def require_our_page(request: Request, office: Office, token: str, secret: str) -> None:
    """Whether one of our own pages asks for this: by where the browser says it comes from, and by its token.

    Raises:
        Problem: 403.
    """
    if not (_comes_from_us(request, office) and secret):
        raise Problem(403, "this came from another page: go back to the console and try again")
    if not hmac.compare_digest(token.encode("utf-8", "surrogateescape"), csrf_of(secret).encode()):
        raise Problem(403, "this page has grown old: load it again and try once more")


def _comes_from_us(request: Request, office: Office) -> bool:
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None and site != "same-origin":
        return False
    if origin is None:
        return True  # an old browser; the token decides
    if origin == "null":
        return site == "same-origin"
    own = urlsplit(office.house.settings.everturn_api_url)
    asked = urlsplit(origin)
    return asked.netloc == request.headers.get("host") or (asked.scheme, asked.netloc) == (own.scheme, own.netloc)


async def posted(request: Request, here: TheOperator) -> Form:
    """The fields of a form that one of our pages posted.

    Raises:
        Problem: 403 another page did; else as `read_form`.
    """
    form = await read_form(request)
    token = request.headers.get(CSRF_HEADER) or form.get(CSRF_FIELD, "")
    secret = request.cookies.get(cookie_name(request, here.office), "")
    require_our_page(request, here.office, token, secret)
    return form


ThePosted = Annotated[Form, Depends(posted)]


def proven_by_header(request: Request, here: TheOperator) -> None:
    """One of our scripts asks, with a body that is no form.

    Raises:
        Problem: 403 another page does.
    """
    secret = request.cookies.get(cookie_name(request, here.office), "")
    require_our_page(request, here.office, request.headers.get(CSRF_HEADER, ""), secret)

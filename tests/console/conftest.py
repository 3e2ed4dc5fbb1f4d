"""A console with every server behind it, and people at it."""

import re
from collections.abc import Callable, Iterator
from uuid import uuid4

import httpx
import pytest

from tests.api.running import serving, settings_for
from tests.console.seeding import Books
from tests.servers_here import Servers

TOKEN = "operator-secret"
CSRF = re.compile(r'name="csrf" value="([0-9a-f]{64})"')
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def database(servers: Servers) -> str:
    """A database of this module's own."""
    return servers.fresh_database(f"console_{uuid4().hex[:12]}")


@pytest.fixture(scope="module")
def url(servers: Servers, database: str) -> Iterator[str]:
    """An API with PostgreSQL and Temporal behind it, and no worker."""
    settings = settings_for(temporal_address=servers.temporal_address, database_url=database)
    with serving(settings) as found:
        yield found


@pytest.fixture
def books(database: str) -> Books:
    """What stands in our books."""
    return Books(database)


class Browser:
    """Somebody's browser: it keeps cookies, sends no token it was not shown, and follows nothing by itself."""

    def __init__(self, url: str, came_from: str = "") -> None:
        """`came_from`: an address of this machine that the connection is made from."""
        self.url = url
        way = httpx.HTTPTransport(local_address=came_from) if came_from else None
        self.client = httpx.Client(base_url=url, timeout=20, trust_env=False, transport=way)

    def get(self, path: str, **options: object) -> httpx.Response:
        """Look at a page."""
        return self.client.get(path, **options)  # type: ignore[arg-type]

    def token(self, path: str = "/console/me") -> str:
        """What a page shows to its own forms."""
        found = CSRF.search(self.get(path).text)
        assert found is not None, path
        return found[1]

    def post(self, path: str, fields: dict[str, str] | None = None, **options: object) -> httpx.Response:
        """Post a form of a page of ours."""
        given = {"csrf": self.token(), **(fields or {})}
        return self.client.post(path, data=given, headers={"origin": self.url}, **options)  # type: ignore[arg-type]

    def log_in(self, name: str = "owner", password: str = TOKEN, to: str = "") -> httpx.Response:
        """Log in by the form."""
        fields = {"name": name, "password": password, "next": to, "csrf": self.token("/console/login")}
        return self.client.post("/console/login", data=fields, headers={"origin": self.url})


@pytest.fixture
def browser(url: str) -> Iterator[Callable[[], Browser]]:
    """Opens fresh browsers."""
    opened: list[Browser] = []

    def fresh() -> Browser:
        opened.append(Browser(url))
        return opened[-1]

    yield fresh
    for one in opened:
        one.client.close()


@pytest.fixture
def owner(browser: Callable[[], Browser], books: Books) -> Browser:
    """Who logs in with the operator token."""
    books.forget_attempts()
    found = browser()
    assert 303 == found.log_in().status_code
    return found


@pytest.fixture
def anna(owner: Browser, browser: Callable[[], Browser]) -> Browser:
    """An operator who is no manager."""
    return somebody(owner, browser, "Anna", "operator")


def somebody(owner: Browser, browser: Callable[[], Browser], name: str, role: str) -> Browser:
    """A new operator of this role, logged in; there already: logged in again."""
    owner.post("/console/operators", {"name": name, "role": role, "password": PASSWORD, "repeat": PASSWORD})
    found = browser()
    assert 303 == found.log_in(name, PASSWORD).status_code
    return found

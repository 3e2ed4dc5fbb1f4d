"""Accounts, plans and credits through the operator API."""

from collections.abc import Iterator
from uuid import uuid4

import httpx
import psycopg
import pytest

from providers.secrets import new_key
from tests.api.running import serving, settings_for
from tests.servers_here import Servers

BEARER = {"Authorization": "Bearer operator-secret"}
NOWHERE = {"api_base_url": "http://127.0.0.1:1"}


@pytest.fixture(scope="module")
def own_database(servers: Servers) -> str:
    """A database of this module's own."""
    return servers.fresh_database(f"api_accounts_{uuid4().hex[:12]}")


@pytest.fixture(scope="module")
def own_url(own_database: str) -> Iterator[str]:
    """An API with a key for secrets, and no Temporal."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVERTURN_SECRETS_KEY", new_key())
        with serving(settings_for(database_url=own_database)) as url:
            yield url


@pytest.fixture
def shopkeeper(own_url: str, own_database: str) -> Iterator[httpx.Client]:
    """An operator, and no account stored yet."""
    with psycopg.connect(own_database, autocommit=True) as connection:
        connection.execute("TRUNCATE credits, purses, accounts")
        connection.execute("DELETE FROM plans WHERE name <> 'unlimited'")
    with httpx.Client(base_url=own_url, headers=BEARER, timeout=20, trust_env=False) as client:
        yield client


def shop(**more: object) -> dict[str, object]:
    """A new shop."""
    return {"platform": "manychat", "account": "shop", "access_token": "tok-1", **more}


def simulated(client: httpx.Client) -> str:
    """Where the API itself plays ManyChat."""
    return f"{client.base_url}/simulator/manychat".replace("//simulator", "/simulator")


def add(client: httpx.Client, **more: object) -> httpx.Response:
    """Add one without asking its platform."""
    return client.post("/api/accounts", params={"check": False}, json=shop(**more))


@pytest.mark.parametrize("path", ["/api/accounts", "/api/plans", "/api/accounts/manychat/shop/credits"])
def test_strangers_are_turned_away(own_url: str, path: str) -> None:
    """Nobody without the token learns which shops there are."""
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        assert 401 == httpx.get(own_url + path, headers=headers, trust_env=False).status_code


def test_an_account_is_added_changed_and_removed(shopkeeper: httpx.Client) -> None:
    """Its secrets go in and never come out."""
    answer = shopkeeper.post(
        "/api/accounts",
        json=shop(
            webhook_secret="hook-1", language="uk", api_base_url=simulated(shopkeeper),
            turn_taking={"quiet_period": 4, "quiet_period_by_kind": {"image": 8}},
        ),
    )  # fmt: skip
    assert (201, "/api/accounts/manychat/shop") == (answer.status_code, answer.headers.get("location"))
    found = shopkeeper.get("/api/accounts/manychat/shop").json()
    assert {"access_token": True, "webhook_secret": True, "verify_token": False} == found["secrets"]
    assert ("stored", "uk", "unlimited") == (found["origin"], found["language"], found["plan"])
    assert {"quiet_period": 4, "quiet_period_by_kind": {"image": 8}} == found["turn_taking"]
    changes = {"name": "Shop", "webhook_secret": "", "verify_token": "v", "retention_days": 30}
    changed = shopkeeper.patch("/api/accounts/manychat/shop", json=changes).json()
    assert {"access_token": True, "webhook_secret": False, "verify_token": True} == changed["secrets"]
    assert ("Shop", "uk", 30) == (changed["name"], changed["language"], changed["retention_days"])
    for secret in ("tok-1", "hook-1"):
        assert secret not in answer.text + shopkeeper.get("/api/accounts").text
    assert 204 == shopkeeper.delete("/api/accounts/manychat/shop").status_code
    assert 404 == shopkeeper.delete("/api/accounts/manychat/shop").status_code
    assert 404 == shopkeeper.get("/api/accounts/manychat/shop").status_code


def test_credentials_are_checked_before_they_are_stored(shopkeeper: httpx.Client) -> None:
    """A refused token is 422, a platform that is away 503 with Retry-After; neither is stored."""
    refused = shopkeeper.post("/api/accounts", json=shop(access_token="tökén"))
    assert 422 == refused.status_code
    assert "tökén" not in refused.text
    away = shopkeeper.post("/api/accounts", json=shop(**NOWHERE))
    assert (503, True) == (away.status_code, "retry-after" in away.headers)
    assert 404 == shopkeeper.get("/api/accounts/manychat/shop").status_code


def test_stored_credentials_are_checked_on_demand(shopkeeper: httpx.Client) -> None:
    """The platform's word, for stored accounts and the environment's."""
    add(shopkeeper, api_base_url=simulated(shopkeeper))
    path = "/api/accounts/manychat/shop"
    assert {"accepted": True, "reason": "", "rating": ""} == shopkeeper.post(f"{path}/check").json()
    shopkeeper.patch(path, params={"check": False}, json={"access_token": "tökén"})
    assert shopkeeper.post(f"{path}/check").json()["accepted"] is False
    assert 503 == shopkeeper.patch(path, json={"access_token": "t", **NOWHERE}).status_code
    assert 404 == shopkeeper.post("/api/accounts/manychat/nobody/check").status_code


def test_accounts_are_listed_page_by_page_with_the_environments(shopkeeper: httpx.Client) -> None:
    """In one order, each once, whether stored, of the environment, or both."""
    for name in ("a", "b", "default", "z"):
        assert 201 == add(shopkeeper, account=name).status_code
    seen, cursor = [], None
    while True:
        query = {"platform": "manychat", "limit": 2} | ({"cursor": cursor} if cursor else {})
        page = shopkeeper.get("/api/accounts", params=query).json()
        seen += [(item["account"], item["origin"]) for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert [("a", "stored"), ("b", "stored"), ("default", "both"), ("z", "stored")] == seen
    everywhere = shopkeeper.get("/api/accounts").json()["items"]
    assert {"environment", "both", "stored"} == {item["origin"] for item in everywhere}


def test_there_is_one_account_of_a_name(shopkeeper: httpx.Client) -> None:
    """The second is 409."""
    assert [201, 409] == [add(shopkeeper).status_code for _ in range(2)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"platform": "pigeon"}, {"account": "a:b"}, {"account": "a b"}, {"account": "\x00"}, {"flow": "none"},
        {"plan": "gold"}, {"plan": "\x00"}, {"turn_taking": {"patience": 1}}, {"turn_taking": {"quiet_period": 99}},
        {"api_base_url": "ftp://x"}, {"retention_days": 0}, {"colour": "red"}, {"options": {"a": "\x00"}},
        {"language": "Ukrainian!"}, {"name": "\ud800"}, {"access_token": 5},
    ],
)  # fmt: skip
def test_what_no_account_may_be_is_422(shopkeeper: httpx.Client, wrong: dict[str, object]) -> None:
    """It says what is wrong, and does not repeat a secret."""
    import json

    body = json.dumps(shop(**{"access_token": "tok-secret", **wrong}))
    headers = {"content-type": "application/json"}
    answer = shopkeeper.post("/api/accounts", params={"check": False}, content=body, headers=headers)
    assert (422, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
    assert "tok-secret" not in answer.text


def test_wrong_changes_are_422(shopkeeper: httpx.Client) -> None:
    """And the account stays as it was."""
    add(shopkeeper)
    for wrong in ({"plan": "gold"}, {"plan": None}, {"language": "Ukrainian!"}, {"flow": "none"}, {"status": "gone"}):
        assert 422 == shopkeeper.patch("/api/accounts/manychat/shop", json=wrong).status_code, wrong
    assert "unlimited" == shopkeeper.get("/api/accounts/manychat/shop").json()["plan"]


def test_the_environments_account_is_changed_by_storing_it(shopkeeper: httpx.Client) -> None:
    """Until then there is nothing to change."""
    assert "environment" == shopkeeper.get("/api/accounts/manychat/default").json()["origin"]
    answer = shopkeeper.patch("/api/accounts/manychat/default", json={"language": "uk"})
    assert (404, True) == (answer.status_code, "POST" in answer.json()["detail"])


def test_plans_and_credits(shopkeeper: httpx.Client) -> None:
    """In credits, as people count; the ledger counts in millionths."""
    plan = {
        "features": ["image"], "messages_per_period": 50, "credits_per_period": "100.5",
        "tariff": {"reply": "0.25", "percent_by_platform": {"manychat": 50}},
    }  # fmt: skip
    put = shopkeeper.put("/api/plans/small", json=plan)
    assert (200, "100.500000", "0.250000") == (
        put.status_code, put.json()["credits_per_period"], put.json()["tariff"]["reply"],
    )  # fmt: skip
    assert ["small", "unlimited"] == [item["name"] for item in shopkeeper.get("/api/plans").json()["items"]]
    assert 422 == shopkeeper.put("/api/plans/unlimited", json=plan).status_code
    for wrong in ({"credits_per_period": -1}, {"credits_per_period": "0.0000001"}, {"features": ["smell"]}):
        assert 422 == shopkeeper.put("/api/plans/small", json=wrong).status_code
    add(shopkeeper, plan="small")
    path = "/api/accounts/manychat/shop/credits"
    found = shopkeeper.get(path).json()
    assert ("small", "100.500000", 50, []) == (found["plan"], found["credits"], found["messages"], found["items"])
    for _ in range(2):
        added = shopkeeper.post(path, json={"amount": "-0.5", "why": "x"}, headers={"Idempotency-Key": "k1"})
    assert ("100.000000", ["adjust", "grant"]) == (
        added.json()["credits"], [item["movement"] for item in added.json()["items"]],
    )  # fmt: skip
    page = shopkeeper.get(path, params={"limit": 1}).json()
    older = shopkeeper.get(path, params={"limit": 1, "cursor": page["next_cursor"]}).json()
    assert ["adjust", "grant"] == [each["items"][0]["movement"] for each in (page, older)]
    assert 409 == shopkeeper.post(path, json={"amount": -101}).status_code
    assert 422 == shopkeeper.post(path, json={"amount": "0.0000001"}).status_code
    assert 404 == shopkeeper.get("/api/accounts/manychat/nobody/credits").status_code
    assert None is shopkeeper.get("/api/accounts/manychat/default/credits").json()["credits"]


def test_the_openapi_describes_secrets_as_write_only(shopkeeper: httpx.Client) -> None:
    """Whoever generates a client from it sees them go in and never come out."""
    schemas = shopkeeper.get("/openapi.json").json()["components"]["schemas"]
    given = schemas["NewAccount"]["properties"]["access_token"]
    assert any(choice.get("writeOnly") for choice in given["anyOf"])
    assert "access_token" not in schemas["AccountView"]["properties"]

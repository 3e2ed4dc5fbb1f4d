"""Production with shops in the database alone: the environment states no account of its own."""

import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest

from platforms.base import Credentials
from platforms.kit import Said
from platforms.registry import PLATFORMS, names, platforms
from platforms.simulation import Webhook
from providers.secrets import new_key
from tests.api.namespaces import fresh_namespace
from tests.api.running import serving, settings_for
from tests.servers_here import Servers

SHOP = Credentials(account="2002", access_token="token-of-shop", webhook_secret="secret-of-shop")
STRANGER = SHOP.model_copy(update={"webhook_secret": "guessed"})


@pytest.fixture(scope="module")
def market(servers: Servers) -> Iterator[str]:
    """An API in production that learns of every shop from the database."""
    settings = settings_for(
        everturn_env="production",
        temporal_address=servers.temporal_address,
        temporal_namespace=fresh_namespace(servers, "market"),
        database_url=servers.fresh_database(f"market_{uuid4().hex[:12]}"),
    )
    headers = {"Authorization": "Bearer operator-secret"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVERTURN_SECRETS_KEY", new_key())
        with serving(settings) as url, httpx.Client(base_url=url, headers=headers, timeout=20, trust_env=False) as we:
            for name in names():
                shop = SHOP.model_dump(include={"account", "access_token", "webhook_secret"})
                assert (
                    201
                    == we.post("/api/accounts", params={"check": False}, json={"platform": name, **shop}).status_code
                )
            yield url


def written(name: str, by: Credentials) -> Webhook:
    """What a customer of this shop writes."""
    contact = str(uuid4().int % 10**12)
    said = Said(contact=contact, text="Привіт", message_id=contact, at=datetime.now(UTC))
    return PLATFORMS[name].inbound(said, by)


def post(url: str, hook: Webhook, path: str) -> int:
    for _ in range(50):  # a fresh namespace is not known everywhere at once
        answer = httpx.post(
            url + path,
            params=dict(hook.query),
            headers=dict(hook.headers),
            content=hook.body,
            trust_env=False,
            timeout=20,
        )
        if answer.status_code != 503:
            break
    return answer.status_code


@pytest.mark.parametrize("name", names())
def test_a_stored_shop_is_heard_and_nobody_else(name: str, market: str) -> None:
    """Its own secret opens its door; a guessed one, and the door of an account that has none, stay shut."""
    hook, forged = written(name, SHOP), written(name, STRANGER)
    own = f"{hook.path}/{SHOP.account}"
    assert post(market, hook, own) in (200, 202)
    assert 403 == post(market, forged, own)
    by_name = platforms(httpx.AsyncClient())[name].abilities("").many_accounts
    assert (post(market, hook, hook.path) in (200, 202)) is by_name, "the shared address, where bodies name the shop"
    assert 403 == post(market, forged, hook.path)


def test_a_shop_that_left_takes_nobody_with_it(market: str) -> None:
    """Meta tells of several shops in one body: proven by one of them, it is heard, whoever else it names."""
    hook = written("whatsapp", SHOP)
    body = json.loads(hook.body)
    left = json.loads(hook.body.replace(SHOP.account.encode(), b"9009"))
    for secret, taken in ((SHOP.webhook_secret, True), ("guessed", False)):
        for entries, known in (([*left["entry"], *body["entry"]], True), (left["entry"], False)):
            both = json.dumps(body | {"entry": entries}).encode()
            proof = "sha256=" + hmac.new(secret.encode(), both, "sha256").hexdigest()
            signed = hook.model_copy(update={"body": both, "headers": {**hook.headers, "x-hub-signature-256": proof}})
            assert (200 if taken and known else 403) == post(market, signed, hook.path)

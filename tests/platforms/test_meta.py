"""What Meta's platforms share: the signature, the verification of an address, and the shape of errors."""

from collections.abc import Mapping
from datetime import UTC, datetime

import httpx
import pytest

from domain.failures import NotProven
from platforms.base import Credentials, WebhookRequest
from platforms.meta import graph_error, sign
from platforms.whatsapp.adapter import WhatsApp

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
MAIN = Credentials(account="main", webhook_secret="s3cret", verify_token="v3rify")


def came(body: bytes = b"{}", query: Mapping[str, str] = {}, **headers: str) -> WebhookRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return WebhookRequest(headers=named, query=query, body=body, now=NOW)


def test_the_signature_is_over_the_bytes_as_they_came() -> None:
    """The same JSON, written another way, is another body."""
    escaped, plain = b'{"a":"\\u043f\\/"}', '{"a":"п/"}'.encode()
    platform = WhatsApp(httpx.AsyncClient())
    platform.authenticate(came(escaped, x_hub_signature_256=sign("s3cret", escaped)), MAIN)
    with pytest.raises(NotProven):
        platform.authenticate(came(plain, x_hub_signature_256=sign("s3cret", escaped)), MAIN)


@pytest.mark.parametrize(
    ("headers", "missing"),
    [
        ({}, True),
        ({"x_hub_signature_256": ""}, True),
        ({"x_hub_signature": sign("s3cret", b"{}")}, True),
        ({"x_hub_signature_256": "sha256=" + "0" * 64}, False),
        ({"x_hub_signature_256": sign("s3cret", b"{}").removeprefix("sha256=")}, False),
        ({"x_hub_signature_256": "їжак"}, False),
    ],
)
def test_no_proof_no_entry(headers: dict[str, str], missing: bool) -> None:
    """A stranger is told whether the proof is missing or wrong."""
    with pytest.raises(NotProven) as raised:
        WhatsApp(httpx.AsyncClient()).authenticate(came(**headers), MAIN)
    assert missing == raised.value.missing


def test_meta_verifies_the_address() -> None:
    """The challenge comes back as it was sent."""
    query = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": "v3rify"}
    platform = WhatsApp(httpx.AsyncClient())
    assert platform.challenge(came(query=query), MAIN) == "1158201444"
    for wrong in (
        {"hub.verify_token": "x"},
        {"hub.mode": "unsubscribe"},
        {"hub.challenge": ""},
        {"hub.challenge": "\n"},
    ):
        with pytest.raises(NotProven):
            platform.challenge(came(query=query | wrong), MAIN)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"error": {"code": "190", "error_subcode": 463, "message": "m"}}, (190, 463, "m")),
        ({"error": {"code": 1, "message": "m", "error_data": {"details": "d"}}}, (1, None, "m: d")),
        ({"error": {"code": True, "error_data": "plain"}}, (None, None, "plain")),
        ({"error": {"code": -1}}, (-1, None, "an error without words")),
        ({"error": "words"}, (None, None, "words")),
        ({"error": [0]}, (None, None, "an error in no known shape")),
        ({"error": None}, (None, None, "")),
        ([], (None, None, "")),
    ],
)
def test_an_error_is_read_in_every_shape(body: object, expected: tuple[object, ...]) -> None:
    """Whatever stands under `error` is an error."""
    assert expected == tuple(graph_error(httpx.Response(200, json=body)))

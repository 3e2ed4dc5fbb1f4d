"""What production refuses, and what it does not start without."""

import httpx
import pytest

from api.app import create_app
from runtime.settings import WrongSetting
from tests.api.running import settings_for


@pytest.mark.parametrize("path", ["/webhooks/manychat", "/webhook/chat2desk"])
def test_a_hook_without_a_secret_is_shut(production_url: str, path: str) -> None:
    """Whatever is posted, with whatever proof: 403."""
    for headers in ({}, {"X-Webhook-Secret": "x"}):
        answer = httpx.post(production_url + path, json={"subscriber_id": "1", "text": "hi"}, headers=headers)
        assert 403 == answer.status_code
        assert "_WEBHOOK_SECRET" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/simulator", "/simulator/_faults", "/simulator/manychat/fb/page/getInfo"])
def test_there_is_no_simulator(production_url: str, path: str) -> None:
    """Not the page, not the platforms."""
    assert 404 == httpx.get(production_url + path).status_code


def test_it_does_not_start_without_an_operator_token() -> None:
    """And says which variable is missing."""
    with pytest.raises(WrongSetting, match="OPERATOR_TOKEN"):
        create_app(settings_for(everturn_env="production", operator_token=""))


def test_it_does_not_start_with_a_flow_that_does_not_exist() -> None:
    """And says which variable is wrong."""
    with pytest.raises(WrongSetting, match="MANYCHAT_FLOW"):
        create_app(settings_for(manychat_flow="pigeon_post", chat2desk_flow="water_order"))

"""`everturn doctor`: what it finds wrong, and what it only mentions."""

import asyncio

import pytest

from commands.doctor import Finding, Verdict, look_at_platforms
from platforms.registry import names
from tests.api.running import settings_for


def findings(**stated: object) -> dict[str, list[Finding]]:
    """What is said of each platform, by its name."""
    found = asyncio.run(look_at_platforms(settings_for(**stated)))
    return {name: [one for one in found if one.subject.split()[0] == name] for name in names()}


def test_a_platform_that_nobody_uses_is_no_complaint() -> None:
    """A shop in production that has WhatsApp alone reads of nothing else that it would have to mend."""
    told = findings(everturn_env="production", operator_token="t")
    assert {name: [(Verdict.NOTE, "not set up in the environment")] for name in names()} == {
        name: [(one.verdict, one.text) for one in found] for name, found in told.items()
    }
    assert "set WHATSAPP_ACCESS_TOKEN and WHATSAPP_WEBHOOK_SECRET" in told["whatsapp"][0].mend


@pytest.mark.parametrize("half", ["telegram_webhook_secret", "telegram_access_token"])
def test_half_a_platform_is_a_complaint(half: str) -> None:
    """Whoever set the one and forgot the other hears of it."""
    told = findings(everturn_env="production", operator_token="t", telegram_api_url="http://127.0.0.1:1", **{half: "x"})
    assert Verdict.WRONG in [one.verdict for one in told["telegram"]]

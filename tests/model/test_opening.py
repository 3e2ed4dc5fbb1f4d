"""What the settings make of the model."""

import httpx
import pytest

from domain.language import ModelAway, ModelReply
from providers.model.opening import open_model
from providers.model.patient import NO_KEY
from providers.model.script import Scripted
from providers.model.simulated import SimulatedModel
from providers.records.pool import Pool, open_pool
from runtime.model_settings import load_model_settings
from runtime.settings import Settings, WrongSetting
from tests.model.asking import asks, turn_of


def nowhere() -> Pool:
    """A database that nobody needs as long as all is well."""
    return open_pool("postgresql://nobody@127.0.0.1:1/none", size=1, name="test")


async def test_from_the_environment(simulated: SimulatedModel, url: str) -> None:
    """A key, an address and nothing else: the two models have names."""
    settings = Settings(_env_file=None, anthropic_api_key="key", anthropic_base_url=url)
    model = open_model(settings, nowhere())
    assert isinstance(await turn_of(model).ask(asks()), ModelReply)
    assert "claude-haiku-5-5" == simulated.asked[0].body["model"]
    await model.close()


async def test_without_a_key() -> None:
    """A house without a key runs all the same."""
    model = open_model(Settings(_env_file=None, anthropic_api_key=""), nowhere())
    assert ModelAway(reason=NO_KEY) == await turn_of(model).ask(asks())
    await model.close()


def test_a_wrong_setting_is_named() -> None:
    """The variable and the reason, without its value."""
    with pytest.raises(WrongSetting, match="MODEL_TOOL_ROUNDS"):
        load_model_settings(model_tool_rounds=99)


def test_prices_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    """A contract's own prices go before the published ones."""
    monkeypatch.setenv("MODEL_PRICES", '{"claude-haiku-5-5": [0.05, 0.2, 0.005]}')
    assert (0.05, 0.2, 0.005) == load_model_settings().prices["claude-haiku-5-5"]


async def test_a_script_as_plain_values(simulated: SimulatedModel, url: str) -> None:
    """A script may stand in YAML; whoever asks wrongly hears it in the API's own words."""
    simulated.play(Scripted.model_validate({"when": "сукн", "calls": {"find": {"text": "сукня"}}, "times": 1}))
    body = {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "Є сукні?"}]}
    async with httpx.AsyncClient(base_url=url, headers={"x-api-key": "any"}) as client:
        first, second = [(await client.post("/v1/messages", json=body)).json() for _ in range(2)]
        wrong = await client.post("/v1/messages", json=body | {"messages": []})
        nobody = await client.post("/v1/messages", json=body, headers={"x-api-key": ""})
        garbage = await client.post("/v1/messages", content=b"{")
    assert ("find", "tool_use") == (first["content"][0]["name"], first["stop_reason"])
    assert ("OK.", [0, None]) == (second["content"][0]["text"], [asked.answered_by for asked in simulated.asked])
    assert "messages: Field required" == wrong.json()["error"]["message"]
    assert [400, 401, 400] == [answer.status_code for answer in (wrong, nobody, garbage)]

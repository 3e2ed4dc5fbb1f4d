"""The real model: Anthropic's Messages API through its own SDK. One attempt a call; patience is somebody else's."""

import asyncio
from collections.abc import Mapping

from anthropic import AnthropicError, APIConnectionError, APIStatusError, AsyncAnthropic, Timeout

from domain.failures import OutcomeUnknown, Transient
from domain.language import AskModel, Eyes, ModelReply
from providers.model.base import Picture
from providers.model.failing import failure_of, no_answer
from providers.model.reading import read_reply
from providers.model.request import body_of, is_formatted

BASE_URL = "https://api.anthropic.com"
CONNECT = 5.0
"""Seconds for a connection."""


class AnthropicModel:
    """Speaks to the API. `close` it at the end."""

    def __init__(self, api_key: str, models: Mapping[Eyes, str], base_url: str = "") -> None:
        self._models = models
        self._client = AsyncAnthropic(api_key=api_key, base_url=base_url or BASE_URL, max_retries=0)

    def name_of(self, eyes: Eyes) -> str:
        """Which model looks with these eyes."""
        return self._models[eyes]

    async def reply(self, ask: AskModel, pictures: Mapping[str, Picture], *, within: float) -> ModelReply:
        """The model's answer; see `LanguageModel.reply` for what it raises."""
        try:
            async with asyncio.timeout(within):
                return await self._reply(ask, pictures, within)
        except TimeoutError:
            raise OutcomeUnknown(f"no answer from the model within {within:.1f} s") from None

    async def _reply(self, ask: AskModel, pictures: Mapping[str, Picture], within: float) -> ModelReply:
        """The body is read by ourselves: what the SDK makes of a malformed one is any type at all."""
        model = self._models[ask.eyes]
        body = body_of(ask, pictures, model)
        timeout = Timeout(within, connect=min(CONNECT, within))
        try:
            raw = await self._client.messages.with_raw_response.create(**body, timeout=timeout)
            answer = await raw.read()
        except APIStatusError as error:
            raise failure_of(error) from None
        except APIConnectionError as error:
            raise no_answer(error) from None
        except AnthropicError as error:
            raise Transient(f"no usable answer from the model ({type(error).__name__})") from None
        reply = read_reply(answer, ask.must_call if is_formatted(ask, model) else "")
        return reply.model_copy(update={"model": reply.model or model})

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.close()

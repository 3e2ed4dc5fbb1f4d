"""Two small workflows for the sandbox, apart from the tests, which the sandbox could not import."""

import random
from datetime import timedelta

from temporalio import activity, workflow


@activity.defn
async def echo(word: str) -> str:
    """Say it again."""
    return word


@workflow.defn
class Talking:
    """An activity, a timer with a summary, and a result: payloads of every kind."""

    @workflow.run
    async def run(self, word: str) -> str:
        await workflow.sleep(1, summary="a pause")
        return await workflow.execute_activity(echo, word, start_to_close_timeout=timedelta(seconds=5), summary="echo")


@workflow.defn
class Gambling:
    """What no replayed code may do."""

    @workflow.run
    async def run(self) -> float:
        return random.random()  # it must not come to that

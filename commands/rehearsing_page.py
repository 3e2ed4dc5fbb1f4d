"""What-if for the console: the same rehearsal, with refusals as the API says them."""

import os
from pathlib import Path

from temporalio.client import Client

from api.console.fork import Rehearse
from api.problems import Problem
from commands.outcome import Failed
from domain.identifiers import Address
from domain.what_if import WhatIf, Wish
from runtime.settings import Settings


def rehearsing_for(settings: Settings) -> Rehearse:
    """Takes turns again for pages of this process."""

    async def rehearse(client: Client, conversation: Address, wish: Wish) -> WhatIf:
        from commands import rehearsing  # late: an API that nobody asks this does without a model and its kin

        home = Path(os.environ.get("EVERTURN_HOME", "") or ".everturn")
        try:
            return await rehearsing.rehearse(settings, client, home, conversation, wish)
        except Failed as error:
            raise Problem(422, str(error)) from None

    return rehearse

"""Records the scenarios' histories (`make histories`) beside those that are there already."""

import asyncio
import sys
from pathlib import Path

from tests.histories.scenarios import SCENARIOS
from tests.workflows.servers import time_skipping

FOLDER = Path(__file__).parent / "recorded"


async def main() -> int:
    """Play every scenario on a fresh server and keep its history under a new name beside the older ones."""
    FOLDER.mkdir(exist_ok=True)
    for name, scenario in SCENARIOS.items():
        async with time_skipping() as env:
            chat = await scenario(env)
            history = await chat.handle.fetch_history()
            number = 1 + len(list(FOLDER.glob(f"{name}.*.json")))
            path = FOLDER / f"{name}.{number}.json"
            # A stack trace names the folder of the machine it was recorded on; nobody else needs to know.
            recorded = history.to_json().replace(f"{Path.cwd()}/", "")
            path.write_text(recorded + "\n", encoding="utf-8")
            print(f"{path.name}: {len(history.events)} events")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

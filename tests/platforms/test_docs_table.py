"""The table of platforms in the documentation says what the code says."""

from pathlib import Path

import httpx
import pytest

from platforms.base import Abilities, Platform
from platforms.registry import PLATFORMS, platforms

PAGE = Path(__file__).parents[2] / "docs" / "platforms.md"


def table() -> dict[str, dict[str, str]]:
    """The page's first table, platform by platform; what stands behind a semicolon is a remark."""
    lines = PAGE.read_text().split("## What each can do")[1].split("## ")[0].splitlines()
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    platforms_there = [title.split()[0].lower() for title in head[1:]]  # "WhatsApp Cloud" is whatsapp
    found: dict[str, dict[str, str]] = {name: {} for name in platforms_there}
    for row, *cells in rows:
        for name, cell in zip(platforms_there, cells, strict=True):
            found[name][row] = cell.split(";")[0]
    return found


TABLE = table()
KNOWN = platforms(httpx.AsyncClient())


def told(platform: Platform) -> dict[str, str]:
    """The same from the code, for a contact of whom nothing is known yet."""
    able = platform.abilities("")
    return {
        "webhook": f"`{platform.webhook_path}`",
        "is answered with": str(platform.webhook_status),
        "one address for many accounts": yes(able.many_accounts),
        "longest text": length(able.longest_text, able),
        "the same with choices": length(able.longest_text_with_choices, able, unlimited="as alone"),
        "choices to tap": str(able.choices or "none"),
        "a choice's title": length(able.longest_choice, able, unlimited="any").replace("bytes", "characters"),
        "pictures": yes(able.images),
        "text beside a picture": length(able.longest_caption, able, unlimited="as alone"),
        "a picture and choices in one message": yes(able.image_with_choices),
        "typing sign": f"{able.typing_seconds:g} s" if able.typing else "no",
        "marks as read": yes(able.seen),
        "is asked for the customer's name": yes(able.profile),
        "tells how far a part came": yes(able.receipts),
        # Not `abilities.echoes`: nobody leans on it, and Chat2Desk's does not say what its dialect reads.
        "shows what operators write in its app": yes(PLATFORMS[platform.name].echo is not None),
        "session window": "none" if able.window_hours is None else f"{able.window_hours:g} h",
        "rate of an account": f"{able.requests_per_minute} a minute",
        "a lost answer can be looked up": yes(able.can_look_up),
        "opens a dialog to operators": yes(able.opens_to_operators),
        "the check tells how the account fares": yes(able.checks_quality),
    }


def yes(able: bool) -> str:
    return "yes" if able else "no"


def length(longest: int | None, able: Abilities, unlimited: str = "") -> str:
    if longest is None:
        return unlimited
    return f"{longest} {able.unit}" if longest else "none"


def test_the_table_has_every_platform_once() -> None:
    """A new platform gets its column."""
    assert set(PLATFORMS) == set(TABLE)


@pytest.mark.parametrize("name", PLATFORMS)
def test_the_table_says_what_the_platform_says_of_itself(name: str) -> None:
    """Whoever plans with a limit from the page finds it in the code, and no row is left unchecked."""
    assert told(KNOWN[name]) == TABLE[name]


@pytest.mark.parametrize("name", PLATFORMS)
def test_what_is_told_can_be_played(name: str) -> None:
    """Receipts and echoes that a platform is said to have are those its kit plays."""
    able, kit = KNOWN[name].abilities(""), PLATFORMS[name]
    assert (kit.receipt is not None) == able.receipts
    assert not able.echoes or kit.echo is not None

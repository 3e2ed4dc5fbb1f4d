"""What must never stand in the clone is found before it is pushed."""

import base64
from pathlib import Path

import pytest

from ops.secrets import scanned

SECRETS = {
    "Anthropic's key": "sk-ant-" + "api03-" + "Qx7" * 30,
    "Meta's token": "EAA" + "Gm0PX4ZCpsBA" * 12,
    "Instagram's token": "IGAA" + "Jk93ZAbQw1c0" * 12,
    "ManyChat's key": "104857" + ":" + "9f86d081884c7d65" * 2,
    "Telegram's token": "110201543" + ":" + "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"[:35].ljust(35, "x"),
    "our own key": "EVERTURN_SECRETS_KEY=" + base64.urlsafe_b64encode(bytes(range(7, 39))).decode(),
}
"""Put together here, so that this file is none."""


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("line", ["{}", 'token = "{}"  # of the shop', "- {}"])
def test_a_secret_of_every_neighbour_is_found(tmp_path: Path, name: str, line: str) -> None:
    """Whoever pastes one into a test or a page is stopped."""
    (tmp_path / "page.md").write_text(f"# A page\n\n{line.format(SECRETS[name])}\n", encoding="utf-8")
    assert [3] == list(scanned(tmp_path, ["page.md"]).values())


def test_what_only_looks_random_is_none(tmp_path: Path) -> None:
    """Message ids, digests and placeholders pass, or nobody would listen any more."""
    harmless = ["wamid.HBgMMzgwNTAxMjM0NTY3FQIAEhggQ0E5", "sk-ant-…", "EAAB", "EVERTURN_SECRETS_KEY=", "9f86d081" * 8]
    (tmp_path / "page.md").write_text("\n".join(harmless), encoding="utf-8")
    assert {} == scanned(tmp_path, ["page.md"])

"""The settings of media, as somebody would write them."""

from datetime import timedelta
from pathlib import Path

import pytest

from domain.messages import MessageKind
from runtime.media_settings import load_media_settings
from runtime.settings import WrongSetting


def test_nothing_needs_to_be_set(tmp_path: Path) -> None:
    """Out of the box media lie in a folder of the house, for thirty days."""
    settings = load_media_settings(_env_file=None)
    assert (tmp_path / "media").as_uri() == settings.store_url(tmp_path)
    assert timedelta(days=30) == settings.retention("telegram", "main")
    assert {MessageKind.IMAGE, MessageKind.AUDIO, MessageKind.DOCUMENT} == set(settings.longest_bytes)


def test_what_can_be_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Another store, other times by platform and account, and hosts of one's own."""
    monkeypatch.setenv("MEDIA_STORE_URL", "s3://shop/media")
    monkeypatch.setenv("MEDIA_RETENTION_DAYS", "14")
    monkeypatch.setenv("MEDIA_RETENTION_DAYS_BY_ACCOUNT", '{"whatsapp": 7, "whatsapp/main": 3}')
    monkeypatch.setenv("MEDIA_TRUSTED_HOSTS", "bridge.internal:3000, *.files.example,[::1]:9000")
    settings = load_media_settings(_env_file=None)
    assert "s3://shop/media" == settings.store_url(tmp_path)
    assert [3, 7, 14] == [
        settings.retention(*account).days for account in (("whatsapp", "main"), ("whatsapp", "b"), ("telegram", "main"))
    ]
    assert ("bridge.internal:3000", "*.files.example", "[::1]:9000") == settings.media_trusted_hosts


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MEDIA_STORE_URL", "ftp://x"), ("MEDIA_STORE_URL", "/folder"), ("MEDIA_RETENTION_DAYS", "0"),
        ("MEDIA_LONGEST_IMAGE_BYTES", "12"), ("MEDIA_TRUSTED_HOSTS", "http://host/"), ("MEDIA_S3_ENDPOINT", "host"),
        ("TRANSCRIPTION_BASE_URL", "host"), ("MEDIA_RETENTION_DAYS_BY_ACCOUNT", '{"whatsapp": -1}'),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    """Whoever mistypes is told which variable it was."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(WrongSetting, match=variable):
        load_media_settings(_env_file=None)

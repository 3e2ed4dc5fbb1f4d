"""Opens what the settings of media describe: the same for the API and the worker."""

from datetime import timedelta
from pathlib import Path

from providers.media.store import S3, MediaStore, open_store
from runtime.accounts import Account
from runtime.media_settings import MediaSettings


def open_media_store(wanted: MediaSettings, home: Path) -> MediaStore:
    """Where media are kept."""
    s3 = S3(
        endpoint=wanted.media_s3_endpoint,
        access_key_id=wanted.media_s3_access_key_id,
        secret_access_key=wanted.media_s3_secret_access_key,
        region=wanted.media_s3_region,
    )
    return open_store(wanted.store_url(home), s3)


def retention_of(wanted: MediaSettings, account: Account) -> timedelta:
    """How long an account's media are kept: by its own word, else by the settings'."""
    if account.retention_days is not None:
        return timedelta(days=account.retention_days)
    return wanted.retention(account.platform, account.account)

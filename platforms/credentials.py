"""An account as a platform's folder wants it."""

from platforms.base import Credentials
from runtime.accounts import Account


def credentials_of(account: Account) -> Credentials:
    """What the platform needs to prove a webhook's origin and to speak."""
    return Credentials(
        account=account.account,
        access_token=account.access_token,
        webhook_secret=account.webhook_secret,
        verify_token=account.verify_token,
        api_base_url=account.api_base_url,
        options=account.options,
    )

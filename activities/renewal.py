"""Renews tokens before they end, so that no shop falls silent after 60 days."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime

import structlog

from domain.failures import EverturnError
from platforms.base import Platform
from platforms.credentials import credentials_of
from providers.records.tokens import Tokens
from runtime.accounts import Account, Accounts

LOOK_SECONDS = 3600.0

log = structlog.get_logger()


class Renewal:
    """Looks after every account's token."""

    def __init__(self, accounts: Accounts, platforms: Mapping[str, Platform], tokens: Tokens) -> None:
        self._accounts = accounts
        self._platforms = platforms
        self._tokens = tokens

    async def keep(self) -> None:
        """Look once an hour, for as long as this runs; of several processes one renews."""
        while True:
            try:
                for account in await self._accounts.all():
                    await self.look_after(account)
            except EverturnError as error:
                log.warning("tokens_not_looked_after", reason=str(error)[:200])
            await asyncio.sleep(LOOK_SECONDS)

    async def look_after(self, account: Account) -> None:
        """Renew the account's token if it is time.

        Raises:
            Unavailable: PostgreSQL is away.
        """
        names = account.platform, account.account
        platform = self._platforms.get(account.platform)
        if platform is None or not platform.token_ends(credentials_of(account)):
            return
        if not await self._tokens.claim(*names, account.access_token):
            return
        try:
            expires_at = await self._renew(platform, account)
        except EverturnError as error:
            log.warning("token_not_renewed", platform=names[0], account=names[1], reason=str(error)[:200])
            await self._tokens.note_trouble(*names, str(error))
        else:
            log.info("token_renewed", platform=names[0], account=names[1], expires_at=expires_at.isoformat())

    async def _renew(self, platform: Platform, account: Account) -> datetime:
        """Whether we could keep it is found out first: what is renewed must not be lost."""
        names = account.platform, account.account
        self._tokens.locked(*names, account.access_token)
        renewed = await platform.renew_token(credentials_of(account), datetime.now(UTC))
        await self._tokens.keep(*names, renewed.token, renewed.expires_at)
        return renewed.expires_at

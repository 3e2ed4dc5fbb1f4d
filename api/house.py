"""What every door of the API leans on, built once in `api/app.py` and found again on each request."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from temporalio.client import Client

from api.conversations import Conversations
from api.problems import Problem
from api.reception import Reception
from domain.identifiers import Address
from platforms.base import Platform
from providers.records.pool import Pool
from providers.records.privacy import Discretion
from providers.records.pseudonyms import Pseudonyms
from providers.secrets import WrongKey
from runtime.accounts import Accounts
from runtime.settings import Settings


@dataclass(frozen=True)
class House:
    """The clients and settings of this process."""

    settings: Settings
    accounts: Accounts
    platforms: dict[str, Platform]
    temporal: Client
    pool: Pool
    conversations: Conversations
    reception: Reception
    discretion: Discretion

    @property
    def names(self) -> Pseudonyms:
        """Who is behind which pseudonym."""
        return self.discretion.names

    async def called(self, text: str) -> list[str]:
        """What somebody who names a contact may mean: the contact, and what stands for it with any of our accounts.

        Raises:
            Problem: 404, it begins like a conversation's id and is none.
            WrongKey: nobody can tell with the keys that we have.
        """
        if text.startswith("conv:"):
            return [(await self.address(text)).conversation_id]
        return await self.names.called(text)

    async def sought(self, text: str) -> list[str]:
        """As `called`, for a list: a lost key stops no search for what was typed."""
        try:
            return await self.called(text)
        except WrongKey:
            return [text]

    async def address(self, conversation_id: str) -> Address:
        """Whose conversation this is; it may be named by the real contact, too.

        Raises:
            Problem: 404, it is no conversation's id.
        """
        try:
            return await self.names.masked(Address.of_conversation(conversation_id))
        except ValueError as error:
            raise Problem(404, str(error)) from None


def house_of(request: Request) -> House:
    """The house this request came to."""
    house: House = request.app.state.house
    return house


TheHouse = Annotated[House, Depends(house_of)]

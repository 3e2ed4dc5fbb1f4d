"""What every door of the API leans on, built once in `api/app.py` and found again on each request."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from temporalio.client import Client

from api.conversations import Conversations
from api.reception import Reception
from platforms.base import Platform
from providers.records.pool import Pool
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


def house_of(request: Request) -> House:
    """The house this request came to."""
    house: House = request.app.state.house
    return house


TheHouse = Annotated[House, Depends(house_of)]

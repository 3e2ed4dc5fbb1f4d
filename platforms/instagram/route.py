"""What is kept from a message in order to answer it: the network, and the account where ours does not name it."""

from enum import StrEnum
from typing import Self

from domain.model import Value


class Network(StrEnum):
    """Whose messaging it is; its value is the webhook's `object`."""

    INSTAGRAM = "instagram"
    PAGE = "page"
    """Facebook Messenger of a Page: the same events, and the Messenger flavour of the API."""


class Route(Value):
    """`network/account id`. The id is told only where our account takes whatever comes in (see `account_id`)."""

    network: Network = Network.INSTAGRAM
    account_id: str = ""
    """The professional account or Page that was written to. The token knows it anyway; it tells people which it was."""

    @classmethod
    def parse(cls, route: str) -> Self:
        """Read it back; a route we do not know is Instagram's."""
        network, _, account_id = route.partition("/")
        return cls(network=Network.PAGE if network == Network.PAGE else Network.INSTAGRAM, account_id=account_id)

    def __str__(self) -> str:
        return f"{self.network}/{self.account_id}" if self.account_id else self.network.value

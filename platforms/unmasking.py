"""Takes pseudonyms off before a platform is spoken to: it knows its own contacts alone."""

from collections.abc import Mapping
from typing import Any, Protocol, cast

from domain.identifiers import Address
from domain.messages import Part, Receipt
from platforms.base import Credentials, Lookup, LostPart, Platform, Profile


class Names(Protocol):
    """Knows whom pseudonyms stand for (`providers/records/pseudonyms.py`)."""

    async def real(self, address: Address) -> Address:
        """The address as its platform knows it.

        Raises:
            Rejected: the customer was erased.
            Unavailable: it cannot be told now.
        """
        ...


class Unmasking:
    """A platform that is told the real contact, whatever name we know the customer by; else the platform itself."""

    def __init__(self, platform: Platform, names: Names) -> None:
        self._platform = platform
        self._names = names

    def __getattr__(self, name: str) -> Any:
        return getattr(self._platform, name)

    async def send(self, to: Address, route: str, part: Part, key: str, credentials: Credentials) -> Receipt:
        """Send one part, once."""
        return await self._platform.send(await self._names.real(to), route, part, key, credentials)

    async def look_up(self, to: Address, route: str, lost: LostPart, credentials: Credentials) -> Lookup:
        """Find out whether a part reached the platform."""
        return await self._platform.look_up(await self._names.real(to), route, lost, credentials)

    async def show_typing(self, to: Address, route: str, message_id: str, credentials: Credentials) -> None:
        """Show that somebody writes an answer."""
        await self._platform.show_typing(await self._names.real(to), route, message_id, credentials)

    async def mark_seen(self, to: Address, route: str, message_id: str, credentials: Credentials) -> None:
        """Show that a message was read."""
        await self._platform.mark_seen(await self._names.real(to), route, message_id, credentials)

    async def profile(self, to: Address, route: str, credentials: Credentials) -> Profile:
        """What the platform tells about a customer."""
        return await self._platform.profile(await self._names.real(to), route, credentials)


def unmasking(platforms: Mapping[str, Platform], names: Names) -> dict[str, Platform]:
    """The same platforms, told real contacts."""
    return {name: cast(Platform, Unmasking(platform, names)) for name, platform in platforms.items()}

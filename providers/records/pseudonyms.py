"""Pseudonyms: what stands for a customer in ids, search attributes and logs, where nothing is encrypted.

A pseudonym is a keyed hash of the platform, the account and the contact: the same customer has the same one for as long
as the house's key stands, and another one with every shop. Whom it stands for is told by the customer's own key alone.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from domain.failures import EverturnError, Rejected
from domain.identifiers import Address
from providers.records.contact_keys import ContactKeys

PSEUDONYM = re.compile(r"p-[a-z2-7]{24}")
BYTES = 15
"""Of the hash: two customers out of a million million share one with a chance of one in a million million."""


class NobodyKnown(Rejected):
    """A pseudonym stands for nobody: its customer was erased, or it never was one."""


class Pseudonyms:
    """Puts pseudonyms on at our doors and takes them off where a platform is spoken to, or a person looks."""

    def __init__(self, keys: ContactKeys | None, *, on: bool) -> None:
        """`keys` is None where there is no database: nothing was ever put on there."""
        self._keys = keys
        self._on = on and keys is not None

    async def arrived(self, address: Address) -> Address:
        """A customer is heard from: their pseudonym, from now on known.

        Raises:
            Unavailable: they cannot be made known now.
        """
        if not self._on or self._keys is None:
            return address
        masked = await self._masked(address)
        await self._keys.of(masked, address.contact)
        return masked

    async def masked(self, address: Address) -> Address:
        """The address as everything of ours knows it; a pseudonym is one already.

        Raises:
            Unavailable: it cannot be told now.
        """
        if not self._on or is_pseudonym(address.contact):
            return address
        return await self._masked(address)

    async def ever_masked(self, address: Address) -> Address:
        """The address by the pseudonym it has, or had while they were on; as it is where there never were any.

        Raises:
            Unavailable: it cannot be told now.
            WrongKey: it cannot be told with the keys that we have.
        """
        if is_pseudonym(address.contact) or not await self._ever_were():
            return address
        return await self._masked(address)

    async def names(self, address: Address, names: Iterable[str]) -> tuple[str, ...]:
        """Other names of the same customer, likewise."""
        return tuple([(await self.masked(address.model_copy(update={"contact": name}))).contact for name in names])

    async def real(self, address: Address) -> Address:
        """The address as its platform knows it.

        Raises:
            NobodyKnown: the customer was erased.
            Unavailable: it cannot be told now.
        """
        if self._keys is None or not is_pseudonym(address.contact):
            return address
        known = await self._keys.find(address)
        if known is None or not known.real:
            raise NobodyKnown("this customer was erased, or never was")
        return address.model_copy(update={"contact": known.real})

    async def shown(self, address: Address) -> Address:
        """The address for a person who may see it; as it is, where nobody can tell any more."""
        try:
            return await self.real(address)
        except EverturnError:
            return address

    async def unmask(self, rows: Iterable[dict[str, Any]], *columns: str) -> None:
        """Put the platform's own contacts into these columns of rows, for a person who may see them."""
        masked = [
            (row, column, Address(**_owner(row), contact=row[column]))
            for row in rows
            for column in columns or ("contact",)
            if isinstance(row.get(column), str) and is_pseudonym(row[column])
        ]
        if masked and self._keys is not None:
            with suppress(EverturnError):
                await self._keys.warm([address for _, _, address in masked])
        for row, column, address in masked:
            row[column] = (await self.shown(address)).contact

    async def called(self, text: str) -> list[str]:
        """What a person may mean by a contact: what they say, and the pseudonyms it has, or had, with any account.

        Raises:
            Unavailable, WrongKey: as `ever_masked`.
        """
        if self._keys is None or not text or not await self._ever_were():
            return [text]
        spelt = dict.fromkeys((text, re.sub(r"[\s()+-]", "", text)))
        whole = [
            Address(platform=platform, account=account, contact=one)
            for platform, account in await self._keys.owners()
            for one in spelt
            if one
        ]
        return [text, *[(await self.ever_masked(address)).contact for address in whole]]

    async def _ever_were(self) -> bool:
        """Whether anybody ever got one here, whatever the switch says now."""
        return self._keys is not None and await self._keys.has_house("pseudonyms")

    async def _masked(self, address: Address) -> Address:
        if self._keys is None:
            return address
        secret = await self._keys.house("pseudonyms")
        told = "\0".join((address.platform, address.account, address.contact)).encode("utf-8", "surrogatepass")
        digest = hmac.digest(secret, told, hashlib.sha256)[:BYTES]
        return address.model_copy(update={"contact": f"p-{base64.b32encode(digest).decode().lower()}"})


def is_pseudonym(contact: str) -> bool:
    """Whether it is made like one of ours."""
    return PSEUDONYM.fullmatch(contact) is not None


def _owner(row: dict[str, Any]) -> dict[str, str]:
    pieces = str(row.get("conversation_id") or row.get("id") or "").split(":", 3)
    known = pieces[1:3] if len(pieces) == 4 else (str(row.get("platform")), str(row.get("account")))
    return dict(zip(("platform", "account"), known, strict=True))

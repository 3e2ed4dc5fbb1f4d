"""Locks the secrets of accounts away: what lies in PostgreSQL cannot be read without the key.

The key comes from EVERTURN_SECRETS_KEY: one Fernet key, or several with commas between them, newest first. The first
locks, each of them unlocks, so a key is changed in three steps: put the new one in front and start everything again;
`everturn account rotate-key`; take the old one away. EVERTURN_SECRETS_KEY_FILE names a file with the same, one a
line, which is read again when it may have changed. In development without either a key is made and kept in the home, in
a file that only its owner may read; in production `everturn up` keeps one likewise, and every other process stores no
secrets without a key.
"""

import contextlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from domain.failures import OurFault
from runtime.account_settings import AccountSettings
from runtime.variables import WrongSetting

VARIABLE = "EVERTURN_SECRETS_KEY"
HOW_TO_MAKE = "make a key with `everturn account new-key`"
FILE = "secrets-key"
FILE_IN_PRODUCTION = "secrets-key.production"
"""Made by `everturn up` alone, which is all of a house: a key that one of several machines made would part them."""


class NoKey(OurFault):
    """There is no key to lock with."""


class WrongKey(OurFault):
    """None of our keys unlocks it."""


def new_key() -> str:
    """A fresh key."""
    return Fernet.generate_key().decode()


class SecretBox:
    """Locks and unlocks with the keys we have; where they lie in a file, they are read again when they may be old."""

    def __init__(self, keys: Callable[[bool], Sequence[str]], where: str = VARIABLE) -> None:
        """`keys` gives them, newest first; told True, it makes one where there is none."""
        self._keys = keys
        self._where = where
        self._fernets = _fernets(keys(False))

    @property
    def has_key(self) -> bool:
        """Whether there is a key already."""
        return bool(self._fernets)

    def lock(self, plain: bytes) -> bytes:
        """Encrypt with the newest key.

        Raises:
            NoKey: there is none; the text says how to mend it.
        """
        self.look_again(make=True)  # another program may have rotated the file since
        return self._newest().encrypt(plain)

    def unlock(self, locked: bytes) -> bytes:
        """Decrypt with whichever key fits.

        Raises:
            WrongKey: none does; the text names the variable.
        """
        with contextlib.suppress(InvalidToken, WrongKey):
            return self._any().decrypt(locked)
        self.look_again()  # another program may have made or rotated the file
        try:
            return self._any().decrypt(locked)
        except InvalidToken:
            raise WrongKey(
                f"{self._where}: none of its keys fits; put the key these secrets were stored with back, behind the"
                " newest, or remove the accounts and add them again"
            ) from None

    def look_again(self, *, make: bool = False) -> None:
        """Read the keys again; with `make`, a key for development is made where there is none."""
        self._fernets = _fernets(self._keys(make))

    def is_newest(self, locked: bytes) -> bool:
        """Whether the newest key is the one it was locked with."""
        try:
            self._newest().decrypt(locked)
        except InvalidToken:
            return False
        return True

    def _newest(self) -> Fernet:
        if not self._fernets:
            raise NoKey(f"{VARIABLE}: is not set, and production stores no secrets without it; {HOW_TO_MAKE}")
        return self._fernets[0]

    def _any(self) -> MultiFernet:
        if not self._fernets:
            raise WrongKey(
                f"{VARIABLE}: is not set, and there are secrets to unlock; set the key they were stored with"
            )
        return MultiFernet(self._fernets)


def _fernets(keys: Sequence[str]) -> list[Fernet]:
    found = []
    for place, key in enumerate(keys, 1):
        try:
            found.append(Fernet(key))
        except ValueError:
            which = f"key {place} of {len(keys)}" if len(keys) > 1 else "it"
            raise WrongSetting(f"{VARIABLE}: {which} is no key (32 bytes as URL-safe base64); {HOW_TO_MAKE}") from None
    return found


def secret_box(settings: AccountSettings) -> SecretBox:
    """The box of this process.

    Raises:
        WrongSetting: EVERTURN_SECRETS_KEY holds something that is no key.
    """
    stated = [key.strip() for key in settings.everturn_secrets_key.get_secret_value().split(",") if key.strip()]
    if stated:
        return SecretBox(lambda _: stated)
    if settings.everturn_secrets_key_file:
        given = KeyFile(Path(settings.everturn_secrets_key_file).expanduser())
        return SecretBox(lambda _: given.read(False), f"{VARIABLE}_FILE ({given.path})")
    if settings.is_production:
        return SecretBox(lambda _: stated)
    file = KeyFile(Path(settings.everturn_home).expanduser() / FILE)
    return SecretBox(file.read, f"{VARIABLE} or, without it, {file.path}")


class KeyFile:
    """Keys for development, one a line, newest first."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, make: bool) -> list[str]:
        """The keys; with `make`, there is one afterwards."""
        if make and not self.path.exists():
            self._make(new_key())
        try:
            return self.path.read_text().split()
        except FileNotFoundError:
            return []

    def replace(self, keys: Sequence[str]) -> None:
        """Keep these keys instead; a reader sees the old ones or the new ones, never half."""
        fresh = self._written(keys)
        fresh.replace(self.path)

    def _make(self, key: str) -> None:
        """Whichever of several programs comes first decides."""
        fresh = self._written([key])
        with contextlib.suppress(FileExistsError):
            os.link(fresh, self.path)
        fresh.unlink()

    def _written(self, keys: Sequence[str]) -> Path:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o711)
        fresh = self.path.with_name(f"{self.path.name}.{os.getpid()}.new")
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            out.write("\n".join(keys) + "\n")
        return fresh

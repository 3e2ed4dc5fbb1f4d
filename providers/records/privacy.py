"""What a process needs to keep customers' privacy, opened once by its composition root."""

from dataclasses import dataclass

import structlog

from providers.records.contact_keys import ContactKeys
from providers.records.pool import Pool
from providers.records.pseudonyms import Pseudonyms
from providers.secrets import SecretBox
from runtime.codec import HistoryCodec
from runtime.privacy_settings import Privacy, Switch, load_privacy_settings
from runtime.settings import Settings

log = structlog.get_logger()


@dataclass(frozen=True)
class Discretion:
    """Keys and pseudonyms, as far as this process has them."""

    wanted: Privacy
    keys: ContactKeys | None
    """None: there is no database for them to lie in."""
    names: Pseudonyms
    box: SecretBox
    codec: HistoryCodec | None
    """None: histories never held anything locked. Switched off by hand, it still reads what was locked before."""

    async def keep(self, database_url: str) -> None:
        """Hear of keys that are destroyed, where keys are used."""
        if self.keys is not None and (self.wanted.is_kept or self.codec is not None):
            await self.keys.keep(database_url)


def wanted_privacy(settings: Settings, box: SecretBox) -> Privacy:
    """What this process does for privacy.

    Raises:
        WrongSetting: a variable is wrong, or something is switched on that cannot be done here.
    """
    return load_privacy_settings().wanted(settings, has_key=box.has_key or not settings.is_production)


def open_discretion(settings: Settings, box: SecretBox, pool: Pool) -> Discretion:
    """What this process keeps privacy with.

    Raises:
        WrongSetting: as `wanted_privacy`.
    """
    chosen, wanted = load_privacy_settings(), wanted_privacy(settings, box)
    if wanted.lacks_key:
        log.warning("privacy_lacks_key", mend="set EVERTURN_SECRETS_KEY: without it nothing is encrypted or hidden")
    keys = ContactKeys(pool, box) if settings.database_url else None
    reads = wanted.encrypt_histories or chosen.everturn_encrypt_histories is Switch.OFF
    codec = HistoryCodec(keys, locks=wanted.encrypt_histories) if keys and reads else None
    return Discretion(wanted, keys, Pseudonyms(keys, on=wanted.pseudonyms), box, codec)

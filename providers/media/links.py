"""Signed URLs of media: whoever has one may look, for a day; nobody can make one."""

import hashlib
from datetime import datetime, timedelta

from itsdangerous import BadSignature, URLSafeSerializer

from domain.failures import NotProven

LIFETIME = timedelta(hours=24)
PATH = "/media/"


class MediaLinks:
    """Makes and reads them."""

    def __init__(self, secret: str, base_url: str, lifetime: timedelta = LIFETIME) -> None:
        if not secret:
            raise ValueError("media links need a secret")
        self._base = base_url.rstrip("/")
        self._lifetime = lifetime
        self._signer = URLSafeSerializer(
            secret, salt="everturn.media", signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256}
        )

    def url_of(self, media_id: str, now: datetime) -> str:
        """Where the medium can be seen from now on until the link's time is over."""
        until = int((now + self._lifetime).timestamp())
        return f"{self._base}{PATH}{self._signer.dumps([media_id, until])}"

    def read(self, token: str, now: datetime) -> str | None:
        """The medium's id; None when the link's time is over.

        Raises:
            NotProven: we did not make it.
        """
        try:
            media_id, until = self._signer.loads(token)
        except (BadSignature, ValueError, TypeError):
            raise NotProven("the link is not one of ours") from None
        return str(media_id) if now.timestamp() < until else None

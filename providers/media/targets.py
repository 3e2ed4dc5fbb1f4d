"""Reads a URL once, and tells whether its host is one we fetch from."""

import re
from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

import httpx

from domain.failures import MediaRefused
from domain.media import MediaProblem
from domain.model import Value

DEFAULT_PORTS = {"https": 443, "http": 80}
LONGEST_URL = 4_096
NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*")
"""A plain ASCII host name: no trailing dot, no other alphabet, nothing invisible. Platforms' hosts are like that."""


class Allowed(Value):
    """Where one download may go. An entry is `host`, `host:port` or `*.suffix`, without a port the scheme's own."""

    hosts: tuple[str, ...] = ()
    """The platform's own hosts: over https, at public addresses only."""
    trusted: tuple[str, ...] = ()
    """Hosts of whoever runs this house: also over http, and at private addresses."""


class Target(Value):
    """A URL that passed."""

    scheme: str
    host: str
    port: int
    raw_path: bytes
    """Path and query as they go over the wire."""
    trusted: bool

    @property
    def host_header(self) -> str:
        """The host as an HTTP header names it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> tuple[str, str, int]:
        """What must stay the same for secrets to be sent again."""
        return self.scheme, self.host, self.port


def read_target(url: str, allowed: Allowed) -> Target:
    """The one reading of a URL; what is connected to is built from it, so no second parser can see another host.

    Raises:
        MediaRefused: it is no URL we fetch from.
    """
    try:
        return _judged(_parsed(url), allowed)
    except (ValueError, httpx.InvalidURL):  # their texts may quote the URL
        raise forbidden("an illegible URL") from None


def _parsed(url: str) -> Target:
    if len(url) > LONGEST_URL or not url.isprintable():
        raise ValueError("too long, or with invisible characters")
    pieces = urlsplit(url)
    host = pieces.hostname or ""
    if pieces.scheme not in DEFAULT_PORTS or "@" in pieces.netloc:
        raise ValueError("another scheme, or with a user's name")
    if ":" in host:
        host = str(ip_address(host))
    elif not NAME.fullmatch(host):
        raise ValueError("not a plain host name")
    port = pieces.port or DEFAULT_PORTS[pieces.scheme]
    raw_path = httpx.URL(url).raw_path
    return Target(scheme=pieces.scheme, host=host, port=port, raw_path=raw_path, trusted=False)


def _judged(target: Target, allowed: Allowed) -> Target:
    if names(allowed.trusted, target):
        return target.model_copy(update={"trusted": True})
    if not names(allowed.hosts, target):
        raise forbidden(f"{target.host} is no host of this platform")
    if target.scheme != "https":
        raise forbidden(f"{target.host} without encryption")
    return target


def names(entries: Iterable[str], target: Target, *, exactly: bool = False) -> bool:
    """Whether one of the entries means this host; `exactly`: by its full name."""
    return any(_means(entry, target, exactly) for entry in entries)


def _means(entry: str, target: Target, exactly: bool) -> bool:
    pieces = urlsplit(f"//{entry.strip()}")
    host = pieces.hostname or ""
    if (pieces.port or DEFAULT_PORTS[target.scheme]) != target.port:
        return False
    return host == target.host or (not exactly and host.startswith("*.") and target.host.endswith(host[1:]))


def host_of(url: str) -> str:
    """The entry that means a base URL's own host and port, and nothing else; empty where there is none."""
    try:
        pieces = urlsplit(url)
        port = pieces.port or DEFAULT_PORTS.get(pieces.scheme)
    except ValueError:
        return ""
    host = pieces.hostname or ""
    return f"{f'[{host}]' if ':' in host else host}:{port}" if host and port else ""


def forbidden(why: str) -> MediaRefused:
    """The refusal of an address."""
    return MediaRefused(MediaProblem.FORBIDDEN_ADDRESS, why)

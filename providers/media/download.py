"""Fetches media, and cannot be talked into fetching anything else.

A name is resolved once, every address it stands for is checked, and the connection goes to a checked address: there is
no second look-up that DNS could answer differently. Redirects are followed by hand, each hop checked anew. The request
goes straight to httpx's transport, below the layer that follows redirects, reads proxies from the environment, decodes
bodies and logs whole URLs.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_address
from itertools import zip_longest
from urllib.parse import urljoin

import httpx

from domain.failures import EverturnError, MediaRefused, RateLimited, TokenRejected, Transient, Unavailable
from domain.media import MediaProblem
from domain.model import Value
from providers.media.addresses import is_public
from providers.media.targets import Allowed, Target, forbidden, names, read_target

MOST_REDIRECTS = 3
REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_ADDRESSES = 4
"""How many of a name's addresses are tried."""
LONGEST_RETRY_AFTER = 3600.0

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
OpenTransport = Callable[[], httpx.AsyncBaseTransport]


class Pace(Value):
    """How long one download may take; seconds."""

    whole: float = 15.0
    connect: float = 4.0
    silence: float = 5.0
    """The longest wait for the answer's head, or for the next bytes of its body."""
    grace: float = 3.0
    """From here on a body must have come at `slowest` bytes a second, on the whole."""
    slowest: int = 16_384


class Downloader:
    """One download after another, each with connections of its own: nothing is left over between two hosts."""

    def __init__(
        self,
        *,
        trusted_hosts: tuple[str, ...] = (),
        pace: Pace | None = None,
        resolve: Resolve | None = None,
        open_transport: OpenTransport | None = None,
    ) -> None:
        self._trusted = trusted_hosts
        self._pace = pace or Pace()
        self._resolve = resolve or system_resolve
        self._open_transport = open_transport or transports()

    async def fetch(
        self,
        url: str,
        *,
        hosts: tuple[str, ...],
        headers: Mapping[str, str] | None = None,
        longest: int,
        trusted_hosts: tuple[str, ...] = (),
    ) -> bytes:
        """The body behind a URL on one of these hosts.

        Raises:
            MediaRefused: forbidden, gone, too large or too slow; asking again does not help.
            TokenRejected: the headers' credential was refused.
            Transient: the other side, or the way to it, has trouble.
        """
        allowed = Allowed(hosts=hosts, trusted=(*self._trusted, *trusted_hosts))
        try:
            async with asyncio.timeout(self._pace.whole):
                return await self._follow(url, allowed, headers or {}, longest)
        except TimeoutError:
            raise too_slow() from None

    async def _follow(self, url: str, allowed: Allowed, headers: Mapping[str, str], longest: int) -> bytes:
        target = read_target(url, allowed)
        for _ in range(MOST_REDIRECTS + 1):
            async with self._answer(target, headers) as response:
                if response.status_code not in REDIRECTS:
                    return await self._body(response, longest)
                url = urljoin(url, response.headers.get("location", ""))
            left, target = target, read_target(url, allowed)
            headers = headers if may_keep_secrets(left, target, allowed) else {}
        raise MediaRefused(MediaProblem.BROKEN, "too many redirects")

    @asynccontextmanager
    async def _answer(self, target: Target, headers: Mapping[str, str]) -> AsyncIterator[httpx.Response]:
        addresses = await self._addresses(target)
        async with self._open_transport() as transport:
            response = await self._ask(transport, target, addresses, headers)
            try:
                yield response
            except httpx.ReadTimeout:
                raise too_slow() from None
            except httpx.HTTPError as error:
                raise Transient(f"{target.host} broke off ({type(error).__name__})") from None
            finally:
                await response.aclose()

    async def _ask(
        self, transport: httpx.AsyncBaseTransport, target: Target, addresses: list[str], headers: Mapping[str, str]
    ) -> httpx.Response:
        reason = ""
        for address in addresses:
            try:
                return await transport.handle_async_request(self._request(target, address, headers))
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                reason = type(error).__name__
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise Transient(f"no answer from {target.host} ({type(error).__name__})") from None
        raise Unavailable(f"{target.host} could not be reached ({reason})")

    def _request(self, target: Target, address: str, headers: Mapping[str, str]) -> httpx.Request:
        """A request to the checked address that speaks, in TLS and in HTTP, of the host it is meant for."""
        own = {"host": target.host_header, "accept": "*/*", "accept-encoding": "identity", "user-agent": "everturn"}
        url = httpx.URL(scheme=target.scheme, host=address, port=target.port, raw_path=target.raw_path)
        timeout = httpx.Timeout(self._pace.connect, read=self._pace.silence).as_dict()
        extensions = {"timeout": timeout, "sni_hostname": target.host}
        kept = {name.lower(): value for name, value in headers.items()}
        return httpx.Request("GET", url, headers={**kept, **own}, extensions=extensions)

    async def _addresses(self, target: Target) -> list[str]:
        """Every address of the host, once all of them have proved harmless."""
        found = list(await self._resolved(target))
        if not target.trusted and not all(is_public(address) for address in found):
            raise forbidden(f"{target.host} leads to a private address")
        return varied(found)[:MOST_ADDRESSES]

    async def _resolved(self, target: Target) -> Sequence[str]:
        try:
            return [str(ip_address(target.host))]
        except ValueError:
            pass
        try:
            found = await self._resolve(target.host, target.port)
        except (OSError, UnicodeError):
            found = []
        if not found:
            raise Unavailable(f"{target.host} has no address")
        return found

    async def _body(self, response: httpx.Response, longest: int) -> bytes:
        if failure := failure_of(response):
            raise failure
        length = response.headers.get("content-length", "")
        if length.isdecimal() and int(length[:20]) > longest:
            raise too_large(longest)
        if response.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
            raise MediaRefused(MediaProblem.BROKEN, "an encoding nobody asked for")
        return await self._read(response, longest)

    async def _read(self, response: httpx.Response, longest: int) -> bytes:
        body = bytearray()
        began = time.monotonic()
        async for piece in response.aiter_raw():
            body += piece
            if len(body) > longest:
                raise too_large(longest)
            elapsed = time.monotonic() - began
            if elapsed > self._pace.grace and len(body) < self._pace.slowest * elapsed:
                raise too_slow()
        return bytes(body)


def transports(tls: ssl.SSLContext | None = None) -> OpenTransport:
    """Transports that share the list of authorities (slow to load) and nothing else."""
    shared = tls or httpx.create_ssl_context(trust_env=False)
    return lambda: httpx.AsyncHTTPTransport(verify=shared, trust_env=False)


async def system_resolve(host: str, port: int) -> list[str]:
    """Every address the system knows for a name."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def varied(addresses: Sequence[str]) -> list[str]:
    """IPv6 and IPv4 in turns, beginning with what the system prefers: one of the two may lead nowhere from here."""
    six, four = [one for one in addresses if ":" in one], [one for one in addresses if ":" not in one]
    pairs = zip_longest(six, four) if addresses[0] in six else zip_longest(four, six)
    return [one for pair in pairs for one in pair if one]


def may_keep_secrets(left: Target, entered: Target, allowed: Allowed) -> bool:
    """Headers go on to the same origin, and to a host the platform names in full; never to a pattern's match."""
    named = names((*allowed.hosts, *allowed.trusted), entered, exactly=True)
    return left.origin == entered.origin or (named and entered.scheme == "https")


def failure_of(response: httpx.Response) -> EverturnError | None:
    """What a status says; None: here it comes."""
    status = response.status_code
    said = f"HTTP {status}"
    if status == 200:
        return None
    if status == 401:
        return TokenRejected(said)
    if status == 429:
        return RateLimited(said, retry_after=_seconds(response.headers.get("retry-after", "")))
    if status >= 500 or status in (408, 425):
        return Transient(said, retry_after=_seconds(response.headers.get("retry-after", "")))
    return MediaRefused(MediaProblem.GONE if status >= 400 else MediaProblem.BROKEN, said)


def _seconds(retry_after: str) -> float | None:
    return min(float(retry_after), LONGEST_RETRY_AFTER) if retry_after.isascii() and retry_after.isdigit() else None


def too_slow() -> MediaRefused:
    """The refusal of what does not come."""
    return MediaRefused(MediaProblem.TOO_SLOW, "it did not come in time")


def too_large(longest: int) -> MediaRefused:
    """The refusal of what does not end."""
    return MediaRefused(MediaProblem.TOO_LARGE, f"more than {longest} bytes")

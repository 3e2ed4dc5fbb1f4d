"""Downloads, honest and hostile, over real sockets."""

import asyncio
import datetime
import gzip
import logging
import ssl
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from domain.failures import MediaRefused, RateLimited, TokenRejected, Transient, Unavailable
from domain.media import MediaProblem
from providers.media.download import Downloader, transports, varied
from tests.media.conftest import QUICK, TLS, Names, Wire
from tests.media.elsewhere import Elsewhere, body, endless, raw, redirect, running, silent, status

PUBLIC, OTHER_PUBLIC = "93.184.216.34", "93.184.216.35"
CDN = ("cdn.example.com",)
AUTHORIZATION = {"Authorization": "Bearer token"}


async def refused(
    downloader: Downloader, url: str, hosts: tuple[str, ...] = CDN, longest: int = 10_000
) -> MediaProblem:
    """Why this URL is not fetched."""
    with pytest.raises(MediaRefused) as refusal:
        await downloader.fetch(url, hosts=hosts, longest=longest)
    assert "token" not in str(refusal.value)
    assert "a.jpg" not in str(refusal.value)
    return refusal.value.problem


async def test_a_picture_comes(outside: Downloader, elsewhere: Elsewhere, names: Names, wire: Wire) -> None:
    """A picture at the platform's host is fetched, from the very address that was looked up."""
    names.on("cdn.example.com", [PUBLIC])
    elsewhere.on("/a.jpg?token=1", body(b"picture"))
    assert b"picture" == await outside.fetch("https://cdn.example.com/a.jpg?token=1", hosts=CDN, longest=7)
    assert [(PUBLIC, "cdn.example.com")] == wire.connected
    assert ("cdn.example.com", "identity") == tuple(elsewhere.asked[0][1][name] for name in ("host", "accept-encoding"))


@pytest.mark.parametrize(
    "answer",
    [["127.0.0.1"], [PUBLIC, "10.0.0.1"], ["::1"], ["::ffff:127.0.0.1"], ["64:ff9b::7f00:1"], ["169.254.169.254"]],
)
async def test_a_name_for_a_private_address_is_refused(
    outside: Downloader, names: Names, wire: Wire, answer: list[str]
) -> None:
    """A name that leads into our own network, if only sometimes, is not followed."""
    names.on("cdn.example.com", answer)
    assert MediaProblem.FORBIDDEN_ADDRESS == await refused(outside, "https://cdn.example.com/a.jpg?token=1")
    assert [] == wire.connected


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "127.1", "0177.0.0.1", "127.0.0.1", "localhost"])
async def test_numbers_that_the_system_reads_as_addresses_are_refused(host: str) -> None:
    """Even a host that somebody put on the list leads nowhere private, however its address is spelled."""
    assert MediaProblem.FORBIDDEN_ADDRESS == await refused(Downloader(pace=QUICK), f"https://{host}/a.jpg", (host,))


async def test_a_name_that_changes_its_mind_wins_nothing(
    outside: Downloader, elsewhere: Elsewhere, names: Names, wire: Wire
) -> None:
    """DNS that answers with a public address to the check and with a private one to the connection is asked once."""
    names.on("cdn.example.com", [PUBLIC], ["127.0.0.1"])
    elsewhere.on("/a.jpg", body(b"picture"))
    await outside.fetch("https://cdn.example.com/a.jpg", hosts=CDN, longest=100)
    assert (["cdn.example.com"], [(PUBLIC, "cdn.example.com")]) == (names.asked, wire.connected)
    assert MediaProblem.FORBIDDEN_ADDRESS == await refused(outside, "https://cdn.example.com/a.jpg")


@pytest.mark.parametrize(
    "where",
    [
        "http://127.0.0.1:{port}/", "http://localhost:{port}/", "http://[::1]:{port}/", "http://[::ffff:127.0.0.1]:{port}/",
        "http://0x7f.1:{port}/", "https://cdn.example.com@127.0.0.1:{port}/", "//127.0.0.1:{port}/", "file:///etc/passwd",
        "https://elsewhere.example/", "https://private.example.com/", "",
    ],
)  # fmt: skip
async def test_a_redirect_reaches_nothing_private(
    outside: Downloader, elsewhere: Elsewhere, another: Elsewhere, names: Names, where: str
) -> None:
    """The platform's host sends us on to a machine behind the shop: we do not go."""
    names.on("cdn.example.com", [PUBLIC])
    names.on("private.example.com", ["10.0.0.1"])
    elsewhere.on("/a.jpg", redirect(where.format(port=another.port)))
    problem = await refused(outside, "https://cdn.example.com/a.jpg", ("cdn.example.com", "*.example.com"))
    expected = MediaProblem.BROKEN if not where else MediaProblem.FORBIDDEN_ADDRESS
    assert (expected, []) == (problem, another.asked)


async def test_a_trusted_host_may_not_send_us_to_its_neighbour(
    at_home: Downloader, elsewhere: Elsewhere, another: Elsewhere
) -> None:
    """Trust in the simulator is not trust in everything on this machine."""
    elsewhere.on("/a.jpg", redirect(f"{another.url}/"))
    assert MediaProblem.FORBIDDEN_ADDRESS == await refused(at_home, f"{elsewhere.url}/a.jpg", ())
    assert [] == another.asked


async def test_redirects_among_the_platforms_hosts_are_followed(
    outside: Downloader, elsewhere: Elsewhere, names: Names, wire: Wire
) -> None:
    """Three times at most, each hop looked up and checked anew."""
    names.on("cdn.example.com", [PUBLIC])
    names.on("eu.example.com", [OTHER_PUBLIC])
    elsewhere.on("/1", redirect("/2"))
    elsewhere.on("/2", redirect("https://eu.example.com/3", 307))
    elsewhere.on("/3", redirect("https://eu.example.com/4", 301))
    elsewhere.on("/4", body(b"picture"))
    hosts = ("cdn.example.com", "*.example.com")
    assert b"picture" == await outside.fetch("https://cdn.example.com/1", hosts=hosts, longest=100)
    assert [PUBLIC, PUBLIC, OTHER_PUBLIC, OTHER_PUBLIC] == [address for address, _ in wire.connected]
    elsewhere.on("/4", redirect("/1"))
    assert MediaProblem.BROKEN == await refused(outside, "https://cdn.example.com/1", hosts)


async def test_a_token_does_not_travel(outside: Downloader, elsewhere: Elsewhere, names: Names) -> None:
    """The account's token goes to hosts the platform names, and not to whatever else matches a pattern."""
    for name in ("api.example.com", "files.example.com", "eu.example.com"):
        names.on(name, [PUBLIC])
    elsewhere.on("/1", redirect("/2"))
    elsewhere.on("/2", redirect("https://files.example.com/3"))
    elsewhere.on("/3", redirect("https://eu.example.com/4"))
    elsewhere.on("/4", body(b"picture"))
    hosts = ("api.example.com", "files.example.com", "*.example.com")
    await outside.fetch("https://api.example.com/1", hosts=hosts, headers=AUTHORIZATION, longest=100)
    assert [True, True, True, False] == ["authorization" in headers for _, headers in elsewhere.asked]


async def test_an_endless_body_ends(at_home: Downloader, elsewhere: Elsewhere) -> None:
    """A picture that never stops is let go at the limit."""
    elsewhere.on("/a.jpg", endless(b"x" * 5_000))
    assert MediaProblem.TOO_LARGE == await refused(at_home, f"{elsewhere.url}/a.jpg")


async def test_a_large_body_is_not_even_begun(at_home: Downloader, elsewhere: Elsewhere) -> None:
    """What says it is too large is believed."""
    elsewhere.on("/a.jpg", raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10001\r\n\r\n", pause=4))
    began = time.monotonic()
    assert MediaProblem.TOO_LARGE == await refused(at_home, f"{elsewhere.url}/a.jpg")
    assert time.monotonic() - began < 3


async def test_a_length_that_lies_is_not_believed(at_home: Downloader, elsewhere: Elsewhere) -> None:
    """A picture shorter than promised is no picture, and may come whole the next time."""
    elsewhere.on("/a.jpg", raw(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\nConnection: close\r\n\r\nshort"))
    with pytest.raises(Transient):
        await at_home.fetch(f"{elsewhere.url}/a.jpg", hosts=(), longest=1_000)


async def test_a_dripping_body_is_given_up(elsewhere: Elsewhere) -> None:
    """A byte now and then keeps no worker waiting: it goes long before the deadline of the whole."""
    elsewhere.on("/a.jpg", endless(b"x", pause=0.02))
    pace = QUICK.model_copy(update={"whole": 30.0, "silence": 10.0})
    downloader = Downloader(trusted_hosts=(elsewhere.host,), pace=pace, open_transport=transports(TLS))
    began = time.monotonic()
    assert MediaProblem.TOO_SLOW == await refused(downloader, f"{elsewhere.url}/a.jpg")
    assert time.monotonic() - began < 10


async def test_a_body_that_stops_is_given_up(hurried: Downloader, elsewhere: Elsewhere) -> None:
    """Nor does one that stops in the middle."""
    elsewhere.on("/a.jpg", raw(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nhalf", pause=2))
    assert MediaProblem.TOO_SLOW == await refused(hurried, f"{elsewhere.url}/a.jpg")


async def test_the_whole_errand_has_a_deadline(hurried: Downloader, elsewhere: Elsewhere) -> None:
    """Heads that come line by line, as slowly as they may, end too."""
    elsewhere.on("/a.jpg", raw(*[b"HTTP/1.1 200 OK\r\n"], *[b"X-More: 1\r\n"] * 40, pause=0.1))
    began = time.monotonic()
    assert MediaProblem.TOO_SLOW == await refused(hurried, f"{elsewhere.url}/a.jpg")
    assert time.monotonic() - began < 3


async def test_silence_may_be_asked_again(hurried: Downloader, elsewhere: Elsewhere) -> None:
    """A host that takes the request and says nothing may answer the next time."""
    elsewhere.on("/a.jpg", silent())
    with pytest.raises(Transient):
        await hurried.fetch(f"{elsewhere.url}/a.jpg", hosts=(), longest=1_000)


async def test_a_packed_body_is_not_unpacked(at_home: Downloader, elsewhere: Elsewhere) -> None:
    """A small body that unpacks to a huge one stays packed: nobody asked for an encoding."""
    bomb = gzip.compress(b"0" * 5_000_000)
    elsewhere.on("/a.jpg", body(bomb, "Content-Encoding: gzip"))
    assert MediaProblem.BROKEN == await refused(at_home, f"{elsewhere.url}/a.jpg")


@pytest.mark.parametrize(
    ("code", "problem"),
    [(404, MediaProblem.GONE), (410, MediaProblem.GONE), (403, MediaProblem.GONE), (204, MediaProblem.BROKEN),
     (206, MediaProblem.BROKEN), (304, MediaProblem.BROKEN)],
)  # fmt: skip
async def test_what_a_status_says_for_good(
    at_home: Downloader, elsewhere: Elsewhere, code: int, problem: MediaProblem
) -> None:
    """A picture the platform has no longer is gone."""
    elsewhere.on("/a.jpg", status(code))
    assert problem == await refused(at_home, f"{elsewhere.url}/a.jpg")


@pytest.mark.parametrize(
    ("code", "failure"),
    [(500, Transient), (503, Transient), (408, Transient), (429, RateLimited), (401, TokenRejected)],
)
async def test_what_a_status_says_for_now(
    at_home: Downloader, elsewhere: Elsewhere, code: int, failure: type[Exception]
) -> None:
    """Trouble over there passes; a refused token is the shop's to mend."""
    elsewhere.on("/a.jpg", status(code, "Retry-After: 7"))
    with pytest.raises(failure) as raised:
        await at_home.fetch(f"{elsewhere.url}/a.jpg", hosts=(), longest=1_000)
    assert getattr(raised.value, "retry_after", 7.0) == 7.0


async def test_nobody_there() -> None:
    """A host that is away may come back."""
    async with running() as place:
        url, host = f"{place.url}/a.jpg", place.host
    with pytest.raises(Unavailable):
        await Downloader(trusted_hosts=(host,), pace=QUICK).fetch(url, hosts=(), longest=1_000)


async def test_a_name_nobody_knows(outside: Downloader) -> None:
    """So may a name."""
    with pytest.raises(Unavailable):
        await outside.fetch("https://cdn.example.com/a.jpg", hosts=CDN, longest=1_000)


async def test_no_url_stands_in_a_log(
    at_home: Downloader, elsewhere: Elsewhere, caplog: pytest.LogCaptureFixture
) -> None:
    """URLs of media hold tokens."""
    elsewhere.on("/bot-token/a.jpg", redirect("/b.jpg?token=1"))
    elsewhere.on("/b.jpg?token=1", body(b"picture"))
    with caplog.at_level(logging.INFO):
        await at_home.fetch(f"{elsewhere.url}/bot-token/a.jpg", hosts=(), longest=1_000)
    assert "token" not in caplog.text


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's side and a client's side of TLS for one name."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    today = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject).issuer_name(subject).public_key(key.public_key()).serial_number(1)
        .not_valid_before(today - datetime.timedelta(days=1)).not_valid_after(today + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = folder / "both.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(secret + signed.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cadata=signed.public_bytes(serialization.Encoding.PEM).decode())


async def test_tls_proves_the_name_though_the_address_is_fixed(tmp_path: Path, names: Names) -> None:
    """The connection goes to a checked address, and the certificate must still be the host's own."""
    server, client = certificate(tmp_path, "cdn.example.com")
    for name in ("cdn.example.com", "other.example.com"):
        names.on(name, ["127.0.0.1"])
    async with running(server) as place:
        place.on("/a.jpg", body(b"picture"))
        trusted = (f"cdn.example.com:{place.port}", f"other.example.com:{place.port}")
        downloader = Downloader(trusted_hosts=trusted, resolve=names.resolve, open_transport=transports(client))
        url = f"https://cdn.example.com:{place.port}/a.jpg"
        assert b"picture" == await downloader.fetch(url, hosts=(), longest=100)
        with pytest.raises(Unavailable):
            await downloader.fetch(f"https://other.example.com:{place.port}/a.jpg", hosts=(), longest=100)


async def test_a_dead_address_of_a_name_is_passed_over(names: Names, elsewhere: Elsewhere) -> None:
    """A host with two addresses, one of which is away, is reached by the other."""
    names.on("files.example.com", ["127.9.9.9", "127.0.0.1"])
    elsewhere.on("/a.jpg", body(b"picture"))
    trusted = (f"files.example.com:{elsewhere.port}",)
    downloader = Downloader(trusted_hosts=trusted, resolve=names.resolve)
    url = f"http://files.example.com:{elsewhere.port}/a.jpg"
    assert b"picture" == await downloader.fetch(url, hosts=(), longest=100)


def test_both_kinds_of_addresses_are_tried() -> None:
    """A host of many IPv6 addresses is reached from where only IPv4 leads outside."""
    assert ["::1", "1.1.1.1", "::2", "2.2.2.2", "::3"] == varied(["::1", "::2", "::3", "1.1.1.1", "2.2.2.2"])
    assert ["1.1.1.1", "::1"] == varied(["1.1.1.1", "::1"])


async def test_many_at_once(at_home: Downloader, elsewhere: Elsewhere) -> None:
    """Downloads do not get into each other's way."""
    for number in range(20):
        elsewhere.on(f"/{number}", body(b"%d" % number))
    fetched = await asyncio.gather(
        *(at_home.fetch(f"{elsewhere.url}/{number}", hosts=(), longest=100) for number in range(20))
    )
    assert [b"%d" % number for number in range(20)] == fetched

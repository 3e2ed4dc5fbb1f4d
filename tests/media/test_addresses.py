"""Which addresses, and which URLs, a download may go to."""

import pytest

from domain.failures import MediaRefused
from domain.media import MediaProblem
from providers.media.addresses import is_public
from providers.media.targets import Allowed, host_of, read_target

PRIVATE = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "100.100.100.200", "192.0.0.192", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.9",
    "192.88.99.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "168.63.129.16",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
    "64:ff9b::7f00:1", "64:ff9b::10.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2002:0a00:0001::1",
    "2001::1", "2001:0:53aa:64c:0:7c:8080:8080", "2001:db8::1", "3fff::1", "fe80::1", "fe80::1%eth0", "fec0::1",
    "fc00::1", "fd00:ec2::254", "ff02::1", "100::1", "5f00::1", "",
    "not an address", "127.1", "0x7f000001", "2130706433", "017700000001",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_is_known_in_every_form(address: str) -> None:
    """Nobody reaches the machines behind the shop by writing their address in a curious way."""
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_let_through(address: str) -> None:
    """Pictures do lie out there."""
    assert is_public(address)


HOSTS = ("cdn.example.com", "*.pictures.example", "files.example.com:8443", "2130706433", "xn--80ak6aa92e.com")


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("https://cdn.example.com/a.jpg?token=1", "cdn.example.com", 443),
        ("https://CDN.Example.COM/a.jpg", "cdn.example.com", 443),
        ("https://scontent-1.xx.pictures.example/v/a.jpg", "scontent-1.xx.pictures.example", 443),
        ("https://files.example.com:8443/a", "files.example.com", 8443),
        ("https://cdn.example.com/фото 1.jpg", "cdn.example.com", 443),
        ("https://xn--80ak6aa92e.com/a", "xn--80ak6aa92e.com", 443),
    ],
)
def test_the_platforms_own_hosts_are_known(url: str, host: str, port: int) -> None:
    """A picture at one of the platform's hosts is fetched, whatever its path looks like."""
    target = read_target(url, Allowed(hosts=HOSTS))
    assert (host, port) == (target.host, target.port)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/a", "https://cdn.example.com.evil.example/a", "https://evilpictures.example/a",
        "https://pictures.example/a", "http://cdn.example.com/a", "http://cdn.example.com:443/a",
        "https://cdn.example.com:8443/a", "https://files.example.com/a", "https://cdn.example.com:99999/a",
        "https://cdn.example.com./a", "https://cdn.example.com@evil.example/a", "https://evil.example@cdn.example.com/a",
        "https://evil.example\\@cdn.example.com/a", "https://cdn.example.com\\.evil.example/a",
        "https://cdn.example.com%2eevil.example/", "https://cdn.example.com%00.evil.example/",
        "https://cdn\u200b.example.com/a", "https://ｃdn.example.com/a", "https://cdn。example.com/a",
        "https://сdn.example.com/a",
        "https://cdn.example.com\t/a", "https://cdn.example.com\r\nHost: evil/a", " https://cdn.example.com/a\n",
        "ftp://cdn.example.com/a", "file:///etc/passwd", "gopher://cdn.example.com/", "//cdn.example.com/a",
        "cdn.example.com",
        "https:///a", "https://", "", "https://[::1]/a", "https://[::1", "https://[fe80::1%25eth0]/a",
        "https://127.0.0.1/a", "https://0x7f.1/a", "https://0177.0.0.1/a", "https://127.1/a",
        "https://cdn.example.com/" + "a" * 5000,
    ],
)  # fmt: skip
def test_no_spelling_reaches_another_host(url: str) -> None:
    """Names of users, other alphabets, invisible letters, dots and slashes: the host is on the list, or it is not."""
    with pytest.raises(MediaRefused) as refusal:
        read_target(url, Allowed(hosts=HOSTS))
    assert refusal.value.problem is MediaProblem.FORBIDDEN_ADDRESS
    assert "token" not in str(refusal.value)


@pytest.mark.parametrize(
    ("base", "entry"),
    [
        ("http://127.0.0.1:8080/simulator/x", "127.0.0.1:8080"),
        ("https://graph.example.com", "graph.example.com:443"),
        ("http://[::1]:8080/x", "[::1]:8080"),
        ("", ""),
        ("https://[", ""),
    ],
)
def test_an_accounts_own_api_is_trusted_at_its_own_port_only(base: str, entry: str) -> None:
    """In the simulator pictures come from this machine, and from nowhere else on it."""
    assert entry == host_of(base)


def test_the_trust_in_a_host_does_not_spread() -> None:
    """A shop's own bridge may stand in its own network; its neighbours are not asked."""
    allowed = Allowed(trusted=("127.0.0.1:8080", "[::1]:9000"))
    assert read_target("http://127.0.0.1:8080/a", allowed).trusted
    assert read_target("http://[::1]:9000/a", allowed).trusted
    for url in ("http://127.0.0.1:8081/a", "http://127.0.0.1/a", "http://127.0.0.2:8080/a", "http://localhost:8080/a"):
        with pytest.raises(MediaRefused):
            read_target(url, allowed)

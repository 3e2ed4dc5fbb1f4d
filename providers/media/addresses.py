"""Which addresses a download may connect to: public ones only, in whatever form they come.

The ranges are written out, because what Python calls global differs between its versions, and because some addresses
are global by the letter and private in fact.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

NOT_PUBLIC_4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
        "168.63.129.16/32",  # Azure's own wire server: outside of every private range, and inside every virtual machine
    )
)  # fmt: skip
UNICAST = IPv6Network("2000::/3")
"""All of IPv6 that is given out; loopback, link-local, unique-local, multicast and the rest lie outside."""
NOT_PUBLIC_6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # Teredo, ORCHID and other special purposes
        "2001:db8::/32",
        "2002::/16",  # 6to4: an IPv4 address in disguise, and no platform's host
        "3fff::/20",
    )
)
NAT64 = IPv6Network("64:ff9b::/96")
"""What DNS64 makes of an IPv4 host in a network that speaks IPv6 only: the IPv4 address inside decides."""


def is_public(address: str) -> bool:
    """Whether this address is somebody's out in the internet; False for what is no address at all."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return _is_public_4(parsed) if isinstance(parsed, IPv4Address) else _is_public_6(parsed)


def _is_public_4(address: IPv4Address) -> bool:
    return not any(address in network for network in NOT_PUBLIC_4)


def _is_public_6(address: IPv6Address) -> bool:
    if address.ipv4_mapped is not None:
        return _is_public_4(address.ipv4_mapped)
    if address in NAT64:
        return _is_public_4(IPv4Address(int(address) & 0xFFFF_FFFF))
    return address in UNICAST and not any(address in network for network in NOT_PUBLIC_6)

"""Who counts as one when passwords are tried."""

import pytest

from providers.records.sessions import neighbourhood_of


@pytest.mark.parametrize(
    ("address", "counts_as"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::9", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_one_customer_of_a_network_is_one(address: str, counts_as: str) -> None:
    """Whoever has 2^64 addresses must not have 2^64 times ten attempts."""
    assert counts_as == neighbourhood_of(address)

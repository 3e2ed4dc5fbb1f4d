"""A shop in production, looked at from outside: its log, its traces, its figures."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ops import shop as shops
from tests.ops.shop import Buyer, Shop, opened
from tests.servers_here import Servers

PICTURES = Path(__file__).parents[1] / "golden" / "pictures"
NAME = "Оксана Петренко-Світлична"
PHONE = ("067 123 45 67", "0671234567", "671234567", "+380671234567")
DIALOG = ("Доброго ранку!", "чорна сукня, розмір M", "1", "беру", "Оформити", NAME, PHONE[0], "Кременчук",
          "відділення 47", "Картка", "так")  # fmt: skip
SECRETS = (shops.BOT_TOKEN, shops.HOOK_SECRET, shops.OPERATOR_TOKEN, shops.MODEL_KEY, shops.MANYCHAT_SECRET)
PRIVATE = ("Доброго ранку", "чорна сукня", "Оксана", "Петренко", "Кременчук", "відділення 47", *PHONE, *SECRETS)


@pytest.fixture(scope="module")
def shop(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop in which one customer has bought a dress and shown that she paid."""
    with opened(servers, tmp_path_factory.mktemp("shop")) as here:
        buyer = Buyer(here, NAME)
        heard = [buyer.says(text) for text in DIALOG]
        heard.append(buyer.shows(PICTURES / "receipt.jpg"))
        assert "Замовлення №" in "".join(heard[-2]), heard
        yield here


def test_no_line_holds_what_a_customer_said(shop: Shop) -> None:
    """Whatever the level, all lines are JSON, and none tells words, names, numbers or secrets."""
    lines = shop.lines()
    assert {"turn_decided", "order_placed", "payment_opened"} <= {json.loads(line)["event"] for line in lines}
    assert [] == [line for line in lines if any(word in line for word in PRIVATE)]

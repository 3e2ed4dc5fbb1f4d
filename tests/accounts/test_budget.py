"""A turn's allowance, as the shop's plan has it."""

from unittest.mock import AsyncMock

import pytest
from structlog.testing import capture_logs

from activities.budget import Budget, expected
from domain.messages import InboundMessage, MessageKind
from domain.plans import MICRO, Feature, Plan, Tariff, Usage, as_credits, of_credits
from providers.records.credits import Credits
from providers.records.directory import Directory
from providers.records.pool import Pool, fetch_all
from providers.records.tenants import Tenant, Tenants
from runtime import metrics
from runtime.accounts import Account
from tests.accounts.conftest import NOON, OWN, SMALL


def burst(*kinds: str) -> list[InboundMessage]:
    """What a customer sent."""
    return [InboundMessage(id=str(n), kind=MessageKind(kind), received_at=NOON) for n, kind in enumerate(kinds)]


async def account(directory: Directory) -> Account:
    """The shop, as the assistant finds it."""
    found = await directory.find("manychat", "shop")
    assert found is not None
    return found


def spent(name: str = "shop") -> float:
    """What dashboards show."""
    return metrics.REGISTRY.get_sample_value("credits_spent_total", {"platform": "manychat", "account": name}) or 0.0


async def test_an_unlimited_shop_costs_no_look_at_any_database() -> None:
    """The common case stays as fast as it was."""
    credits, directory = AsyncMock(spec=Credits), Directory(AsyncMock(spec=Tenants), AsyncMock())
    tab, before = Budget(credits, directory).tab(OWN, "t1"), spent("default")
    allowance = await tab.open(burst("text", "image"))
    assert (frozenset(MessageKind), "") == (allowance.kinds, allowance.exhausted)
    assert None is await tab.close(Usage(replies=2))
    await tab.abandon()
    assert [] == credits.mock_calls
    assert 2 == spent("default") - before


async def test_a_turn_is_paid_for_when_it_closes(directory: Directory, credits: Credits, shop: Tenant) -> None:
    """And dashboards see what it cost."""
    tab, before = Budget(credits, directory).tab(await account(directory), "t1"), spent()
    allowance = await tab.open(burst("text"))
    assert MessageKind.TEXT in allowance.kinds
    assert not {MessageKind.IMAGE, MessageKind.AUDIO} & allowance.kinds
    settled = await tab.close(Usage(replies=1, input_tokens=500))
    assert settled is not None
    assert 10.5 == spent() - before
    assert of_credits(as_credits(settled.cost)) == 10 * MICRO + MICRO // 2
    assert None is await tab.close(Usage(replies=1))


async def test_an_abandoned_turn_is_free(directory: Directory, credits: Credits, pool: Pool, shop: Tenant) -> None:
    """What was set aside comes back."""
    tab = Budget(credits, directory).tab(await account(directory), "t1")
    await tab.open(burst("text"))
    await tab.abandon()
    await tab.abandon()
    rows = await fetch_all(pool, "SELECT movement, balance FROM credits ORDER BY id")
    assert [("grant", 100), ("reserve", 90), ("give_back", 100)] == [
        (row["movement"], row["balance"] // MICRO) for row in rows
    ]


async def test_a_customer_of_an_exhausted_shop_hears_the_shops_text(
    directory: Directory, credits: Credits, shop: Tenant
) -> None:
    """And whoever runs Everturn sees it, with the warning that came before."""
    await credits.adjust("manychat", "shop", "all", -100 * MICRO, "", NOON)
    budget = Budget(credits, directory)
    with capture_logs() as logs:
        for key in ("t1", "t2"):
            allowance = await budget.tab(await account(directory), key).open(burst("text"))
            assert ("credits", "We are out, sorry.") == (allowance.exhausted, allowance.text)
    assert ["plan_exhausted", "plan_running_low", "plan_exhausted"] == [line["event"] for line in logs]


async def test_a_worker_that_died_after_paying_does_not_pay_twice(
    directory: Directory, credits: Credits, shop: Tenant
) -> None:
    """Its successor takes the same turn for nothing."""
    for attempt in range(2):
        tab, before = Budget(credits, directory).tab(await account(directory), "t1"), spent()
        allowance = await tab.open(burst("text"))
        assert bool(attempt) == allowance.settled
        await tab.close(Usage(replies=1))
        assert (0 if attempt else 10) == spent() - before


async def test_what_came_back_is_not_counted_as_spent(directory: Directory, credits: Credits, shop: Tenant) -> None:
    """The customer wrote on when the first decision had just been paid for: the figure shows one reply."""
    before = spent()
    for decision in ("talk/run/7/d1", "talk/run/7/d2"):
        tab = Budget(credits, directory).tab(await account(directory), decision)
        await tab.open(burst("text"))
        await tab.close(Usage(replies=1))
    assert 10 == spent() - before


@pytest.mark.parametrize("order", ["abandoned first", "paid first", "abandoned before the other began"])
async def test_a_turn_attempted_twice_at_once_is_paid_once(
    directory: Directory, credits: Credits, shop: Tenant, pool: Pool, order: str
) -> None:
    """A worker stood still, was taken for dead and took the turn again: the attempt called off makes it no gift."""
    budget, own = Budget(credits, directory), await account(directory)
    first, second = budget.tab(own, "t1"), budget.tab(own, "t1")
    await first.open(burst("text"))
    if order == "abandoned before the other began":
        await first.abandon()
    await second.open(burst("text"))
    if order == "abandoned first":
        await first.abandon()
    settled = await second.close(Usage(replies=1))
    await first.abandon()
    assert settled is not None
    paid = await fetch_all(pool, "SELECT -sum(amount)::bigint AS cost FROM credits WHERE turn_key = 't1'")
    assert 10 * MICRO == paid[0]["cost"]


def test_only_what_the_assistant_may_take_in_is_expected() -> None:
    """A picture that the plan does not look at is not set aside for."""
    kinds = Plan(name="p", features=frozenset({Feature.IMAGE})).kinds()
    found = expected(burst("text", "image", "audio", "audio"), kinds)
    assert (4, 1, 1, 0) == (found.messages, found.replies, found.images, found.audio_seconds)


@pytest.mark.parametrize(
    ("usage", "platform", "cost"),
    [
        (Usage(), "manychat", 0),
        (Usage(replies=1, images=2), "manychat", 14_000_000),
        (Usage(input_tokens=1), "manychat", 1_000),
        (Usage(output_tokens=1), "telegram", 500),
        (Usage(audio_seconds=0.1), "telegram", 1),
    ],
)
def test_a_price_is_exact_and_rounded_up(usage: Usage, platform: str, cost: int) -> None:
    """To a millionth of a credit; a platform may cost less."""
    tariff = SMALL.tariff.model_copy(update={"image": 2 * MICRO, "audio_second": 3})
    assert cost == Tariff(**tariff.model_dump() | {"percent_by_platform": {"telegram": 50}}).cost(usage, platform)

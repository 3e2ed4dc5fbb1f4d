"""«Світлиця»: there at the first start, never in the way of a shop of one's own."""

import io
import time
from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI
from PIL import Image

from api import problems
from api.catalog import router
from providers.demo_shop.assortment import assortment, items, pictured
from providers.demo_shop.garments import GARMENTS
from providers.demo_shop.loading import PERSONA, Loaded, load_demo_shop
from providers.records.catalog_shelf import everything, put
from providers.records.pool import Pool
from tests.api.running import serving_app
from tests.catalog.conftest import API, GOODS, item


async def test_a_newcomer_finds_a_shop(pool: Pool) -> None:
    """Once, and quickly; the second start finds it there."""
    began = time.monotonic()
    loaded = await load_demo_shop(pool, API)
    assert time.monotonic() - began < 10, "two seconds on a machine that does nothing else"
    assert (True, 6) == (loaded.items > 150, loaded.documents)
    assert Loaded() == await load_demo_shop(pool, API)


async def test_the_pictures_follow_the_api(pool: Pool) -> None:
    """Another port tomorrow: the pictures are shown from there, and nothing else moves."""
    await load_demo_shop(pool, API)
    await put(pool, GOODS, [item("own", image_url="https://x.test/shop/pictures/own.jpg")])
    await load_demo_shop(pool, "http://127.0.0.1:9000/")
    hung = {found.sku: found.image_url async for found in everything(pool, GOODS)}
    assert "https://x.test/shop/pictures/own.jpg" == hung.pop("own")
    assert all(url.startswith("http://127.0.0.1:9000/shop/pictures/sv-") for url in hung.values())


async def test_whoever_has_goods_gets_no_others(pool: Pool) -> None:
    """Whatever shelf they stand on."""
    await put(pool, GOODS.model_copy(update={"platform": "telegram", "account": "main"}), [item("own")])
    loaded = await load_demo_shop(pool, API)
    assert (0, 6) == (loaded.items, loaded.documents)


def test_the_assortment_is_whole() -> None:
    """Numbers stand once, every garment can be drawn, something of every product but none of everything is there."""
    found = list(items(API))
    assert 40 <= len(assortment().products) <= 45
    assert len(found) == len({each.sku for each in found})
    assert {model.kind for model in assortment().products} <= GARMENTS.keys()
    by_product = {each.product: [one for one in found if one.product == each.product] for each in found}
    assert all(any(one.is_available for one in group) for group in by_product.values())
    assert any(not one.is_available for one in found)
    assert "Оля" in PERSONA.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def shown() -> Iterator[httpx.Client]:
    """The door of the pictures."""
    app = FastAPI()
    problems.install(app)
    app.include_router(router)
    with serving_app(app) as url, httpx.Client(base_url=f"{url}/shop/pictures", trust_env=False) as client:
        yield client


@pytest.mark.parametrize("kind", sorted(GARMENTS))
def test_every_kind_of_garment_has_a_picture(shown: httpx.Client, kind: str) -> None:
    """A picture a phone can show, in the garment's own colour."""
    name, ink = next((name, ink) for name, (drawn, ink) in pictured().items() if drawn == kind)
    answer = shown.get(f"/{name}")
    assert (200, "image/jpeg") == (answer.status_code, answer.headers["content-type"])
    assert len(answer.content) < 60_000
    picture = Image.open(io.BytesIO(answer.content)).convert("RGB")
    assert (640, 800) == picture.size
    red, green, blue = (int(ink[at : at + 2], 16) for at in (1, 3, 5))
    near = sum(
        count
        for count, (r, g, b) in picture.getcolors(640 * 800) or []
        if abs(r - red) + abs(g - green) + abs(b - blue) < 40
    )
    assert near > 10_000, "hardly anything has the garment's colour"


@pytest.mark.parametrize("name", ["none.jpg", "sv-101-blk.png", "sv-101-xxx.jpg", "%2e%2e%2fgoods.yaml"])
def test_no_other_picture_is_there(shown: httpx.Client, name: str) -> None:
    """A name that is none of the shop's shows nothing."""
    assert 404 == shown.get(f"/{name}").status_code

"""What customers write, and what the demo shop shows them first: Ukrainian, Russian, mixed, misspelt."""

from decimal import Decimal

import pytest

from domain.catalog import FindProducts
from providers.records.catalog import Catalog
from providers.records.pool import Pool

FIRST = 3
"""Offered at once, so that is where the wanted thing must be."""

WISHES = [
    # Ukrainian
    ("чорна сукня міді", "SV-101"), ("сукня міді", "SV-102"), ("є бордова сукня?", "SV-101"),
    ("хочу коротку вечірню сукню", "SV-103"), ("довга літня сукня з льону", "SV-104"), ("сукня в квіти", "SV-105"),
    ("тепла в'язана сукня", "SV-106"), ("в’язане плаття", "SV-106"), ("зелена сукня максі", "SV-104"),
    ("спідниця плісе", "SV-107"), ("шкіряна спідниця", "SV-109"), ("джинсова спідниця", "SV-108"),
    ("біла сорочка", "SV-202"), ("сорочки в клітинку", "SV-203"), ("шовкова блуза з бантом", "SV-201"),
    ("вишиванка", "SV-204"), ("чоловіча вишиванка", "SV-205"), ("вишита сорочка для чоловіка", "SV-205"),
    ("худі оверсайз", "SV-401"), ("худі на блискавці", "SV-402"), ("сіре худі з капюшоном", "SV-401"),
    ("світшот без капюшона", "SV-403"), ("теплий светр із косами", "SV-404"), ("довгий кардиган", "SV-405"),
    ("в'язаний жилет", "SV-406"), ("джинси мом", "SV-501"), ("прямі джинси чоловічі", "SV-502"),
    ("вузькі чорні джинси", "SV-503"), ("джинси кльош", "SV-504"), ("штани палацо", "SV-505"), ("карго", "SV-506"),
    ("легінси для залу", "SV-507"), ("джинсові шорти", "SV-508"), ("джинсова куртка", "SV-601"), ("тренч", "SV-602"),
    ("плащ від дощу", "SV-602"), ("вовняне пальто", "SV-603"), ("пальто на зиму", "SV-603"),
    ("червоний пуховик", "SV-604"), ("чорний піджак", "SV-605"), ("сумка шопер", "SV-701"), ("сумочка", "SV-701"),
    ("шарф гірчичний", "SV-702"), ("шапка рожева", "SV-703"), ("ремінь шкіряний", "SV-704"),
    ("смугаста тільняшка", "SV-304"), ("футболка з соняшником", "SV-302"), ("рожева футболочка", "SV-301"),
    ("поло чоловіче", "SV-303"), ("топ на бретелях", "SV-305"), ("плаття на вечірку", "SV-103"),
    ("суконь у вас багато? покажіть чорну", "SV-101"),
    # Russian
    ("платье чёрное", "SV-101"), ("черное платье миди", "SV-101"), ("платье в цветочек в цветы", "SV-105"),
    ("тёплое вязаное платье", "SV-106"), ("короткое вечернее платье", "SV-103"), ("джинсы мом", "SV-501"),
    ("джинсы клёш", "SV-504"), ("белая рубашка", "SV-202"), ("рубашка в клетку", "SV-203"),
    ("вышиванка мужская", "SV-205"), ("худи оверсайз", "SV-401"), ("толстовка на молнии", "SV-402"),
    ("свитер с косами", "SV-404"), ("юбка плиссе", "SV-107"), ("кожаная юбка", "SV-109"), ("брюки палаццо", "SV-505"),
    ("красный пуховик", "SV-604"), ("шерстяное пальто", "SV-603"), ("пиджак оверсайз", "SV-605"),
    ("шапка розовая", "SV-703"), ("кожаный ремень", "SV-704"), ("джинсовая куртка", "SV-601"),
    ("шорты джинсовые", "SV-508"), ("белая футболка", "SV-301"), ("шарф серый", "SV-702"),
    # mixed, and in English
    ("сукня чёрная миди", "SV-101"), ("хочу купить худи сіре", "SV-401"), ("mom jeans", "SV-501"),
    ("oversize hoodie", "SV-401"), ("жіноча блузка шелк", "SV-201"),
    # one wrong letter
    ("чорна сукгя міді", "SV-101"), ("плаття чорнне", "SV-101"), ("джинси мон", "SV-501"), ("вишивпнка", "SV-204"),
    ("пуховмк", "SV-604"), ("кардіган", "SV-405"), ("свтер", "SV-404"), ("спіднмця плісе", "SV-107"),
    ("пальо вовняне", "SV-603"), ("дижнси кльош", "SV-504"), ("футбалка біла", "SV-301"), ("легинсы", "SV-507"),
    ("куртка джынсова", "SV-601"), ("піжак", "SV-605"), ("шаарф", "SV-702"),
    # by name and by number
    ("Золота сукня Злата", "SV-101"), ("«Хрещатик»", "SV-603"), ("sv-402", "SV-402"), ("SV-101-BLK-M", "SV-101"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), WISHES)
async def test_what_a_customer_means_is_among_the_first_three(shop: Pool, text: str, wanted: str) -> None:
    """A customer who writes as people write sees the thing at once."""
    found = await Catalog(shop).find("telegram", "main", FindProducts(text=text, most=FIRST))
    assert wanted in [product.id for product in found]


@pytest.mark.parametrize("text", ["слон", "qwerty asdf", "холодильник самсунг"])
async def test_what_the_shop_does_not_have_is_not_made_up(shop: Pool, text: str) -> None:
    """Nothing is better than anything."""
    wish = FindProducts(text=text)
    assert () == await Catalog(shop).find("telegram", "main", wish)


@pytest.mark.parametrize(("said", "wanted"), [
    ({"text": "сукня", "colour": "чорна"}, {"SV-101", "SV-103"}),
    ({"text": "платье", "colour": "чёрный"}, {"SV-101", "SV-103"}),
    ({"text": "сукня", "size": "XS"}, {"SV-103"}),
    ({"text": "сукня", "size": "хл"}, {"SV-101"}),
    ({"category": "Джинси", "size": "29"}, {"SV-501"}),
    ({"category": "джинсы", "colour": "серый"}, {"SV-503"}),
    ({"category": "Аксесуари", "size": "M", "text": "шарф"}, {"SV-702"}),
    ({"category": "худі", "colour": "хакі"}, {"SV-402"}),
    ({"text": "джинси", "price_to": Decimal(1500)}, {"SV-503"}),
    ({"category": "верхній одяг", "text": "пуховик"}, {"SV-604"}),
])  # fmt: skip
async def test_attributes_narrow_what_is_found(shop: Pool, said: dict[str, object], wanted: set[str]) -> None:
    """Colour, size, category and price hold, however they are spelt."""
    found = await Catalog(shop).find("telegram", "main", FindProducts.model_validate({"most": 10, **said}))
    assert wanted == {product.id for product in found}


async def test_the_picture_is_of_the_colour_that_was_asked_for(shop: Pool) -> None:
    """Whoever wants the wine-red one is not shown a black one."""
    (found, *_) = await Catalog(shop).find("telegram", "main", FindProducts(text="бордова сукня"))
    assert "http://127.0.0.1:8080/shop/pictures/sv-101-wne.jpg" == found.image_url
    assert {"чорний", "бордовий"} == set(found.colours)


async def test_what_is_sold_out_is_offered_only_to_who_asks(shop: Pool) -> None:
    """The milk-white puffer is gone in every size."""
    wish = FindProducts(text="пуховик", colour="молочний")
    assert () == await Catalog(shop).find("telegram", "main", wish)
    found = await Catalog(shop).find("telegram", "main", wish.model_copy(update={"in_stock": False}))
    assert ["SV-604"] == [product.id for product in found]
    assert ("S", "M", "L") == found[0].sizes_of("червоний")
    assert () == found[0].sizes_of("молочний")


async def test_a_customer_who_only_looks_around_sees_the_shop(shop: Pool) -> None:
    """«Що у вас є?» names nothing, so the shop's own order holds."""
    found = await Catalog(shop).find("telegram", "main", FindProducts(text="що у вас є?", most=3))
    assert ["SV-101", "SV-102", "SV-103"] == [product.id for product in found]

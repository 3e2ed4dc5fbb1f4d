"""What customers say to a shop, and what must never come of it."""

import pytest

from tests.flows.buying import Buyer

FORM = "Іваненко Марія 0671234567 Львів відділення 12, на карту"
NAME, SIZE, COLOUR = "ім'я та прізвище", "Який розмір?", "Який колір"


def with_a_hat() -> Buyer:
    """A customer with one hat in the cart."""
    buyer = Buyer()
    buyer.says("шапка Гора чорна", "беру")
    return buyer


def ordered() -> Buyer:
    """A customer whose order waits for its payment."""
    buyer = with_a_hat()
    assert "№" in buyer.says("оформити", FORM, "так")
    return buyer


def test_the_whole_form_in_one_message_is_understood_with_the_payment() -> None:
    """«Іваненко Марія 0671234567 Львів відділення 12, на карту»: nothing is asked again."""
    buyer = with_a_hat()
    assert "переказ на картку" in buyer.says("оформити", FORM)
    assert "place_order" in (buyer.say("так"), buyer.effects)[1]


@pytest.mark.parametrize("yes", ["беру", "так", "давайте", "ні, це все"])
def test_whoever_needs_nothing_more_goes_on_to_the_order(yes: str) -> None:
    """«Щось іще чи оформлюємо?» is answered by all of these."""
    assert NAME in with_a_hat().say(yes)


def test_a_price_that_is_asked_for_is_the_price_of_what_is_shown() -> None:
    """«Скільки коштує?» beside a dress is no question about delivery."""
    buyer = Buyer()
    assert "1 450 ₴" in buyer.says("сукня Ніч", "скільки коштує?")
    assert COLOUR in buyer.say("дорого")
    assert "дешевше" in buyer.say("дорого")


def test_the_form_filled_in_too_early_is_kept() -> None:
    """Name and phone before the size: they are not asked again, and the size is."""
    buyer = Buyer()
    assert SIZE in buyer.says("ремінь Класика", FORM)
    assert "Іваненко Марія" in buyer.says("100", "оформити")


@pytest.mark.parametrize("said", ["змінити", "оформити", "зараз напишу", "дякую", "картка", "наложкой"])
def test_no_word_about_the_order_becomes_a_name(said: str) -> None:
    """An order to «Змінити» cannot be delivered."""
    buyer = with_a_hat()
    buyer.says("оформити", said)
    assert "" == buyer.sale.name


@pytest.mark.parametrize("said", ["дякую", "наложкой", "хвилинку", "не знаю"])
def test_no_such_word_becomes_a_branch(said: str) -> None:
    """«Наложкой» is how to pay."""
    buyer = with_a_hat()
    buyer.says("оформити", "Коваль Іра", "0671234567", "Одеса", said)
    assert "" == buyer.sale.branch


def test_a_size_with_a_stroke_can_be_bought() -> None:
    """«S/M» is a size of its own, and fits whoever writes M."""
    for size in ("S/M", "M", "[tap] s:S/M"):
        assert "Додала" in Buyer().says("светр Морозко", size)


@pytest.mark.parametrize(("said", "size"), [("джинси Ретро 27", "27"), ("ремінь Класика чорний 100", "100")])
def test_a_size_is_heard_in_the_numbers_the_product_has(said: str, size: str) -> None:
    """Waists and lengths are sizes too."""
    buyer = Buyer()
    buyer.says(said, "беру")
    assert size == buyer.sale.cart[0].size


def test_a_colour_may_be_named_by_its_number() -> None:
    """«2» under two colours is the second."""
    buyer = Buyer()
    buyer.says("шапка Гора", "2")
    assert "рожевий" == buyer.sale.cart[0].colour


def test_a_sold_out_colour_is_said_and_nothing_strange_is_offered() -> None:
    """A puffer in milk is not answered with blouses in milk."""
    said = Buyer().say("пуховик Іній молочний M")
    assert "«Іній»" in said
    assert "Морозко" not in said
    assert "Такого кольору немає" in said


def test_the_last_one_sold_meanwhile_is_no_dead_end() -> None:
    """The colour is asked again, with what there is."""
    buyer = Buyer()
    buyer.say("шапка Гора чорна")
    buyer.sell_out("чорний")
    assert "рожевий" in buyer.say("беру")
    assert "—" not in buyer.say("беру")


def test_a_cart_is_changed_before_the_order() -> None:
    """«Краще M», «дві», «приберіть одну»."""
    buyer = Buyer()
    buyer.says("сукня Злата чорна S", "беру", "краще M", "дві")
    assert [("M", 2)] == [(line.size, line.quantity) for line in buyer.sale.cart]
    buyer.say("приберіть одну")
    assert [("M", 1)] == [(line.size, line.quantity) for line in buyer.sale.cart]


def test_not_this_one_leads_back_to_the_wish() -> None:
    """«Не подобається» is no riddle."""
    assert "Що шукаєте" in Buyer().says("сукня Злата чорна S", "не подобається")


def test_a_question_in_the_form_is_answered_and_the_form_goes_on() -> None:
    """Nobody has to guess that the name is still waited for."""
    said = with_a_hat().says("оформити", "а скільки їде посилка?")
    assert "1–3 дні" in said
    assert NAME in said


def test_after_three_misses_in_the_form_a_person_is_offered() -> None:
    """A loop has a way out."""
    assert "оператор" in with_a_hat().says("оформити", "Коваль Іра", "щось не те", "хм хм", "ну не те")


def test_more_goods_may_be_added_in_the_middle_of_the_form() -> None:
    """«Ой, ще шапку» while the phone is asked for."""
    buyer = with_a_hat()
    buyer.says("оформити", "Коваль Іра", "ой, ще сукню Ніч чорну M", "беру")
    assert 2 == len(buyer.sale.cart)
    assert "телефон" in buyer.say("оформити")


def test_a_foreign_phone_is_taken() -> None:
    """The shop sends abroad."""
    buyer = with_a_hat()
    buyer.says("оформити", "Anna Kowalska", "+48 512 345 678")
    assert "+48512345678" == buyer.sale.phone


def test_cancelling_a_placed_order_is_a_persons_work() -> None:
    """It is not answered with a reminder to pay."""
    buyer = ordered()
    buyer.say("скасуйте замовлення")
    assert ["hand_off"] == buyer.effects


@pytest.mark.parametrize("said", ["де моє замовлення?", "хочу повернути сукню"])
def test_orders_of_the_past_are_a_persons_work(said: str) -> None:
    """No dresses are offered to somebody who wants to give one back."""
    buyer = Buyer()
    buyer.say(said)
    assert ["hand_off"] == buyer.effects


def test_nothing_is_seen_where_nothing_was_shown() -> None:
    """«Оплатила» twice without a picture: no «бачу підтвердження»."""
    said = ordered().says("оплатила", "вже оплатила!")
    assert "Бачу" not in said
    assert "на перевірці" in said


def test_one_yes_changes_no_language() -> None:
    """«Да» after a dialog in Ukrainian is answered in Ukrainian."""
    buyer = with_a_hat()
    assert "прийнято" in buyer.says("оформити", FORM, "да")


def test_greetings_and_signs_are_no_wish() -> None:
    """«Привіт» brings no dresses, a lone «?» no «рада допомогти»."""
    buyer = Buyer()
    buyer.say("добрий день")
    for said in ("привіт", "?"):
        assert "Що шукаєте" in buyer.say(said)


def test_the_shops_own_name_of_a_colour_stays() -> None:
    """Emerald is sold as emerald."""
    assert "смарагдовий" in Buyer().say("сукня Ніч")


def test_a_made_up_price_leaves_the_menu_as_it_was() -> None:
    """What the guard keeps back is replaced by the question and its choices, and counts as a miss."""
    buyer = Buyer()
    buyer.say("сукня")
    menu = buyer.sale.menu
    buyer.answers = ["Для вас 1500 грн!"]
    assert "1500" not in buyer.say("а може поступитесь трохи?")
    assert menu == buyer.sale.menu
    assert 1 == buyer.sale.misses


def test_another_garment_leaves_an_open_size() -> None:
    """«Ой, ще шапку чорну» while the belt's size is asked for: hats are shown, not sizes for ever."""
    assert "Гора" in Buyer().says("ремінь Класика", "ой ще шапку чорну")


def test_the_price_of_something_named_shows_it() -> None:
    """Not what delivery costs."""
    assert "3 490 ₴" in Buyer().say("скільки коштує Іній")


def test_a_colour_under_several_products_means_one_of_them() -> None:
    """«Смарагдова» under two dresses is the one that comes in it."""
    assert "«Ніч»" in Buyer().says("сукня", "смарагдова")


def test_a_hundred_pieces_are_not_silently_one() -> None:
    """The customer hears that there are not so many."""
    buyer = Buyer()
    assert "немає" in buyer.says("шапка Гора чорна", "беру 100 штук")
    assert 5 == buyer.sale.cart[0].quantity


def test_a_city_is_put_right_in_the_middle_of_the_form() -> None:
    """«Ні, не Львів, а Київ» while the branch is asked for."""
    buyer = with_a_hat()
    buyer.says("оформити", "Коваль Іра", "0671234567", "Львів", "ні, не Львів, а Київ")
    assert "Київ" == buyer.sale.city


def test_how_to_pay_is_no_part_of_the_address() -> None:
    """«Вул. Хрещатик 5 кв 3, накладений платіж»."""
    buyer = with_a_hat()
    buyer.says("оформити", "Коваль Іра, 0671234567, Київ, вул. Хрещатик 5 кв 3, накладений платіж")
    assert "вул. Хрещатик 5 кв 3" == buyer.sale.branch
    assert "cash_on_delivery" == buyer.sale.method


ORDERED = ("злата чорна m", "беру", "оформити", "Оксана Петренко 0671234567", "Львів, відділення 12", "на карту", "так")


@pytest.mark.parametrize("said", ["а за 1000 віддасте?", "дайте скидку 20%", "скиньте трохи ціну"])
def test_nobody_haggles(said: str) -> None:
    """The price is the catalogue's; that a person may know of more is said."""
    buyer = Buyer()
    heard = buyer.says("злата чорна m", said)
    assert "сама змінити не можу" in heard
    assert "оформлюємо" in heard


@pytest.mark.parametrize("said", ["хочу змінити розмір на L", "змініть адресу на відділення 5", "а можна накладений?"])
def test_a_placed_order_is_changed_by_a_person(said: str) -> None:
    """What is placed the assistant cannot change; it does not ask for a screenshot instead."""
    buyer = Buyer()
    buyer.says(*ORDERED, said)
    assert ["hand_off"] == buyer.effects


@pytest.mark.parametrize("said", ["де платити?", "на яку картку?", "реквізити ще раз", "скільки платити?"])
def test_where_to_pay_is_told_again(said: str) -> None:
    """As often as it is asked for."""
    heard = Buyer().says(*ORDERED, said)
    assert "Картка 4441" in heard
    assert "1 899" in heard


def test_nothing_to_order_is_said_so() -> None:
    """«Беру» and «оформити» with an empty cart are no goods to search for; «ні» ends it kindly."""
    assert "У кошику поки порожньо" in Buyer().says("добрий день", "оформити")
    buyer = Buyer()
    assert "Якщо щось знадобиться" in buyer.says("добрий день", "ні")
    assert buyer.state is None


@pytest.mark.parametrize("said", ["йдіть нахуй", "ви там охуїли?"])
def test_whoever_swears_at_us_talks_with_a_person(said: str) -> None:
    """Not with a catalogue."""
    buyer = Buyer()
    buyer.says("злата чорна m", said)
    assert ["hand_off"] == buyer.effects


def test_a_surzhyk_yes_is_a_yes() -> None:
    """«Да всьо вєрно» to the summary."""
    buyer = Buyer()
    buyer.says(*ORDERED[:-1], "да всьо вєрно")
    assert ["place_order"] == buyer.effects

"""Real spellings, a row each."""

import time

import pytest

from flows.rules.address import find_address, is_fragment, merge_address
from flows.rules.consent import read_consent
from flows.rules.phone import find_phone, find_phone_of, why_no_phone
from flows.rules.quantity import find_quantity
from flows.rules.text import clean
from flows.rules.topics import find_topics
from flows.rules.wishes import find_wish, is_courtesy, named_slot, wants_change

M = "+996555123456"


@pytest.mark.parametrize(
    ("expected", "written"),
    [
        (M, "0555123456"),
        (M, "996555123456"),
        (M, "+996555123456"),
        (M, "+996 555 12 34 56"),
        (M, "+996 (555) 12-34-56"),
        (M, "+996-555-123-456"),
        (M, "+9960555123456"),
        (M, "00996555123456"),
        (M, "8 10 996 555 123456"),
        (M, "555-123-456"),
        (M, "555123456"),
        (M, "0 555 123 456"),
        (M, "0(555)123456"),
        (M, "0555.12.34.56"),
        (M, "0555–12–34–56"),
        (M, "0555\u00a012\u00a034\u00a056"),
        (M, "8 0555 123456"),
        (M, "8-555-123-456"),
        (M, "８555123456"),
        (M, "٠٥٥٥١٢٣٤٥٦"),
        (M, "О555 123456"),
        (M, "0\u200b555123456"),
        (M, "мой номер 0555 12 34 56, звоните"),
        (M, "тел:0555123456."),
        (M, "wa.me/996555123456"),
        (M, "0996 555 123 456"),
        (M, "0 996 555 123 456"),
        (M, "0996 555 12 34 56"),
        (M, "0555,12,34,56"),
        (M, "0555, 123, 456"),
        (M, "0555·12·34·56"),
        (M, "0555•12•34•56"),
        (M, "0555*12*34*56"),
        (M, "0555: 12-34-56"),
        ("+996996555123", "0996555123 100"),
        (M, "Чуй 100, 3, 0555123456"),
        (M, "0555\n123456"),
        (M, "Ахунбаева 12 0555 12 34 56 3"),
        (M, "12 555 12 34 56"),
        (M, "3 бутыли 0555123456"),
        (M, "0700123456 ой ошибся 0555123456"),
        (M, "не 0700123456, а 0555123456"),
        (M, "+7 916 123 45 67 или 0555123456"),
        ("+996312432109", "0312 43 21 09"),
        ("+996312432109", "(0312) 432109"),
        ("+996312432109", "312 432 109"),
        ("+996700123456", "0700 123 456 или 0555 123 456"),
        ("+996772112233", "0772 11-22-33"),
        ("+996990112233", "0990112233"),
        ("+996220112233", "0220112233"),
    ],
)
def test_a_number_is_read_however_it_is_written(expected: str, written: str) -> None:
    """«Мой номер 0555…»: any way a person in Kyrgyzstan writes it."""
    found = find_phone(clean(written))
    assert expected == (found and found.number)


U = "+380671234567"


@pytest.mark.parametrize(
    ("expected", "left", "written"),
    [
        (M, "Киевская 8", "Киевская 8 0555 12 34 56"),
        (M, "Киевская 8", "Киевская 8 0 555 123 456"),
        (M, "Киевская 8", "Киевская 8 555 12 34 56"),
        (M, "Киевская 8", "Киевская 8 996 555 12 34 56"),
        (M, "Киевская 8.", "Киевская 8. 0555123456"),
        (M, "Киевская, 8", "Киевская, 8 0555123456"),
        (M, "Киевская 80", "Киевская 80 555123456"),
        (M, "Киевская 120", "Киевская 120 0555 12 34 56"),
        (M, "Кызыл-Аскер 8", "Кызыл-Аскер 8 0555 12 34 56"),
        (M, "Ахунбаева 12, кв 8", "Ахунбаева 12, кв 8 0555123456"),
        (M, "Ахунбаева 12 кв №8", "Ахунбаева 12 кв №8 0555123456"),
        (M, "кв 70", "кв 70 555 12 34 56"),
        (M, "Чуй 12-70", "Чуй 12-70 555 12 34 56"),
        (M, "Чуй 5/8", "Чуй 5/8 0555123456"),
        (M, "Чуй 12 70", "Чуй 12 70 555 12 34 56"),
        (M, "дом 5 кв 12", "дом 5 кв 12 0555 123 456"),
        (M, "дом 80,", "дом 80, 0555123456"),
        (M, "ул. Ибраимова 9", "ул. Ибраимова 9 0 555 123 456"),
        (M, "Тельмана 8", "Тельмана 8 0555123456"),
        (M, "Набережная 8", "Набережная 8 0555123456"),
        ("+996312432109", "Киевская 77", "Киевская 77 312 43 21 09"),
        (M, "", "8 0555 123456"),
        (M, "", "8-0555-12-34-56"),
        (M, "", "8 555 123 456"),
        (M, "", "80 555 123456"),
        (M, "", "80555123456"),
        (M, "тел", "тел 8 0555 12 34 56"),
        (M, "тел.:", "тел.: 8 0555 12 34 56"),
        (M, "мой номер:", "мой номер: 8 0555123456"),
        (M, "вот", "вот 8 0555123456"),
        (M, "звоните", "звоните 8 555 123 456"),
        (M, "исправьте", "исправьте 8 0555123456"),
        (M, "ватсап", "ватсап 8 0555123456"),
        (M, "тел жены", "тел жены 8 0555123456"),
        (M, "номер дома 8", "номер дома 8 0555123456"),
        (M, "Бишкек", "Бишкек 8 0555123456"),
        (M, "Чуй 100, 3 бутылки", "Чуй 100, 3 бутылки 8 0555123456"),
        (M, "Айгуль,", "Айгуль, 8 0555123456"),
        (M, "Айгуль", "Айгуль 8 0555123456"),
        (M, "мама", "мама 8 0555123456"),
        (M, "Чуй 100", "Чуй 100 8 0555123456"),
        (M, "Айгуль", "Айгуль 996 555 123456"),
        (U, "Шевченка 8", "Шевченка 8 067 123 45 67"),
        (U, "Шевченка 38", "Шевченка 38 067 123 45 67"),
        (U, "вул. Шевченка 3", "вул. Шевченка 3 8 067 123 45 67"),
        (U, "кв 50", "кв 50 67 123 45 67"),
        (U, "завтра о 8", "завтра о 8 067 123 45 67"),
        (U, "мій номер", "мій номер 8 067 123 45 67"),
        (U, "Олена", "Олена 8 067 123 45 67"),
        (U, "", "38 067 123 45 67"),
    ],
)
def test_a_house_is_no_part_of_the_number(expected: str, left: str, written: str) -> None:
    """«Киевская 8 0555…»: the courier looks for house 8, not for Kyivska street."""
    text = clean(written)
    found = find_phone_of(text, "UA" if expected == U else "KG")
    assert found is not None
    assert (expected, left) == (found.number, f"{text[: found.span[0]]}{text[found.span[1] :]}".strip())


@pytest.mark.parametrize(
    ("expected", "written"),
    [
        ("foreign", "+7 916 123 45 67"),
        ("foreign", "8 916 123 45 67"),
        ("foreign", "Москва 8 916 123 45 67"),
        ("foreign", "Ташкент 998 90 123 45 67"),
        ("foreign", "+7 701 234 56 78"),
        ("foreign", "87012345678"),
        ("foreign", "+998901234567"),
        ("foreign", "+1 202 555 0123"),
        ("invalid", "05551234567"),
        ("invalid", "331234567"),
        ("invalid", "0111123456"),
        ("too_short", "0555"),
        ("too_short", "0555 12"),
        ("too_short", "432109"),
        ("missing", "не помню"),
        ("missing", "3"),
        ("missing", ""),
    ],
)
def test_a_number_we_cannot_call_says_why(expected: str, written: str) -> None:
    """«+7 916…»: a foreign or short number is not taken."""
    found = find_phone(clean(written))
    assert expected == (found.problem if found else why_no_phone(clean(written)))


@pytest.mark.parametrize(
    ("expected", "written"),
    [
        (3, "3"),
        (3, "3 бутыли"),
        (3, "3шт"),
        (3, "3️⃣"),
        (3, "три"),
        (3, "трёх"),
        (3, "ТРИ!!"),
        (2, "две"),
        (2, "двух"),
        (2, "пару"),
        (2, "парочку бутылок"),
        (1, "одну"),
        (1, "бутылку"),
        (5, "пять штук"),
        (5, "штук пять"),
        (5, "5-ти"),
        (10, "десяток"),
        (12, "дюжину"),
        (15, "пятнадцать"),
        (25, "двадцать пять"),
        (25, "twenty-five"),
        (50, "fifty"),
        (50, "полсотни"),
        (50, "пятьдесят"),
        (4, "давайте 4"),
        (4, "четверо"),
        (1, "бир"),
        (2, "эки"),
        (3, "үч бөтөлкө"),
        (4, "төрт"),
        (5, "беш"),
        (6, "алты"),
        (7, "жети"),
        (8, "сегиз"),
        (9, "тогуз"),
        (10, "он"),
        (15, "он беш"),
        (20, "жыйырма"),
        (5, "не 3, а 5"),
        (5, "не 3, а 5 бутылок"),
        (5, "вместо 3 бутылок 5"),
        (5, "3, нет, 5"),
        (3, "бутылок - 3"),
        (3, "бутылей: 3"),
        (3, "3 бутыли по 19 литров"),
        (3, "3 19-литровые бутыли"),
        (3, "19л 3 шт"),
        (3, "3 большие бутыли"),
        (2, "две воды"),
        (2, "two bottles"),
        (10, "🔟"),
        ("too_few", "0"),
        ("too_few", "-3"),
        (5, "5 в офис"),
        ("too_few", "минус 3"),
        ("too_few", "ноль"),
        ("too_many", "51"),
        ("too_many", "сто"),
        ("too_many", "тысячу бутылок"),
        ("too_many", "9" * 5000),
        ("not_whole", "2.5"),
        ("not_whole", "2,5"),
        ("not_whole", "полтора"),
        ("several", "3-4"),
        ("several", "2 или 3"),
        ("several", "два-три"),
        (None, "в 5 часов"),
        (None, "5 этаж"),
        (None, "дом 5"),
        (None, "кв. 5"),
        (None, "19 литров"),
        (None, "500 сом"),
        (None, "5а"),
        (None, "он придет"),
        (None, "много"),
    ],
)
def test_bottles_are_counted_in_digits_and_words(expected: int | str | None, written: str) -> None:
    """«Сколько?» – «пару»."""
    found = find_quantity(clean(written), asked=True)
    assert expected == (found and (found.problem or found.bottles))


@pytest.mark.parametrize(
    ("expected", "written"),
    [
        ("several", "2 или 3 бутылки"),
        ("several", "2 бутылки или 3"),
        ("several", "3-4 бутылки"),
        ("several", "3 – 4 бутылки"),
        ("several", "3-х или 4-х бутылок"),
        ("several", "бутылок 2-3"),
        ("several", "штук пять-шесть"),
        ("several", "две-три бутылки"),
        ("several", "две три бутылки"),
        ("several", "от 2 до 3 бутылок"),
        ("several", "Чуй 100, 2-3 бутылки"),
        ("several", "2 or 3 bottles"),
        ("several", "эки же үч бөтөлкө"),
        ("several", "2 бутылки домой и 3 в офис"),
        ("several", "2 бутылки домой, а 3 в офис"),
        ("several", "2 бутылки домой и 2 в офис"),
        ("several", "2 бутылки мне и 2 бутылки соседке"),
        ("several", "2 бутылки и ещё одну"),
        ("several", "2 бутылки + 1"),
        ("several", "3+1 бутылки"),
        (5, "3 бутылки, нет, лучше 5"),
        (3, "2 или 3 бутылки, давайте 3"),
        (2, "3 бутылки, точнее 2"),
        (5, "не 3 бутылки, а 5"),
        (3, "3 бутыли 19 литров"),
        (3, "3 бутылки или 3 баклажки"),
        (3, "3 бутылки, 2 подъезд и 5 этаж"),
        (3, "кв 5, 3 бутылки"),
        (3, "кв 5 - 3 бутылки"),
        (3, "кв 2-3 бутылки"),
        (3, "Чуй 2 - 3 бутылки"),
        (3, "Чуй 12-3 бутылки"),
        (3, "Чуй 100 -3 бутылки"),
        (3, "Чуй 12 или 14, 3 бутылки"),
        (2, "2 бутылки на завтра к 10"),
        (2, "2 бутылки и 2 помпы"),
        (2, "2 бутылки и 1 помпу"),
        (2, "2 бутылки и 500 сом"),
        (2, "2 бутылки, а 3 пустые заберите"),
        (5, "5 бутылок через 2-3 часа"),
        (5, "5 бутылок от 10 до 18"),
        (5, "завтра в 2 или 3, 5 бутылок"),
    ],
)
@pytest.mark.parametrize("asked", [True, False])
def test_one_of_several_counts_is_not_chosen_for_the_customer(expected: int | str, written: str, asked: bool) -> None:
    """«2 или 3 бутылки»: nobody but the customer knows which."""
    found = find_quantity(clean(written), asked=asked)
    assert expected == (found and (found.problem or found.bottles))


@pytest.mark.parametrize("written", ["3", "Чуй 100", "Ахунбаева 12 кв 5", "мкр 7, дом 3", "через пару часов", "три"])
def test_a_number_nobody_asked_for_is_no_count(written: str) -> None:
    """House and flat numbers are not bottles."""
    assert find_quantity(clean(written), asked=False) is None


YES = [
    "да",
    "Да.",
    "ДА!!!",
    "дааа",
    "да-да",
    "ну да",
    "ага",
    "агаа",
    "угу",
    "ок",
    "окей",
    "ok",
    "OK!",
    "okay",
    "yes",
    "yep",
    "+",
    "++",
    "👍",
    "👍🏽",
    "✅",
    "конечно",
    "верно",
    "всё верно",
    "да, всё верно",
    "подтверждаю",
    "согласна",
    "так и есть",
    "хорошо",
    "давайте",
    "оформляйте",
    "ооба",
    "туура",
    "макул",
    "да, спасибо",
    "да жду",
    "да 👍",
]
NO = [
    "нет",
    "Нет!",
    "неа",
    "не",
    "не-а",
    "нееет",
    "no",
    "nope",
    "-",
    "—",
    "👎",
    "❌",
    "жок",
    "не верно",
    "неверно",
    "не всё верно",
    "неправильно",
    "не правильно",
    "не согласен",
    "туура эмес",
    "нет, спасибо",
    "нет нет",
]
UNCLEAR = ["да нет", "нет, всё верно", "да нет наверное", "да, но не сейчас", "да, только позвоните за час"]
SILENT = ["5", "Чуй 100", "", "🙂", "вода", "спасибо", "+996", "№ 5"]


@pytest.mark.parametrize(
    ("expected", "written"),
    [*(("yes", row) for row in YES), *(("no", row) for row in NO), *(("unclear", row) for row in UNCLEAR)]
    + [(None, row) for row in SILENT],
)
def test_yes_and_no_have_many_spellings(expected: str | None, written: str) -> None:
    """«Всё верно?» – «ага»."""
    assert expected == read_consent(clean(written))


@pytest.mark.parametrize(
    ("expected", "written"),
    [
        ("Ахунбаева 12 кв 5", "Ахунбаева 12 кв 5"),
        ("ул. Чуй 100", "Здравствуйте! ул. Чуй 100, спасибо"),
        ("Чуй 100", "мой адрес: Чуй 100"),
        ("Чуй 100", "хочу воду на Чуй 100"),
        ("Ошский рынок", "Ошский рынок"),
        ("Кок-Жар, за мечетью", "Кок-Жар, за мечетью"),
        ("мкр Джал 29, дом 5 кв 7", "мкр Джал 29, дом 5 кв 7"),
        ("ул. Киевская 77, кв №14", "ул. Киевская 77, кв №14"),
        ("на углу Манаса и Чуй", "на углу Манаса и Чуй"),
        ("Манаса 40, кв 12", "Манаса 40\nкв 12"),
        ("", "3"),
        ("", "привет как дела"),
        ("", "хочу воду"),
        ("", "не знаю"),
        ("", "фывапролдж"),
        ("", "ааааааа"),
        ("", "😀😀😀😀😀"),
        ("", "12345"),
        ("", "минутку"),
    ],
)
def test_an_address_is_found_among_other_words(expected: str, written: str) -> None:
    """«Хочу воду на Чуй 100»."""
    assert expected == find_address(clean(written), asked=True)


@pytest.mark.parametrize(
    ("expected", "known", "told"),
    [
        ("Чуй 100, кв 7", "Чуй 100", "кв 7"),
        ("Чуй 100 кв 7", "Чуй 100 кв 5", "кв 7"),
        ("Чуй 100 кв. 7", "Чуй 100 кв. 5", "квартира 7"),
        ("Чуй 100, подъезд 3", "Чуй 100", "3 подъезд"),
        ("ул. Чуй, дом 12", "ул. Чуй, дом 10", "дом 12"),
    ],
)
def test_a_part_of_an_address_joins_what_is_known(expected: str, known: str, told: str) -> None:
    """«Забыла: кв 7»."""
    assert is_fragment(told)
    assert expected == merge_address(known, told)


@pytest.mark.parametrize(
    ("expected", "written"),
    [
        ("person", "оператор"),
        ("person", "Оператора!"),
        ("person", "позовите человека"),
        ("person", "живой человек"),
        ("person", "хочу поговорить с менеджером"),
        ("person", "соедините с оператором"),
        ("person", "перезвоните мне"),
        ("person", "human please"),
        ("person", "адам керек"),
        ("person", "мага тирүү адам керек"),
        ("person", "адам менен сүйлөшкүм келет"),
        ("person", "адам чакырыңыз"),
        ("person", "адамды чакырыңыз"),
        ("person", "адам барбы?"),
        ("cancel", "отмена"),
        ("cancel", "Отмените заказ"),
        ("cancel", "я передумала"),
        ("cancel", "не надо"),
        ("cancel", "уже не надо, спасибо"),
        ("cancel", "не буду заказывать"),
        ("cancel", "cancel"),
        ("cancel", "керек эмес"),
        ("start_over", "начать сначала"),
        ("start_over", "давайте заново"),
        ("start_over", "сначала"),
        ("start_over", "/start"),
        ("start_over", "start over"),
        (None, "Адам"),
        (None, "Это Адам"),
        (None, "Меня зовут Адам"),
        (None, "Меня зовут Адам, мне нужно 2 бутылки"),
        (None, "Адам, суу керек"),
        (None, "вы оператор?"),
        (None, "спросить менеджера на входе"),
        (None, "не отменяйте"),
        (None, "ул. Администраторская 5"),
        (None, "сдачи не надо"),
        (None, "без оператора"),
        (None, "Чуй 100"),
    ],
)
def test_wishes_are_heard(expected: str | None, written: str) -> None:
    """«Позовите человека», «отмена», «заново»."""
    assert expected == find_wish(clean(written))


@pytest.mark.parametrize("written", ["Це Адам", "Мене звати Адам", "Адам, 0671234567", "Адам, потрібна сукня"])
def test_a_man_called_adam_is_not_handed_to_a_person(written: str) -> None:
    """«Мене звати Адам»: in Kyrgyz his name is the word for a person; the shop and the office hear names too."""
    assert find_wish(clean(written), "uk") is None


@pytest.mark.parametrize(
    ("expected", "written"),
    [
        ("address", "адрес другой"),
        ("address", "не тот адрес"),
        ("address", "номер дома другой"),
        ("phone", "телефон неправильный"),
        ("phone", "номер не тот"),
        ("phone", "wrong phone"),
        ("bottles", "количество поменяйте"),
        ("bottles", "не 3, а 5 бутылок"),
    ],
)
def test_a_correction_names_its_slot(expected: str, written: str) -> None:
    """«Адрес другой»."""
    assert wants_change(clean(written))
    assert expected == named_slot(clean(written))


@pytest.mark.parametrize(
    ("expected", "written"),
    [
        ("price", "сколько стоит?"),
        ("price", "почём вода"),
        ("when", "когда привезёте?"),
        ("when", "до скольки работаете"),
        ("payment", "можно картой?"),
        ("area", "вы доставляете в Кант?"),
        ("status", "где мой заказ"),
        ("who", "вы бот?"),
        ("thanks", "спасибо большое"),
        ("later", "минутку"),
        ("no_phone", "зачем вам телефон"),
        ("question", "а у вас есть собака?"),
    ],
)
def test_other_subjects_are_told_apart(expected: str, written: str) -> None:
    """«А сколько стоит?»."""
    assert [expected] == find_topics(clean(written))


@pytest.mark.parametrize("written", ["спасибо", "Спасибо большое!", "ок", "👍", "рахмат", "до свидания", "хорошо, жду"])
def test_courtesy_is_only_courtesy(written: str) -> None:
    """«Спасибо» opens nothing."""
    assert is_courtesy(clean(written))


FLOODS = [
    "0 1 ",
    "1",
    "сто ",
    "3 бутыли ",
    "- ",
    "0555123456 ",
    "а",
    "+996 ",
    "12345678 0 ",
    "кв 5 ",
    "да ",
    "? ",
    "не ",
    ", ",
    "ул. ",
    "здравствуйте ",
    "оператор ",
    "(",
    "\n",
    "не надо ",
    "а сколько ",
]


@pytest.mark.parametrize("piece", FLOODS)
def test_a_flood_of_text_is_read_at_once(piece: str) -> None:
    """Eight thousand characters of anything."""
    from tests.flows.talk import Customer

    customer = Customer()
    customer.say("Чуй 100, 0555123456, 2 бутыли")
    began = time.process_time()
    customer.say((piece * 8_000)[:8_000])
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize("lines", ["а", "1", "Ахунбаева\n1"])
def test_a_flood_of_lines_beside_a_phone_number_is_read_at_once(lines: str) -> None:
    """A burst of thousands of lines, each of which might hold the count, holds no worker up."""
    from tests.flows.talk import Customer

    began = time.process_time()
    Customer().say("\n".join([lines] * 2_000), "0555123456")
    assert time.process_time() - began < 0.5

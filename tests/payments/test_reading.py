"""What banks write, and how: days and payees."""

from datetime import date

import pytest

from activities.payees import same_payee
from activities.receipt_dates import day_of

DAY = date(2026, 11, 5)


@pytest.mark.parametrize(
    "text",
    [
        "05.11.2026", "5.11.26", "05/11/2026 14:20", "2026-11-05T14:20:01", "14:20, 05.11.2026", "5 листопада 2026",
        "5 листопада, 2026", "5 листоп. 2026 р., 14:20", "5 ноября 2026 г.", "05 Nov 2026", "Чт, 5 Листопада 2026",
    ],
)  # fmt: skip
def test_a_day_is_read_however_it_is_written(text: str) -> None:
    """Ukrainian, Russian, English and figures."""
    assert DAY == day_of(text)


@pytest.mark.parametrize(
    "text", ["", "вчора", "31.02.2026", "00.00.0000", "5 щось 2026", "12:30", "1234567890", "x" * 999]
)
def test_what_is_no_day_is_none(text: str) -> None:
    """Nothing is guessed."""
    assert day_of(text) is None


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        ("Коваль Марія Іванівна", "ФОП Коваль Марія Іванівна"),
        ("КОВАЛЬ М. І.", "ФОП Коваль Марія Іванівна"),
        ("Марія К.", "ФОП Коваль Марія Іванівна"),
        ("Koval Mariya", "ФОП Коваль Марія Іванівна"),
        ("FOP KOVAL MARIIA IVANIVNA", "ФОП Коваль Марія Іванівна"),
        ("Коваль Мария Ивановна", "ФОП Коваль Марія Іванівна"),
        ("ТОВ «Сукні»", "Сукні"),
        ("4149 **** **** 1234", "Карта 4149-1111-2222-1234"),
        ("UA123456780000026001234567890", "UA12 3456 7800 0002 6001 2345 6789 0"),
    ],
)
def test_a_payee_is_the_same_however_a_bank_writes_it(read: str, expected: str) -> None:
    """Short, in Latin letters, half hidden."""
    assert same_payee(read, expected)


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        ("Петренко Олег", "ФОП Коваль Марія Іванівна"),
        ("Ковальчук Марія", "ФОП Коваль Марія Іванівна"),
        ("М. І.", "ФОП Коваль Марія Іванівна"),
        ("ФОП", "ФОП Коваль Марія Іванівна"),
        ("4149 **** **** 4321", "4149 1111 2222 1234"),
    ],
)
def test_another_payee_is_another(read: str, expected: str) -> None:
    """Initials alone prove nothing."""
    assert not same_payee(read, expected)

"""Numbers written as words: Russian with its declensions, Kyrgyz, English; Ukrainian for the shop."""

from collections.abc import Mapping
from typing import NamedTuple

from flows.rules.loose import loosen


def _table(rows: str) -> dict[str, int]:
    table = {}
    for row in rows.strip().splitlines():
        value, names = row.split(":")
        table.update(dict.fromkeys(names.split(), int(value)))
    return table


NUMERALS = _table("""
0: ноль нуль ноля нуля zero нөл
1: один одна одну одно одной одного бир бирөө one
2: два две двух двум двумя двое пара пару парочку парочка эки экөө two couple
3: три трех трем тремя трое үч үчөө three
4: четыре четырех четырем четверо төрт төртөө four
5: пять пяти пятью пятеро беш бешөө five
6: шесть шести шестеро алты алтоо six
7: семь семи семеро жети жетөө seven
8: восемь восьми сегиз eight
9: девять девяти тогуз nine
10: десять десяти десяток десятка он ten
11: одиннадцать одиннадцати eleven
12: двенадцать двенадцати дюжина дюжину twelve dozen
13: тринадцать тринадцати thirteen
14: четырнадцать четырнадцати fourteen
15: пятнадцать пятнадцати fifteen
16: шестнадцать шестнадцати sixteen
17: семнадцать семнадцати seventeen
18: восемнадцать восемнадцати eighteen
19: девятнадцать девятнадцати nineteen
20: двадцать двадцати жыйырма twenty
30: тридцать тридцати отуз thirty
40: сорок сорока кырк forty
50: пятьдесят пятидесяти полсотни полсотня элүү fifty
60: шестьдесят шестидесяти алтымыш sixty
70: семьдесят семидесяти жетимиш seventy
80: восемьдесят восьмидесяти сексен eighty
90: девяносто токсон ninety
100: сто ста сотня сотню сотка сотку жүз hundred
200: двести двухсот
300: триста
500: пятьсот
1000: тысяча тысячу тысяч миң thousand
""")
_UKRAINIAN = _table("""
0: нуль нуля
1: один одна одне одну одного одної однієї одиничку
2: два дві двох двом двома двоє пара пару парочку парочка
3: три трьох трьом троє
4: чотири чотирьох четверо чотирі
5: п'ять пять п'яти п'ятеро
6: шість шести шестеро
7: сім семи семеро
8: вісім восьми
9: дев'ять девять дев'яти
10: десять десяти десяток
11: одинадцять
12: дванадцять дюжина дюжину
13: тринадцять
14: чотирнадцять
15: п'ятнадцять
20: двадцять
30: тридцять
40: сорок
50: п'ятдесят
""")
_KYRGYZ = frozenset({"он", "бир", "эки", "үч", "алты", "жети", "тогуз", "беш", "төрт"})
NUMERALS_OF_THE_SHOP = {loosen(name): value for name, value in (NUMERALS | _UKRAINIAN).items() if name not in _KYRGYZ}
"""Ukrainian and Russian in the loosened letters; «он» is only "he" here."""
FRACTIONS = frozenset({"полтора", "полторы", "половина", "половину", "половинку", "пол", "жарым", "half"})
ONLY_WITH_A_UNIT = frozenset({"он", "пол", "ста"})
"""«Он» is "ten" in Kyrgyz and "he" in Russian."""


class Numeral(NamedTuple):
    """A number made of words, and how many words it took."""

    value: int
    length: int


def read_numeral(tokens: list[str], names: Mapping[str, int] = NUMERALS) -> Numeral | None:
    """The number the folded tokens begin with: «двадцать пять бутылей» is 25 in two words."""
    if not tokens or tokens[0] not in names:
        return None
    total, room, length = 0, 10_000, 0
    for token in tokens[:5]:
        value = names.get(token)
        if value is None or not 0 < value < room:
            break
        total += value
        length += 1
        room = _room_after(value, is_kyrgyz_ten=token == "он")  # noqa: S105 — a word, not a password
    return Numeral(total, max(length, 1))


def _room_after(value: int, *, is_kyrgyz_ten: bool) -> int:
    """What may still be added: a hundred leaves room for tens, twenty for ones, twelve for nothing."""
    if value >= 100:
        return 1000 if value >= 1000 else 100
    return 10 if value >= 20 or is_kyrgyz_ten else 0

"""Where a carrier is to bring it: a branch, a parcel locker or a door."""

import re
from enum import StrEnum
from typing import NamedTuple

from flows.rules.loose import LONGEST
from flows.rules.text import clean, fold


class Carrier(StrEnum):
    """Who carries parcels in Ukraine; UNSAID where the customer named nobody."""

    NOVA_POSHTA = "nova_poshta"
    UKRPOSHTA = "ukrposhta"
    MEEST = "meest"
    UNSAID = ""


class BranchKind(StrEnum):
    """Where a parcel is handed over."""

    BRANCH = "branch"
    LOCKER = "locker"
    ADDRESS = "address"


class Branch(NamedTuple):
    """A place of handing over, as the customer wrote it; the number is "" where only an address was told."""

    carrier: Carrier
    number: str
    kind: BranchKind
    text: str


_NOVA = r"(?:нов(?:а|ая|ою|ой|ої|у|ую|ій|ой)[ -]?(?:пошт|почт)\w{1,2}|нп|np|nova[ -]?p[oo]sh?ta|новапошта|новапочта)"
_UKR = r"(?:укр[ -]?пошт\w{1,2}|укр[ -]?почт\w{1,2}|ukr[ -]?poshta)"
_MEEST = r"(?:м[іи]ст(?: експрес| экспресс)?|meest)"
_CARRIERS = (
    (Carrier.NOVA_POSHTA, re.compile(rf"(?<!\w){_NOVA}(?![^\W\d_])")),
    (Carrier.UKRPOSHTA, re.compile(rf"(?<!\w){_UKR}(?!\w)")),
    (Carrier.MEEST, re.compile(rf"(?<!\w){_MEEST}[ -]?(?:пошт\w{{1,2}}|почт\w{{1,2}}|експрес|экспресс)?(?!\w)")),
)
_LOCKER_WORD = r"(?:пошт[оа]м[ао]т\w{0,2}|почт[оа]м[ао]т\w{0,2}|п[оа]стам[ао]т\w{0,2}|пошт(?=\.)|poshtomat)"
_BRANCH_WORD = (
    r"(?:в[іи]дд?[іие]?л\w{0,6}|відд|від(?=\.)|отд\w{0,8}|отделени\w|отделен\w|точк\w|склад\w?|viddilennya"
    r"|viddilennia|otdelenie)"
)
_SIGN = r"[ .,:;–—-]{0,3}(?:№|#|n|номер|ном)?[ .:№]{0,2}"
_LOCKER = re.compile(rf"(?<!\w){_LOCKER_WORD}(?: {_NOVA})?{_SIGN}(\d{{2,6}})(?![\w])")
_LOCKER_AFTER = re.compile(rf"(?<![\w.,])(\d{{2,6}})[ -]{{1,2}}{_LOCKER_WORD}(?!\w)")
_BRANCH = re.compile(
    rf"(?<!\w){_BRANCH_WORD}(?:[ -]{{1,2}}{_NOVA})?{_SIGN}(\d{{1,5}})(?![\w]|[ ]?(?:шт|грн|розм|разм))"
)
_BRANCH_AFTER = re.compile(rf"(?<![\w.,])(\d{{1,5}})(?:-?(?:го|е|є|ме|те|ге|ому|му|м))?[ -]{{1,2}}{_BRANCH_WORD}(?!\w)")
_CARRIER_NUMBER = re.compile(
    rf"(?<!\w){_NOVA}(?:[ ,-]{{1,2}}(?:м\. ?"
    rf"|г\. ?)?[^\W\d_]{{3,24}}(?:[ -][^\W\d_]{{3,24}})?)?{_SIGN}(\d{{1,5}})(?![\w]|[ ]?(?:шт|грн|розм|разм|%|дн|хв"
    rf"|мин))"
)
_POSTCODE = re.compile(r"(?<![\w+])(\d{5})(?!\w)")
_STREET = re.compile(
    r"(?<!\w)(?:вул(?:иц\w{1,2})?|ул(?:иц\w{1,2})?|просп(?:ект\w?)?|пр-т|пров(?:улок\w?)?|пер(?:еулок\w?)?"
    r"|бульв?(?:ар\w?)?|б-р|площ[аі]|шосе|шоссе|узвіз|мікрорайон|микрорайон|ж/?к|набережн\w{1,2})[ .]{1,2}[^\n]{2,120}"
)
_COURIER = re.compile(
    r"(?<!\w)(?:кур['’ʼ]?[єеь]\w{1,4}|курьер\w{0,3}|адресн\w{1,3} доставк\w|на адресу?|за адресою|по адресу)(?!\w)"
)
_NEAR = 40
_HOUSE = re.compile(r"\d")


def find_branch(text: str) -> Branch | None:
    """Where the parcel is to go: «НП 23», «отд 7», «поштомат 4521», «укрпошта 79000», «кур'єром на вул. Франка 5»."""
    shown = clean(text[:LONGEST])
    folded = fold(shown)
    if len(folded) != len(shown):
        shown = folded  # a letter grew when it was folded: the places of the two no longer agree
    carrier = next((name for name, words in _CARRIERS if words.search(folded)), Carrier.UNSAID)
    return (
        _numbered(shown, folded, carrier, BranchKind.LOCKER, (_LOCKER, _LOCKER_AFTER))
        or _numbered(shown, folded, carrier, BranchKind.BRANCH, (_BRANCH, _BRANCH_AFTER, _CARRIER_NUMBER))
        or _by_postcode(shown, folded, carrier)
        or _to_the_door(shown, folded, carrier)
    )


def _numbered(
    shown: str, folded: str, carrier: Carrier, kind: BranchKind, shapes: tuple[re.Pattern[str], ...]
) -> Branch | None:
    for wanted in shapes:
        match = wanted.search(folded)
        if match:
            named = carrier or (Carrier.NOVA_POSHTA if kind is BranchKind.LOCKER else Carrier.UNSAID)
            return Branch(named, match.group(1).lstrip("0") or "0", kind, _as_written(shown, folded, match))
    return None


def _by_postcode(shown: str, folded: str, carrier: Carrier) -> Branch | None:
    match = _POSTCODE.search(folded) if carrier is Carrier.UKRPOSHTA else None
    return Branch(carrier, match.group(1), BranchKind.BRANCH, _as_written(shown, folded, match)) if match else None


def _to_the_door(shown: str, folded: str, carrier: Carrier) -> Branch | None:
    """A street with a house; a street alone is none: nobody can find it."""
    street = _STREET.search(folded)
    if street is None or not _HOUSE.search(street.group()):
        return None
    return Branch(carrier, "", BranchKind.ADDRESS, shown[street.start() : street.end()].strip(" ,.;"))


def _as_written(shown: str, folded: str, match: re.Match[str]) -> str:
    """The place with its carrier, where that is named shortly before it."""
    start = match.start()
    line = max(folded.rfind("\n", 0, start) + 1, start - _NEAR)
    named = [found.start() for _, words in _CARRIERS if (found := words.search(folded, line, start))]
    return shown[min([start, *named]) : match.end()].strip(" ,.;")

"""Towns of Ukraine in Ukrainian, Russian and Latin letters, in every case; called by their Ukrainian names."""

import json
import re
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from flows.rules.loose import LONGEST, loosen, shape
from flows.rules.text import clean

_FILE = Path(__file__).with_name("cities.json")
_ENDING = re.compile(r"(?:ий|ая|ое|ой|ие|а|я|и|е|о|й|у|ю)\Z")
_ENDINGS = tuple(
    loosen("-|а|я|у|ю|і|е|о|ом|ем|им|ою|ею|ой|ей|ах|ях|ам|ям|ами|ями|ого|ому|ий|ій|ая|ое|ие|ую|их|ої|ів|ов|ев|еві")
    .replace("-", "")
    .split("|")
)
_TURNS = (("ив", "ов"), ("ив", "ев"), ("пил", "пол"), ("ец", "ц"), ("ин", "ен"), ("ир", "ор"), ("иг", "ог"),
          ("дил", "дол"), ("иг", "оз"), ("ог", "оз"))  # fmt: skip
"""Vowels that change with the case: Харків, Харкова; Тернопіль, Тернополя; Трускавець, Трускавця; Ріг, у Розі."""
_TOKEN = re.compile(r"[^\W_]+")
_MARK = shape(r"(?:м|місто|місті|міста|г|гор|город|городе|города|у|в|во|з|із|зі|из|до|city|смт|сити)")
_NEXT = shape(
    r"(?:відділення|відд|від|нп|нова|нової|новою|новая|поштомат|почтомат|отд|отделение|укрпошта|пошта|почта|вул"
    r"|вулиця|ул|улица|просп|проспект|обл|область|обласна)"
)
_UNLISTED = re.compile(
    r"(?<!\w)(?:місто|місті|міста|город|городе|города|смт|село|селі|м\.|г\.|с\.|пгт)[ ]{0,2}"
    r"([^\W\d_][^\W\d_'’ʼ]{2,24}(?:[ -][^\W\d_'’ʼ]{3,24})?)",
    re.IGNORECASE,
)
_NO_TOWN = shape(
    r"(?:якому|яке|яка|який|каком|какой|какая|ваш\w*|наш\w*|мій|моє|моя|мой|моё|цьому|этом|зараз|сейчас|немає|нет|є"
    r"|есть|не|та|і|и|або|или|відділення|нова|доставк\w*|пошта|киев\w*)"
)


class _Town(NamedTuple):
    name: str
    first: str
    """The first word of one of its names, as it stands in the list."""
    words: tuple[frozenset[str], ...]
    """Every form of each word of that name."""
    is_also_word: bool


@lru_cache(maxsize=1)
def _towns() -> dict[str, tuple[_Town, ...]]:
    """The towns by every form of their first word, in the order in which they are believed."""
    content = json.loads(_FILE.read_text("utf-8"))
    also_words = frozenset(content["also_words"])
    found: dict[str, list[_Town]] = {}
    for name, others in content["cities"].items():
        for written in (name, *others):
            spoken = _TOKEN.findall(loosen(written))
            town = _Town(name, spoken[0], tuple(map(_forms, spoken)), name in also_words)
            for form in town.words[0]:
                found.setdefault(form, []).append(town)
    return {form: _in_order(form, towns) for form, towns in found.items()}


def _in_order(form: str, towns: list[_Town]) -> tuple[_Town, ...]:
    """The longest name first; of equals the one whose name it is, before one of which it is a case."""
    return tuple(sorted(towns, key=lambda town: (-len(town.words), town.first != form)))


def _forms(word: str) -> frozenset[str]:
    stem = _ENDING.sub("", word) if len(word) > 3 else word
    stems = {stem, *(stem.removesuffix(old) + new for old, new in _TURNS if stem.endswith(old))}
    return frozenset(
        {word} | {one + ending for one in stems if len(one) > 1 for ending in _ENDINGS if len(one + ending) > 2}
    )


def find_city(text: str) -> str:
    """The town a text names, by its Ukrainian name ("" if none): «во Львове», «Харьков», «м. Дніпро».

    A town nobody has listed is believed where «місто» or «м.» stands before it.
    """
    loose = loosen(text)
    tokens = list(islice(_TOKEN.finditer(loose), 400))
    plain = [token.group() for token in tokens]
    for place, word in enumerate(plain):
        for town in _towns().get(word, ()):
            if _fits(town, plain, place) and (
                not town.is_also_word or _is_meant(loose, tokens, place, len(town.words))
            ):
                return town.name
    return _unlisted(text)


def _fits(town: _Town, plain: list[str], place: int) -> bool:
    spoken = plain[place : place + len(town.words)]
    return len(spoken) == len(town.words) and all(word in forms for word, forms in zip(spoken, town.words, strict=True))


def _is_meant(loose: str, tokens: list[re.Match[str]], place: int, length: int) -> bool:
    """«Суми» are also sums and «Рівне» is also flat: such a name needs a word before or after it, or to stand alone."""
    start, end = tokens[place].start(), tokens[place + length - 1].end()
    if (
        place
        and _MARK.fullmatch(tokens[place - 1].group())
        and loose[tokens[place - 1].end() : start].strip(" .") == ""
    ):
        return True
    before = re.split(r"[\n,;.!?]", loose[:start][-40:])[-1].strip()
    after = re.split(r"[\n,;.!?]", loose[end : end + 40])[0].strip()
    if not before and not after:
        return True
    following = tokens[place + length].group() if place + length < len(tokens) else ""
    return not before and _NEXT.fullmatch(following) is not None


def _unlisted(text: str) -> str:
    match = _UNLISTED.search(clean(text[:LONGEST]))
    if match is None:
        return ""
    first, *more = match.group(1).split(" ")
    if _NO_TOWN.fullmatch(loosen(first)):
        return ""
    kept = [first, *(word for word in more if not _NO_TOWN.fullmatch(loosen(word)))]
    return " ".join("-".join(part.capitalize() for part in word.split("-")) for word in kept)

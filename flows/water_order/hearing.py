"""What one burst tells an open order, before anything is decided."""

from domain.model import Value
from flows.base import Turn
from flows.rules import address as addresses
from flows.rules import phone as phones
from flows.rules import quantity as quantities
from flows.rules import topics as subjects
from flows.rules import wishes
from flows.rules.asides import find_asides
from flows.rules.consent import Consent, read_consent
from flows.rules.text import clean, without
from flows.water_order.state import Slot, WaterOrder

_MOST_LINES = 100
"""Of a burst in which a count of its own line is looked for; more is no order."""


class Heard(Value):
    """Everything understood from a burst."""

    text: str
    wish: wishes.Wish | None = None
    address: str = ""
    phone: str = ""
    bottles: int = 0
    problem: str = ""
    """The prompt that says why something offered cannot be taken."""
    change: Slot | None = None
    """A slot called wrong, with no new value for it."""
    consent: Consent | None = None
    topics: tuple[subjects.Topic, ...] = ()
    courtesy: bool = False
    corrects: bool = False


def hear(turn: Turn, state: WaterOrder) -> Heard:
    """Read a burst: numbers first (they are the surest), then what is left as an address, then talk."""
    text = clean(turn.text)
    told, asked_about = subjects.split_questions(text)
    in_told = phones.find_phone(told)
    rest = without(told, [*phones.all_phone_spans(told), *([in_told.span] if in_told else [])])
    phone = in_told or phones.find_phone(text)
    quantity, rest = _quantity(rest, state, after_phone=phone is not None and phone.problem is None)
    place, rest = _address(rest, state, text)
    if quantity is None and (state.asked is Slot.BOTTLES or _expects_any(state)):
        quantity, rest = _cut(quantities.find_quantity(rest, asked=True), rest)
    number = phone.number if phone else ""
    problem = _problem(state, told, place, phone, quantity)
    count = quantity.bottles if quantity else 0
    return Heard(
        text=text,
        wish=wishes.find_wish(text),
        address=place if place and not addresses.check_address(place) else "",
        phone=number,
        bottles=count,
        problem=problem,
        change=_change(state, text, (place, number, count)),
        consent=read_consent(rest),
        topics=_topics(asked_about, rest),
        courtesy=wishes.is_courtesy(text),
        corrects=wishes.wants_change(text),
    )


def _topics(asked_about: str, rest: str) -> tuple[subjects.Topic, ...]:
    """A polite order («можно две бутыли?») ends with a question mark and is no question."""
    if read_consent(asked_about):
        return ()  # «да?» asks nothing that has an answer
    if asked_about:
        return tuple(subjects.find_topics(asked_about))
    return tuple(topic for topic in subjects.find_topics(rest) if topic is not subjects.Topic.QUESTION)


def _expects_any(state: WaterOrder) -> bool:
    """At the summary, or asked what to change, a bare value of any kind is a correction."""
    return state.asked in {Slot.CONFIRMATION, Slot.CHANGE}


def _cut(quantity: quantities.Quantity | None, rest: str) -> tuple[quantities.Quantity | None, str]:
    return quantity, without(rest, quantity.spans) if quantity else rest


def _quantity(rest: str, state: WaterOrder, *, after_phone: bool) -> tuple[quantities.Quantity | None, str]:
    expected = state.asked is Slot.BOTTLES or _expects_any(state)
    changed = quantities.find_change(rest, state.bottles, asked=expected)
    found, left = _cut(changed or quantities.find_quantity(rest, asked=False), rest)
    if found is None and after_phone and not state.bottles:
        return _bare_line(rest, state)
    if found is None and state.asked is Slot.BOTTLES:
        head, _, behind = rest.partition(", ")
        place = addresses.find_address(behind, asked=True)
        bare = _only_a_count(head) if _has_digit(place) else None
        return (bare, behind) if bare else (None, rest)
    return found, left


def _bare_line(rest: str, state: WaterOrder) -> tuple[quantities.Quantity | None, str]:
    """A line of nothing but a number beside a phone number: bottles, unless the street above it lacks its house."""
    lines = rest.splitlines()
    for place in reversed(range(len(lines) if len(lines) <= _MOST_LINES else 0)):
        bare = _only_a_count(lines[place])
        others = [*lines[:place], *lines[place + 1 :]]
        above = lines[place - 1] if place else ""
        alone = not state.address and not any(line.strip(" ,;.") for line in others)
        if bare and not alone and not _lacks_its_house(above, others, state):
            return bare, "\n".join(others)
    return None, rest


def _lacks_its_house(above: str, lines: list[str], state: WaterOrder) -> bool:
    if _has_digit(state.address) or not addresses.is_plausible(addresses.tidy(above)):
        return False
    return not any(_has_digit(line) and addresses.find_address(line, asked=True) for line in lines)


def _only_a_count(line: str) -> quantities.Quantity | None:
    bare = line.strip(" ,;.")
    found = quantities.find_quantity(bare, asked=True)
    return found if found and found.spans == ((0, len(bare)),) else None


def _address(rest: str, state: WaterOrder, text: str) -> tuple[str, str]:
    """The address told (a part of one joined to what is known), and what remains."""
    beside = find_asides(rest)
    searched = addresses.as_corrected(without(rest, beside))
    named = wishes.named_slot(text) == Slot.ADDRESS and not _only_calls_it_wrong(searched)
    asked, corrects = state.asked is Slot.ADDRESS or named, _expects_marked(searched, state)
    place = addresses.find_address(searched, asked=asked or corrects, doubted=corrects and not asked)
    if not place:
        return "", rest
    kept = [line for line in searched.splitlines() if addresses.tidy(line) not in place]
    kept += [rest[start:end] for start, end in beside]
    if state.address and addresses.is_fragment(place):
        place = addresses.merge_address(state.address, place)
    return place, "\n".join(kept)


def _only_calls_it_wrong(rest: str) -> bool:
    """«Wrong address», «ошибка в адресе»: words about it and no word of it."""
    told = _has_digit(rest) or addresses.is_plausible(wishes.without_change(rest))
    return wishes.wants_change(rest) and not told


def _has_digit(text: str) -> bool:
    return any(sign.isdigit() for sign in text)


def _expects_marked(rest: str, state: WaterOrder) -> bool:
    """A street and a house are a correction at the summary; a bare word there is only talk."""
    return _expects_any(state) and _has_digit(rest) and not rest.strip(" .,!\n").isdigit()


def _problem(
    state: WaterOrder, told: str, place: str, phone: phones.Phone | None, quantity: quantities.Quantity | None
) -> str:
    if phone and phone.problem:
        return f"phone_{phone.problem}"
    if quantity and quantity.problem:
        return f"bottles_{quantity.problem}"
    wrong = addresses.check_address(place) if place else None
    if wrong:
        return f"address_{wrong}"
    heard = bool(place or phone or quantity)
    return "" if heard or not told else _missing(state.asked, told)


def _missing(asked: Slot | None, told: str) -> str:
    """Why the answer to the open question is none; digits or length must show that it was meant as one."""
    if asked is Slot.ADDRESS:
        meant = any(sign.isalnum() for sign in told)
        return f"address_{addresses.why_no_address(told)}" if meant else ""
    if asked is Slot.PHONE:
        return f"phone_{phones.why_no_phone(told)}"
    return "bottles_missing" if asked is Slot.BOTTLES else ""


def _change(state: WaterOrder, text: str, values: tuple[str, str, int]) -> Slot | None:
    """The slot the customer wants changed but gave no new value for."""
    named = wishes.named_slot(text)
    if not named or values[("address", "phone", "bottles").index(named)]:
        return None
    alone = _expects_any(state) and len(text.split()) <= 3
    return Slot(named) if getattr(state, named) and (alone or wishes.wants_change(text)) else None

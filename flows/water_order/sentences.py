"""Which sentences this flow says, and how its facts are put into words."""

from domain.messages import Choice, OutboundMessage
from flows.water_order.state import Slot, WaterOrder
from flows.wording import Wording

_ORDER = frozenset({"address", "phone", "bottles"})
_FILLED = {
    "summary": _ORDER,
    "confirm_again": _ORDER,
    "placed": _ORDER | {"order_number"},
    "noted": frozenset({"facts"}),
    "changed": frozenset({"facts"}),
    "fact_address": frozenset({"address"}),
    "fact_phone": frozenset({"phone"}),
    "fact_bottles": frozenset({"bottles"}),
    "bottles_one": frozenset({"count"}),
    "bottles_few": frozenset({"count"}),
    "bottles_many": frozenset({"count"}),
    "handoff_reason": frozenset({"slot"}),
    "order_cancelled": frozenset({"order", "reason"}),
}
_SENTENCES = """
    greeting greeting_plan ask_address ask_phone ask_bottles ask_change yes no cancelled restarted handed_off
    nothing_open closed_thanks closed_question media not_understood unclear_answer offer_person apology interim
    nobody_came
    address_too_short address_too_long address_no_street address_not_an_address
    phone_missing phone_too_short phone_foreign phone_invalid
    bottles_missing bottles_too_few bottles_too_many bottles_not_whole bottles_several
    topic_status topic_price topic_when topic_payment topic_area topic_water topic_who topic_no_phone topic_complaint
    topic_later topic_thanks topic_question
"""
KEYS = {**dict.fromkeys(_SENTENCES.split(), frozenset[str]()), **_FILLED}
"""Every key of `prompts/water_order.md` with its placeholders."""


def bottles(wording: Wording, count: int) -> str:
    """«1 бутыль», «2 бутыли», «11 бутылей»."""
    if count % 10 == 1 and count % 100 != 11:
        form = "one"
    elif 2 <= count % 10 <= 4 and not 12 <= count % 100 <= 14:
        form = "few"
    else:
        form = "many"
    return wording.say(f"bottles_{form}", count=count)


def order_facts(wording: Wording, state: WaterOrder) -> dict[str, str]:
    """The three facts of an order, ready to stand in a sentence."""
    return {"address": state.address, "phone": state.phone, "bottles": bottles(wording, state.bottles)}


def told_facts(wording: Wording, before: WaterOrder, after: WaterOrder) -> str:
    """What is new in the order, one fact after another."""
    facts = order_facts(wording, after)
    names = [name for name in facts if getattr(before, name) != getattr(after, name) and getattr(after, name)]
    return "; ".join(wording.say(f"fact_{name}", **{name: facts[name]}) for name in names)


def question(wording: Wording, state: WaterOrder, *, again: bool = False) -> str:
    """The question the dialog now stands at."""
    if state.asked is Slot.CONFIRMATION:
        return wording.say("confirm_again" if again else "summary", **order_facts(wording, state))
    return wording.say(f"ask_{state.asked}")


def message(wording: Wording, paragraphs: list[str], *, to_confirm: bool = False) -> tuple[OutboundMessage, ...]:
    """One message of the paragraphs; at the confirmation with the two answers to tap."""
    choices = (Choice(id="yes", title=wording.say("yes")), Choice(id="no", title=wording.say("no")))
    text = "\n\n".join(dict.fromkeys(filter(None, paragraphs)))
    return (OutboundMessage(text=text, choices=choices if to_confirm else ()),)

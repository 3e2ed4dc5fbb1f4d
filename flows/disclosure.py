"""Tells customers that no person writes to them, where the account's law wants it; every flow's reply may carry it."""

import re
from collections.abc import Sequence
from datetime import timedelta

from domain.decisions import FlowDecision
from domain.model import Value
from flows import common
from flows.rules.english import is_english
from flows.rules.language import language_of

OFF = frozenset({"", "off", "no", "0", "false", "never"})
WITHIN_A_DIALOG = timedelta(days=6)
"""Dialogs are counted anew once a conversation has closed, after a week of silence."""


class Rule(Value):
    """How often a customer is told."""

    every_dialog: bool = True
    again_after: timedelta = WITHIN_A_DIALOG
    """Told longer ago counts as not told."""


LAWS = {
    "dialog": Rule(),
    # Regulation (EU) 2024/1689, article 50(1) and (5): clearly, at the latest at the time of the first interaction.
    "eu": Rule(),
    # California Business and Professions Code, section 17941: clear and conspicuous, where something is sold.
    "us-ca": Rule(),
}
"""What may stand in the option `bot_disclosure`, beside a number of days."""


def rule_of(option: str) -> Rule | None:
    """What an account's option asks for; None: nothing. Whatever cannot be read asks for the most."""
    wanted = option.strip().lower()
    if wanted in OFF:
        return None
    if re.fullmatch(r"\d{1,4}", wanted):
        return Rule(every_dialog=False, again_after=timedelta(days=int(wanted)))
    return LAWS.get(wanted, Rule())


def language_for(texts: Sequence[str], own: str, default: str) -> str:
    """The account's language, else the one the customer writes in, else the flow's."""
    if own:
        return own
    text = "\n".join(texts)
    if is_english(text):
        return "en"
    return language_of(text, "ru" if default == "ru" else "uk") if default in ("uk", "ru") else default


def sentence(language: str, shop: str, own_words: str = "") -> str:
    """What the customer reads."""
    said = own_words.strip()
    if said:
        return said
    words = common.words(language)
    return words.say(common.BOT_OF, shop=shop) if shop else words.say(common.BOT)


def disclosed(decision: FlowDecision, said: str) -> FlowDecision:
    """The reply with the sentence before its first words; a turn without a reply stays without."""
    return common.with_remarks(decision, (said,)) if decision.say else decision

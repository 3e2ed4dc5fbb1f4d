"""Decides whether a reply must begin by saying that no person writes it."""

from datetime import UTC, datetime

from contracts.dialog import TakeTurn
from domain.decisions import Decision, FlowDecision
from flows import disclosure
from flows.registry import flow as find_flow
from providers.records.disclosures import Disclosures
from runtime.accounts import Account


class Disclosure:
    """Asks the account what its law wants, and the books whether it was done."""

    def __init__(self, records: Disclosures) -> None:
        self._records = records

    async def due(self, account: Account, turn: TakeTurn, chosen: FlowDecision) -> str:
        """What the customer must read before this reply; empty: nothing.

        Raises:
            Unavailable: our books cannot be asked.
        """
        rule = disclosure.rule_of(account.options.get("bot_disclosure", ""))
        if rule is None or not chosen.say:
            return ""
        since = datetime.now(UTC) - rule.again_after
        if await self._records.was_told(turn.conversation, since, turn.dialog if rule.every_dialog else None):
            return ""
        texts = [message.text for message in turn.messages]
        language = disclosure.language_for(texts, account.language, find_flow(turn.flow).language)
        shop = account.options.get("shop_name", "") or account.name
        return disclosure.sentence(language, shop, account.options.get("bot_disclosure_text", ""))


def marked(decision: Decision, dialog: int) -> Decision:
    """The first part remembers that it tells: once it is delivered, the customer was told."""
    if not decision.parts:
        return decision
    first, *more = decision.parts
    return decision.model_copy(update={"parts": (first.model_copy(update={"discloses": dialog}), *more)})

"""Lets a test speak as a customer speaks: bursts of lines."""

from datetime import UTC, datetime

from domain.decisions import FlowDecision, Outcome
from domain.messages import InboundMessage, MessageKind
from flows.base import Senses, Turn
from flows.registry import flow
from flows.water_order.state import WaterOrder

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
MEDIA = "[sticker]"


def turn(lines: list[str], dialog: int = 1) -> Turn:
    """One burst; a line «[sticker]» is a message without text."""
    messages = tuple(
        InboundMessage(
            id=str(number),
            kind=MessageKind.OTHER if line == MEDIA else MessageKind.TEXT,
            received_at=NOON,
            text="" if line == MEDIA else line,
        )
        for number, line in enumerate(lines)
    )
    return Turn(messages=messages, now=NOON, dialog=dialog)


class Customer:
    """Speaks to the flow as the workflow lets it: state through JSON, forgotten when the dialog ends."""

    def __init__(self, dialog: int = 1) -> None:
        self.flow = flow("water_order")
        self.state: WaterOrder | None = None
        self.seen = WaterOrder()
        self.dialog = dialog

    def say(self, *lines: str) -> FlowDecision:
        """Take one turn and keep what the workflow would keep."""
        before = self.flow.opening_state() if self.state is None else self.state
        after, decision = self.flow.step(before, turn(list(lines), self.dialog), Senses())
        stored = after.model_dump(mode="json", exclude_defaults=True)
        assert after == WaterOrder.model_validate(stored)
        self.seen = after
        self.state = after if decision.outcome is None else None
        if decision.outcome not in {None, Outcome.CHITCHAT}:
            self.dialog += 1
        return decision

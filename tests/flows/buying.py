"""Lets a test buy in a shop: the sales flow's needs are answered from a few goods and one document."""

from collections.abc import Generator, Sequence
from typing import Any

from domain.catalog import FindProducts, Item, Product, ReadItems, ReadProduct
from domain.decisions import FlowDecision, Outcome
from domain.dialogue import Dialogue, ReadDialogue
from domain.documents import ReadDocument
from domain.knowledge import FindPassages, Passage
from domain.language import AskModel, ModelAway, ModelReply, Stop
from domain.shop import Shop
from flows.registry import flow
from flows.rules.colours import find_colours
from flows.rules.garments import find_garment
from flows.sales.choosing import fitting, size_key
from tests.flows.asking import senses, turn
from tests.flows.shelf import GOODS

DELIVERY = Passage(document="delivery.md", title="Доставка", text="Посилка їде 1–3 дні.", rank=0.8)


class Buyer:
    """Writes to the shop; the state goes through JSON between turns, as the workflow keeps it."""

    def __init__(self, *answers: str, goods: Sequence[Product] = GOODS) -> None:
        self.flow = flow("sales")
        self.goods = list(goods)
        self.answers = list(answers)
        """What a model says, turn by turn; without any, nobody answers."""
        self.state: Any = None
        self.sale: Any = None
        self.decision: FlowDecision | None = None
        self.shop = Shop(name="Світлиця", currency="UAH", payment_details="Картка 4441", cash_on_delivery=True)

    def say(self, *lines: str) -> str:
        """Take one turn; what the customer reads."""
        before = self.flow.opening_state() if self.state is None else self.state
        step = self.flow.step(before, turn(lines, self.shop), senses(lines))
        after, decision = self._carried(step) if isinstance(step, Generator) else step
        self.sale = self.flow.state_model.model_validate(after.model_dump(mode="json", exclude_defaults=True))
        self.state = self.sale if decision.outcome in (None, Outcome.RESTARTED) else None
        self.decision = decision
        return "\n".join(message.text for message in decision.say).replace("\xa0", " ")

    def says(self, *turns: str) -> str:
        """Take several turns; what came after the last."""
        return [self.say(line) for line in turns][-1]

    @property
    def effects(self) -> list[str]:
        """What the last turn does in the world."""
        return [effect.kind for effect in self.decision.effects] if self.decision else []

    def sell_out(self, colour: str) -> None:
        """Somebody else buys the last ones of this colour."""
        self.goods = [
            one.model_copy(update={"items": tuple(_gone(item, colour) for item in one.items)}) for one in self.goods
        ]

    def _carried(self, step: Generator[Any, Any, Any]) -> Any:
        answer: Any = None
        while True:
            try:
                answer = self._answer(step.send(answer))
            except StopIteration as end:
                return end.value

    def _answer(self, need: object) -> Any:
        match need:
            case FindProducts():
                return self._found(need)
            case ReadProduct(id=id):
                return next((one for one in self.goods if one.id == id), None)
            case ReadItems(skus=skus):
                items = {item.sku: item for one in self.goods for item in one.items}
                return tuple(items[sku] for sku in skus if sku in items)
            case FindPassages(text=text):
                return (DELIVERY,) if "їде" in text else ()
            case ReadDialogue():
                return Dialogue()
            case ReadDocument():
                return ""
            case AskModel():
                return self._model()
        raise AssertionError(f"nobody answers {need}")

    def _model(self) -> ModelReply | ModelAway:
        return ModelReply(text=self.answers.pop(0), stop=Stop.END) if self.answers else ModelAway(reason="no key")

    def _found(self, wish: FindProducts) -> tuple[Product, ...]:
        """As loose as the real search: any word of the wish, or the colour alone."""
        spoken = set(wish.text.casefold().split())
        colour = next(iter(find_colours(wish.colour)), "")
        kind = find_garment(wish.category)
        goods = [one for one in self.goods if not kind or find_garment(one.title) == kind]
        fits = [one for one in goods if fitting(one, colour, size_key(wish.size) if wish.size else "")]
        named = [one for one in fits if spoken & {word.strip("«»") for word in one.title.casefold().split()}]
        affordable = [one for one in named or fits if wish.price_to is None or one.price_from <= wish.price_to]
        return tuple(affordable[: wish.most])


def _gone(item: Item, colour: str) -> Item:
    return item.model_copy(update={"stock": 0}) if item.colour == colour else item
